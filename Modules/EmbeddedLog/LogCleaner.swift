import EventLog
import SQLite

/// Retention and compaction. Reads over a connection of its own; writes through the log's, a bounded step at a time, so
/// that a commit never waits for more than one step.
final class LogCleaner {
    /// Rows that one step deletes.
    private static let rowsPerStep = 1_000
    /// Keys that one compaction looks at: what lies behind is done the next time.
    private static let keysPerPass = 200_000
    /// Records that a compaction must be able to look at, beside half of those that are clean already.
    private static let minimumDirtyRecords: Int64 = 10_000
    /// How long a tombstone is kept after it was written: a store that is restored from its checkpoint has to see it.
    private static let tombstoneMilliseconds: Int64 = 24 * 3_600_000

    private let log: EmbeddedLog
    private let reader: SQLiteConnection

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

    /// Deletes the records that are older than `milliseconds`.
    func expire(_ partition: PartitionLog, olderThan milliseconds: Int64) throws(LogError) {
        let (first, end) = log.monitor.locked { (partition.first, partition.end) }
        let keepFrom = try offset(of: partition, appendedAtOrAfter: log.now() - milliseconds, first, end)
        var deleted = first
        while deleted < keepFrom {
            let next = min(deleted + Int64(Self.rowsPerStep), keepFrom)
            try step(on: partition) { file, floor throws(SQLiteError) in
                let delete = try file.connection.statement(
                    "DELETE FROM \(LogFile.recordTable(partition.id)) WHERE offset < ?1")
                try delete.bind(1, next)
                try delete.run()
                try file.setFloor(of: partition.id, first: next, floor)
            }
            log.monitor.locked { partition.first = next }
            deleted = next
        }
    }

