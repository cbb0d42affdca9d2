import EventLog

/// One transaction on its way into the file.
///
/// Handed from its maker to the thread that leads the group commit and back, always through the log's monitor: never
/// used by two threads at once.
final class CommitRequest: @unchecked Sendable {
    /// Records of one partition, in their order.
    struct Batch {
        let partition: PartitionLog
        var records: RecordBatch
        /// Given when the batch is written.
        var base: Int64 = -1
        var appendTime: Int64 = 0

        /// The offset after the last record.
        var end: Int64 { base + Int64(records.count) }
    }

    struct Position {
        let partition: PartitionLog
        let committed: CommittedPosition
    }

    /// Those of one partition stand in the order of their records.
    var batches: [Batch]
    let group: String
    let positions: [Position]
    let recordCount: Int
    let bytes: Int
    /// Set, under the monitor, when the transaction is in the file or has failed.
    var outcome: Result<Void, LogError>?

    /// Takes the records out of `buffer`, so that they are the request's alone.
    init(taking buffer: inout TransactionBuffer, group: String = "", positions: [Position] = []) {
        recordCount = buffer.recordCount
        bytes = buffer.bytes
        batches = buffer.takeBatches()
        self.group = group
        self.positions = positions
    }
}

/// The records of an open transaction, by partition, as they will be stored. Used by one thread.
struct TransactionBuffer {
    /// What one transaction may hold, in bytes of its records.
    static let maximumBytes = 256 << 20

    private var batches: [CommitRequest.Batch] = []
    private(set) var recordCount = 0
    private(set) var bytes = 0
    /// The batch that each partition's next record goes into.
    private var indices: [ObjectIdentifier: Int] = [:]

    /// Empties the buffer.
    mutating func takeBatches() -> [CommitRequest.Batch] {
        var taken: [CommitRequest.Batch] = []
        swap(&taken, &batches)
        self = TransactionBuffer()
        return taken
    }

    mutating func append(_ record: OutgoingRecord, to partition: PartitionLog) throws(LogError) {
        let size = record.byteCount
        guard size <= partition.maximumRecordBytes else {
            throw LogError(
                .recordTooLarge, .abortable,
                "a record of \(size) bytes is larger than \(record.topic) takes (\(partition.maximumRecordBytes) bytes)"
            )
        }
        guard bytes + size <= Self.maximumBytes else {
            throw LogError(
                .recordTooLarge, .abortable, "a transaction takes at most \(Self.maximumBytes) bytes of records")
        }
        bytes += size
        recordCount += 1
        let identifier = ObjectIdentifier(partition)
        if let index = indices[identifier], !batches[index].records.isFull(for: size) {
            batches[index].records.append(record, byteCount: size)
            return
        }
        indices[identifier] = batches.count
        var records = RecordBatch()
        records.append(record, byteCount: size)
        batches.append(CommitRequest.Batch(partition: partition, records: records))
    }
}
