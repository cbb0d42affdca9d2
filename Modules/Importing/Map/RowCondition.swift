import JSON

/// Whether a row is meant: each named column holds one of the texts listed for it. `""` is an empty or missing value, `"*"`
/// any value but that.
package struct RowCondition: Sendable, Hashable {
    package var columns: [(name: String, texts: Set<String>)]

    package init(columns: [(name: String, texts: Set<String>)]) { self.columns = columns }

    package static func == (left: RowCondition, right: RowCondition) -> Bool {
        left.columns.elementsEqual(right.columns) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) {
        for column in columns { hasher.combine(column.name) }
    }
}

extension ObjectReader {
    /// `{column: text}` or `{column: [text, ...]}`.
    mutating func rowCondition(_ name: StaticString) -> RowCondition? {
        guard let value = json(name), value != .null else { return nil }
        guard case .object(let members) = value else {
            fail(name, expected: "columns with the texts that they must hold", found: "something else")
            return nil
        }
        return RowCondition(columns: members.map { ($0.0, texts(of: $0.1, in: name)) })
    }

    private mutating func texts(of value: JSONValue, in name: StaticString) -> Set<String> {
        switch value {
        case .string(let text), .number(let text): return [text]
        case .integer(let number): return [String(number)]
        case .bool(let flag): return [flag ? "true" : "false"]
        case .array(let elements): return elements.reduce(into: []) { $0.formUnion(texts(of: $1, in: name)) }
        case .null, .object:
            fail(name, expected: "a text in quotes (null is written \"null\" or \"\")", found: "null or a mapping")
            return []
        }
    }
}
