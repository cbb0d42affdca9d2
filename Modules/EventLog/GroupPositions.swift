/// A log whose groups may lose their positions while the records stay: they expire, or somebody resets them.
package protocol GroupPositionWriting: AnyObject {
    /// Writes positions of `group` in `topic`, by partition, in place of its members; refused while it has any.
    func write(_ positions: [Int32: CommittedPosition], ofGroup group: String, topic: String) throws(LogError)
}
