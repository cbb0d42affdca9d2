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
    private var unpacked = UnpackedBatch()

    init(log: EmbeddedLog) { self.log = log }

    func close() {
        connection?.close()
        connection = nil
    }

    /// Up to `maximum` records from `offset` on; empty at the end.
    func fetch(_ partition: PartitionLog, from offset: Int64, maximum: Int) throws(LogError) -> Fetch {
        let source = try log.monitor.locked { () throws(LogError) in
            if let error = log.unusable { throw error }
            if let reason = partition.reasonOutOfRange(offset) { throw LogError(.offsetOutOfRange, .fatal, reason) }
            return (end: partition.end, tail: partition.tail(from: offset, maximum: maximum))
        }
        guard offset < source.end else { return Fetch(records: [], next: offset) }
        if let tail = source.tail { return try records(of: tail, partition, from: offset, maximum: maximum) }
        let found = try read(partition, from: offset, upTo: source.end, maximum: maximum)
        guard found.records.first?.offset != offset else { return found }
        // Retention may have passed the offset before the file was read.
        if let reason = log.monitor.locked({ partition.reasonOutOfRange(offset) }) {
            throw LogError(.offsetOutOfRange, .fatal, reason)
        }
        return found
    }

    private func records(
        of tail: [TailChunk], _ partition: PartitionLog, from offset: Int64, maximum: Int
    ) throws(LogError) -> Fetch {
        var fetch = Fetch(records: [], next: offset)
        fetch.records.reserveCapacity(min(maximum, tail.reduce(0) { $0 + $1.records.count }))
        for chunk in tail where fetch.records.count < maximum && fetch.bytes <= Self.maximumBytes {
            let isRead = unsafe chunk.records.bytes.withUnsafeBytes { packed in
                unsafe unpacked.lend(packed, byteCount: chunk.records.unpackedBytes) { bytes in
                    unsafe fetch.take(
                        bytes, of: partition, base: chunk.base, end: chunk.end, appendTime: chunk.appendTime,
                        from: offset, maximum: maximum, isChecked: true)
                }
            }
            guard isRead == true else { throw Self.unreadable(partition, chunk.base) }
        }
        return fetch
    }

    private func read(_ partition: PartitionLog, from offset: Int64, upTo end: Int64, maximum: Int) throws(LogError)
        -> Fetch
    {
        do {
            let table = LogFile.batchTable(partition.id)
            // The batch with the offset is the last one that does not begin behind it.
            let select = try open().statement(
                "SELECT base_offset, end_offset, append_time, unpacked_bytes, records FROM \(table) "
                    + "WHERE base_offset >= "
                    + "coalesce((SELECT max(base_offset) FROM \(table) WHERE base_offset <= ?1), ?1) "
                    + "AND base_offset < ?2 ORDER BY base_offset")
            defer { select.reset() }
            try select.bind(1, offset)
            try select.bind(2, end)
            var fetch = Fetch(records: [], next: offset)
            while try select.step() {
                let base = select.integer(0)
                let isRead = unsafe select.withBytes(4) { packed in
                    unsafe unpacked.lend(packed, byteCount: Int(select.integer(3))) { bytes in
                        unsafe fetch.take(
                            bytes, of: partition, base: base, end: select.integer(1), appendTime: select.integer(2),
                            from: offset, maximum: maximum, isChecked: false)
                    }
                }
                guard isRead == true else { throw Self.unreadable(partition, base) }
                if fetch.records.count == maximum || fetch.bytes > Self.maximumBytes { return fetch }
            }
            fetch.next = end
            return fetch
        } catch let error as SQLiteError {
            throw LogFile.logError(error, log.file.path)
        } catch {
            throw error as? LogError ?? LogError(.other, .fatal, "\(error)")
        }
    }

    static func unreadable(_ partition: PartitionLog, _ base: Int64) -> LogError {
        LogError(.malformed, .fatal, "\(partition.place) holds a batch at \(base) that cannot be read")
    }

    private func open() throws(SQLiteError) -> SQLiteConnection {
        if let connection { return connection }
        let opened = try SQLiteConnection(path: log.file.path, access: .read)
        connection = opened
        return opened
    }
}
