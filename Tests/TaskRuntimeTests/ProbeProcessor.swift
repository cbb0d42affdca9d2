import Contracts
import Domain
import EventLog
import JSON
import TaskRuntime

/// An event of the tests: what the probe is to do, and when it happened.
struct Probe: EventPayload, Hashable {
    static let type = "io.tributary.test.probed.v1"

    var name: String
    var occurredAt: Timestamp
    /// Names of timers and their due times in milliseconds, scheduled when it is applied.
    var timers: [String: Int64] = [:]
    /// `fail`: throws after a write; `refuse`: throws a dead letter after a write; `read`: reads the row that others `share`, or
    /// `spoil`, after a write; the code of a store's error: throws that after a write; `slow`: takes seconds, in a loop.
    var behaviour: String = ""
    /// The key it belongs under; the name where it is absent.
    var key: String?

    init(
        _ name: String, at milliseconds: Int64, timers: [String: Int64] = [:], behaviour: String = "",
        key: String? = nil
    ) {
        self.name = name
        occurredAt = Timestamp(millisecondsSince1970: milliseconds)
        self.timers = timers
        self.behaviour = behaviour
        self.key = key
    }

    init(reading reader: inout ObjectReader) {
        name = reader.string("name")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
        timers = reader.integerMap("timers")
        behaviour = reader.optionalString("behaviour") ?? ""
        key = reader.optionalString("key")
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.value("occurred_at", occurredAt)
        writer.integerMap("timers", timers)
        writer.string("behaviour", behaviour)
        writer.string("key", key)
    }
}

/// What the probe tells of each step: `<time>:<name>`.
struct Seen: Fact, Hashable {
    static let type = "io.tributary.test.seen.v1"
    var text: String
    var occurredAt: Timestamp
    var entityID: String { text }

    init(text: String, at time: Timestamp) {
        self.text = text
        occurredAt = time
    }

    init(reading reader: inout ObjectReader) {
        text = reader.string("text")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("text", text)
        writer.value("occurred_at", occurredAt)
    }
}

struct TextRow: JSONCodable, Hashable {
    var text: String
    init(_ text: String) { self.text = text }
    init(reading reader: inout ObjectReader) { text = reader.string("text") }
    func write(to writer: inout ObjectWriter) { writer.string("text", text) }
}

/// A row that nobody can read as a `TextRow`.
struct SpoiltRow: JSONWritable {
    func write(to writer: inout ObjectWriter) { writer.integer("text", 1) }
}

struct ProbeFailure: Error {}

/// Writes a row and a fact for each event and timer.
final class ProbeProcessor: Processor {
    static let table = StateTable("probe")
    static let shared = StateKey("anna@example.com")
    var backdating = TimeSpan.zero
    private(set) var commits = 0
    private(set) var resets = 0

    func decode(_ event: Event) throws -> any EventPayload {
        guard event.type == Probe.type else { throw DeadLetter(.unknownType, "no type of the tests") }
        return try event.payload(Probe.self)
    }

    func routingKey(of payload: any EventPayload, event: Event) -> String? {
        (payload as? Probe).map { $0.key ?? $0.name }
    }

    func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan { backdating }

    func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws {
        guard let probe = payload as? Probe else { return }
        try write(probe.name, in: turn)
        for (name, due) in probe.timers.sorted(by: { $0.key < $1.key }) {
            try turn.schedule(
                TaskTimer(name: name, due: Timestamp(millisecondsSince1970: due), payload: probe.name))
        }
        if probe.behaviour == "fail" { throw ProbeFailure() }
        if probe.behaviour == "refuse" { throw DeadLetter(.refused, "asked to refuse") }
        if probe.behaviour == "large row" {
            try turn.state.put(ProbeProcessor.table, StateKey("large"), TextRow(ProbeProcessor.large))
        }
        if probe.behaviour == "large output" { turn.record(Seen(text: ProbeProcessor.large, at: turn.now)) }
        switch probe.behaviour {
        case "share": try turn.state.put(ProbeProcessor.table, ProbeProcessor.shared, TextRow("shared"))
        case "spoil": try turn.state.put(ProbeProcessor.table, ProbeProcessor.shared, SpoiltRow())
        case "read": _ = try turn.state.get(ProbeProcessor.table, ProbeProcessor.shared, as: TextRow.self)
        default: break
        }
        if probe.behaviour == "damaged" { throw StoreError(.corrupt, "asked for a damaged store") }
        if probe.behaviour == "store" { throw StoreError(.full, "asked for a full disk") }
        if probe.behaviour.hasPrefix("store_") {
            throw StoreError(StoreError.Code(rawValue: probe.behaviour), "asked for")
        }
    }

