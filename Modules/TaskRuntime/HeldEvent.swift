package import Contracts
import Domain
import JSON

/// An event that waits in the store until a tick of the stream clock reaches its judging time.
struct HeldEvent: JSONCodable {
    static let table = StateTable("held")

    var event: Event

    init(_ event: Event) { self.event = event }

    /// Order of application: judging time, source, id. What one of our workers made at one time is applied in the order in
    /// which it made it: a referral is accepted before it converts.
    ///
    /// - Parameter sequence: of a worker's output; `nil` for an event from outside.
    static func key(judgingTime: Timestamp, source: String, sequence: Int64?, id: String) -> StateKey {
        StateKey().appending(judgingTime).appending(source).appending(sequence ?? 0).appending(id)
    }

    /// The judging time that a key starts with.
    static func judgingTime(ofKey key: StateKey) -> Timestamp {
        let flipped = key.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Timestamp(millisecondsSince1970: Int64(bitPattern: flipped ^ (1 << 63)))
    }

    /// Rows that are read at once.
    static let perRead = 256

    init(reading reader: inout ObjectReader) {
        let firstFailure = reader.optionalInteger("first_failure")
        let earlierFailures = reader.optionalString("failed_at").map {
            Event.EarlierFailures(places: $0, firstMilliseconds: firstFailure)
        }
        event = Event(
            id: reader.string("id"), source: reader.string("source"), type: reader.string("type"),
            time: reader.optionalValue("time", as: Timestamp.self), subject: reader.optionalString("subject"),
            key: reader.string("key"), data: reader.raw("data") ?? [],
            position: EventPosition(
                topic: reader.string("topic"), partition: Int32(truncatingIfNeeded: reader.integer("partition")),
                offset: reader.integer("offset")),
            appendTime: reader.value("append_time", as: Timestamp.self), isBroadcast: reader.boolean("broadcast"),
            isForwarded: reader.boolean("forwarded"), earlierFailures: earlierFailures,
            commandID: reader.optionalString("command_id"), traceparent: reader.optionalString("traceparent"))
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("id", event.id)
        writer.string("source", event.source)
        writer.string("type", event.type)
        writer.value("time", event.time)
        writer.string("subject", event.subject)
        writer.string("key", event.key)
        writer.raw("data", event.data)
        writer.string("topic", event.position.topic)
        writer.integer("partition", Int64(event.position.partition))
        writer.integer("offset", event.position.offset)
        writer.value("append_time", event.appendTime)
        writer.boolean("broadcast", event.isBroadcast)
        writer.boolean("forwarded", event.isForwarded)
        writer.string("command_id", event.commandID)
        writer.string("traceparent", event.traceparent)
        writer.string("failed_at", event.earlierFailures?.places)
        writer.integer("first_failure", event.earlierFailures?.firstMilliseconds)
    }
}

extension TaskState {
    /// Rows of held events from a key on, below another, in their order of application.
    func heldRows(from start: StateKey, upTo end: StateKey?) throws
        -> [(key: StateKey, row: Result<HeldEvent, DeadLetter>)]
    {
        try rowsOneByOne(HeldEvent.table, from: start, upTo: end, limit: HeldEvent.perRead, as: HeldEvent.self)
    }

    /// Some of what waits for a tick, in its order of application, and where to go on; `nil` at the end. What cannot be read
    /// is left out; its tick sets it aside. Called between turns.
    package func heldEvents(from start: StateKey) throws -> (events: [(key: StateKey, event: Event)], next: StateKey?) {
        let rows = try heldRows(from: start, upTo: nil)
        let next = rows.count == HeldEvent.perRead ? rows.last.map { StateKey(bytes: $0.key.bytes + [0]) } : nil
        let events = rows.compactMap { key, row in if case .success(let held) = row { (key, held.event) } else { nil } }
        return (events, next)
    }
}
