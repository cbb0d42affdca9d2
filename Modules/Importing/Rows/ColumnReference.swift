/// A column as a rule names it, resolved once against the files.
struct ColumnReference: Sendable {
    enum Place: Sendable {
        case main(Int)
        case joined(table: Int, position: Int)
        case member(String)
    }

    var name: String
    var place: Place
    /// What the map makes of its texts.
    var aliases: [String: String]

    func text(_ row: InputRow, _ joined: [CSVRow?]) -> String {
        let text: String
        switch place {
        case .main(let position):
            guard case .csv(let fields) = row.content else { return "" }
            text = fields[position]
        case .joined(let table, let position): text = joined[table]?[position] ?? ""
        case .member(let path): text = row.text(path)
        }
        return aliases.isEmpty ? text : aliases[text] ?? text
    }
}

/// Where columns are looked up: the main file, and the joined ones by their names.
struct ColumnScope {
    var columns: CSVColumns?
    var joins: [(name: String, columns: CSVColumns)]
    var aliases: [String: [String: String]]

    /// `nil` where no file has the column.
    func find(_ name: String) -> ColumnReference? {
        let aliases = aliases[name] ?? [:]
        if let position = columns?.position(of: name) {
            return ColumnReference(name: name, place: .main(position), aliases: aliases)
        }
        for (index, join) in joins.enumerated() where name.hasPrefix(join.name + ".") {
            if let position = join.columns.position(of: String(name.dropFirst(join.name.count + 1))) {
                return ColumnReference(name: name, place: .joined(table: index, position: position), aliases: aliases)
            }
        }
        return columns == nil ? ColumnReference(name: name, place: .member(name), aliases: aliases) : nil
    }

    /// For messages.
    var known: String {
        let names = (columns?.names ?? []) + joins.flatMap { join in join.columns.names.map { "\(join.name).\($0)" } }
        return names.prefix(40).joined(separator: ", ")
    }
}
