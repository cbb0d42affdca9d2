package import JSON

/// Writes trees as YAML for people: block style, two spaces a level, the same text for the same tree.
package enum YAMLText {
    /// A document; ends with a newline.
    package static func of(_ value: JSONValue) -> String {
        var text = ""
        switch value {
        case .object(let members) where !members.isEmpty: append(members, indentation: "", to: &text)
        case .array(let elements) where !elements.isEmpty: append(elements, indentation: "", to: &text)
        default: text = scalar(value) + "\n"
        }
        return text
    }

    private static func append(_ members: [(String, JSONValue)], indentation: String, to text: inout String) {
        for (name, value) in members {
            text += indentation + plainOrQuoted(name) + ":"
            appendAfterKey(value, indentation: indentation, to: &text)
        }
    }

    private static func append(_ elements: [JSONValue], indentation: String, to text: inout String) {
        for element in elements {
            text += indentation + "-"
            if case .object(let members) = element, !members.isEmpty {
                // The first member stands beside the dash, the others under it.
                var inner = ""
                append(members, indentation: indentation + "  ", to: &inner)
                text += " " + inner.dropFirst(indentation.utf8.count + 2)
            } else {
                appendAfterKey(element, indentation: indentation, to: &text)
            }
        }
    }

    private static func appendAfterKey(_ value: JSONValue, indentation: String, to text: inout String) {
        switch value {
        case .object(let members) where !members.isEmpty:
            text += "\n"
            append(members, indentation: indentation + "  ", to: &text)
        case .array(let elements) where !elements.isEmpty:
            text += "\n"
            append(elements, indentation: indentation + "  ", to: &text)
        default:
            text += " " + scalar(value) + "\n"
        }
    }

    private static func scalar(_ value: JSONValue) -> String {
        if case .string(let string) = value { return plainOrQuoted(string) }
        return String(decoding: value.text, as: UTF8.self)
    }

    /// Plain where no reader could take it for anything but this string, else quoted as in JSON, which YAML reads
    /// alike.
    private static func plainOrQuoted(_ string: String) -> String {
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain =
            string.utf8.first.map { isLetter($0) || $0 == UInt8(ascii: "$") } ?? false
            && string.utf8.allSatisfy {
                isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || "_./-$".utf8.contains($0)
            } && !words.contains(string.lowercased())
        return isPlain ? string : String(decoding: JSONValue.string(string).text, as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        let lowered = byte | 0x20
        return lowered >= 0x61 && lowered <= 0x7a
    }
}
