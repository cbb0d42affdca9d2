package import EventLog
import JSON

/// Records that every partition of a topic gets a copy of. To be appended in one transaction.
package enum Broadcast {
    /// One record for each partition of each topic, all with the same event id.
    ///
    /// - Parameter key: the records' key; it places nothing, the partition is explicit.
    package static func records<Payload: EventPayload>(
        of payload: Payload, envelope: EventEnvelope, key: String, to topics: [Topic], in catalogue: TopicCatalogue
    ) -> [OutgoingRecord] {
        var envelope = envelope
        envelope.isBroadcast = true
        let headers = CloudEventCodec.encode(envelope)
        let data = JSONEncoding.encode(payload)
        let key = Array(key.utf8)
        return topics.flatMap { topic in
            let specification = catalogue.specification(of: topic)
            return (0..<specification.partitions).map { partition in
                OutgoingRecord(
                    topic: specification.name, partition: partition, key: key, value: data, headers: headers)
            }
        }
    }
}

extension RegisterEntry {
    /// The entry as it is written, in one transaction: whole into the register's topic under its register key, and in
    /// its broadcast form into each partition of the topics that read the register.
    ///
    /// - Parameter id: the event's id; `registerKey` makes a repeated write a duplicate that changes nothing.
    package func records(
        id: String, source: String, commandID: String? = nil, in catalogue: TopicCatalogue
    ) -> [OutgoingRecord] {
        let envelope = EventEnvelope(
            id: id, source: source, type: Self.type, time: occurredAt, subject: registerKey, commandID: commandID)
        let own = CloudEventCodec.encode(
            envelope, data: JSONEncoding.encode(self), topic: catalogue.name(of: .program), partition: 0,
            key: registerKey)
        return [own]
            + Broadcast.records(
                of: broadcastForm, envelope: envelope, key: registerKey, to: Topic.registerReaders, in: catalogue)
    }
}
