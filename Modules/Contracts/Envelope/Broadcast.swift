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
