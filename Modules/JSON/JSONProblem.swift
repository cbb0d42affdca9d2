/// One thing that is wrong with a document: where, what would be right, what is there.
package struct JSONProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// An RFC 6901 pointer to the value; empty for the document as a whole.
    package var pointer: String
    /// What would be right, as a noun phrase: `an integer`.
    package var expected: String
    /// What is there, as a noun phrase: `a string`, `nothing`.
    package var found: String

    package init(pointer: String, expected: String, found: String) {
        self.pointer = pointer
        self.expected = expected
        self.found = found
    }

    /// `/deal/first_year_value/minor: expected an integer, found a string`.
    package var description: String {
        "\(pointer.isEmpty ? "document" : pointer): expected \(expected), found \(found)"
    }

    /// `pointer` with one more step; `~` and `/` are escaped as RFC 6901 asks.
    package static func pointer(_ pointer: String, appending step: String) -> String {
        guard step.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else {
            return pointer + "/" + step
        }
        var escaped = ""
        for character in step.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return pointer + "/" + escaped
    }
}

/// Why a document was refused: every problem found, in document order of the fields asked for, at most
/// `problemLimit`. A syntax error is a single problem with an empty pointer that names the position.
package struct JSONFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// How many problems of one document are collected at most; a hostile document must not grow memory.
    package static let problemLimit = 100

    package var problems: [JSONProblem]

    package init(problems: [JSONProblem]) { self.problems = problems }

    package var description: String { problems.map(\.description).joined(separator: "; ") }
}
