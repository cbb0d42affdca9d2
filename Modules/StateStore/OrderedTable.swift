import SQLite
import TaskRuntime

/// A table whose rows stand in the order of their keys: for small rows that mostly come in that order.
final class OrderedTable: StoredTable {
    static let columns = "(key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"

    var isRestoring = false
    private let get: SQLiteStatement
    private let upsert: SQLiteStatement
    private let delete: SQLiteStatement
    private let scan: SQLiteStatement
    private let scanUpTo: SQLiteStatement

    init(named rows: String, on connection: SQLiteConnection) throws(SQLiteError) {
        get = try connection.statement("SELECT value FROM \(rows) WHERE key = ?1")
        upsert = try connection.statement(
            "INSERT INTO \(rows) (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        delete = try connection.statement("DELETE FROM \(rows) WHERE key = ?1")
        scan = try connection.statement("SELECT key, value FROM \(rows) WHERE key >= ?1 ORDER BY key LIMIT ?2")
        scanUpTo = try connection.statement(
            "SELECT key, value FROM \(rows) WHERE key >= ?1 AND key < ?3 ORDER BY key LIMIT ?2")
    }

    func get(_ key: [UInt8]) throws(SQLiteError) -> [UInt8]? {
        defer { get.reset() }
        try get.bind(1, key)
        return try get.step() ? get.bytes(0) : nil
    }

    func put(_ key: [UInt8], _ value: [UInt8], isNew: Bool) throws(SQLiteError) {
        try upsert.run(binding: key, value, at: 1)
    }

    func delete(_ key: [UInt8]) throws(SQLiteError) { try delete.run(binding: key, at: 1) }

    func scan(from: [UInt8], upTo: [UInt8]?, limit: Int) throws(SQLiteError) -> [(key: [UInt8], value: [UInt8])] {
        try rows(of: upTo == nil ? scan : scanUpTo, from: from, upTo: upTo, limit: limit)
    }

    /// Long rows of such a table are not asked for.
    func keys(valuesFrom bytes: Int, after position: StorePosition, limit: Int) throws(SQLiteError)
        -> (keys: [[UInt8]], next: StorePosition?)
    {
        preconditionFailure("rows of a table in the order of its keys are short")
    }

    func willCommit() {}
    func didRollBack() {}
}
