import JSON

/// One row of an input, whatever its format.
package struct InputRow: Sendable {
    enum Content: Sendable {
        case csv(CSVRow)
        /// An object, and the text that it stands in.
        case json(JSONValue, text: [UInt8])
    }

    /// Counts from 1.
    package var line: Int
    let content: Content

    /// The value of a column as text, empty where there is none: of JSON the member at a path such as `deal.value`; what is
    /// no text there is its JSON.
    func text(_ column: String) -> String {
        switch content {
        case .csv(let row): return row[column] ?? ""
        case .json(let root, _):
            var value = root
            for step in column.split(separator: ".") {
                guard let child = value[String(step)] else { return "" }
                value = child
            }
            return InputRow.text(of: value)
        }
    }

    private static func text(of value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .string(let text), .number(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .array, .object: String(decoding: value.text, as: UTF8.self)
        }
    }

    /// All of the row, for its hash: equal rows have equal bytes.
    var bytes: [UInt8] {
        switch content {
        case .csv(let row): Array(row.fields.joined(separator: "\u{1f}").utf8)
        case .json(let root, _): root.text
        }
    }
}
