import EventLog

/// A committed batch as it is kept in memory: the very bytes that the file has.
final class TailChunk: Sendable {
    let base: Int64
    let end: Int64
    let appendTime: Int64
    let records: PackedBatch
    /// What it takes in memory.
    let bytes: Int

    /// What a chunk takes beside its bytes: its object, its array's head, its places in the lists.
    private static let overhead = 160

    init(_ batch: CommitRequest.Batch) {
        base = batch.base
        end = batch.end
        appendTime = batch.appendTime
        records = batch.records
        bytes = batch.records.bytes.capacity + Self.overhead
    }
}

/// Chunks in their order, of which the first may be taken away: it is let go at once, its place later.
private struct TailQueue: RandomAccessCollection {
    private var chunks: [TailChunk?] = []
    private var head = 0

    /// Places of chunks that are gone, at which those that are left move up.
    private static let maximumGone = 64

    var startIndex: Int { head }
    var endIndex: Int { chunks.count }
    subscript(index: Int) -> TailChunk { chunks[index]! }

    mutating func append(_ chunk: TailChunk) { chunks.append(chunk) }

    mutating func removeFirst() -> TailChunk {
        let chunk = chunks[head]!
        chunks[head] = nil
        head += 1
        if head > Self.maximumGone && head * 2 > chunks.count {
            chunks.removeFirst(head)
            head = 0
        }
        return chunk
    }
}

/// One partition: where it begins and ends, and its most recent records.
///
/// Everything mutable is guarded by the log's monitor, which makes it `@unchecked Sendable`; `appended` and
/// `appendTime` belong to the thread that leads a group commit.
final class PartitionLog: @unchecked Sendable {
    let topic: String
    let partition: Int32
    /// The partition's number in the file.
    let id: Int64
    let maximumRecordBytes: Int

    /// The first kept offset.
    var first: Int64
    /// The offset after the last committed record.
    var end: Int64
    /// As `end`, with the records of the transaction that is being written.
    var appended: Int64
    /// The append time of the last record; never goes back.
    var appendTime: Int64
    /// Recent records without a gap between them.
    private var chunks = TailQueue()

    init(
        topic: String, partition: Int32, id: Int64, maximumRecordBytes: Int, first: Int64, end: Int64,
        appendTime: Int64
    ) {
        self.topic = topic
        self.partition = partition
        self.id = id
        self.maximumRecordBytes = maximumRecordBytes
        self.first = first
        self.end = end
        appended = end
        self.appendTime = appendTime
    }

    var place: TopicPartition { TopicPartition(topic, partition) }

    /// Why reading cannot go on at an offset; `nil` where it can.
    func reasonOutOfRange(_ offset: Int64) -> String? {
        if offset < first {
            return "\(place): \(first - offset) unread records are gone (wanted \(offset), kept from \(first))"
        }
        return offset > end ? "\(place): position \(offset) is beyond the end (\(end))" : nil
    }

    func publish(_ chunk: TailChunk) {
        chunks.append(chunk)
        end = chunk.end
        appendTime = chunk.appendTime
    }

    /// What its records take in memory.
    var bytesInMemory: Int { chunks.reduce(0) { $0 + $1.bytes } }

    /// Forgets the oldest chunk in memory; returns its bytes.
    func evict() -> Int { chunks.removeFirst().bytes }

    /// Chunks in memory from the one with `offset` on, with at least `maximum` records or all there are; `nil` where
    /// `offset` lies before what is in memory.
    func tail(from offset: Int64, maximum: Int) -> [TailChunk]? {
        guard let oldest = chunks.first, oldest.base <= offset else { return nil }
        var low = chunks.startIndex
        var high = chunks.endIndex
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        var found: [TailChunk] = []
        var count = 0
        while low < chunks.endIndex, count < maximum {
            let chunk = chunks[low]
            count += chunk.records.count - (found.isEmpty ? Int(offset - chunk.base) : 0)
            found.append(chunk)
            low += 1
        }
        return found
    }
}

/// One topic: its settings and partitions. Immutable but for what its partitions guard.
final class TopicLog: Sendable {
    let specification: TopicSpecification
    let id: Int64
    let partitions: [PartitionLog]

    init(specification: TopicSpecification, id: Int64, partitions: [PartitionLog]) {
        self.specification = specification
        self.id = id
        self.partitions = partitions
    }

    func partition(_ partition: Int32) throws(LogError) -> PartitionLog {
        guard partition >= 0, partition < partitions.count else {
            throw LogError(
                .unknownTopic, .abortable,
                "\(specification.name) has \(partitions.count) partitions, \(partition) is not among them")
        }
        return partitions[Int(partition)]
    }
}