    /// The first offset in `first..<end` that was appended at or after a time: append times never go back.
    private func offset(
        of partition: PartitionLog, appendedAtOrAfter time: Int64, _ first: Int64, _ end: Int64
    ) throws(LogError) -> Int64 {
        try reading { () throws(SQLiteError) in
            let select = try reader.statement(
                "SELECT append_time FROM \(LogFile.recordTable(partition.id)) WHERE offset >= ?1 ORDER BY offset LIMIT 1"
            )
            defer { select.reset() }
            var (low, high) = (first, end)
            while low < high {
                let middle = low + (high - low) / 2
                select.reset()
                try select.bind(1, middle)
                // A gap of compaction up to the end belongs to what follows.
                if try select.step(), select.integer(0) < time { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    // MARK: Compaction

    /// Deletes records of which a later one has the same key, up to those younger than `minimumLag` milliseconds, and
    /// tombstones that were there when the partition was compacted before and are old enough.
    func compact(_ partition: PartitionLog, minimumLag: Int64, isForced: Bool) throws(LogError) {
        let end = log.monitor.locked { partition.end }
        let now = log.now()
        let (clean, cleanRecords) = try cleanState(of: partition)
        let limit = try offset(of: partition, appendedAtOrAfter: now - minimumLag, clean, end)
        let due = isForced ? 1 : max(Self.minimumDirtyRecords, cleanRecords / 2)
        guard limit - clean >= due else { return }
        let (latest, upTo) = try latestOffsets(of: partition, from: clean, upTo: limit)
        var scan = CompactionScan(next: 0, kept: 0, obsolete: [])
        while scan.next < upTo {
            try reading { () throws(SQLiteError) in
                try scan.advance(
                    reader, partition, upTo: upTo, latest: latest, clean: clean,
                    tombstonesBefore: now - Self.tombstoneMilliseconds, stopAt: Self.rowsPerStep)
            }
            let (obsolete, isLast) = (scan.obsolete, scan.next >= upTo)
            let kept = scan.kept
            guard !obsolete.isEmpty || isLast else { continue }
            try step(on: partition) { file, floor throws(SQLiteError) in
                let delete = try file.connection.statement(
                    "DELETE FROM \(LogFile.recordTable(partition.id)) WHERE offset = ?1")
                for offset in obsolete {
                    try delete.bind(1, offset)
                    try delete.run()
                }
                try file.setFloor(of: partition.id, first: nil, floor)
                if isLast { try file.setClean(partition.id, upTo: upTo, records: kept) }
            }
            scan.obsolete.removeAll(keepingCapacity: true)
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

    /// The last offset of each key among the records from `clean` on; ends early where there are too many keys.
    private func latestOffsets(of partition: PartitionLog, from clean: Int64, upTo limit: Int64) throws(LogError)
        -> (latest: [KeyDigest: Int64], upTo: Int64)
    {
        try reading { () throws(SQLiteError) in
            let select = try reader.statement(
                "SELECT offset, key FROM \(LogFile.recordTable(partition.id)) WHERE offset >= ?1 AND offset < ?2 "
                    + "AND key IS NOT NULL ORDER BY offset")
            defer { select.reset() }
            try select.bind(1, clean)
            try select.bind(2, limit)
            var latest: [KeyDigest: Int64] = [:]
            while try select.step() {
                if latest.count == Self.keysPerPass { return (latest, select.integer(0)) }
                latest[unsafe select.withBytes(1) { bytes in unsafe KeyDigest(bytes) }] = select.integer(0)
            }
            return (latest, limit)
        }
    }

    // MARK: Steps

    /// Runs one bounded write between commits. `floor` is where the partition ends, which a step must keep: the record
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

/// A key's fingerprint of 128 bits, seeded by the process: two keys of one partition do not share it by chance, and nobody
/// can make them.
private struct KeyDigest: Hashable {
    private let first: Int
    private let second: Int

    init(_ key: UnsafeRawBufferPointer) {
        var hasher = Hasher()
        unsafe hasher.combine(bytes: key)
        first = hasher.finalize()
        hasher = Hasher()
        hasher.combine(first)
        unsafe hasher.combine(bytes: key)
        second = hasher.finalize()
    }
}

/// Walks over a partition and collects what a compaction deletes.
private struct CompactionScan {
    /// The next offset to look at.
    var next: Int64
    /// Records that stay, of those looked at.
    var kept: Int64
    var obsolete: [Int64]
    /// Records that one call looks at, so that its snapshot does not hold the write-ahead log for long.
    private static let recordsPerCall = 10_000

    mutating func advance(
        _ reader: SQLiteConnection, _ partition: PartitionLog, upTo: Int64, latest: [KeyDigest: Int64], clean: Int64,
        tombstonesBefore: Int64, stopAt limit: Int
    ) throws(SQLiteError) {
        let select = try reader.statement(
            "SELECT offset, append_time, key, value IS NULL FROM \(LogFile.recordTable(partition.id)) "
                + "WHERE offset >= ?1 AND offset < ?2 ORDER BY offset LIMIT ?3")
        defer { select.reset() }
        try select.bind(1, next)
        try select.bind(2, upTo)
        try select.bind(3, Int64(Self.recordsPerCall))
        var count = 0
        while try select.step() {
            let offset = select.integer(0)
            let isSuperseded =
                !select.isNull(2)
                && latest[unsafe select.withBytes(2) { bytes in unsafe KeyDigest(bytes) }].map { $0 > offset } ?? false
            let isOldTombstone = select.integer(3) != 0 && offset < clean && select.integer(1) < tombstonesBefore
            if isSuperseded || (isOldTombstone && !select.isNull(2)) { obsolete.append(offset) } else { kept += 1 }
            next = offset + 1
            count += 1
            if obsolete.count == limit { return }
        }
        if count < Self.recordsPerCall { next = upTo }
    }
}

extension LogFile {
    /// Where a partition ends, kept beside its records.
    struct Floor {
        var end: Int64
        var appendTime: Int64
    }

    fileprivate func setFloor(of partition: Int64, first: Int64?, _ floor: Floor) throws(SQLiteError) {
        let update = try connection.statement(
            "UPDATE partition SET first_offset = coalesce(?2, first_offset), end_offset = ?3, append_time = ?4 "
                + "WHERE id = ?1")
        try update.bind(1, partition)
        try update.bind(2, first)
        try update.bind(3, floor.end)
        try update.bind(4, floor.appendTime)
        try update.run()
    }

    fileprivate func setClean(_ partition: Int64, upTo offset: Int64, records: Int64) throws(SQLiteError) {
        let update = try connection.statement(
            "UPDATE partition SET clean_offset = ?2, clean_records = ?3 WHERE id = ?1")
        try update.bind(1, partition)
        try update.bind(2, offset)
        try update.bind(3, records)
        try update.run()
    }
}
