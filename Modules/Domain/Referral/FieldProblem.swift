/// A field that fails a rule: where it is, what would be right, what is there. Holds no personal data.
package struct FieldProblem: Sendable, Hashable, CustomStringConvertible {
    /// RFC 6901 pointer into the submission: `/contact/email`.
    package var pointer: String
    /// A noun phrase: `an ISO 3166-1 country code such as DE`.
    package var expected: String
    package var found: String

    package init(_ pointer: String, expected: String, found: String) {
        self.pointer = pointer
        self.expected = expected
        self.found = found
    }

    package var description: String { "\(pointer): expected \(expected), found \(found)" }
}
