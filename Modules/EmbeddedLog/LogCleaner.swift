import EventLog
import SQLite

/// Retention and compaction. Reads over a connection of its own; writes through the log's, a bounded step at a time, so
/// that a commit never waits for more than one step.
final class LogCleaner {
    /// Batches that one step deletes or writes anew, and their bytes.
    private static let batchesPerStep = 64
    private static let bytesPerStep = 4 << 20
    /// Keys that one compaction looks at: what lies behind is done the next time.
    private static let keysPerPass = 200_000
    /// Records that a compaction must be able to look at, beside half of those that are clean already.
    private static let minimumDirtyRecords: Int64 = 10_000
    /// How long a tombstone is kept after it was written: a store that is restored from its checkpoint has to see it.
    private static let tombstoneMilliseconds: Int64 = 24 * 3_600_000

    private let log: EmbeddedLog
    private let reader: SQLiteConnection
    private var unpacked = UnpackedBatch()

    init(log: EmbeddedLog) throws(LogError) {
        self.log = log
        do {
            reader = try SQLiteConnection(path: log.file.path, access: .read)
        } catch {
            throw LogFile.logError(error, log.file.path)
        }
    }

    func close() { reader.close() }

    // MARK: Retention

    /// Deletes the batches that are older than `milliseconds`.
    func expire(_ partition: PartitionLog, olderThan milliseconds: Int64) throws(LogError) {
        let (first, end) = log.monitor.locked { (partition.first, partition.end) }
        let keepFrom = try base(in: partition, appendedAtOrAfter: log.now() - milliseconds, first, end)
        while let next = try endOfStep(in: partition, upTo: keepFrom) {
            // Before they are deleted: who reads meanwhile looks again afterwards.
            let kept = log.monitor.locked {
                defer { partition.first = next }
                return partition.first
            }
            do throws(LogError) {
                try step(on: partition) { file, floor throws(SQLiteError) in
                    let delete = try file.connection.statement(
                        "DELETE FROM \(LogFile.batchTable(partition.id)) WHERE base_offset < ?1")
                    try delete.bind(1, next)
                    try delete.run()
                    try file.setFloor(of: partition.id, first: next, floor)
                }
            } catch {
                log.monitor.locked { partition.first = kept }
                throw error
            }
        }
    }

    /// The end of the last batch that the next step deletes; `nil` where none is left before `limit`.
    private func endOfStep(in partition: PartitionLog, upTo limit: Int64) throws(LogError) -> Int64? {
        try reading { () throws(SQLiteError) in
            let select = try reader.statement(
                "SELECT max(end_offset) FROM (SELECT end_offset FROM \(LogFile.batchTable(partition.id)) "
                    + "WHERE base_offset < ?1 ORDER BY base_offset LIMIT ?2)")
            defer { select.reset() }
            try select.bind(1, limit)
            try select.bind(2, Int64(Self.batchesPerStep))
            return try select.step() ? select.optionalInteger(0) : nil
        }
    }

    /// Where the first batch in `first..<end` begins that was appended at or after a time (`end` where there is none):
    /// append times never go back.
    private func base(
        in partition: PartitionLog, appendedAtOrAfter time: Int64, _ first: Int64, _ end: Int64
    ) throws(LogError) -> Int64 {
        try reading { () throws(SQLiteError) in
            let select = try reader.statement(
                "SELECT base_offset, append_time FROM \(LogFile.batchTable(partition.id)) "
                    + "WHERE base_offset >= ?1 AND base_offset < ?2 ORDER BY base_offset LIMIT 1")
            defer { select.reset() }
            var (low, high) = (first, end)
            while low < high {
                let middle = low + (high - low) / 2
                select.reset()
                try select.bind(1, middle)
                try select.bind(2, high)
                // No batch begins between the middle and `high`: what is looked for begins there, or before the middle.
                guard try select.step() else {
                    high = middle
                    continue
                }
                if select.integer(1) < time { low = select.integer(0) + 1 } else { high = middle }
            }
            // The last old batch begins before `low`, the first young one at `low` or behind it.
            select.reset()
            try select.bind(1, low)
            try select.bind(2, end)
            return try select.step() ? select.integer(0) : end
        }
    }

    // MARK: Compaction

    /// Takes records out of their batches of which a later one has the same key, up to the batches younger than
    /// `minimumLag` milliseconds, and tombstones that were there when the partition was compacted before and are old
    /// enough. What stays keeps its offset.
    func compact(_ partition: PartitionLog, minimumLag: Int64, isForced: Bool) throws(LogError) {
        let end = log.monitor.locked { partition.end }
        let now = log.now()
        let (clean, cleanRecords) = try cleanState(of: partition)
        let limit = try base(in: partition, appendedAtOrAfter: now - minimumLag, clean, end)
        let due = isForced ? 1 : max(Self.minimumDirtyRecords, cleanRecords / 2)
        guard limit - clean >= due else { return }
        let (latest, upTo) = try latestOffsets(of: partition, from: clean, upTo: limit)
        var scan = CompactionScan(latest: latest, clean: clean, tombstonesBefore: now - Self.tombstoneMilliseconds)
        while scan.next < upTo {
            try advance(&scan, in: partition, upTo: upTo)
            let (changed, isLast, kept) = (scan.changed, scan.next >= upTo, scan.kept)
            guard !changed.isEmpty || isLast else { continue }
            try step(on: partition) { file, floor throws(SQLiteError) in
                for batch in changed { try file.replace(batch, in: partition.id) }
                try file.setFloor(of: partition.id, first: nil, floor)
                if isLast { try file.setClean(partition.id, upTo: upTo, records: kept) }
            }
            scan.forgetChanged()
        }
    }

