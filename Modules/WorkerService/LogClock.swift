package import Contracts
package import Domain
package import EventLog
import Foundation
import JSON

/// The clock of a whole installation, driven from outside: it sets the kind of time once, ticks a stream clock through the
/// workers in turn, and knows when a worker has nothing left to do. It works over the log alone.
package final class LogClock {
    /// What `program.v1` remembers of the clock, under this key.
    static let registerKey = "clock"
    static let source = "/tributary/clock"
    /// How long a look at what lies behind committed positions may take, before positions are asked for again.
    static let markerPatience = Duration.seconds(2)

    package struct Reading: Sendable, Hashable {
        package var kind: ClockKind
        /// The last completed tick of a stream clock; where a wall clock was set.
        package var time: Timestamp
    }

    package struct Failure: Error, Sendable, CustomStringConvertible {
        package var description: String
    }

    private let log: any EventLog
    private let catalogue: TopicCatalogue
    private let producerIdentity: String
    private var producer: (any LogProducer)?
    private var reader: (any LogReader)?

    /// - Parameter identity: of the producer; another clock with the same one fences this one.
    package init(log: any EventLog, catalogue: TopicCatalogue, identity: String) {
        self.log = log
        self.catalogue = catalogue
        producerIdentity = identity
    }

    package func close() {
        producer?.close()
        producer = nil
        reader?.close()
        reader = nil
    }

    private func openProducer() throws(LogError) -> any LogProducer {
        if let producer { return producer }
        let opened = try log.producer(identity: producerIdentity)
        producer = opened
        return opened
    }

    private func openReader() throws(LogError) -> any LogReader {
        if let reader { return reader }
        let opened = try log.reader()
        reader = opened
        return opened
    }

    // MARK: Setting

    /// Creates what is missing and sets the clock by the first record of every input partition. Repeating it changes nothing.
    ///
    /// - Throws: where the topics have another partition count, or another kind of clock was set.
    package func createTopics(clock kind: ClockKind, at time: Timestamp) throws {
        try log.createTopics(catalogue.specifications)
        if let reading = try read() {
            guard reading.kind == kind else {
                throw Failure(
                    description: "the clock was set to \(reading.kind.rawValue) when the topics were created; "
                        + "`tributary clock switch` turns a stream clock to wall, once")
            }
            return
        }
        var records = try broadcast(
            ClockSet(kind: kind, at: time), id: "set", at: time, to: WorkerName.allCases.map(\.input))
        records.append(registerRecord(ClockSet(kind: kind, at: time), id: "set", at: time))
        try openProducer().append(records)
    }

    /// What the clock says; `nil` where it was never set.
    package func read() throws -> Reading? {
        let place = TopicPartition(catalogue.name(of: .program), 0)
        let end = try log.endOffsets(of: place.topic).first ?? 0
        var reading: Reading?
        try openReader().readThrough(from: [place: 0], to: [place: end]) { record in
            guard record.key == Array(LogClock.registerKey.utf8), let value = record.value else { return }
            switch record.headerText(HeaderName.type) {
            case ClockSet.type:
                let set = try JSONDocument.decode(ClockSet.self, from: value)
                reading = Reading(kind: set.kind, time: set.at)
            case ClockAdvanced.type:
                let time = try JSONDocument.decode(ClockAdvanced.self, from: value).to
                reading = Reading(kind: reading?.kind ?? .stream, time: time)
            case ClockSwitched.type:
                let switched = try JSONDocument.decode(ClockSwitched.self, from: value)
                reading = Reading(kind: switched.to, time: switched.at)
            default: break
            }
        }
        return reading
    }

    // MARK: Moving

    /// Ticks the workers to `time`, each after the one before has nothing left to do.
    package func tick(to time: Timestamp, timeout: Duration = .seconds(600)) throws {
        let id = "tick-\(time)"
        for worker in WorkerName.allCases {
            var records = try broadcast(ClockAdvanced(to: time), id: id, at: time, to: [worker.input])
            // The register remembers a tick only when its last stage begins: a broken one is repeated whole.
            if worker == WorkerName.allCases.last {
                records.append(registerRecord(ClockAdvanced(to: time), id: id, at: time))
            }
            let ends = try openProducer().append(records)
            try wait(for: worker, toReach: ends, timeout: timeout)
        }
    }

    /// Waits until a worker has processed its input up to the offsets given: the tick is behind all that came before it.
    private func wait(for worker: WorkerName, toReach ends: [TopicPartition: Int64], timeout: Duration) throws {
        let topic = catalogue.name(of: worker.input)
        let group = WorkerGroup.name(worker, prefix: catalogue.prefix)
        try poll(timeout: timeout, "the \(worker.rawValue) worker did not process a tick") {
            let committed = try log.committedOffsets(group: group, topic: topic)
            return ends.allSatisfy { place, end in
                place.topic != topic || (committed[Int(place.partition)] ?? 0) >= end
            }
        }
    }

    private func poll(timeout: Duration, _ failure: String, _ isDone: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + timeout
        var pause = 0.0005
        while try !isDone() {
            guard ContinuousClock.now < deadline else { throw Failure(description: "\(failure) within \(timeout)") }
            Thread.sleep(forTimeInterval: pause)
            pause = min(pause * 1.5, 0.02)
        }
    }

    /// Turns a stream clock to wall, once.
    package func switchToWall(at time: Timestamp) throws {
        let event = ClockSwitched(at: time)
        var records = try broadcast(event, id: "switch", at: time, to: WorkerName.allCases.map(\.input))
        records.append(registerRecord(event, id: "switch", at: time))
        try openProducer().append(records)
    }

    private func broadcast<Payload: EventPayload>(
        _ payload: Payload, id: String, at time: Timestamp, to topics: [Topic]
    ) throws(LogError) -> [OutgoingRecord] {
        let envelope = EventEnvelope(id: id, source: LogClock.source, type: Payload.type, time: time)
        return try Broadcast.records(
            of: JSONEncoding.encode(payload), envelope: envelope, to: topics.map(catalogue.name(of:)), on: log)
    }

    private func registerRecord<Payload: EventPayload>(
        _ payload: Payload, id: String, at time: Timestamp
    ) -> OutgoingRecord {
        let envelope = EventEnvelope(
            id: id, source: LogClock.source, type: Payload.type, time: time, key: LogClock.registerKey)
        return CloudEventCodec.encode(
            envelope, data: JSONEncoding.encode(payload), topic: catalogue.name(of: .program), partition: 0)
    }

    // MARK: Draining

    /// Waits until each worker has processed every record of its input. Under load there is always another one: after a while
    /// those are enough that were there at the beginning.
    package func drain(_ workers: [WorkerName] = WorkerName.allCases, timeout: Duration) throws {
        for worker in workers {
            let ends = try log.endOffsets(of: catalogue.name(of: worker.input))
            let busy = ContinuousClock.now + min(LogClock.quietPatience, timeout / 2)
            try poll(timeout: timeout, "the \(worker.rawValue) worker did not reach the end of its input") {
                if try isDrained(worker) { return true }
                return try ContinuousClock.now > busy && isDrained(worker, upTo: ends)
            }
        }
    }

    /// How long the end of an input is waited for that may move on.
    private static let quietPatience = Duration.seconds(5)

    /// Whether a worker's committed positions reach these ends of its input (the present ones by default), but for markers that
    /// no reader ever sees.
    package func isDrained(_ worker: WorkerName, upTo ends: [Int64]? = nil) throws -> Bool {
        let topic = catalogue.name(of: worker.input)
        let ends = try ends ?? log.endOffsets(of: topic)
        let committed = try log.committedOffsets(
            group: WorkerGroup.name(worker, prefix: catalogue.prefix), topic: topic)
        var behind: [TopicPartition: Int64] = [:]
        for (partition, end) in ends.enumerated() {
            let position = (partition < committed.count ? committed[partition] : nil) ?? 0
            if position < end { behind[TopicPartition(topic, Int32(partition))] = position }
        }
        guard !behind.isEmpty else { return true }
        let reader = try openReader()
        try reader.assign(behind)
        let deadline = ContinuousClock.now + LogClock.markerPatience
        while ContinuousClock.now < deadline {
            let record = try reader.read(maximum: 1, timeout: .milliseconds(20)).first
            if let record, record.offset < ends[Int(record.partition)] { return false }
            let positions = try reader.positions()
            if behind.keys.allSatisfy({ positions[$0, default: 0] >= ends[Int($0.partition)] }) { return true }
        }
        return false
    }
}
