/// The log as programs around the workers see it: topics, appends, reads, positions.
///
/// Two implementations: `EmbeddedLog` (one SQLite file, one process, and its socket for other processes) and
/// `KafkaLog` (librdkafka). One conformance suite runs on both. Calls block; no call may run on a cooperative thread.
package protocol EventLog: AnyObject, Sendable {
    /// Creates the topics that are missing. A topic that exists with another partition count is an error that names both.
    func createTopics(_ topics: [TopicSpecification]) throws(LogError)

    /// The topics that exist, by name, with what the log says of them.
    func topics() throws(LogError) -> [String: TopicSpecification]

    /// The number of partitions of `topic`; an error with code `unknownTopic` where it does not exist. Cached.
    func partitionCount(of topic: String) throws(LogError) -> Int32

    /// A transactional producer. `identity` is stable for one writer; a newer producer of the same identity fences it, and
    /// ends what it has left open.
    func producer(identity: String) throws(LogError) -> any LogProducer

    /// The same with the time after which the log itself ends a transaction that is left open; until then readers wait at it.
    func producer(identity: String, transactionTimeout: Duration) throws(LogError) -> any LogProducer

    /// A reader of committed records from explicit positions, without a group.
    func reader(for use: ReaderUse) throws(LogError) -> any LogReader

    /// The offset after the last committed record of each partition of `topic` (on Kafka transaction markers count,
    /// and an open transaction holds it back).
    func endOffsets(of topic: String) throws(LogError) -> [Int64]

    /// The same of one partition, as it is told at once: what was committed a moment ago may lie behind it.
    func endOffset(of place: TopicPartition) throws(LogError) -> Int64

    /// The position that `group` committed in each partition of `topic`; `nil` where it has none.
    func committedOffsets(group: String, topic: String) throws(LogError) -> [Int64?]

    /// One worker thread's session: its consumer, its transactional producer and its membership of the group.
    func session(_ configuration: SessionConfiguration) throws(LogError) -> any TurnSession

    /// From now on no call waits for the log beyond `instant`, and one that begins behind it only for a moment: it
    /// throws `timedOut`. For the end of a process whose log may be away; a log that always answers ignores it.
    func limitWaits(until instant: ContinuousClock.Instant)

    /// Releases what the log holds. Sessions, producers and readers must be closed before.
    func close()
}

/// What a reader is for: it says how much is fetched before anybody asks for it.
package enum ReaderUse: Sendable {
    /// Everything from a position on.
    case stream
    /// A record here, a record there.
    case glance
}

extension EventLog {
    /// A reader of everything from a position on.
    package func reader() throws(LogError) -> any LogReader { try reader(for: .stream) }

    package func producer(identity: String, transactionTimeout: Duration) throws(LogError) -> any LogProducer {
        try producer(identity: identity)
    }

    package func endOffset(of place: TopicPartition) throws(LogError) -> Int64 {
        let ends = try endOffsets(of: place.topic)
        guard ends.indices.contains(Int(place.partition)) else {
            throw LogError(.unknownTopic, .fatal, "\(place.topic) has \(ends.count) partitions, not \(place.partition)")
        }
        return ends[Int(place.partition)]
    }

    package func limitWaits(until instant: ContinuousClock.Instant) {}
}

/// Appends records in transactions. Not thread-safe.
package protocol LogProducer: AnyObject {
    /// Appends all records atomically and durably: after return every one is readable, after a throw none is
    /// (`unknownOutcome`: all or none).
    ///
    /// - Returns: the offset after the last of these records in each partition written.
    @discardableResult
    func append(_ records: [OutgoingRecord]) throws(LogError) -> [TopicPartition: Int64]
    func close()
}

/// Reads committed records in partition order. Not thread-safe.
package protocol LogReader: AnyObject {
    /// Replaces what is read: each partition with the offset of the first record wanted (0 for the start).
    func assign(_ positions: [TopicPartition: Int64]) throws(LogError)
    /// Up to `maximum` records; waits up to `timeout` for the first and is woken at once by an append. Empty on timeout.
    func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord]
    /// The next offset to be read of each assigned partition; it passes transaction markers and compacted gaps.
    func positions() throws(LogError) -> [TopicPartition: Int64]
    func close()
}

extension LogReader {
    /// Assigns the partition alone and reads its first record from `position` on; `nil` where there is none below `end`, an
    /// error with code `timedOut` where neither shows within `patience`.
    package func first(
        of place: TopicPartition, from position: Int64, below end: Int64, within patience: Duration
    ) throws(LogError) -> LogRecord? {
        try assign([place: position])
        let deadline = ContinuousClock.now + patience
        repeat {
            if let record = try read(maximum: 1, timeout: .milliseconds(50)).first {
                return record.offset < end ? record : nil
            }
            if try positions()[place] ?? 0 >= end { return nil }
        } while ContinuousClock.now < deadline
        throw LogError(
            .timedOut, .retriable,
            "reading \(place.topic)/\(place.partition) from \(position): no answer in \(patience)")
    }
}

/// Who a session is.
package struct SessionConfiguration: Sendable {
    /// How a member keeps its partitions over a restart.
    package enum Membership: String, Sendable {
        case `static`, dynamic
    }

    /// The consumer group; one per worker.
    package var group: String
    /// The input topic.
    package var topic: String
    /// The changelog topic of the tasks; partition for partition beside the input.
    package var changelogTopic: String
    /// Stable identity of this thread: transactional id and, with static membership, group instance id.
    package var identity: String
    package var membership: Membership
    package var sessionTimeout: Duration
    package var transactionTimeout: Duration

    package init(
        group: String, topic: String, changelogTopic: String, identity: String, membership: Membership = .static,
        sessionTimeout: Duration = .seconds(45), transactionTimeout: Duration = .seconds(10)
    ) {
        self.group = group
        self.topic = topic
        self.changelogTopic = changelogTopic
        self.identity = identity
        self.membership = membership
        self.sessionTimeout = sessionTimeout
        self.transactionTimeout = transactionTimeout
    }
}