    private func cleanState(of partition: PartitionLog) throws(LogError) -> (offset: Int64, records: Int64) {
        try reading { () throws(SQLiteError) in
            let select = try reader.statement("SELECT clean_offset, clean_records FROM partition WHERE id = ?1")
            defer { select.reset() }
            try select.bind(1, partition.id)
            return try select.step() ? (select.integer(0), select.integer(1)) : (0, 0)
        }
    }

    /// The last offset of each key among the batches from `clean` on; ends early, behind a batch, where there are too
    /// many keys.
    private func latestOffsets(of partition: PartitionLog, from clean: Int64, upTo limit: Int64) throws(LogError)
        -> (latest: [KeyDigest: Int64], upTo: Int64)
    {
        var latest: [KeyDigest: Int64] = [:]
        let upTo = unsafe try batches(of: partition, from: clean, upTo: limit) { batch, bytes in
            var walk = unsafe RecordBatchWalk(bytes, base: batch.base)
            while let place = walk.next() {
                guard let key = place.key else { continue }
                latest[unsafe KeyDigest(UnsafeRawBufferPointer(rebasing: bytes[key]))] = place.offset
            }
            return (isRead: !walk.isBroken, isEnough: latest.count >= Self.keysPerPass)
        }
        return (latest, upTo)
    }

    /// Looks at the next batches, until there is enough to write in one step.
    private func advance(_ scan: inout CompactionScan, in partition: PartitionLog, upTo: Int64) throws(LogError) {
        // A call's snapshot does not hold the write-ahead log for long.
        var seen = 0
        scan.next = unsafe try batches(of: partition, from: scan.next, upTo: upTo) { batch, bytes in
            seen += bytes.count
            let isRead = unsafe scan.look(at: batch, bytes)
            let isEnough =
                scan.changed.count >= Self.batchesPerStep || scan.changedBytes >= Self.bytesPerStep
                || seen >= Self.bytesPerStep
            return (isRead, isEnough)
        }
    }

    /// Lends the batches that begin in `from..<limit`; returns where to go on.
    private func batches(
        of partition: PartitionLog, from first: Int64, upTo limit: Int64,
        _ body: (StoredBatch, UnsafeRawBufferPointer) -> (isRead: Bool, isEnough: Bool)
    ) throws(LogError) -> Int64 {
        var broken: Int64?
        let next = try reading { () throws(SQLiteError) in
            let select = try reader.statement(
                "SELECT base_offset, end_offset, append_time, unpacked_bytes, records "
                    + "FROM \(LogFile.batchTable(partition.id)) WHERE base_offset >= ?1 AND base_offset < ?2 ORDER BY base_offset"
            )
            defer { select.reset() }
            try select.bind(1, first)
            try select.bind(2, limit)
            while try select.step() {
                let batch = StoredBatch(
                    base: select.integer(0), end: select.integer(1), appendTime: select.integer(2))
                let answer = unsafe select.withBytes(4) { packed in
                    unsafe unpacked.lend(packed, byteCount: Int(select.integer(3))) { bytes in
                        unsafe body(batch, bytes)
                    }
                }
                guard let answer, answer.isRead else {
                    broken = batch.base
                    return limit
                }
                if answer.isEnough { return batch.end }
            }
            return limit
        }
        if let broken { throw RecordFetcher.unreadable(partition, broken) }
        return next
    }

    // MARK: Steps

    /// Runs one bounded write between commits. `floor` is where the partition ends, which a step must keep: the batch
    /// that says so may be deleted.
    private func step(
        on partition: PartitionLog,
        _ body: (LogFile, LogFile.Floor) throws(SQLiteError) -> Void
    ) throws(LogError) {
        try log.monitor.locked { () throws(LogError) in
            try log.writing { () throws(LogError) in
                let floor = LogFile.Floor(end: partition.end, appendTime: partition.appendTime)
                try log.monitor.unlocked { () throws(LogError) in
                    try log.file.transaction { () throws(SQLiteError) in try body(log.file, floor) }
                }
            }
        }
    }

    private func reading<Value>(_ body: () throws(SQLiteError) -> Value) throws(LogError) -> Value {
        do {
            return try body()
        } catch {
            throw LogFile.logError(error, log.file.path)
        }
    }
}
