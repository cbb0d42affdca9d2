import EventLog

/// A transaction as broker and coordinator know it.
final class SimulatedTransaction {
    enum State {
        case ongoing
        /// Decided; markers are being written.
        case committing, aborting
        case complete
    }

    let producer: String
    let epoch: Int
    let startedAt: Int64
    var state = State.ongoing
    /// Where its records lie, in the order of their first ones.
    var places: [TopicPartition] = []
    /// What the marker of a partition said; a partition without one holds its last stable offset back.
    var outcomes: [TopicPartition: Bool] = [:]
    var group: String?
    /// Positions that become the group's with the commit.
    var positions: [Int32: CommittedPosition] = [:]

    init(producer: String, epoch: Int, startedAt: Int64) {
        self.producer = producer
        self.epoch = epoch
        self.startedAt = startedAt
    }
}

/// One partition of a topic: records and transaction markers, each with an offset.
final class SimulatedPartition {
    struct Entry {
        /// `nil` for a marker.
        var record: OutgoingRecord?
        var appendTime: Int64
        /// `nil` for a record without a transaction.
        var transaction: SimulatedTransaction?
    }

    let place: TopicPartition
    private(set) var entries: [Entry] = []
    /// Transactions without a marker here, with the offset of their first record.
    private var open: [(transaction: SimulatedTransaction, first: Int64)] = []

    init(_ place: TopicPartition) { self.place = place }

    /// The offset after the last record or marker, committed or not.
    var end: Int64 { Int64(entries.count) }

    /// Readers of committed records see nothing at or above it.
    var lastStableOffset: Int64 { open.map(\.first).min() ?? end }

    func append(_ record: OutgoingRecord, at time: Int64, _ transaction: SimulatedTransaction?) {
        if let transaction, transaction.outcomes[place] == nil,
            !open.contains(where: { $0.transaction === transaction })
        {
            open.append((transaction, end))
            if !transaction.places.contains(place) { transaction.places.append(place) }
        }
        entries.append(Entry(record: record, appendTime: time, transaction: transaction))
    }

    func mark(_ transaction: SimulatedTransaction, isCommitted: Bool, at time: Int64) {
        transaction.outcomes[place] = isCommitted
        open.removeAll { $0.transaction === transaction }
        entries.append(Entry(record: nil, appendTime: time, transaction: transaction))
    }

    /// Committed records from `offset` on, and the position behind them.
    func read(from offset: Int64, maximum: Int) -> (records: [LogRecord], position: Int64) {
        var records: [LogRecord] = []
        var position = offset
        let end = lastStableOffset
        while position < end, records.count < maximum {
            if let record = committed(at: position) { records.append(record) }
            position += 1
        }
        return (records, position)
    }

    /// The record at an offset, where it is one and committed.
    private func committed(at offset: Int64) -> LogRecord? {
        let entry = entries[Int(offset)]
        guard let record = entry.record, entry.transaction?.outcomes[place] ?? (entry.transaction == nil) else {
            return nil
        }
        return LogRecord(
            topic: place.topic, partition: place.partition, offset: offset, appendTimeMilliseconds: entry.appendTime,
            key: record.key, value: record.value, headers: record.headers)
    }

    /// Every committed record as it was appended, with its writer's identity (`nil`: from outside).
    func committedEntries() -> [(record: OutgoingRecord, producer: String?)] {
        entries.compactMap { entry in
            guard let record = entry.record, entry.transaction?.outcomes[place] ?? (entry.transaction == nil) else {
                return nil
            }
            return (record, entry.transaction?.producer)
        }
    }
}
