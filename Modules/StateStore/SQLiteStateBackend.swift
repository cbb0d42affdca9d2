import SQLite
package import TaskRuntime

/// One partition's rows in one SQLite file.
///
/// The file may be thrown away at any time, so a commit does not wait for the disk (`synchronous=NORMAL` in WAL mode: a
/// power loss takes the last commits, the file stays consistent). After any error of SQLite the handle is closed, because
/// such an error may have rolled the transaction back, and a statement behind it would start another one unasked.
///
/// Used by one thread.
package final class SQLiteStateBackend: StateBackend {
    /// Statements of one table, prepared once.
    private struct TableStatements {
        let get: SQLiteStatement
        let upsert: SQLiteStatement
        let delete: SQLiteStatement
        let scan: SQLiteStatement
        let scanUpTo: SQLiteStatement
    }

    private static let pageBytes = 8_192
    /// Memory for pages of one file, in KiB. A worker has one file per partition, so it stays small.
    private static let pageCacheKiB = 2_048
    /// Pages in the write-ahead log at which a commit moves them into the file.
    private static let checkpointPages = 1_000
    /// The same during a long restore, whose rows touch the pages of the keys' index again and again: moved together, each
    /// is moved once.
    private static let restoreCheckpointPages = 16_000
    private static let restoreCacheKiB = 16_384

    let connection: SQLiteConnection
    private let tables: [StateTable]
    private let statements: [StateTable: TableStatements]
    private let path: String

    init(path: String, tables: [StateTable], schemaVersion: Int64, bootID: String) throws(StoreError) {
        self.path = path
        self.tables = tables
        do {
            connection = try SQLiteConnection(path: path)
            try Self.configure(connection)
        } catch {
            throw Self.storeError(error, path)
        }
        do {
            try Self.prepareSchema(of: connection, path, tables: tables, version: schemaVersion, bootID: bootID)
            statements = try Self.prepareStatements(on: connection, path, tables)
        } catch {
            connection.close()
            throw error
        }
    }

    private static func configure(_ connection: SQLiteConnection) throws(SQLiteError) {
        try connection.execute("PRAGMA page_size=\(pageBytes)")
        // The provider holds the directory, so that nobody else reads the file: no lock is taken and let go with every
        // statement. Set before the file is read, so that the log's index stands in memory, too.
        try connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        // The answer is not asserted: a test does, and every mode is correct.
        try connection.execute("PRAGMA journal_mode=WAL")
        try connection.execute("PRAGMA synchronous=NORMAL")
        try connection.execute("PRAGMA cache_size=-\(pageCacheKiB)")
        try connection.execute("PRAGMA wal_autocheckpoint=\(checkpointPages)")
        try connection.execute("PRAGMA temp_store=MEMORY")
    }

    // MARK: Schema

    private static func prepareSchema(
        of connection: SQLiteConnection, _ path: String, tables: [StateTable], version: Int64, bootID: String
    ) throws(StoreError) {
        do {
            let isEmpty = try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
            if isEmpty { try createSchema(on: connection, tables, version: version, bootID: bootID) }
        } catch {
            throw storeError(error, path)
        }
        let stored: (version: Int64?, bootID: String?, tables: Set<String>)
        do {
            stored = try storedSchema(of: connection)
        } catch {
            throw storeError(error, path)
        }
        guard let storedVersion = stored.version else {
            throw StoreError(.schema, "\(path) is no store: it has no row of its own state")
        }
        if storedVersion > version {
            throw StoreError(
                .newer, "\(path) was written by a newer version (schema \(storedVersion), known \(version))")
        }
        if storedVersion < version {
            throw StoreError(.schema, "\(path) has the older schema \(storedVersion), current is \(version)")
        }
        guard stored.tables == Set(tables.map(sqlName) + ["store"]) else {
            throw StoreError(.schema, "\(path) has other tables than this version's")
        }
        guard stored.bootID != bootID else { return }
        do {
            try checkAfterBoot(connection, path, bootID: bootID)
        } catch let error as SQLiteError {
            throw storeError(error, path)
        } catch {
            throw error as? StoreError ?? StoreError(.other, "\(path): \(error)")
        }
    }

    /// A store of another boot may have met a power loss: its pages are checked once.
    private static func checkAfterBoot(_ connection: SQLiteConnection, _ path: String, bootID: String) throws {
        guard try connection.text("PRAGMA quick_check(1)") == "ok" else {
            throw StoreError(.corrupt, "\(path) is damaged")
        }
        let update = try connection.statement("UPDATE store SET boot_id = ?1")
        try update.bind(1, bootID)
        try update.run()
    }

    private static func createSchema(
        on connection: SQLiteConnection, _ tables: [StateTable], version: Int64, bootID: String
    ) throws(SQLiteError) {
        try connection.execute("BEGIN IMMEDIATE")
        for table in tables {
            // The key is an index beside the rows, not their order: rows stand where they were added, so that a turn,
            // which touches random keys but mostly recent rows, writes few pages. With the rows in the order of their
            // keys the same turns took two to three times the processor time; but for small rows that come in that order.
            let shape =
                table.standsByKey
                ? "(key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"
                : "(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL) STRICT"
            try connection.execute("CREATE TABLE \(sqlName(table)) \(shape)")
        }
        try connection.execute(
            """
            CREATE TABLE store (
                id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, boot_id TEXT NOT NULL,
                changelog_offset INTEGER, input_offset INTEGER, turn INTEGER, epoch INTEGER, committed_at INTEGER
            ) STRICT
            """)
        let insert = try connection.statement("INSERT INTO store (id, schema_version, boot_id) VALUES (1, ?1, ?2)")
        try insert.bind(1, version)
        try insert.bind(2, bootID)
        try insert.run()
        try connection.execute("COMMIT")
    }

    private static func storedSchema(of connection: SQLiteConnection) throws(SQLiteError)
        -> (version: Int64?, bootID: String?, tables: Set<String>)
    {
        var names: Set<String> = []
        let list = try connection.statement("SELECT name FROM sqlite_schema WHERE type = 'table'")
        while try list.step() { names.insert(list.text(0) ?? "") }
        list.reset()
        guard names.contains("store") else { return (nil, nil, names) }
        return (
            try connection.integer("SELECT schema_version FROM store"),
            try connection.text("SELECT boot_id FROM store"),
            names
        )
    }

    /// A prefix keeps a worker's table names apart from the store's own.
    private static func sqlName(_ table: StateTable) -> String { "rows_\(table.name)" }

    private static func prepareStatements(
        on connection: SQLiteConnection, _ path: String, _ tables: [StateTable]
    ) throws(StoreError) -> [StateTable: TableStatements] {
        var statements: [StateTable: TableStatements] = [:]
        do {
            for table in tables {
                let name = sqlName(table)
                statements[table] = TableStatements(
                    get: try connection.statement("SELECT value FROM \(name) WHERE key = ?1"),
                    upsert: try connection.statement(
                        "INSERT INTO \(name) (key, value) VALUES (?1, ?2) "
                            + "ON CONFLICT (key) DO UPDATE SET value = excluded.value"),
                    delete: try connection.statement("DELETE FROM \(name) WHERE key = ?1"),
                    scan: try connection.statement(
                        "SELECT key, value FROM \(name) WHERE key >= ?1 ORDER BY key LIMIT ?2"),
                    scanUpTo: try connection.statement(
                        "SELECT key, value FROM \(name) WHERE key >= ?1 AND key < ?3 ORDER BY key LIMIT ?2"))
            }
        } catch {
            throw storeError(error, path)
        }
        return statements
    }

    // MARK: Reading

    package func checkpoint() throws(StoreError) -> StoreCheckpoint? {
        try guarded { () throws(SQLiteError) in
            let select = try connection.statement(
                "SELECT changelog_offset, input_offset, turn, epoch, committed_at FROM store WHERE turn IS NOT NULL")
            defer { select.reset() }
            guard try select.step() else { return nil }
            return StoreCheckpoint(
                changelogOffset: select.integer(0), inputOffset: select.integer(1), turn: select.integer(2),
                epoch: select.integer(3), committedAtMilliseconds: select.integer(4))
        }
    }

    package func get(_ table: StateTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        let get = try statements(of: table).get
        return try guarded { () throws(SQLiteError) in
            defer { get.reset() }
            try get.bind(1, key)
            return try get.step() ? get.bytes(0) : nil
        }
    }

    package func scan(_ table: StateTable, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(StoreError)
        -> [(key: [UInt8], value: [UInt8])]
    {
        let statements = try statements(of: table)
        return try guarded { () throws(SQLiteError) in
            let scan = upTo == nil ? statements.scan : statements.scanUpTo
            defer { scan.reset() }
            try scan.bind(1, from)
            try scan.bind(2, Int64(limit))
            if let upTo { try scan.bind(3, upTo) }
            var rows: [(key: [UInt8], value: [UInt8])] = []
            while try scan.step() { rows.append((scan.bytes(0) ?? [], scan.bytes(1) ?? [])) }
            return rows
        }
    }

    package func keys(
        _ table: StateTable, valuesFrom bytes: Int, after position: StorePosition, limit: Int
    ) throws(StoreError) -> (keys: [[UInt8]], next: StorePosition?) {
        _ = try statements(of: table)
        return try guarded { () throws(SQLiteError) in
            // In the order in which the rows stand, so that none is looked up; a length is read without its value.
            let select = try connection.statement(
                "SELECT id, key FROM \(Self.sqlName(table)) WHERE id > ?1 AND length(value) >= ?2 ORDER BY id LIMIT ?3")
            defer { select.reset() }
            try select.bind(1, position.bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) })
            try select.bind(2, Int64(bytes))
            try select.bind(3, Int64(limit))
            var keys: [[UInt8]] = []
            var last: Int64 = 0
            while try select.step() {
                last = select.integer(0)
                keys.append(select.bytes(1) ?? [])
            }
            guard keys.count == limit else { return (keys, nil) }
            return (
                keys,
                StorePosition(
                    bytes: stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: last >> Int64($0)) })
            )
        }
    }

    package func forEachRow(_ body: (StateTable, [UInt8], [UInt8]) throws -> Void) throws {
        for table in tables {
            let select = try connection.statement("SELECT key, value FROM \(Self.sqlName(table)) ORDER BY key")
            defer { select.reset() }
            while try select.step() { try body(table, select.bytes(0) ?? [], select.bytes(1) ?? []) }
        }
    }

    // MARK: Writing

    package func begin() throws(StoreError) {
        try guarded { () throws(SQLiteError) in
            guard connection.isAutocommit else { return false }
            try connection.statement("BEGIN IMMEDIATE").run()
            return true
        }.orThrow("a transaction is open already in \(path)")
    }

    /// Applies changes in (table, key) order, which is twice as fast as any other; of several changes of one row the last
    /// one counts.
    package func apply(_ changes: [RowChange]) throws(StoreError) {
        try requireTransaction()
        let order = RowOrder.of(changes)
        var previous: (table: StateTable, statements: TableStatements)?
        for index in order {
            let change = changes[index]
            if previous?.table != change.table { previous = (change.table, try statements(of: change.table)) }
            let statements = previous!.statements
            try guarded { () throws(SQLiteError) in
                guard let value = change.value else {
                    return try statements.delete.run(binding: change.key, at: 1)
                }
                try statements.upsert.bind(1, change.key)
                try statements.upsert.run(binding: value, at: 2)
            }
        }
    }

    package func commit(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        try requireTransaction()
        try guarded { () throws(SQLiteError) in
            let update = try connection.statement(
                """
                UPDATE store SET changelog_offset = ?1, input_offset = ?2, turn = ?3, epoch = ?4, committed_at = ?5
                """)
            try update.bind(1, checkpoint.changelogOffset)
            try update.bind(2, checkpoint.inputOffset)
            try update.bind(3, checkpoint.turn)
            try update.bind(4, checkpoint.epoch)
            try update.bind(5, checkpoint.committedAtMilliseconds)
            try update.run()
            try connection.statement("COMMIT").run()
        }
    }

    package func setRestoring(_ isRestoring: Bool) throws(StoreError) {
        try guarded { () throws(SQLiteError) in
            let (pages, cache) =
                isRestoring
                ? (Self.restoreCheckpointPages, Self.restoreCacheKiB) : (Self.checkpointPages, Self.pageCacheKiB)
            try connection.execute("PRAGMA cache_size=-\(cache)")
            try connection.execute("PRAGMA wal_autocheckpoint=\(pages)")
            guard !isRestoring else { return }
            try connection.execute("PRAGMA shrink_memory")
            try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }

    package func rollback() throws(StoreError) {
        guard !connection.isAutocommit else { return }
        try guarded { () throws(SQLiteError) in try connection.statement("ROLLBACK").run() }
    }

    package func close() { connection.close() }

    // MARK: Errors

    /// A transaction that was begun and is gone was rolled back by an error: nothing may be written outside one.
    private func requireTransaction() throws(StoreError) {
        guard connection.isAutocommit else { return }
        connection.close()
        throw StoreError(.other, "no transaction is open in \(path)")
    }

    private func statements(of table: StateTable) throws(StoreError) -> TableStatements {
        guard let found = statements[table] else {
            throw StoreError(.other, "table \(table.name) is not declared for \(path)")
        }
        guard !connection.isClosed else { throw StoreError(.other, "\(path) is closed") }
        return found
    }

    /// Closes the handle on any error, which ends the transaction.
    private func guarded<Result>(_ body: () throws(SQLiteError) -> Result) throws(StoreError) -> Result {
        do {
            return try body()
        } catch {
            connection.close()
            throw Self.storeError(error, path)
        }
    }

    private static func storeError(_ error: SQLiteError, _ path: String) -> StoreError {
        let code: StoreError.Code =
            switch error.kind {
            case .corrupt: .corrupt
            case .full: .full
            case .inputOutput: .inputOutput
            case .readOnly: .readOnly
            case .busy, .constraint, .other: .other
            }
        return StoreError(code, "\(path): \(error)")
    }
}

extension Bool {
    fileprivate func orThrow(_ message: String) throws(StoreError) {
        guard self else { throw StoreError(.other, message) }
    }
}
