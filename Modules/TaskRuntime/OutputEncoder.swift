import Contracts
import Domain
import EventLog
import Hashing

/// Makes records out of what a handler emitted: ids derived from the input, so that a replay makes the same ones.
struct OutputEncoder {
    /// The header by which a receiver knows a worker's repeated output.
    static let sequenceHeader = HeaderName.sequence

    let catalogue: TopicCatalogue
    let partitions: PartitionCounts
    /// `/tributary/approval-worker/3`
    let source: String
    /// The source's share in the ids: what a record of two partitions brings has two ids.
    private let stem: (high: UInt64, low: UInt64)

    init(worker: WorkerName, partition: Int32, catalogue: TopicCatalogue, partitions: PartitionCounts) {
        self.catalogue = catalogue
        self.partitions = partitions
        source = "\(worker.sourcePrefix)\(partition)"
        stem = Hashing.digest(of: [source]).first128
    }

    /// - Parameters:
    ///   - origin: the hash of what the outputs answer: of an event's source and id, or of a timer's name and due time.
    ///   - commandID: of the command that asked for it.
    ///   - sequence: counted up by one for each output.
    func encode(
        _ outputs: [TurnContext.Output], origin: SHA256Digest, time: Timestamp, commandID: String?,
        traceparent: String?, cause: EventPosition?, sequence: inout Int64
    ) -> [OutgoingRecord] {
        guard !outputs.isEmpty else { return [] }
        var records: [OutgoingRecord] = []
        records.reserveCapacity(outputs.count)
        // The half of the hash that `SeenEvents` has no use for, moved by the source; the outputs' numbers are added to it.
        let (high, low) = (origin.last128.high &+ stem.high, origin.last128.low &+ stem.low)
        let highText = Hexadecimal.text(high)
        let envelopes = EnvelopeSeries(
            source: source, time: time, commandID: commandID, traceparent: traceparent, cause: cause)
        for (index, output) in outputs.enumerated() {
            sequence += 1
            records.append(
                OutgoingRecord(
                    topic: catalogue.name(of: output.topic),
                    partition: Partitioner.partition(of: output.key, count: partitions[output.topic]),
                    key: Array(output.key.utf8), value: output.data,
                    headers: envelopes.headers(
                        id: OutputEncoder.id(highText + Hexadecimal.text(low &+ UInt64(index))), type: output.type,
                        subject: output.subject, key: output.key, sequence: sequence)))
        }
        return records
    }

    /// An output's id as it was derived.
    private static func id(_ derived: String) -> String {
        #if SIMULATION
            if InjectedBug.isActive(.randomIDs) { return Hexadecimal.text(UInt64.random(in: .min ... .max)) }
        #endif
        return derived
    }

    /// The event under its right key, once, with its own id.
    func forward(_ record: LogRecord, event: Event, to topic: Topic, key: String) -> OutgoingRecord {
        var headers = record.headers.filter { $0.name != HeaderName.key && $0.name != HeaderName.forwarded }
        headers.append(HeaderName.key, key)
        headers.append(HeaderName.forwarded, "1")
        return OutgoingRecord(
            topic: record.topic, partition: Partitioner.partition(of: key, count: partitions[topic]),
            key: Array(key.utf8), value: record.value, headers: headers)
    }

    /// An event as a record again.
    func record(of event: Event) -> LogRecord {
        let envelope = EventEnvelope(
            id: event.id, source: event.source, type: event.type, time: event.time ?? event.appendTime,
            subject: event.subject, key: event.key.isEmpty ? nil : event.key, isBroadcast: event.isBroadcast,
            isForwarded: event.isForwarded, commandID: event.commandID, traceparent: event.traceparent)
        var headers = CloudEventCodec.encode(envelope)
        event.earlierFailures?.append(to: &headers)
        return LogRecord(
            topic: "\(catalogue.prefix).\(event.position.topic)", partition: event.position.partition,
            offset: event.position.offset, appendTimeMilliseconds: event.appendTime.millisecondsSince1970,
            key: event.key.isEmpty ? nil : Array(event.key.utf8), value: event.data,
            headers: headers)
    }
}
