import EventLog

/// Appends in transactions, for programs around the workers.
final class KafkaProducer: LogProducer {
    private let producer: TransactionalProducer
    private let committed: CommittedOffsets
    private let admin: KafkaAdmin
    private let timeout: Duration

    init(_ producer: TransactionalProducer, committed: CommittedOffsets, admin: KafkaAdmin, timeout: Duration) {
        self.producer = producer
        self.committed = committed
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
        committed.note(producer)
        var ends: [TopicPartition: Int64] = [:]
        for topic in producer.writtenTopics {
            for (partition, end) in producer.nextOffsets(of: topic) { ends[TopicPartition(topic, partition)] = end }
            // A failing question ends the wait only: the records are committed.
            _ = Result { () throws(LogError) in
                try committed.awaitReadable(topic, partitions: producer.partitionCount(of: topic), admin: admin)
            }
        }
        return ends
    }

    func close() {
        producer.close()
    }
}
