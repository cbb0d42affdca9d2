/// The columns of a CSV file by position and by name.
package final class CSVColumns: Sendable {
    /// In file order, without the blanks around them; distinct and not empty.
    package let names: [String]
    private let positions: [String: Int]

    init(names: [String]) {
        self.names = names
        positions = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    }

    /// The position of the column of that name.
    package func position(of name: String) -> Int? { positions[name] }
}

/// One record of a CSV file: as many fields as there are columns.
package struct CSVRow: Sendable {
    /// Where it begins, counted from 1, the header included.
    package let line: Int
    /// The columns of the file it comes from.
    package let columns: CSVColumns
    /// All fields one after the other.
    private let text: String
    /// Where each field ends, in UTF-8 bytes.
    private let ends: [Int]

    init(line: Int, columns: CSVColumns, text: String, ends: [Int]) {
        self.line = line
        self.columns = columns
        self.text = text
        self.ends = ends
    }

    /// The field of the column at a position.
    package subscript(position: Int) -> String {
        let bytes = text.utf8
        let start = bytes.index(bytes.startIndex, offsetBy: position == 0 ? 0 : ends[position - 1])
        let end = bytes.index(bytes.startIndex, offsetBy: ends[position])
        return String(text[start..<end])
    }

    /// The field of the column of that name; `nil` when there is no such column.
    package subscript(name: String) -> String? { columns.position(of: name).map { self[$0] } }

    /// All fields in column order.
    package var fields: [String] { ends.indices.map { self[$0] } }
}
