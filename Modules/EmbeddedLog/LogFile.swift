import EventLog
import SQLite

/// The writing side of the log's one file. Used by the thread that leads a group commit, or alone at open.
///
/// Each partition has its own table, so that every append is at a table's end: pages fill whole, whatever the order in
/// which partitions are written.
final class LogFile {
    /// "TRIB": marks the file as ours.
    private static let applicationID: Int64 = 0x5452_4942
    /// The version of the tables' shape.
    private static let schemaVersion: Int64 = 4
    /// A packed batch has some ten to forty KiB. An import takes the same processor time with pages of 8, 16 and 32 KiB;
    /// the file of 100,000 referrals has 216 MB with the smallest and 239 MB with the largest.
    private static let pageBytes = 16_384
    /// Memory for pages, in KiB: the ends of the tables that are appended to.
    private static let pageCacheKiB = 8_192
    /// Pages in the write-ahead log at which a commit moves them into the file (16 MiB): a page that many commits touch
    /// is moved once.
    private static let checkpointPages = 1_024

    let path: String
    private(set) var connection: SQLiteConnection
    private var inserts: [Int64: SQLiteStatement] = [:]

    /// Opens or creates the file.
    init(path: String) throws(LogError) {
        self.path = path
        do {
            connection = try SQLiteConnection(path: path)
            try connection.execute("PRAGMA page_size=\(Self.pageBytes)")
            try connection.execute("PRAGMA journal_mode=WAL")
            // Every commit waits for the disk: this file is the truth.
            try connection.execute("PRAGMA synchronous=FULL")
            try connection.execute("PRAGMA cache_size=-\(Self.pageCacheKiB)")
            try connection.execute("PRAGMA wal_autocheckpoint=\(Self.checkpointPages)")
            if try connection.integer("SELECT count(*) FROM sqlite_schema") == 0 { try createSchema() }
        } catch {
            throw Self.logError(error, path)
        }
        try checkSchema()
    }

    private func createSchema() throws(SQLiteError) {
        try connection.execute(
            """
            BEGIN IMMEDIATE;
            CREATE TABLE topic (
                id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL,
                cleanup TEXT NOT NULL CHECK (cleanup IN ('delete', 'compact')),
                retention_ms INTEGER, minimum_lag_ms INTEGER, maximum_record_bytes INTEGER NOT NULL
            ) STRICT;
            CREATE TABLE partition (
                id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL REFERENCES topic, partition INTEGER NOT NULL,
                first_offset INTEGER NOT NULL DEFAULT 0, end_offset INTEGER NOT NULL DEFAULT 0,
                append_time INTEGER NOT NULL DEFAULT 0, clean_offset INTEGER NOT NULL DEFAULT 0,
                clean_records INTEGER NOT NULL DEFAULT 0,
                UNIQUE (topic_id, partition)
            ) STRICT;
            CREATE TABLE group_offset (
                group_name TEXT NOT NULL, partition_id INTEGER NOT NULL REFERENCES partition,
                next_offset INTEGER NOT NULL, metadata TEXT NOT NULL, PRIMARY KEY (group_name, partition_id)
            ) STRICT, WITHOUT ROWID;
            PRAGMA application_id=\(Self.applicationID);
            PRAGMA user_version=\(Self.schemaVersion);
            COMMIT;
            """)
    }

    private func checkSchema() throws(LogError) {
        let found: (application: Int64?, version: Int64?)
        do {
            found = (
                try connection.integer("PRAGMA application_id"), try connection.integer("PRAGMA user_version")
            )
        } catch {
            throw Self.logError(error, path)
        }
        guard found.application == Self.applicationID else {
            throw LogError(.malformed, .fatal, "\(path) is no log of ours")
        }
        guard found.version == Self.schemaVersion else {
            throw LogError(
                .malformed, .fatal,
                "\(path) has the shape \(found.version ?? 0), this version knows \(Self.schemaVersion)")
        }
    }

    static func batchTable(_ partition: Int64) -> String { "batch_\(partition)" }

    func close() {
        inserts.removeAll()
        connection.close()
    }

