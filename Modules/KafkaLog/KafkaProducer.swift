import EventLog
import Glibc

/// Appends in transactions, for programs around the workers.
final class KafkaProducer: LogProducer {
    private let producer: TransactionalProducer
    private let admin: KafkaAdmin
    private let timeout: Duration

    init(_ producer: TransactionalProducer, admin: KafkaAdmin, timeout: Duration) {
        self.producer = producer
        self.admin = admin
        self.timeout = timeout
    }

    func append(_ records: [OutgoingRecord]) throws(LogError) {
        guard !records.isEmpty else { return }
        let deadline = ContinuousClock.now + timeout
        try producer.begin()
        do {
            for record in records { try producer.append(record) }
            _ = try producer.drain(until: deadline)
            try producer.commit(until: deadline)
        } catch  where error.errorClass != .fatal {
            try producer.abort(until: .now + timeout)
            throw error
        }
    }

    func close() {
        producer.close()
    }
}
