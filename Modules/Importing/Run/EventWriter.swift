import Contracts
import EventLog

/// Turns events into records: register entries into one whole record and a copy for each partition of the readers, all
/// others into one record in the partition of their key.
final class EventWriter {
    /// A longer key is no domain and no id; the worker says so.
    private static let maximumKeyBytes = 253

    private let log: any EventLog
    private let catalogue: TopicCatalogue
    private var partitionCounts: [Topic: Int32] = [:]

    init(log: any EventLog, catalogue: TopicCatalogue) {
        self.log = log
        self.catalogue = catalogue
    }

    func append(_ event: OutgoingEvent, commandID: String?, to records: inout [OutgoingRecord]) throws(LogError) {
        if let broadcast = event.broadcast {
            let entry = RegisterRecord(
                type: event.type, source: event.source, id: event.id, time: event.occurredAt, key: event.key,
                commandID: commandID, whole: event.payload, broadcast: broadcast)
            records += try RegisterWriter.records(entry, log: log, catalogue: catalogue)
            return
        }
        let topic = catalogue.name(of: event.topic)
        let key =
            event.key.utf8.count <= EventWriter.maximumKeyBytes
            ? event.key : String(decoding: event.key.utf8.prefix(EventWriter.maximumKeyBytes), as: UTF8.self)
        let envelope = EventEnvelope(
            id: event.id, source: event.source, type: event.type, time: event.occurredAt, key: key,
            commandID: commandID)
        records.append(
            CloudEventCodec.encode(
                envelope, data: event.payload, topic: topic,
                partition: Partitioner.partition(of: key, count: try partitionCount(of: event.topic))))
    }

    private func partitionCount(of topic: Topic) throws(LogError) -> Int32 {
        if let known = partitionCounts[topic] { return known }
        let count = try log.partitionCount(of: catalogue.name(of: topic))
        partitionCounts[topic] = count
        return count
    }
}
