/// A setting of a topic under which the log does not keep what workers rely on.
package struct UnfitSetting: Sendable, Hashable, CustomStringConvertible {
    /// In the log's own words: `message.timestamp.type`.
    package var name: String
    package var found: String
    /// What would be right: `LogAppendTime`, `at least 2`.
    package var expected: String
    /// What goes wrong under it.
    package var consequence: String

    package init(name: String, found: String, expected: String, consequence: String) {
        self.name = name
        self.found = found
        self.expected = expected
        self.consequence = consequence
    }

    package var description: String { "\(name)=\(found), expected \(expected); \(consequence)" }
}