    // MARK: Topics

    func createTopic(_ topic: TopicSpecification) throws(LogError) {
        try transaction { () throws(SQLiteError) in
            let insert = try connection.statement(
                """
                INSERT INTO topic (name, partitions, cleanup, retention_ms, minimum_lag_ms, maximum_record_bytes)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id
                """)
            defer { insert.reset() }
            try insert.bind(1, topic.name)
            try insert.bind(2, Int64(topic.partitions))
            switch topic.cleanup {
            case .delete(let retention):
                try insert.bind(3, "delete")
                try insert.bind(4, retention)
                try insert.bindNull(5)
            case .compact(let lag):
                try insert.bind(3, "compact")
                try insert.bindNull(4)
                try insert.bind(5, lag)
            }
            try insert.bind(6, Int64(topic.maximumRecordBytes))
            _ = try insert.step()
            let id = insert.integer(0)
            insert.reset()
            let partition = try connection.statement(
                "INSERT INTO partition (topic_id, partition) VALUES (?1, ?2) RETURNING id")
            defer { partition.reset() }
            for number in 0..<topic.partitions {
                try partition.bind(1, id)
                try partition.bind(2, Int64(number))
                _ = try partition.step()
                let table = Self.batchTable(partition.integer(0))
                partition.reset()
                try connection.execute(
                    """
                    CREATE TABLE \(table) (
                        base_offset INTEGER PRIMARY KEY, end_offset INTEGER NOT NULL, append_time INTEGER NOT NULL,
                        record_count INTEGER NOT NULL, unpacked_bytes INTEGER NOT NULL,
                        records BLOB NOT NULL
                    ) STRICT
                    """)
            }
        }
    }

    /// Every topic as the file has it.
    func topics() throws(LogError) -> [TopicLog] {
        do {
            let select = try connection.statement(
                """
                SELECT id, name, partitions, cleanup, retention_ms, minimum_lag_ms, maximum_record_bytes FROM topic
                ORDER BY id
                """)
            defer { select.reset() }
            var topics: [TopicLog] = []
            while try select.step() {
                let cleanup: TopicSpecification.Cleanup =
                    select.text(3) == "compact"
                    ? .compact(minimumLagMilliseconds: select.integer(5))
                    : .delete(retentionMilliseconds: select.optionalInteger(4))
                let specification = TopicSpecification(
                    name: select.text(1) ?? "", partitions: Int32(truncatingIfNeeded: select.integer(2)),
                    cleanup: cleanup, maximumRecordBytes: Int(select.integer(6)))
                let id = select.integer(0)
                topics.append(
                    TopicLog(specification: specification, id: id, partitions: try partitions(of: specification, id)))
            }
            return topics
        } catch {
            throw Self.logError(error, path)
        }
    }

    private func partitions(of topic: TopicSpecification, _ id: Int64) throws(SQLiteError) -> [PartitionLog] {
        let select = try connection.statement(
            "SELECT id, partition, first_offset, end_offset, append_time FROM partition WHERE topic_id = ?1 "
                + "ORDER BY partition")
        defer { select.reset() }
        try select.bind(1, id)
        var partitions: [PartitionLog] = []
        while try select.step() {
            let table = Self.batchTable(select.integer(0))
            let last = try connection.statement(
                "SELECT end_offset, append_time FROM \(table) ORDER BY base_offset DESC LIMIT 1")
            defer { last.reset() }
            var (end, appendTime) = (select.integer(3), select.integer(4))
            if try last.step() {
                end = max(end, last.integer(0))
                appendTime = max(appendTime, last.integer(1))
            }
            partitions.append(
                PartitionLog(
                    topic: topic.name, partition: Int32(truncatingIfNeeded: select.integer(1)), id: select.integer(0),
                    maximumRecordBytes: topic.maximumRecordBytes, first: select.integer(2), end: end,
                    appendTime: appendTime))
        }
        return partitions
    }

