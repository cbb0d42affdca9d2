import SQLite
import TaskRuntime

/// How the rows of one table lie in a store's file. Used by the store's thread.
protocol StoredTable: AnyObject {
    func get(_ key: [UInt8]) throws(SQLiteError) -> [UInt8]?

    /// - Parameter isNew: there is no such row.
    func put(_ key: [UInt8], _ value: [UInt8], isNew: Bool) throws(SQLiteError)

    func delete(_ key: [UInt8]) throws(SQLiteError)

    /// See `StateBackend.scan`.
    func scan(from: [UInt8], upTo: [UInt8]?, limit: Int) throws(SQLiteError) -> [(key: [UInt8], value: [UInt8])]

    /// See `StateBackend.keys`.
    func keys(valuesFrom bytes: Int, after position: StorePosition, limit: Int) throws(SQLiteError)
        -> (keys: [[UInt8]], next: StorePosition?)

    /// The transaction is about to be committed.
    func willCommit() throws(SQLiteError)

    /// The transaction's changes were taken back.
    func didRollBack() throws(SQLiteError)

    /// As `StateBackend.setRestoring`.
    var isRestoring: Bool { get set }
}

extension StoredTable {
    /// The index has a key, and its row is gone: the file is damaged.
    func missingRow(_ statement: SQLiteStatement) -> SQLiteError {
        .corrupt("a key without its row", in: statement.sql)
    }

    /// A scan's rows: key and value are the first columns of `statement`, whose parameters are `from`, `limit` and `upTo`.
    func rows(of statement: SQLiteStatement, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(SQLiteError)
        -> [(key: [UInt8], value: [UInt8])]
    {
        defer { statement.reset() }
        try statement.bind(1, from)
        try statement.bind(2, Int64(limit))
        if let upTo { try statement.bind(3, upTo) }
        var rows: [(key: [UInt8], value: [UInt8])] = []
        while try statement.step() {
            guard let value = statement.bytes(1) else { throw missingRow(statement) }
            rows.append((statement.bytes(0) ?? [], value))
        }
        return rows
    }
}

extension SQLiteConnection {
    /// Runs `body` in the open transaction, or in one of its own. After an error the caller closes the connection, which ends it.
    func inTransaction(_ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
        guard isAutocommit else { return try body() }
        try statement("BEGIN IMMEDIATE").run()
        try body()
        try statement("COMMIT").run()
    }
}
