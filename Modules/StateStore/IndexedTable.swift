import SQLite
import TaskRuntime

/// A table whose rows stand in the order in which they were added, and an index of their keys that lags behind them.
///
/// A turn adds rows at the table's end and changes recent ones, which is few pages. Their keys are random: written at once,
/// nearly every row would cost the index a page of its own, the more so the larger it is. So the newest keys stay in memory,
/// and go into the index many at a time, in its order. What the index lacks is read from the rows when the file is opened.
final class IndexedTable: StoredTable {
    static let columns = "(id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL) STRICT"
    static let indexColumns = "(key BLOB PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID"

    /// Memory for keys that are not in the index, in bytes: some ten thousand.
    private static let lagBytes = 1 << 20
    /// The same during a long restore.
    private static let restoreLagBytes = 4 << 20
    /// What a key takes in memory beside its own bytes.
    private static let overhead = 64

    var isRestoring = false
    /// Its keys are asked for in their order, which only the index has: it follows with every transaction.
    private var isScanned = false
    /// Rows that are not in the index: those with an id above its mark.
    private var recent: [RowKey: Int64] = [:]
    private var recentBytes = 0
    private var nextID: Int64 = 1

    private let connection: SQLiteConnection
    private let statements: Statements

    /// Prepared once.
    private struct Statements {
        let get: SQLiteStatement
        let getByID: SQLiteStatement
        let find: SQLiteStatement
        let insert: SQLiteStatement
        let update: SQLiteStatement
        let delete: SQLiteStatement
        let index: SQLiteStatement
        let unindex: SQLiteStatement
        let scan: SQLiteStatement
        let scanUpTo: SQLiteStatement
        let long: SQLiteStatement
        let indexed: SQLiteStatement
        let setIndexed: SQLiteStatement
        let last: SQLiteStatement
        let tail: SQLiteStatement

        init(rows: String, index keys: String, _ connection: SQLiteConnection) throws(SQLiteError) {
            // A key without a row gives NULL, and is found.
            let joined = "FROM \(keys) LEFT JOIN \(rows) ON \(rows).id = \(keys).id WHERE \(keys).key"
            get = try connection.statement("SELECT value \(joined) = ?1")
            getByID = try connection.statement("SELECT value FROM \(rows) WHERE id = ?1")
            find = try connection.statement("SELECT id FROM \(keys) WHERE key = ?1")
            insert = try connection.statement("INSERT INTO \(rows) (id, key, value) VALUES (?1, ?2, ?3)")
            update = try connection.statement("UPDATE \(rows) SET value = ?2 WHERE id = ?1")
            delete = try connection.statement("DELETE FROM \(rows) WHERE id = ?1")
            index = try connection.statement("INSERT INTO \(keys) (key, id) VALUES (?1, ?2)")
            unindex = try connection.statement("DELETE FROM \(keys) WHERE key = ?1")
            let columns = "SELECT \(keys).key, value"
            scan = try connection.statement("\(columns) \(joined) >= ?1 ORDER BY \(keys).key LIMIT ?2")
            scanUpTo = try connection.statement(
                "\(columns) \(joined) >= ?1 AND \(keys).key < ?3 ORDER BY \(keys).key LIMIT ?2")
            // In the order in which the rows stand, so that none is looked up; a length is read without its value.
            long = try connection.statement(
                "SELECT id, key FROM \(rows) WHERE id > ?1 AND length(value) >= ?2 ORDER BY id LIMIT ?3")
            indexed = try connection.statement("SELECT id FROM indexed WHERE name = '\(rows)'")
            setIndexed = try connection.statement(
                "INSERT INTO indexed (name, id) VALUES ('\(rows)', ?1) ON CONFLICT (name) DO UPDATE SET id = excluded.id"
            )
            last = try connection.statement("SELECT max(id) FROM \(rows)")
            tail = try connection.statement("SELECT key, id FROM \(rows) WHERE id > ?1 ORDER BY id")
        }
    }

    init(named rows: String, index: String, on connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        statements = try Statements(rows: rows, index: index, connection)
        try load()
    }

