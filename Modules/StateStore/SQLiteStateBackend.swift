import SQLite
package import TaskRuntime

/// One partition's rows in one SQLite file.
///
/// The file may be thrown away at any time, so a commit does not wait for the disk (`synchronous=NORMAL` in WAL mode: a
/// power loss takes the last commits, the file stays consistent). After any error of SQLite the handle is closed, because
/// such an error may have rolled the transaction back, and a statement behind it would start another one unasked.
///
/// A long restore of a store that has no turn yet is written with a rollback journal and mostly without the disk's word: its
/// pages are new, most of them, and go into the file once. See `startJournal`.
///
/// Used by one thread.
package final class SQLiteStateBackend: StateBackend {
    private static let pageBytes = 8_192
    /// Memory for pages of one file, in KiB. A worker has one file per partition, so it stays small.
    private static let pageCacheKiB = 1_024
    /// Pages in the write-ahead log at which a commit moves them into the file.
    private static let checkpointPages = 2_000
    /// The same during a long restore, whose rows touch the pages of the keys' index again and again: moved together, each
    /// is moved once.
    private static let restoreCheckpointPages = 16_000
    private static let restoreCacheKiB = 16_384
    /// Of so many commits without a log one waits for the disk, so that the end need not wait for all of it.
    private static let commitsPerSync = 8

    let connection: SQLiteConnection
    private let tables: [StateTable]
    private let stored: [StateTable: any StoredTable]
    private let path: String
    /// Whether a power loss since the file was made is noticed.
    private let knowsBoot: Bool
    /// The file is written with a rollback journal now. See `startJournal`.
    private var hasJournal = false
    private var journaledCommits = 0

    init(path: String, tables: [StateTable], schemaVersion: Int64, bootID: String) throws(StoreError) {
        self.path = path
        self.tables = tables
        knowsBoot = !bootID.isEmpty
        do {
            connection = try SQLiteConnection(path: path)
            try Self.configure(connection)
        } catch {
            throw Self.storeError(error, path)
        }
        do {
            try Self.prepareSchema(of: connection, path, tables: tables, version: schemaVersion, bootID: bootID)
            try Self.startLog(on: connection, path)
            stored = try Self.openTables(on: connection, path, tables)
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
        try connection.execute("PRAGMA synchronous=NORMAL")
        try connection.execute("PRAGMA cache_size=-\(pageCacheKiB)")
        try connection.execute("PRAGMA wal_autocheckpoint=\(checkpointPages)")
        try connection.execute("PRAGMA temp_store=MEMORY")
    }

    /// The mode stands in the file: a new one, and one that a long restore left, gets it here.
    private static func startLog(on connection: SQLiteConnection, _ path: String) throws(StoreError) {
        do {
            // The answer is not asserted: a test does, and every mode is correct.
            try connection.execute("PRAGMA journal_mode=WAL")
        } catch {
            throw storeError(error, path)
        }
    }

    // MARK: Schema

    private static func prepareSchema(
        of connection: SQLiteConnection, _ path: String, tables: [StateTable], version: Int64, bootID: String
    ) throws(StoreError) {
        do {
            let isEmpty = try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
            if isEmpty {
                try connection.inTransaction { () throws(SQLiteError) in
                    try createSchema(on: connection, tables, version: version, bootID: bootID)
                }
            }
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
        guard stored.tables == Set(tables.flatMap(sqlNames) + ["store", "indexed"]) else {
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

    /// A store of another boot may have met a power loss: its pages are checked once. One without a log may lack some of them.
    private static func checkAfterBoot(_ connection: SQLiteConnection, _ path: String, bootID: String) throws {
        guard try connection.text("PRAGMA journal_mode") == "wal" else {
            throw StoreError(.corrupt, "\(path) was being restored before the machine started")
        }
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
        for table in tables {
            let columns = table.standsByKey ? OrderedTable.columns : IndexedTable.columns
            try connection.execute("CREATE TABLE \(rowsName(table)) \(columns)")
            guard !table.standsByKey else { continue }
            try connection.execute("CREATE TABLE \(indexName(table)) \(IndexedTable.indexColumns)")
            try connection.execute("CREATE TABLE \(filterName(table)) \(IndexedTable.filterColumns)")
        }
        try connection.execute("CREATE TABLE indexed \(IndexedTable.marksColumns)")
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
    private static func rowsName(_ table: StateTable) -> String { "rows_\(table.name)" }

    private static func indexName(_ table: StateTable) -> String { "keys_\(table.name)" }

    private static func filterName(_ table: StateTable) -> String { "filter_\(table.name)" }

    private static func sqlNames(_ table: StateTable) -> [String] {
        table.standsByKey ? [rowsName(table)] : [rowsName(table), indexName(table), filterName(table)]
    }

    private static func openTables(
        on connection: SQLiteConnection, _ path: String, _ tables: [StateTable]
    ) throws(StoreError) -> [StateTable: any StoredTable] {
        var stored: [StateTable: any StoredTable] = [:]
        do throws(SQLiteError) {
            for table in tables {
                stored[table] =
                    table.standsByKey
                    ? try OrderedTable(named: rowsName(table), on: connection)
                    : try IndexedTable(
                        named: rowsName(table), index: indexName(table), filter: filterName(table), on: connection)
            }
        } catch {
            throw storeError(error, path)
        }
        return stored
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
        let stored = try stored(table)
        return try guarded { () throws(SQLiteError) in try stored.get(key) }
    }

    package func scan(_ table: StateTable, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(StoreError)
        -> [(key: [UInt8], value: [UInt8])]
    {
        let stored = try stored(table)
        return try guarded { () throws(SQLiteError) in try stored.scan(from: from, upTo: upTo, limit: limit) }
    }

    package func keys(
        _ table: StateTable, valuesFrom bytes: Int, after position: StorePosition, limit: Int
    ) throws(StoreError) -> (keys: [[UInt8]], next: StorePosition?) {
        let stored = try stored(table)
        return try guarded { () throws(SQLiteError) in
            try stored.keys(valuesFrom: bytes, after: position, limit: limit)
        }
    }

    package func forEachRow(_ body: (StateTable, [UInt8], [UInt8]) throws -> Void) throws {
        for table in tables {
            let select = try connection.statement("SELECT key, value FROM \(Self.rowsName(table)) ORDER BY key")
            defer { select.reset() }
            while try select.step() { try body(table, select.bytes(0) ?? [], select.bytes(1) ?? []) }
        }
    }

    // MARK: Writing

    package func begin() throws(StoreError) {
        try guarded { () throws(SQLiteError) in
            guard connection.isAutocommit else { return false }
            if hasJournal { try setJournalSync() }
            try connection.statement("BEGIN IMMEDIATE").run()
            return true
        }.orThrow("a transaction is open already in \(path)")
    }

    /// Applies changes in (table, key) order, which is twice as fast as any other; of several changes of one row the last
    /// one counts.
    package func apply(_ changes: [RowChange]) throws(StoreError) {
        try requireTransaction()
        var current: (table: StateTable, stored: any StoredTable)?
        for index in RowOrder.of(changes) {
            let change = changes[index]
            if current?.table != change.table { current = (change.table, try stored(change.table)) }
            let stored = current!.stored
            try guarded { () throws(SQLiteError) in
                guard let value = change.value else { return try stored.delete(change.key) }
                try stored.put(change.key, value, isNew: change.isNew)
            }
        }
    }

    package func commit(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        try requireTransaction()
        try guarded { () throws(SQLiteError) in
            for stored in stored.values { try stored.willCommit() }
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
        for stored in stored.values { stored.isRestoring = isRestoring }
        guard !isRestoring else {
            let hasTurn = try checkpoint().map { $0.turn > 0 } ?? false
            return try guarded { () throws(SQLiteError) in
                try connection.execute("PRAGMA cache_size=-\(Self.restoreCacheKiB)")
                try connection.execute("PRAGMA wal_autocheckpoint=\(Self.restoreCheckpointPages)")
                if !hasTurn, knowsBoot { try startJournal() }
            }
        }
        try guarded { () throws(SQLiteError) in
            // What a restore has left to the indexes is more than a turn should have to write.
            try connection.inTransaction { () throws(SQLiteError) in
                for stored in stored.values { try stored.willCommit() }
            }
            if hasJournal { try endJournal() } else { try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)") }
            try connection.execute("PRAGMA cache_size=-\(Self.pageCacheKiB)")
            try connection.execute("PRAGMA wal_autocheckpoint=\(Self.checkpointPages)")
            try connection.execute("PRAGMA shrink_memory")
        }
    }

    /// From here to `endJournal` a commit writes new pages into the file, and saves those that were there in a journal before:
    /// a killed restore goes on behind its last commit. The write-ahead log would take every page, for a commit to move it into
    /// the file later. A power loss may take any part of it, so a file in this mode that another boot left is thrown away.
    private func startJournal() throws(SQLiteError) {
        // The mode stands in the file and is on the disk from here on.
        hasJournal = try connection.text("PRAGMA journal_mode=TRUNCATE") == "truncate"
    }

    /// Goes back to the log, which syncs the pages before. Only then may the file have a turn.
    private func endJournal() throws(SQLiteError) {
        try connection.execute("PRAGMA synchronous=NORMAL")
        try connection.execute("PRAGMA journal_mode=WAL")
        hasJournal = false
    }

    /// Called before a transaction.
    private func setJournalSync() throws(SQLiteError) {
        journaledCommits += 1
        let waits = journaledCommits.isMultiple(of: Self.commitsPerSync)
        try connection.execute("PRAGMA synchronous=\(waits ? "NORMAL" : "OFF")")
    }

    package func rollback() throws(StoreError) {
        guard !connection.isAutocommit else { return }
        try guarded { () throws(SQLiteError) in
            try connection.statement("ROLLBACK").run()
            for stored in stored.values { try stored.didRollBack() }
        }
    }

    package func close() { connection.close() }

    // MARK: Errors

    /// A transaction that was begun and is gone was rolled back by an error: nothing may be written outside one.
    private func requireTransaction() throws(StoreError) {
        guard connection.isAutocommit else { return }
        connection.close()
        throw StoreError(.other, "no transaction is open in \(path)")
    }

    private func stored(_ table: StateTable) throws(StoreError) -> any StoredTable {
        guard let found = stored[table] else {
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
            // What an unsynced page was is not known after the disk failed.
            if hasJournal, error.kind == .inputOutput { throw StoreError(.corrupt, "\(path): \(error)") }
            throw Self.storeError(error, path)
        }
    }

    private static func storeError(_ error: SQLiteError, _ path: String) -> StoreError {
        let code: StoreError.Code =
            switch error.kind {
            // A row that is there already, where there was none: the file contradicts itself.
            case .corrupt, .constraint: .corrupt
            case .full: .full
            case .inputOutput: .inputOutput
            case .readOnly: .readOnly
            case .busy, .other: .other
            }
        return StoreError(code, "\(path): \(error)")
    }
}

extension Bool {
    fileprivate func orThrow(_ message: String) throws(StoreError) {
        guard self else { throw StoreError(.other, message) }
    }
}
