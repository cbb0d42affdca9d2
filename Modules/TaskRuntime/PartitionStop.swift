/// Why a partition cannot go on without a person. The worker stays unready and names it; its other partitions work.
struct PartitionStop: Error, CustomStringConvertible {
    enum Code: String {
        /// The changelog ends before what the store has or the group committed: the topic was recreated, or lost its end.
        case changelogRecreated = "changelog_recreated"
        /// The changelog begins behind what the store has, or there is no store: records of it were deleted.
        case changelogTruncated = "changelog_truncated"
        /// The changelog has something that cannot be read, and without which the partition cannot begin.
        case changelogUnreadable = "changelog_unreadable"
        /// The changelog has a turn, but the group has no committed position: expired, or reset by hand.
        case positionLost = "position_lost"
        /// Input from the position on was deleted unread, or the position lies beyond the topic's end.
        case offsetOutOfRange = "offset_out_of_range"
        /// A changelog row of a newer version of the product.
        case newer = "store_newer"
        /// No progress for too long: somebody's transaction stays open. Goes on by itself when that ends.
        case stalled = "restore_stalled"
    }

    /// Whether it may rest on one answer of one broker: until it knows that it leads a log no more, a broker tells an end that is
    /// too old.
    var isToBeConfirmed: Bool {
        code == .changelogRecreated || code == .changelogTruncated || code == .offsetOutOfRange
    }

    var code: Code
    var description: String
}
