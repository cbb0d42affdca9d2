import EventLog

/// Appends in transactions. Used by one thread.
final class EmbeddedProducer: LogProducer {
    private let log: EmbeddedLog
    private let identity: String
    private let epoch: Int
    private var topics: KnownTopics
    private var buffer = TransactionBuffer()

    init(log: EmbeddedLog, identity: String, epoch: Int) {
        self.log = log
        self.identity = identity
        self.epoch = epoch
        topics = KnownTopics(log: log)
    }

    func append(_ records: [OutgoingRecord]) throws(LogError) -> [TopicPartition: Int64] {
        buffer.clear()
        for record in records {
            try buffer.append(record, to: try topics[record.topic].partition(record.partition))
        }
        guard buffer.recordCount > 0 else { return [:] }
        let request = CommitRequest(taking: &buffer)
        try log.commit(request) {
            log.isCurrent(identity, epoch: epoch)
                ? nil : LogError(.producerFenced, .fatal, "another producer has the identity \(identity)")
        }
        var ends: [TopicPartition: Int64] = [:]
        for batch in request.batches {
            ends[batch.partition.place] = batch.end
        }
        return ends
    }

    func close() {}
}