    /// Reads what the index lacks.
    private func load() throws(SQLiteError) {
        let mark = try Self.number(statements.indexed)
        // An id whose row is gone again is not given twice: below the mark it would be taken for one in the index.
        nextID = max(try Self.number(statements.last), mark) + 1
        recent.removeAll(keepingCapacity: true)
        recentBytes = 0
        let tail = statements.tail
        defer { tail.reset() }
        try tail.bind(1, mark)
        while try tail.step() { remember(tail.bytes(0) ?? [], tail.integer(1)) }
    }

    /// The only column of a statement's only row; 0 where there is none.
    private static func number(_ statement: SQLiteStatement) throws(SQLiteError) -> Int64 {
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : 0
    }

    private func remember(_ key: [UInt8], _ id: Int64) {
        recent[RowKey(key)] = id
        recentBytes += key.count + Self.overhead
    }

    // MARK: Rows

    func get(_ key: [UInt8]) throws(SQLiteError) -> [UInt8]? {
        let id = recent[RowKey(key)]
        let get = id == nil ? statements.get : statements.getByID
        defer { get.reset() }
        if let id { try get.bind(1, id) } else { try get.bind(1, key) }
        guard try get.step() else {
            guard id == nil else { throw missingRow(get) }
            return nil
        }
        guard let value = get.bytes(0) else { throw missingRow(get) }
        return value
    }

    /// The row's id in the index.
    private func find(_ key: [UInt8]) throws(SQLiteError) -> Int64? {
        let find = statements.find
        defer { find.reset() }
        try find.bind(1, key)
        return try find.step() ? find.integer(0) : nil
    }

    private func id(of key: [UInt8]) throws(SQLiteError) -> Int64? {
        if let id = recent[RowKey(key)] { return id }
        return try find(key)
    }

    func put(_ key: [UInt8], _ value: [UInt8], isNew: Bool) throws(SQLiteError) {
        if !isNew, let id = try id(of: key) {
            try statements.update.bind(1, id)
            try statements.update.run(binding: value, at: 2)
            guard connection.changes == 1 else { throw missingRow(statements.update) }
            return
        }
        try statements.insert.bind(1, nextID)
        try statements.insert.bind(2, key)
        try statements.insert.run(binding: value, at: 3)
        remember(key, nextID)
        nextID += 1
    }

    func delete(_ key: [UInt8]) throws(SQLiteError) {
        if let id = recent.removeValue(forKey: RowKey(key)) {
            recentBytes -= key.count + Self.overhead
            try deleteRow(id)
        } else if let id = try find(key) {
            try deleteRow(id)
            try statements.unindex.run(binding: key, at: 1)
        }
    }

    private func deleteRow(_ id: Int64) throws(SQLiteError) {
        try statements.delete.bind(1, id)
        try statements.delete.run()
    }

    // MARK: Scans

    func scan(from: [UInt8], upTo: [UInt8]?, limit: Int) throws(SQLiteError) -> [(key: [UInt8], value: [UInt8])] {
        isScanned = true
        if !recent.isEmpty { try connection.inTransaction { () throws(SQLiteError) in try indexRecent() } }
        return try rows(
            of: upTo == nil ? statements.scan : statements.scanUpTo, from: from, upTo: upTo, limit: limit)
    }

    func keys(valuesFrom bytes: Int, after position: StorePosition, limit: Int) throws(SQLiteError)
        -> (keys: [[UInt8]], next: StorePosition?)
    {
        let select = statements.long
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

    // MARK: The index

    func willCommit() throws(SQLiteError) {
        if recentBytes >= (isRestoring ? Self.restoreLagBytes : Self.lagBytes) || isScanned && !recent.isEmpty {
            try indexRecent()
        }
    }

    func didRollBack() throws(SQLiteError) { try load() }

    /// Brings the index to the rows' end.
    private func indexRecent() throws(SQLiteError) {
        for (key, id) in recent.sorted(by: { $0.key.bytes.precedes($1.key.bytes) }) {
            try statements.index.bind(2, id)
            try statements.index.run(binding: key.bytes, at: 1)
        }
        try statements.setIndexed.bind(1, nextID - 1)
        try statements.setIndexed.run()
        recent.removeAll(keepingCapacity: true)
        recentBytes = 0
    }
}
