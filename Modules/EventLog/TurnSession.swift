/// What a poll of a session brought.
package enum SessionEvent: Sendable {
    /// The partitions are ours from now on, all of them paused. The group's generation is remembered with them.
    /// Answer: restore each task, then `resume`.
    case assigned([Int32])
    /// The partitions go to another member. Answer within the deadline: commit, suspend, `finishRevocation`.
    case revoked([Int32])
    /// The partitions are gone already (session lost, fenced). Answer: abort, roll back, `finishRevocation`.
    case lost([Int32])
    /// Records of resumed partitions, in partition order.
    case records([LogRecord])
    /// What a partition wants next is not in the log: deleted, or never written. It is paused, until it is
    /// assigned anew. Comes behind the records that were fetched before.
    case outOfRange(Int32, reason: String)
}

/// A position to be committed with a turn.
package struct TurnOffset: Sendable, Hashable {
    package var partition: Int32
    /// The next offset to be consumed.
    package var offset: Int64
    /// Free text beside it: `turn=N epoch=E`.
    package var metadata: String

    package init(partition: Int32, offset: Int64, metadata: String) {
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
    }
}

/// A position as the group committed it.
package struct CommittedPosition: Sendable, Hashable {
    package var offset: Int64
    package var metadata: String

    package init(offset: Int64, metadata: String) {
        self.offset = offset
        self.metadata = metadata
    }
}

/// Part of a changelog as a restore reads it.
package struct ChangelogSlice: Sendable {
    package var records: [LogRecord]
    /// The next offset to read: past markers and compacted gaps too.
    package var position: Int64

    package init(records: [LogRecord], position: Int64) {
        self.records = records
        self.position = position
    }
}

/// One thread's consumer and transactional producer. All calls come from that thread.
///
/// A turn is: `begin`, any number of `append`, `commit` or `abort`. `commit` makes the records and the offsets
/// visible atomically, or throws: `abortable` after nothing became visible (call `abort`), `fatal` with
/// `unknownOutcome` where that cannot be known (close the session, open another).
package protocol TurnSession: AnyObject {
    /// Serves the group and fetches. Waits up to `timeout` for the first event; woken at once by an append. No partition's
    /// records stand behind the backlog of another.
    func poll(maximumRecords: Int, timeout: Duration) throws(LogError) -> [SessionEvent]

    /// The group's committed position of an assigned partition, after every pending transaction on it is settled
    /// (Kafka: require-stable); `nil` where the group never committed one. Waits up to `timeout`.
    func committed(_ partition: Int32, timeout: Duration) throws(LogError) -> CommittedPosition?

    /// Starts fetching an assigned partition at `offset`. Only a paused partition may be resumed.
    func resume(_ partition: Int32, at offset: Int64) throws(LogError)

    /// Stops fetching; records already fetched of it are dropped.
    func pause(_ partition: Int32) throws(LogError)

    /// The first kept offset and the end (read-uncommitted, so a dead owner's open transaction does not hide rows
    /// below it) of a changelog partition.
    func changelogBounds(_ partition: Int32) throws(LogError) -> (first: Int64, end: Int64)

    /// Committed rows of a changelog partition from `offset` on; waits up to `timeout` for progress.
    func readChangelog(_ partition: Int32, from offset: Int64, maximum: Int, timeout: Duration) throws(LogError)
        -> ChangelogSlice

    /// Begins a turn's transaction. Must be followed by `commit` or `abort`.
    func begin() throws(LogError)

    /// Adds a record to the turn's transaction. The record may leave at once; it is visible only after `commit`.
    func append(_ record: OutgoingRecord) throws(LogError)

    /// Waits for every delivery, then commits the turn with the positions of **every** task in it, fenced by the generation
    /// of their assignment.
    ///
    /// - Returns: per changelog partition written in this turn, the offset after the last of this turn's records.
    func commit(_ offsets: [TurnOffset], deadline: ContinuousClock.Instant) throws(LogError) -> [Int32: Int64]

    /// Aborts the turn: none of its records will be seen.
    func abort() throws(LogError)

    /// Ends a revocation or a loss after the tasks were put down.
    func finishRevocation() throws(LogError)

    /// Leaves within the deadline. A static member keeps its partitions until its session times out.
    func close(deadline: ContinuousClock.Instant)
}

extension TurnSession {
    /// Adds records in their order.
    package func append(all records: [OutgoingRecord]) throws(LogError) {
        // A span lends its elements, a loop over the array copies each.
        let records = records.span
        for index in records.indices { try append(records[index]) }
    }
}
