package import Contracts
package import Domain
package import EventLog
import JSON

/// What one record or one tick brought, for tests.
package struct HarnessResult {
    package var outputs: [HarnessOutput]
    /// The first dead letter, where there is one.
    package var deadLetter: DeadLetter?

    /// The outputs of one type, decoded.
    package func payloads<Payload: EventPayload>(_ type: Payload.Type) throws -> [Payload] {
        try outputs.filter { $0.type == Payload.type }.map { try $0.decode(type) }
    }
}

package struct HarnessOutput {
    package var topic: String
    package var key: String
    package var type: String
    package var headers: LogHeaders
    package var data: [UInt8]

    package func decode<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload {
        try JSONDocument.decode(type, from: data)
    }
}

/// Runs one processor over events in memory, through the same task as the workers do: for tests of handlers.
package final class ProcessorHarness {
    package let task: PartitionTask
    package let backend: MemoryStateBackend
    package let catalogue: TopicCatalogue
    private let worker: WorkerName
    private let partition: Int32
    private var offset: Int64 = 0
    private var commandCount = 0

    /// - Parameters:
    ///   - partitions: of every topic; one puts every key into the harness' own partition.
    package init(
        worker: WorkerName, partitions: Int32 = 1, partition: Int32 = 0, _ make: (TaskState) throws -> any Processor
    ) throws {
        self.worker = worker
        self.partition = partition
        backend = MemoryStateBackend()
        catalogue = TopicCatalogue(partitions: partitions)
        let state = TaskState(backend: backend)
        var counts = PartitionCounts(byTopic: [:])
        for topic in TopicCatalogue.topics { counts.byTopic[topic] = catalogue.specification(of: topic).partitions }
        task = try PartitionTask(
            configuration: TaskConfiguration(
                worker: worker, partition: partition, catalogue: catalogue, partitions: counts, group: "harness"),
            state: state, processor: try make(state), position: 0, epoch: 1)
    }

    package var state: TaskState { task.state }

    /// Appends an event at `time` (append time on a wall clock) and processes it.
    package func send<Payload: EventPayload>(
        _ payload: Payload, key: String, at time: Timestamp, source: String = "/test", id: String? = nil,
        commandID: String? = nil, isBroadcast: Bool = false
    ) throws -> HarnessResult {
        try send(
            data: JSONEncoding.encode(payload), type: Payload.type, key: key, at: time, source: source, id: id,
            commandID: commandID, isBroadcast: isBroadcast)
    }

    /// As `send`, with data as they are.
    package func send(
        data: [UInt8], type: String, key: String, at time: Timestamp, source: String = "/test", id: String? = nil,
        commandID: String? = nil, isBroadcast: Bool = false
    ) throws -> HarnessResult {
        try process(
            record(
                data, type: type, key: key, at: time, source: source, id: id, commandID: commandID,
                isBroadcast: isBroadcast))
    }

    private func record(
        _ data: [UInt8], type: String, key: String, at time: Timestamp, source: String = "/test", id: String? = nil,
        commandID: String? = nil, isBroadcast: Bool
    ) -> LogRecord {
        let envelope = EventEnvelope(
            id: id ?? "event-\(offset)", source: source, type: type, time: time, key: key, isBroadcast: isBroadcast,
            commandID: commandID)
        return LogRecord(
            topic: catalogue.name(of: worker.input), partition: partition, offset: offset,
            appendTimeMilliseconds: time.millisecondsSince1970, key: Array(key.utf8), value: data,
            headers: CloudEventCodec.encode(envelope))
    }

    /// Processes an event in a turn that is taken back: nothing of it may remain, in the store or in the processor.
    package func takeBack<Payload: EventPayload>(
        _ payload: Payload, key: String, at time: Timestamp, isBroadcast: Bool = false
    ) throws {
        let record = record(
            JSONEncoding.encode(payload), type: Payload.type, key: key, at: time, isBroadcast: isBroadcast)
        while try !task.process(record) {}
        try task.rollbackTurn()
    }

    /// Moves the clock: due timers fire, and on a stream clock held events are applied.
    package func advance(to time: Timestamp) throws -> HarnessResult {
        try send(ClockAdvanced(to: time), key: "", at: time, isBroadcast: true)
    }

    /// Processes a record as it is, to the end, and commits the turn.
    package func process(_ record: LogRecord) throws -> HarnessResult {
        offset = record.offset + 1
        while try !task.process(record) {}
        let records = task.takeOutputs()
        _ = try task.finishTurn()
        try task.commitTurn(changelogOffset: offset, committedAtMilliseconds: record.appendTimeMilliseconds)
        task.processor.turnDidCommit()
        var result = HarnessResult(outputs: [], deadLetter: nil)
        for record in records {
            if let code = record.headers.value(of: HeaderName.errorCode) {
                let reason = record.headers.value(of: "__connect.errors.exception.message") ?? []
                result.deadLetter =
                    result.deadLetter
                    ?? DeadLetter(
                        .init(rawValue: String(decoding: code, as: UTF8.self)), String(decoding: reason, as: UTF8.self))
                continue
            }
            let type = record.headers.value(of: HeaderName.type) ?? []
            result.outputs.append(
                HarnessOutput(
                    topic: record.topic, key: String(decoding: record.key ?? [], as: UTF8.self),
                    type: String(decoding: type, as: UTF8.self), headers: record.headers, data: record.value ?? []))
        }
        return result
    }
}
