/// One thing that is wrong with a YAML file: where, what would be right, what is there.
package struct YAMLProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// As the caller named the file.
    package var file: String
    package var position: YAMLPosition
    /// An RFC 6901 pointer to the value; empty when the text is not YAML.
    package var pointer: String
    /// What would be right, as a noun phrase.
    package var expected: String
    /// What is there, as a noun phrase.
    package var found: String

    /// `program.yaml:12:7: /review/deadline_hours: expected an integer, found a string`.
    package var description: String {
        let place = "\(file):\(position.line):\(position.column): "
        return place + (pointer.isEmpty ? "" : pointer + ": ") + "expected \(expected), found \(found)"
    }
}

/// Why a YAML file was refused: every problem found.
package struct YAMLFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package var problems: [YAMLProblem]

    package init(problems: [YAMLProblem]) { self.problems = problems }

    /// One problem a line.
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
