package import JSON
import SQLite

extension ReadModel {
    /// Rows of an export, sorted by id; absent values are empty.
    package func rows(of table: ExportTable) throws -> [[String]] {
        let columns = table.columns.map { "json_extract(data, '\($0.path)')" }.joined(separator: ", ")
        let statement = try connection.statement("SELECT \(columns) FROM entity WHERE kind = ?1 ORDER BY id")
        try statement.bind(1, table.kind.rawValue)
        var rows: [[String]] = []
        while try statement.step() {
            rows.append(table.columns.indices.map { statement.text(Int32($0)) ?? "" })
        }
        statement.reset()
        return rows
    }

    /// The rows of a query over the table `entity`, as texts.
    package func texts(_ sql: String) throws -> [[String]] {
        let statement = try connection.statement(sql)
        defer { statement.reset() }
        var rows: [[String]] = []
        while try statement.step() {
            rows.append((0..<statement.columnCount).map { statement.text(Int32($0)) ?? "" })
        }
        return rows
    }

    /// How many entities of a kind there are for each value at a path.
    package func counts(of kind: EntityKind, by path: String) throws -> [(value: String, count: Int64)] {
        let statement = try connection.statement(
            "SELECT coalesce(json_extract(data, '\(path)'), ''), count(*) FROM entity WHERE kind = ?1 GROUP BY 1 ORDER BY 1"
        )
        try statement.bind(1, kind.rawValue)
        var rows: [(value: String, count: Int64)] = []
        while try statement.step() { rows.append((statement.text(0) ?? "", statement.integer(1))) }
        statement.reset()
        return rows
    }

    package func count(of kind: EntityKind) throws -> Int64 {
        let statement = try connection.statement("SELECT count(*) FROM entity WHERE kind = ?1")
        try statement.bind(1, kind.rawValue)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : 0
    }

    /// The image of one entity.
    package func image(_ kind: EntityKind, id: String) throws -> [UInt8]? {
        let statement = try connection.statement("SELECT data FROM entity WHERE kind = ?1 AND id = ?2")
        try statement.bind(1, kind.rawValue)
        try statement.bind(2, id)
        defer { statement.reset() }
        return try statement.step() ? statement.bytes(0) : nil
    }

    /// Every entity of that id, of whatever kind, in order of the kinds' names.
    package func images(id: String) throws -> [(kind: EntityKind, data: [UInt8])] {
        // The index begins with the kind: one question for each of the few is none for the whole table.
        try EntityKind.allCases.sorted { $0.rawValue < $1.rawValue }
            .compactMap { kind in try image(kind, id: id).map { (kind, $0) } }
    }

    /// Images of a kind in order of id, decoded; those for which `filter` (an SQL condition over `data`) holds.
    package func decoded<Payload: JSONReadable>(_ kind: EntityKind, as type: Payload.Type, where filter: String = "1")
        throws
        -> [Payload]
    {
        let statement = try connection.statement("SELECT data FROM entity WHERE kind = ?1 AND (\(filter)) ORDER BY id")
        try statement.bind(1, kind.rawValue)
        defer { statement.reset() }
        var found: [Payload] = []
        while try statement.step() { found.append(try JSONDocument.decode(type, from: statement.bytes(0) ?? [])) }
        return found
    }

    /// Ids of entities that name `id`, and ids that the entity `id` names.
    func mentions(of id: String) throws -> (by: [String], names: [String]) {
        (
            try texts("SELECT by_id FROM mention WHERE id = ?1 ORDER BY by_id", id),
            try texts("SELECT id FROM mention WHERE by_id = ?1 ORDER BY id", id)
        )
    }

    /// Where the facts of an entity stand in `outcome.v1`.
    func facts(of id: String) throws -> [(partition: Int32, offset: Int64)] {
        let statement = try connection.statement(
            "SELECT partition, offset FROM fact WHERE id = ?1 ORDER BY partition, offset")
        try statement.bind(1, id)
        defer { statement.reset() }
        var found: [(partition: Int32, offset: Int64)] = []
        while try statement.step() {
            found.append((Int32(truncatingIfNeeded: statement.integer(0)), statement.integer(1)))
        }
        return found
    }

    private func texts(_ sql: String, _ id: String) throws -> [String] {
        let statement = try connection.statement(sql)
        try statement.bind(1, id)
        defer { statement.reset() }
        var found: [String] = []
        while try statement.step() { found.append(statement.text(0) ?? "") }
        return found
    }
}
