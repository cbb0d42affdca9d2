/// One file of an import.
package struct ImportInput: Sendable {
    package var kind: ImportKind
    /// `-` is standard input.
    package var path: String
    /// `nil` for the kind's own layout.
    package var map: ImportMap?

    package init(kind: ImportKind, path: String, map: ImportMap? = nil) {
        self.kind = kind
        self.path = path
        self.map = map
    }

    /// For messages.
    package var name: String { path == "-" ? "standard input" : path }

    /// Where joined files are looked for.
    var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Reads the rows one by one.
    func open(_ context: ImportContext) throws -> (reader: RowReader, mapper: RowMapper) {
        let separator = map?.separator ?? UInt8(ascii: ",")
        let reader = try RowReader(try FileSource(path: path), separator: separator)
        var joins: [JoinTable] = []
        for join in map?.joins ?? [] {
            let file = join.file.hasPrefix("/") ? join.file : "\(directory)/\(join.file)"
            let aliases = map?.aliases["\(join.name).\(join.key)"] ?? [:]
            joins.append(
                try JoinTable(try FileSource(path: file), key: join.key, separator: separator) { aliases[$0] ?? $0 })
        }
        let mapper = try RowMapper(
            kind: kind, map: map, columns: reader.columns, joins: joins, file: name,
            context: context)
        return (reader, mapper)
    }
}
