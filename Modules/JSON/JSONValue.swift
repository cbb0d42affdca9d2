/// A JSON document as a tree, for cold paths; hot ones read through `ObjectReader`.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits.
    case integer(Int64)
    /// Any other number, as text: the shortest that gives the same IEEE 754 double back.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// Members in document order; names are unique.
    case object([(String, JSONValue)])

    /// The member of that name; `nil` when there is none or this is no object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.0 == name }?.1
    }

    /// The element at that position; `nil` when there is none or this is no array.
    package subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The string's text; `nil` for everything else.
    package var stringValue: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The integer; `nil` for everything else.
    package var integerValue: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// Compact UTF-8 JSON.
    package var text: [UInt8] {
        var writer = ObjectWriter()
        writer.append(self)
        return writer.finish()
    }

    /// JSON for people: two spaces a level, one member a line, no newline at the end.
    package func pretty() -> String {
        var output = ""
        append(to: &output, indentation: "")
        return output
    }

    private func append(to output: inout String, indentation: String) {
        let inner = indentation + "  "
        switch self {
        case .array(let elements) where !elements.isEmpty:
            output += "[\n"
            for (index, element) in elements.enumerated() {
                output += index == 0 ? inner : ",\n" + inner
                element.append(to: &output, indentation: inner)
            }
            output += "\n" + indentation + "]"
        case .object(let members) where !members.isEmpty:
            output += "{\n"
            for (index, member) in members.enumerated() {
                output += index == 0 ? inner : ",\n" + inner
                output += String(decoding: JSONValue.string(member.0).text, as: UTF8.self) + ": "
                member.1.append(to: &output, indentation: inner)
            }
            output += "\n" + indentation + "}"
        default:
            output += String(decoding: text, as: UTF8.self)
        }
    }
}

extension JSONValue: Hashable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left.elementsEqual(right) { $0.0 == $1.0 && $0.1 == $1.1 }
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .number(let value), .string(let value): hasher.combine(value)
        case .array(let elements): hasher.combine(elements)
        case .object(let members):
            for member in members {
                hasher.combine(member.0)
                hasher.combine(member.1)
            }
        }
    }
}
