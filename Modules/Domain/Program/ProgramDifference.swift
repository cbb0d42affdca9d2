/// One place in which two versions of a programme differ, as text.
package struct ProgramDifference: Sendable, Hashable, CustomStringConvertible {
    /// An RFC 6901 pointer into the programme's document. Entries of lists that have a name or id stand under it:
    /// `/terms/trm_referral:2/lines/win/rate_bp`.
    package var path: String
    /// `nil` where the older version has nothing there.
    package var before: String?
    /// `nil` where the newer version has nothing there.
    package var after: String?

    package init(path: String, before: String?, after: String?) {
        self.path = path
        self.before = before
        self.after = after
    }

    /// `/review/hours: 48 -> 24`
    package var description: String { "\(path): \(before ?? "(nothing)") -> \(after ?? "(nothing)")" }
}
