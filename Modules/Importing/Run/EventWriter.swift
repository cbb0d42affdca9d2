import Contracts
import EventLog

/// Turns events into records: register entries into one whole record and a copy for each partition of the readers, all
/// others into one record in the partition of their key.
struct EventWriter {
    /// A longer key is no domain and no id; the worker says so.
    private static let maximumKeyBytes = 253

    let log: any EventLog
    let catalogue: TopicCatalogue

    func append(_ event: OutgoingEvent, commandID: String?, to records: inout [OutgoingRecord]) throws(LogError) {
        if let broadcast = event.broadcast {
            let entry = RegisterRecord(
                type: event.type, source: event.source, id: event.id, time: event.occurredAt, key: event.key,
                commandID: commandID, whole: event.payload, broadcast: broadcast)
            records += try RegisterWriter.records(entry, log: log, catalogue: catalogue)
            return
        }
        let topic = catalogue.name(of: event.topic)
        let key = String(decoding: event.key.utf8.prefix(EventWriter.maximumKeyBytes), as: UTF8.self)
        let envelope = EventEnvelope(
            id: event.id, source: event.source, type: event.type, time: event.occurredAt, key: key,
            commandID: commandID)
        records.append(
            CloudEventCodec.encode(
                envelope, data: event.payload, topic: topic,
                partition: Partitioner.partition(of: key, count: try log.partitionCount(of: topic))))
    }
}