    /// The committed positions of every group, by the partition's number.
    func positions() throws(LogError) -> [String: [Int64: CommittedPosition]] {
        do {
            let select = try connection.statement(
                "SELECT group_name, partition_id, next_offset, metadata FROM group_offset")
            defer { select.reset() }
            var positions: [String: [Int64: CommittedPosition]] = [:]
            while try select.step() {
                positions[select.text(0) ?? "", default: [:]][select.integer(1)] =
                    CommittedPosition(offset: select.integer(2), metadata: select.text(3) ?? "")
            }
            return positions
        } catch {
            throw Self.logError(error, path)
        }
    }

    // MARK: Commits

    /// Writes transactions that were committed together, with one wait for the disk: gives each batch its offsets
    /// and its append time, then commits. After a throw nothing is visible; `unknownOutcome` where the disk did not say.
    func write(_ requests: [CommitRequest], at now: Int64) throws(LogError) {
        try transaction { () throws(SQLiteError) in
            for request in requests {
                for index in request.batches.indices { try write(&request.batches[index], at: now) }
                if !request.positions.isEmpty { try write(request.positions, of: request.group) }
            }
        }
    }

    private func write(_ batch: inout CommitRequest.Batch, at now: Int64) throws(SQLiteError) {
        let partition = batch.partition
        batch.base = partition.appended
        batch.appendTime = max(now, partition.appendTime)
        let insert = try insertStatement(partition)
        try insert.bind(1, batch.base)
        try insert.bind(2, batch.end)
        try insert.bind(3, batch.appendTime)
        try insert.bind(4, Int64(batch.records.count))
        try insert.bind(5, Int64(batch.records.unpackedBytes))
        try insert.run(binding: batch.records.bytes, at: 6)
        partition.appended = batch.end
    }

    private func insertStatement(_ partition: PartitionLog) throws(SQLiteError) -> SQLiteStatement {
        if let known = inserts[partition.id] { return known }
        let statement = try connection.statement(
            "INSERT INTO \(Self.batchTable(partition.id)) "
                + "(base_offset, end_offset, append_time, record_count, unpacked_bytes, records) "
                + "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        inserts[partition.id] = statement
        return statement
    }

    private func write(_ positions: [CommitRequest.Position], of group: String) throws(SQLiteError) {
        let upsert = try connection.statement(
            """
            INSERT INTO group_offset (group_name, partition_id, next_offset, metadata) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (group_name, partition_id)
            DO UPDATE SET next_offset = excluded.next_offset, metadata = excluded.metadata
            """)
        for position in positions {
            try upsert.bind(1, group)
            try upsert.bind(2, position.partition.id)
            try upsert.bind(3, position.committed.offset)
            try upsert.bind(4, position.committed.metadata)
            try upsert.run()
        }
    }

    /// Runs `body` in one transaction. What fails before its commit leaves nothing; a commit that fails for another
    /// reason than a full disk may show itself after the next start, so its outcome is not known.
    func transaction(_ body: () throws(SQLiteError) -> Void) throws(LogError) {
        do {
            try connection.statement("BEGIN IMMEDIATE").run()
            try body()
        } catch {
            throw rolledBack(after: error)
        }
        do {
            try connection.statement("COMMIT").run()
        } catch  where error.kind == .full || error.kind == .busy {
            throw rolledBack(after: error)
        } catch {
            _ = rolledBack(after: error)
            throw LogError(.unknownOutcome, .fatal, "\(path): \(error)")
        }
    }

    private func rolledBack(after error: SQLiteError) -> LogError {
        guard !connection.isAutocommit else { return Self.logError(error, path) }
        do {
            try connection.statement("ROLLBACK").run()
        } catch {
            // The transaction ends with the connection, and every later call says so.
            close()
        }
        return Self.logError(error, path)
    }

    static func logError(_ error: SQLiteError, _ path: String) -> LogError {
        switch error.kind {
        case .full, .busy: LogError(.storage, .abortable, "\(path): \(error)")
        case .corrupt: LogError(.malformed, .fatal, "\(path): \(error)")
        case .inputOutput, .readOnly, .constraint, .other: LogError(.storage, .fatal, "\(path): \(error)")
        }
    }
}
