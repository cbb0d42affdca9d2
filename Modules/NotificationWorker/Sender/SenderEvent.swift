package import Contracts
import Domain
package import EventLog
import Hashing
import JSON

/// An event of the sender, ready to be written to `notification.v1`.
package struct SenderEvent: Sendable, Hashable {
    package var envelope: EventEnvelope
    package var data: [UInt8]
    /// The partition whose job it answers; the recipient's key leads to the same one.
    package var partition: Int32
    /// Rises from event to event of a partition.
    package var sequence: Int64

    init<Payload: EventPayload>(
        _ payload: Payload, about job: NotificationJob, partition: Int32, sequence: Int64, source: String
    ) {
        let id = Hashing.first64(of: [
            source, Payload.type, job.request.notification.text, "\(job.attempt)", "\(sequence)",
        ])
        envelope = EventEnvelope(
            id: Hexadecimal.text(id), source: source, type: Payload.type, time: job.time,
            subject: job.request.notification.text, key: job.request.recipient.text)
        data = JSONEncoding.encode(payload)
        self.partition = partition
        self.sequence = sequence
    }

    package func record(in catalogue: TopicCatalogue) -> OutgoingRecord {
        var record = CloudEventCodec.encode(
            envelope, data: data, topic: catalogue.name(of: .notification), partition: partition)
        record.headers.append(LogHeader(HeaderName.sequence, String(sequence)))
        return record
    }
}
