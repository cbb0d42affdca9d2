package import Contracts
import Domain
package import EventLog
import Hashing
import JSON

/// An event of the sender, ready to be written to `notification.v1`.
package struct SenderEvent: Sendable, Hashable {
    package var envelope: EventEnvelope
    package var data: [UInt8]
    /// The partition whose jobs it answers; the recipients' keys lead to the same one.
    package var partition: Int32
    /// Rises from event to event of a partition.
    package var sequence: Int64

    /// - Parameters:
    ///   - message: the one that the event is about; `nil` for the results of many, which go under no key.
    ///   - source: of this sender and no other, so that with the partition and the number it names the event.
    init<Payload: EventPayload>(
        _ payload: Payload, of message: NotificationRequested? = nil, partition: Int32, sequence: Int64, source: String
    ) {
        let id = Hashing.first64(of: [source, "\(partition)", "\(sequence)"])
        envelope = EventEnvelope(
            id: Hexadecimal.text(id), source: source, type: Payload.type, time: payload.occurredAt,
            subject: message?.notification.text, key: message?.recipient.text)
        data = JSONEncoding.encode(payload)
        self.partition = partition
        self.sequence = sequence
    }

    package func record(in catalogue: TopicCatalogue) -> OutgoingRecord {
        var record = CloudEventCodec.encode(
            envelope, data: data, topic: catalogue.name(of: .notification), partition: partition)
        record.headers.append(HeaderName.sequence, String(sequence))
        return record
    }
}
