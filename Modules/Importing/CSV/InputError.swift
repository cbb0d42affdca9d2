/// Why an input cannot be read at all. What is wrong with single lines is a `LineProblem`.
package struct InputError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: Sendable, Hashable, RawRepresentable {
        package var rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The file cannot be opened.
        package static let notOpened = Code(rawValue: "input_not_opened")
        /// Reading failed on the way.
        package static let notRead = Code(rawValue: "input_not_read")
        /// No header row, or one that cannot name the columns.
        package static let header = Code(rawValue: "input_header")
    }

    package var code: Code
    /// The file as the caller named it.
    package var file: String
    /// What went wrong, for people; it completes `<file>: `.
    package var message: String

    package init(_ code: Code, file: String, message: String) {
        self.code = code
        self.file = file
        self.message = message
    }

    package var description: String { "\(file): \(message)" }
}

/// What is wrong with one line of an input; the lines around it are read all the same.
package struct LineProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file as the caller named it.
    package var file: String
    /// Counts from 1, the header included; of a record of several lines the first.
    package var line: Int
    /// The column's or field's name, where one is to blame.
    package var field: String?
    /// What would be right, as a noun phrase.
    package var expected: String
    /// What is there, as a noun phrase.
    package var found: String

    package init(file: String, line: Int, field: String? = nil, expected: String, found: String) {
        self.file = file
        self.line = line
        self.field = field
        self.expected = expected
        self.found = found
    }

    /// `deals.csv:12: close_date: expected a date, found "soon"`.
    package var description: String {
        "\(file):\(line): " + (field.map { $0 + ": " } ?? "") + "expected \(expected), found \(found)"
    }
}
