import CRdkafka
import EventLog

extension KafkaSession {
    func begin() throws(LogError) {
        guard !producer.isInTransaction else { throw LogError(.invalidState, .fatal, "a turn is open already") }
        try producer.begin()
    }

    func append(_ record: OutgoingRecord) throws(LogError) {
        try producer.append(record)
    }

    /// Drains the deliveries, then sends the positions, then commits: in this order, or a stopped owner could write
    /// after its successor looked at the changelog's end.
    func commit(_ offsets: [TurnOffset], deadline: ContinuousClock.Instant) throws(LogError) -> [Int32: Int64] {
        let metadata = try ownership.metadata(for: offsets)
        let positions = PartitionList(capacity: offsets.count)
        for offset in offsets {
            positions.add(session.topic, offset.partition, offset: offset.offset, metadata: offset.metadata)
        }
        try producer.drain(until: deadline)
        try producer.sendOffsets(positions, metadata: metadata, deadline: deadline)
        try producer.commit(until: deadline)
        committed.note(producer)
        return producer.nextOffsets(of: session.changelogTopic)
    }

    func abort() throws(LogError) {
        guard producer.isInTransaction else { return }
        try producer.abort(until: .now + session.transactionTimeout)
    }
}
