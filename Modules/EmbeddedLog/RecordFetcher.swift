import EventLog
import SQLite

/// Reads committed records for one reader: from memory where they are recent, else from the file over a connection of
/// its own, opened at the first need. Used by one thread.
final class RecordFetcher {
    /// What one fetch brings at most, in bytes of records (it ends with the record that passes it).
    static let maximumBytes = 8 << 20

    struct Fetch {
        var records: [LogRecord]
        /// The next offset to read: past compacted gaps too.
        var next: Int64
        /// About what the records weigh.
        var bytes = 0
    }

    private let log: EmbeddedLog
    private var connection: SQLiteConnection?

    init(log: EmbeddedLog) { self.log = log }

    func close() {
        connection?.close()
        connection = nil
    }

    /// Up to `maximum` records from `offset` on; empty at the end.
    func fetch(_ partition: PartitionLog, from offset: Int64, maximum: Int) throws(LogError) -> Fetch {
        let source = try log.monitor.locked { () throws(LogError) in
            if let error = log.unusable { throw error }
            guard offset >= partition.first else {
                throw LogError(
                    .offsetOutOfRange, .fatal,
                    "\(partition.place): \(partition.first - offset) unread records are gone (wanted \(offset), kept "
                        + "from \(partition.first))")
            }
            guard offset <= partition.end else {
                throw LogError(
                    .offsetOutOfRange, .fatal,
                    "\(partition.place): position \(offset) is beyond the end (\(partition.end))")
            }
            return (end: partition.end, tail: partition.tail(from: offset, maximum: maximum))
        }
        guard offset < source.end else { return Fetch(records: [], next: offset) }
        if let tail = source.tail { return Self.records(of: tail, from: offset, maximum: maximum) }
        return try read(partition, from: offset, upTo: source.end, maximum: maximum)
    }

    private static func records(of tail: ArraySlice<TailChunk>, from offset: Int64, maximum: Int) -> Fetch {
        var records: [LogRecord] = []
        records.reserveCapacity(min(maximum, tail.reduce(0) { $0 + $1.records.count }))
        var bytes = 0
        for chunk in tail {
            let skipped = max(0, Int(offset - chunk.records[0].offset))
            let slice = chunk.records[skipped...].prefix(maximum - records.count)
            records.append(contentsOf: slice)
            bytes += chunk.bytes
            if records.count == maximum || bytes > maximumBytes { break }
        }
        return Fetch(records: records, next: records.last.map { $0.offset + 1 } ?? offset, bytes: bytes)
    }

    private func read(_ partition: PartitionLog, from offset: Int64, upTo end: Int64, maximum: Int) throws(LogError)
        -> Fetch
    {
        do {
            let select = try open().statement(
                "SELECT offset, append_time, key, headers, value FROM \(LogFile.recordTable(partition.id)) "
                    + "WHERE offset >= ?1 AND offset < ?2 ORDER BY offset LIMIT ?3")
            defer { select.reset() }
            try select.bind(1, offset)
            try select.bind(2, end)
            try select.bind(3, Int64(maximum))
            var records: [LogRecord] = []
            var bytes = 0
            while try select.step() {
                let record = try Self.record(select, partition)
                bytes += record.byteCount
                records.append(record)
                if bytes > Self.maximumBytes { break }
            }
            let isCut = records.count == maximum || bytes > Self.maximumBytes
            return Fetch(records: records, next: isCut ? records.last!.offset + 1 : end, bytes: bytes)
        } catch let error as SQLiteError {
            throw LogFile.logError(error, log.file.path)
        } catch {
            throw error as? LogError ?? LogError(.other, .fatal, "\(error)")
        }
    }

    private static func record(_ row: SQLiteStatement, _ partition: PartitionLog) throws -> LogRecord {
        guard let headers = LogHeaders(validating: row.bytes(3) ?? []) else {
            throw LogError(.malformed, .fatal, "\(partition.place) holds headers that cannot be read")
        }
        return LogRecord(
            topic: partition.topic, partition: partition.partition, offset: row.integer(0),
            appendTimeMilliseconds: row.integer(1), key: row.bytes(2), value: row.bytes(4), headers: headers)
    }

    private func open() throws(SQLiteError) -> SQLiteConnection {
        if let connection { return connection }
        let opened = try SQLiteConnection(path: log.file.path, access: .read)
        connection = opened
        return opened
    }
}
