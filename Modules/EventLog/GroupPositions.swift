/// A log that lets a group's positions be put right: they expire, somebody resets them, or the records from them on were
/// deleted.
package protocol GroupPositionWriting: AnyObject {
    /// The first kept offset of each partition of a topic.
    func firstOffsets(of topic: String) throws(LogError) -> [Int64]

    /// What a group committed in each partition of a topic; `nil` where it never did. An error where a transaction on one
    /// is pending.
    func positions(ofGroup group: String, topic: String) throws(LogError) -> [CommittedPosition?]

    /// Writes positions of `group` in `topic`, by partition, in place of its members; refused while it has any.
    func write(_ positions: [Int32: CommittedPosition], ofGroup group: String, topic: String) throws(LogError)
}
