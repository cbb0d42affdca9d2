/// Why a partition cannot go on without a person. The worker stays unready and names it; its other partitions work.
struct PartitionStop: Error, CustomStringConvertible {
    enum Code: String {
        /// The stored changelog position lies beyond the changelog's end: the topic was recreated.
        case changelogRecreated = "changelog_recreated"
        /// The changelog begins behind what the store has, or there is no store: records of it were deleted.
        case changelogTruncated = "changelog_truncated"
        /// The changelog has a turn, but the group has no committed position: expired, or reset by hand.
        case positionLost = "position_lost"
        /// Input from the position on was deleted unread, or the position lies beyond the topic's end.
        case offsetOutOfRange = "offset_out_of_range"
        /// A changelog row of a newer version of the product.
        case newer = "store_newer"
        /// No progress for too long: somebody's transaction stays open. Goes on by itself when that ends.
        case stalled = "restore_stalled"
    }

    var code: Code
    var description: String
}
