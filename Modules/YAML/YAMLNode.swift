package import JSON

/// A place in a YAML text. Lines and columns count from 1; columns count Unicode scalars.
package struct YAMLPosition: Sendable, Hashable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A value of a YAML document and where it stands.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        case scalar(text: String, style: Style)
        case sequence([YAMLNode])
        /// Entries in document order; keys are unique.
        case mapping([Entry])
    }

    /// How a scalar was written: only a plain one can be anything but a string.
    package enum Style: Sendable, Hashable {
        case plain
        /// Single or double quotes, `|` or `>`.
        case quoted
    }

    package struct Entry: Sendable {
        package var key: String
        package var keyPosition: YAMLPosition
        package var value: YAMLNode
    }

    package var content: Content
    package var position: YAMLPosition

    /// The value of a mapping's key; `nil` when there is none or this is no mapping.
    package subscript(key: String) -> YAMLNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// The value as JSON. Plain scalars resolve by the core schema of YAML 1.2.
    package var json: JSONValue {
        switch content {
        case .scalar(let text, .plain): CoreSchema.resolve(text)
        case .scalar(let text, .quoted): .string(text)
        case .sequence(let elements): .array(elements.map(\.json))
        case .mapping(let entries): .object(entries.map { ($0.key, $0.value.json) })
        }
    }
}
