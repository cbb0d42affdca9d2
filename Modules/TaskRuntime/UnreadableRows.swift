import Hashing

/// The rows of one partition that this process could not read, and whether its store is to blame.
///
/// A row may be unreadable because the store is damaged, or because the changelog has it so. A store made anew from the
/// changelog heals the first; for the second it would be made again and again. Trying tells them apart: a row that is found
/// again, byte for byte, in the store that was made anew for it is the changelog's. From then on no store is made anew for a
/// row: others that cannot be read are most likely the changelog's as well, and each would cost a restore.
///
/// So a good record is a dead letter only where a disk damages a store beside a changelog that has such rows. Nothing is kept
/// over a restart of the process, after which the store is made anew once more.
///
/// Kept by the turn loop as long as that runs, and used by its thread.
final class UnreadableRows {
    /// A row as it was found.
    private struct Finding: Hashable {
        /// Hashes of table and key, and of the value.
        var key: UInt64
        var value: UInt64

        init(_ row: RowChange) {
            key = Hashing.first64(of: Changelog.key(of: row))
            value = Hashing.first64(of: row.value ?? [])
        }
    }

    /// So many findings are remembered.
    private static let limit = 1_024

    /// In the store as it is.
    private var found: Set<Finding> = []
    /// In a store that has been made anew since.
    private var tried: Set<Finding> = []
    private var areInChangelog = false

    /// Why a row cannot be read, for the record or the timer that needs it.
    ///
    /// - Parameter problem: what is wrong with it, without any of its values.
    /// - Throws: where the store may be to blame, which is to be made anew.
    func deadLetter(_ row: RowChange, _ problem: String) throws(StoreError) -> DeadLetter {
        let finding = Finding(row)
        if tried.contains(finding) { areInChangelog = true }
        // The key may be a person's.
        let name = "the row of table \(row.table.name) whose key has the hash \(Hexadecimal.text(finding.key))"
        guard areInChangelog else {
            if found.count >= UnreadableRows.limit { found.removeAll() }
            found.insert(finding)
            throw StoreError(.corrupt, "\(name) cannot be read: \(problem)")
        }
        return DeadLetter(.processingFailed, "\(name) cannot be read, and the changelog has it so: \(problem)")
    }

    /// The store was thrown away, to be made anew from the changelog.
    func storeWasDiscarded() {
        if tried.count >= UnreadableRows.limit { tried.removeAll() }
        tried.formUnion(found)
        found.removeAll()
    }
}
