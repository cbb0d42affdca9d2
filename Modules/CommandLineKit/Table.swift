import CSV

/// Rows under headings, for people: numbers to the right.
package struct Table: Sendable {
    package var headings: [String]
    package var rows: [[String]]

    package init(_ headings: [String], rows: [[String]] = []) {
        self.headings = headings
        self.rows = rows
    }

    package var text: String {
        let widths = headings.indices.map { column in
            ([headings] + rows).map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        let isNumeric = headings.indices.map { column in
            !rows.isEmpty
                && rows.allSatisfy { row in
                    row[column].isEmpty
                        || row[column].unicodeScalars.allSatisfy { "0123456789.,-%+ ".unicodeScalars.contains($0) }
                }
        }
        func line(_ cells: [String]) -> String {
            var text = ""
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                text += (column == 0 ? "" : "  ") + (isNumeric[column] ? padding + cell : cell + padding)
            }
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }
        return
            ([line(headings), widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")] + rows.map(line))
            .joined(separator: "\n")
    }

    /// The same as RFC 4180 CSV: the headings, then the rows.
    package var csv: String { csvHead + csvRows }

    package var csvHead: String { CSVText.record(headings) + "\r\n" }

    package var csvRows: String { rows.map { CSVText.record($0) + "\r\n" }.joined() }
}
