import SQLite
import TaskRuntime

/// A table whose rows stand in the order in which they were added, and an index of their keys that lags behind them.
///
/// A turn adds rows at the table's end and changes recent ones, which is few pages. Their keys are random: written at once,
/// nearly every row would cost the index a page of its own, the more so the larger it is. So the newest keys stay in memory,
/// and go into the index many at a time, in its order. What the index lacks is read from the rows when the file is opened.
/// Most keys that are looked for are new: a filter knows so without a look at the index. It follows the index as that follows
/// the rows.
final class IndexedTable: StoredTable {
    static let columns = "(id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL) STRICT"
    static let indexColumns = "(key BLOB PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    static let filterColumns = "(block INTEGER PRIMARY KEY, keys INTEGER NOT NULL, bits BLOB NOT NULL) STRICT"
    /// Up to which of each table's rows its index and the file's filter go, how many keys the filter has, and how many of them
    /// are gone.
    static let marksColumns = """
        (name TEXT PRIMARY KEY, id INTEGER NOT NULL, filtered INTEGER NOT NULL, filter_keys INTEGER NOT NULL,
        gone INTEGER NOT NULL) STRICT, WITHOUT ROWID
        """

    /// Memory for keys that are not in the index, in bytes: some ten thousand.
    private static let lagBytes = 1 << 20
    /// The same during a long restore.
    private static let restoreLagBytes = 4 << 20
    /// What a key takes in memory beside its own bytes.
    private static let overhead = 64
    /// Keys of the index that the file's filter may lack.
    private static let filterLag: Int64 = 4_096

    var isRestoring = false
    /// Its keys are asked for in their order, which only the index has: it follows with every transaction.
    private var isScanned = false
    /// Rows that are not in the index: those with an id above its mark.
    private var recent: [RowKey: Int64] = [:]
    private var recentBytes = 0
    private var nextID: Int64 = 1
    /// Has every key of the index.
    private var filter = KeyFilter()
    /// What the file's filter has: the keys of rows up to this id, and how many they are.
    private var saved: (upTo: Int64, keys: Int64) = (0, 0)
    /// Keys of the filter that left the index.
    private var gone: Int64 = 0

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
        let marks: SQLiteStatement
        let setMarks: SQLiteStatement
        let filter: SQLiteStatement
        let setFilter: SQLiteStatement
        let clearFilter: SQLiteStatement
        let keys: SQLiteStatement
        let last: SQLiteStatement
        let tail: SQLiteStatement

