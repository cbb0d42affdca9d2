import EventLog
import Glibc

/// Appends in transactions, for programs around the workers.
final class KafkaProducer: LogProducer {
    /// How long an append waits for its records to be readable.
    static let readableWithin = Duration.seconds(1)
    private static let pollMicroseconds: UInt32 = 500

    private let producer: TransactionalProducer
    private let admin: KafkaAdmin
    private let timeout: Duration

    init(_ producer: TransactionalProducer, admin: KafkaAdmin, timeout: Duration) {
        self.producer = producer
        self.admin = admin
        self.timeout = timeout
    }

    func append(_ records: [OutgoingRecord]) throws(LogError) -> [TopicPartition: Int64] {
        guard !records.isEmpty else { return [:] }
        let deadline = ContinuousClock.now + timeout
        try producer.begin()
        do {
            for record in records { try producer.append(record) }
            try producer.drain(until: deadline)
            try producer.commit(until: deadline)
        } catch  where error.errorClass != .fatal {
            try producer.abort(until: .now + timeout)
            throw error
        }
        waitUntilReadable()
        var ends: [TopicPartition: Int64] = [:]
        for topic in producer.writtenTopics {
            for (partition, end) in producer.nextOffsets(of: topic) { ends[TopicPartition(topic, partition)] = end }
        }
        return ends
    }

    /// Waits until the records can be read: the commit is acknowledged before the partitions have its markers. Another
    /// writer's open transaction may hold that back for its whole time, so the wait has a bound; a failing question ends
    /// it, as the records are committed already.
    private func waitUntilReadable() {
        let deadline = ContinuousClock.now + Self.readableWithin
        for topic in producer.writtenTopics {
            let wanted = producer.nextOffsets(of: topic)
            let partitions = wanted.keys.sorted()
            while !deadline.hasPassed {
                guard
                    case .success(let ends) = Result(catching: { () throws(LogError) in
                        try admin.stableEnds(of: topic, partitions: partitions)
                    })
                else { return }
                if zip(partitions, ends).allSatisfy({ wanted[$0]! <= $1 }) { break }
                usleep(Self.pollMicroseconds)
            }
        }
    }

    func close() {
        producer.close()
    }
}
