import EventLog

/// One transaction on its way into the file.
///
/// Handed from its maker to the thread that leads the group commit and back, always through the log's monitor: never
/// used by two threads at once.
final class CommitRequest: @unchecked Sendable {
    /// Records of one partition, in their order.
    struct Batch {
        let partition: PartitionLog
        let records: PackedBatch
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

/// The records of an open transaction, by partition, as they will be stored: a batch is packed as soon as it is full.
/// Used by one thread.
struct TransactionBuffer {
    /// What one transaction may hold, in bytes of its records.
    static let maximumBytes = 256 << 20

    /// A partition's batch that still takes records.
    private struct OpenBatch {
        let partition: PartitionLog
        var records: RecordBatch
    }

    private(set) var recordCount = 0
    private(set) var bytes = 0
    private var packed: [CommitRequest.Batch] = []
    private var open: [OpenBatch] = []
    /// Where in `open` each partition's stands.
    private var indices: [ObjectIdentifier: Int] = [:]
    /// Emptied batches, which keep their room.
    private var spare: [RecordBatch] = []
    private var scratch: [UInt8] = []

    private static let maximumSpare = 16

    /// Packs what is open, and empties the buffer.
    mutating func takeBatches() -> [CommitRequest.Batch] {
        for index in open.indices { pack(at: index) }
        for batch in open where spare.count < Self.maximumSpare { spare.append(batch.records) }
        defer { clear() }
        return packed
    }

    /// Forgets the records.
    mutating func clear() {
        packed.removeAll()
        open.removeAll(keepingCapacity: true)
        indices.removeAll(keepingCapacity: true)
        recordCount = 0
        bytes = 0
    }

    private mutating func pack(at index: Int) {
        packed.append(
            CommitRequest.Batch(
                partition: open[index].partition,
                records: PackedBatch(open[index].records, scratch: &scratch)))
        open[index].records.removeAll()
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
        let index: Int
        if let known = indices[identifier] {
            index = known
            if open[index].records.isFull(for: size) { pack(at: index) }
        } else {
            index = open.count
            indices[identifier] = index
            open.append(OpenBatch(partition: partition, records: spare.popLast() ?? RecordBatch()))
        }
        open[index].records.append(record, byteCount: size)
    }
}
