/// The rows of a joined file by the value of its key column. It is held in memory: at most `maximumRows` rows.
package struct JoinTable: Sendable {
    package static let maximumRows = 200_000

    let columns: CSVColumns
    private var rows: [String: CSVRow] = [:]

    /// Reads the file. Of two rows with one key the first counts.
    ///
    /// - Parameter clean: what the map makes of a column's text before it is compared.
    init(
        _ source: any ByteSource, key: String, separator: UInt8, clean: (String) -> String
    ) throws(InputError) {
        var reader = try CSVReader(source, separator: separator)
        columns = reader.columns
        guard columns.position(of: key) != nil else {
            throw InputError(
                .header, file: source.name,
                message: "expected a column `\(key)`, found \(columns.names.joined(separator: ", "))")
        }
        while let row = try reader.next() {
            switch row {
            case .failure(let problem): throw InputError(.notRead, file: source.name, message: problem.description)
            case .success(let row):
                guard rows.count < JoinTable.maximumRows else {
                    throw InputError(
                        .notRead, file: source.name, message: "more than \(JoinTable.maximumRows) rows to join")
                }
                let value = clean(row[key] ?? "")
                if rows[value] == nil { rows[value] = row }
            }
        }
    }

    subscript(key: String) -> CSVRow? { rows[key] }
}