        init(rows: String, index keys: String, filter: String, _ connection: SQLiteConnection) throws(SQLiteError) {
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
            marks = try connection.statement(
                "SELECT id, filtered, filter_keys, gone FROM indexed WHERE name = '\(rows)'")
            setMarks = try connection.statement(
                "REPLACE INTO indexed (name, id, filtered, filter_keys, gone) VALUES ('\(rows)', ?1, ?2, ?3, ?4)")
            self.filter = try connection.statement("SELECT bits, keys FROM \(filter) ORDER BY block")
            setFilter = try connection.statement("REPLACE INTO \(filter) (block, keys, bits) VALUES (?1, ?2, ?3)")
            clearFilter = try connection.statement("DELETE FROM \(filter)")
            self.keys = try connection.statement("SELECT key FROM \(keys)")
            last = try connection.statement("SELECT max(id) FROM \(rows)")
            tail = try connection.statement("SELECT key, id FROM \(rows) WHERE id > ?1 ORDER BY id")
        }
    }

    init(named rows: String, index: String, filter: String, on connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        statements = try Statements(rows: rows, index: index, filter: filter, connection)
        try load()
    }

    /// Reads the filter, and what the index or the filter lacks.
    private func load() throws(SQLiteError) {
        let indexed = try loadMarks()
        try loadFilter()
        // An id whose row is gone again is not given twice: below the mark it would be taken for one in the index.
        nextID = max(try lastID(), indexed) + 1
        recent.removeAll(keepingCapacity: true)
        recentBytes = 0
        let tail = statements.tail
        defer { tail.reset() }
        try tail.bind(1, saved.upTo)
        while try tail.step() {
            let (key, id) = (tail.bytes(0) ?? [], tail.integer(1))
            if id <= indexed { filter.add(key.span) } else { remember(key, id) }
        }
    }

    /// Up to which row the index goes; 0 where it has none.
    private func loadMarks() throws(SQLiteError) -> Int64 {
        let marks = statements.marks
        defer { marks.reset() }
        guard try marks.step() else {
            (saved, gone) = ((0, 0), 0)
            return 0
        }
        let indexed = marks.integer(0)
        (saved, gone) = ((marks.integer(1), marks.integer(2)), marks.integer(3))
        guard saved.upTo >= 0, saved.upTo <= indexed, indexed < Int64.max / 2, gone >= 0 else {
            throw .corrupt("marks that cannot be", in: marks.sql)
        }
        return indexed
    }

    private func loadFilter() throws(SQLiteError) {
        let blocks = statements.filter
        defer { blocks.reset() }
        var known: [KeyFilter.Block] = []
        while try blocks.step() {
            known.append(KeyFilter.Block(bits: blocks.bytes(0) ?? [], keys: blocks.integer(1), isSaved: true))
        }
        guard let filter = KeyFilter(known), filter.keys == saved.keys else {
            throw .corrupt("a filter that lacks keys", in: blocks.sql)
        }
        self.filter = filter
    }

    private func lastID() throws(SQLiteError) -> Int64 {
        defer { statements.last.reset() }
        return try statements.last.step() ? statements.last.integer(0) : 0
    }

    private func remember(_ key: [UInt8], _ id: Int64) {
        recent[RowKey(key)] = id
        recentBytes += key.count + Self.overhead
    }

    // MARK: Rows

    func get(_ key: [UInt8]) throws(SQLiteError) -> [UInt8]? {
        let id = recent[RowKey(key)]
        guard id != nil || filter.mayContain(key) else { return nil }
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
        guard filter.mayContain(key) else { return nil }
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
        try statements.insert.run(binding: key, value, at: 2)
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
            gone += 1
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
        var keys = KeyOrder()
        keys.reserve(keys: recent.count, bytes: recentBytes - recent.count * Self.overhead)
        for (key, id) in recent { keys.add(key.bytes, Int(id)) }
        keys.sort()
        try keys.forEach { key, id, _ throws(SQLiteError) in
            try statements.index.bind(2, Int64(id))
            try statements.index.run(binding: key, at: 1)
            filter.add(key)
        }
        let last = nextID - 1
        if gone > max(filter.keys / 2, Self.filterLag) { try renewFilter() }
        if last - saved.upTo >= Self.filterLag { try saveFilter(upTo: last) }
        try statements.setMarks.bind(1, last)
        try statements.setMarks.bind(2, saved.upTo)
        try statements.setMarks.bind(3, saved.keys)
        try statements.setMarks.bind(4, gone)
        try statements.setMarks.run()
        recent.removeAll(keepingCapacity: true)
        recentBytes = 0
    }

    /// Makes a filter of the keys that are left, which the index has.
    private func renewFilter() throws(SQLiteError) {
        filter = KeyFilter()
        gone = 0
        let keys = statements.keys
        defer { keys.reset() }
        while try keys.step() {
            let key = keys.bytes(0) ?? []
            filter.add(key.span)
        }
        try statements.clearFilter.run()
        // To be saved at once.
        saved = (0, 0)
    }

    private func saveFilter(upTo last: Int64) throws(SQLiteError) {
        for (number, block) in filter.blocks.enumerated() where !block.isSaved {
            try statements.setFilter.bind(1, Int64(number))
            try statements.setFilter.bind(2, block.keys)
            try statements.setFilter.run(binding: block.bits, at: 3)
        }
        filter.didSave()
        saved = (last, filter.keys)
    }
}