    func fire(_ timer: TaskTimer, in turn: TurnContext) throws {
        try write("timer \(timer.name)", in: turn)
        if timer.name.hasPrefix("read") {
            _ = try turn.state.get(ProbeProcessor.table, ProbeProcessor.shared, as: TextRow.self)
        }
        if timer.name.hasPrefix("bad") { throw ProbeFailure() }
        if timer.name.hasPrefix("large") { turn.record(Seen(text: ProbeProcessor.large, at: turn.now)) }
    }

    /// More than a record may have.
    static let large = String(repeating: "x", count: TopicCatalogue.maximumRecordBytes)

    private func write(_ text: String, in turn: TurnContext) throws {
        let text = "\(turn.now.millisecondsSince1970):\(text)"
        try turn.state.put(ProbeProcessor.table, StateKey(text), TextRow(text))
        turn.record(Seen(text: text, at: turn.now))
    }

    func stateDidReset() { resets += 1 }
    func turnDidCommit() { commits += 1 }
}

/// A wall or stream task over memory with the probe in it.
struct ProbeTask {
    let harness: ProcessorHarness
    let processor = ProbeProcessor()

    init(stream: Bool = false, partitions: Int32 = 1, partition: Int32 = 0) throws {
        let processor = self.processor
        harness = try ProcessorHarness(worker: .referral, partitions: partitions, partition: partition) { _ in
            processor
        }
        if stream {
            _ = try harness.send(ClockSet(kind: .stream, at: time(0)), key: "", at: time(0), isBroadcast: true)
        }
    }

    func send(
        _ probe: Probe, at milliseconds: Int64? = nil, source: String = "/test", id: String? = nil,
        commandID: String? = nil
    ) throws -> HarnessResult {
        try harness.send(
            probe, key: probe.key ?? probe.name, at: milliseconds.map(time) ?? probe.occurredAt, source: source,
            id: id ?? probe.name, commandID: commandID)
    }

    func advance(to milliseconds: Int64) throws -> HarnessResult { try harness.advance(to: time(milliseconds)) }

    /// The texts of the probe's rows.
    func rows() throws -> [String] {
        try harness.state.rows(ProbeProcessor.table, prefix: StateKey(), as: TextRow.self).map(\.row.text)
    }
}

extension HarnessResult {
    /// What the probe told, in order.
    func texts() throws -> [String] { try payloads(Seen.self).map(\.text) }
}

func time(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSince1970: milliseconds) }

func record(
    _ probe: Probe, offset: Int64, partition: Int32 = 0, id: String? = nil, source: String = "/test",
    appendedAt: Int64? = nil, headers: LogHeaders = []
) -> LogRecord {
    let envelope = EventEnvelope(
        id: id ?? probe.name, source: source, type: Probe.type, time: probe.occurredAt, key: probe.key ?? probe.name)
    var all = CloudEventCodec.encode(envelope)
    all.append(contentsOf: headers)
    return LogRecord(
        topic: "tributary.referral.v1", partition: partition, offset: offset,
        appendTimeMilliseconds: appendedAt ?? probe.occurredAt.millisecondsSince1970,
        key: Array((probe.key ?? probe.name).utf8), value: JSONEncoding.encode(probe),
        headers: all)
}
