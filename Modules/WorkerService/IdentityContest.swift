import Foundation

/// Remembers beside a slot that another process had its identity. Whatever starts the loser again at once would only have
/// the two fence each other in turn, so it stands still until a minute is over.
struct IdentityContest {
    /// How long an identity is left to the other process, in seconds.
    static let truce: TimeInterval = 60

    private let path: String

    init(path: String) { self.path = path }

    /// This process has lost.
    ///
    /// - Throws: where the mark cannot be written; then the next start does not know, and contests the identity again.
    func lose() throws { try Data().write(to: URL(fileURLWithPath: path)) }

    /// What is left of the truce, in seconds; 0 for none. A clock that was set back does not make it longer.
    ///
    /// - Throws: where it cannot be known whether there is a mark.
    func truceLeft(at now: Date) throws -> TimeInterval {
        let attributes: [FileAttributeKey: Any]
        do {
            attributes = try FileManager.default.attributesOfItem(atPath: path)
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return 0
        }
        let lost = attributes[.modificationDate] as? Date ?? now
        return min(IdentityContest.truce, max(0, IdentityContest.truce - now.timeIntervalSince(lost)))
    }
}
