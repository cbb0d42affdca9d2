import CRdkafka
import EventLog

/// One thread's membership of a worker's group: an eager consumer, its transactional producer and, from its first
/// restore on, a reader of its changelog.
///
/// The group part (rebalances, fetching) is here; `KafkaSession+Turn` has the commit, `KafkaSession+Restore` the
/// changelog. Safe because everything it holds belongs to the one thread that uses it.
@safe final class KafkaSession: TurnSession {
    let session: SessionConfiguration
    let handle: KafkaHandle
    let producer: TransactionalProducer
    let committed: CommittedOffsets
    let admin: KafkaAdmin
    let configuration: KafkaConfiguration
    /// Rebalances come here, and errors that are about no partition.
    private let queue: KafkaQueue
    private let topic: OpaquePointer
    private let signal: QueueSignal
    private let input: MemberInput

    /// How long the bounds of a log are waited for while all partitions stand still, and how long these go on before the bounds
    /// are asked for again.
    static let boundsPatience = Duration.seconds(3)
    private static let boundsPause = Duration.seconds(3)

    /// When doubts are judged next, and whose log could not be asked the last time: the others come first.
    private var nextJudgement = ContinuousClock.now
    private var unanswered: Int32 = -1

    private(set) var ownership: GroupOwnership<GroupMetadata>
    /// Whether a rebalance was taken from the queue that the client still waits for an answer to.
    private var owesAnswer = false
    /// An error that came behind events which had to be handed out first.
    private var pendingError: LogError?
    var changelog: ChangelogReader?

    init(
        _ session: SessionConfiguration, producer: TransactionalProducer,
        committed: CommittedOffsets, admin: KafkaAdmin,
        configuration: KafkaConfiguration, diagnostics: KafkaDiagnostics, whileJoining: () throws(LogError) -> Void
    ) throws(LogError) {
        self.session = session
        self.producer = producer
        self.committed = committed
        self.admin = admin
        self.configuration = configuration
        ownership = GroupOwnership(topic: session.topic)
        signal = try QueueSignal()
        handle = try KafkaHandle(
            .member(session), configuration, events: RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR,
            diagnostics: diagnostics)
        queue = KafkaQueue.consumer(of: handle)
        unsafe topic = rd_kafka_topic_new(handle.pointer, session.topic, nil)
        input = MemberInput(
            topic: session.topic, handle: handle, signal: signal,
            queueBytes: configuration.fetchQueueKibibytes(of: .member(session)) << 10)
        signal.watch(queue)
        let topics = PartitionList(capacity: 1)
        topics.add(session.topic, -1, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        do {
            // The consumer knows the partitions from here on: only a known one can be paused before it is assigned.
            _ = try unsafe TopicMetadata.partitionCount(
                of: session.topic, topic: topic, handle: handle, deadline: .now + KafkaLog.defaultTimeout)
            unsafe try KafkaFailure.check(
                rd_kafka_subscribe(handle.pointer, topics.pointer), "subscribing to \(session.topic)")
            // The group waits less long for a member that comes back. It takes no assignment before this is done.
            try whileJoining()
        } catch {
            closeConsumer(until: .now + KafkaHandle.destructionDeadline)
            throw error
        }
    }

    // MARK: Polling

    func poll(maximumRecords: Int, timeout: Duration) throws(LogError) -> [SessionEvent] {
        try ownership.requireNoRevocation()
        if let error = pendingError {
            pendingError = nil
            throw error
        }
        let deadline = ContinuousClock.now + timeout
        while true {
            if let event = try pollGroup() { return [event] }
            let (records, error) = input.take(maximumRecords) { failure(of: $0) }
            input.refill()
            let (gone, doubt) = judgeDoubts()
            var events: [SessionEvent] = records.isEmpty ? [] : [.records(records)]
            for (partition, reason) in gone {
                try pause(partition)
                input.settle(partition)
                events.append(.outOfRange(partition, reason: reason))
            }
            if let error = error ?? doubt {
                guard !events.isEmpty else { throw error }
                pendingError = error
            }
            if !events.isEmpty { return events }
            if deadline.hasPassed { return [] }
            signal.wait(deadline.remaining.milliseconds)
        }
    }

    /// The next change of the assignment that waits, before records: what was fetched of a partition that goes is of no use.
    private func pollGroup() throws(LogError) -> SessionEvent? {
        while let event = queue.poll(0) {
            switch event.kind {
            case RD_KAFKA_EVENT_REBALANCE:
                if let change = try rebalance(event) { return change }
            case RD_KAFKA_EVENT_ERROR:
                if let failure = failure(of: event) { throw failure }
            case RD_KAFKA_EVENT_FETCH:
                throw LogError(.invalidState, .fatal, "a record of \(session.topic) came past its partition's queue")
            default: break
            }
        }
        return nil
    }

    private func failure(of event: borrowing KafkaEvent) -> LogError? {
        ConsumerErrors.failure(of: event, on: handle, place: event.place)
    }

    /// Partitions whose next record is not in their logs, as the logs' bounds confirm, and why. A log that cannot be asked now is
    /// asked again later: what was fetched before may be the last copy, and the other partitions go on.
    private func judgeDoubts() -> (gone: [(partition: Int32, reason: String)], error: LogError?) {
        var gone: [(partition: Int32, reason: String)] = []
        guard !input.doubts.isEmpty, nextJudgement.hasPassed else { return (gone, nil) }
        let doubts = input.doubts.sorted { $0.key < $1.key }
        for (partition, words) in doubts.filter({ $0.key > unanswered }) + doubts.filter({ $0.key <= unanswered }) {
            guard let wanted = input.next(of: partition) else { continue }
            do throws(LogError) {
                gone.append((partition, try judge(TopicPartition(session.topic, partition), wanted, words)))
            } catch {
                guard error.errorClass == .retriable else { return (gone, error) }
                nextJudgement = .now + Self.boundsPause
                unanswered = partition
                return (gone, nil)
            }
        }
        return (gone, nil)
    }

    /// What a broker's word means that a position is not in its log. One that does not know yet that it leads no more says so of
    /// the newest records: unless the log's bounds confirm it, the position is asked for again, which a client of this library
    /// version does in a new session only.
    private func judge(_ place: TopicPartition, _ wanted: Int64, _ words: String) throws(LogError) -> String {
        let (first, end) = try admin.bounds(of: place, timeout: Self.boundsPatience)
        guard wanted < first || wanted > end else {
            throw LogError(.timedOut, .fatal, "\(words), while the log goes from \(first) to \(end)")
        }
        return wanted < first
            ? "\(place): \(first - wanted) unread records are gone (wanted \(wanted), kept from \(first))"
            : "\(place): position \(wanted) is beyond the end (\(end))"
    }

    // MARK: Rebalances

    private func rebalance(_ event: borrowing KafkaEvent) throws(LogError) -> SessionEvent? {
        let partitions =
            unsafe rd_kafka_event_topic_partition_list(event.pointer).map { list in
                unsafe PartitionList(borrowing: list).elements.filter { $0.place.topic == session.topic }
                    .map(\.place.partition).sorted()
            } ?? []
        owesAnswer = true
        switch event.code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            return try assigned(partitions)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            return try revoked(partitions)
        default:
            try unassign()
            throw KafkaFailure(code: event.code, text: event.errorText).logError(during: "rebalancing")
        }
    }

    private func assigned(_ partitions: [Int32]) throws(LogError) -> SessionEvent? {
        guard let metadata = GroupMetadata(of: handle) else {
            // The membership ended while the event waited; the client joins again by itself.
            try unassign()
            return nil
        }
        // Paused first, then assigned, at a plain offset that is never fetched. A logical one (end, beginning) would be
        // looked up at the broker, and in this library version a late answer overrides the position that `resume`
        // sought: input would be skipped.
        let list = PartitionList(capacity: partitions.count)
        for partition in partitions { list.add(session.topic, partition, offset: 0) }
        try input.add(partitions)
        unsafe try KafkaFailure.check(rd_kafka_pause_partitions(handle.pointer, list.pointer), "pausing")
        for element in list.elements { try KafkaFailure.check(element.code, "pausing \(element.place)") }
        try unsafe answer(list.pointer, "taking the assignment")
        ownership.assign(partitions, metadata: metadata)
        return .assigned(partitions)
    }

    private func revoked(_ partitions: [Int32]) throws(LogError) -> SessionEvent? {
        input.pauseAll()
        // The library forgets that the membership ended where that happened during a rebalance: its metadata tells.
        let isLost = unsafe rd_kafka_assignment_lost(handle.pointer) != 0
        let event = ownership.revoke { held in
            isLost || !(GroupMetadata(of: handle)?.isSameMember(as: held) ?? false)
        }
        if event == nil { try unassign() }
        return event
    }

    func finishRevocation() throws(LogError) {
        try ownership.requireRevocation()
        try unassign()
    }

    private func unassign() throws(LogError) {
        ownership.release()
        changelog?.release()
        try unsafe answer(nil, "giving the assignment up")
        input.emptyAll()
    }

    /// Answers a rebalance: with the partitions that are taken, or with none.
    @unsafe private func answer(
        _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ operation: String
    ) throws(LogError) {
        owesAnswer = false
        unsafe try KafkaFailure.check(rd_kafka_assign(handle.pointer, partitions), operation)
    }

    // MARK: Positions

    func committed(_ partition: Int32, timeout: Duration) throws(LogError) -> CommittedPosition? {
        let list = PartitionList(capacity: 1)
        list.add(session.topic, partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        let operation = "asking for the committed position of \(session.topic)/\(partition)"
        unsafe try KafkaFailure.check(
            rd_kafka_committed(handle.pointer, list.pointer, max(1, timeout.milliseconds)), operation)
        let answer = list.elements[0]
        try KafkaFailure.check(answer.code, operation)
        guard answer.offset >= 0 else { return nil }
        return CommittedPosition(offset: answer.offset, metadata: answer.metadata)
    }

    func resume(_ partition: Int32, at offset: Int64) throws(LogError) {
        try ownership.require(partition)
        guard input.isPaused(partition) else {
            throw LogError(.invalidState, .fatal, "\(session.topic)/\(partition) is not paused")
        }
        changelog?.release(partition)
        input.empty(partition)
        let list = PartitionList(capacity: 1)
        list.add(session.topic, partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        // In doubt, nothing is fetched of it wherever it stands, and a client of this library version cannot seek it.
        if input.doubts[partition] == nil {
            let code = unsafe rd_kafka_seek(topic, partition, offset, session.sessionTimeout.milliseconds)
            try KafkaFailure.check(code, "resuming \(session.topic)/\(partition) at \(offset)")
        }
        unsafe try KafkaFailure.check(rd_kafka_resume_partitions(handle.pointer, list.pointer), "resuming")
        input.resume(partition, at: offset)
    }

    func pause(_ partition: Int32) throws(LogError) {
        try ownership.require(partition)
        guard !input.isPaused(partition) else { return }
        let list = PartitionList(capacity: 1)
        list.add(session.topic, partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        unsafe try KafkaFailure.check(rd_kafka_pause_partitions(handle.pointer, list.pointer), "pausing")
        input.pause(partition)
    }

    // MARK: Leaving

    func close(deadline: ContinuousClock.Instant) {
        if producer.isInTransaction, producer.handle.fatalFailure == nil {
            // What cannot be aborted in half the time is left to the next holder of the identity.
            let half = ContinuousClock.now + deadline.remaining / 2
            _ = Result { () throws(LogError) in try producer.abort(until: half) }
        }
        changelog?.close()
        changelog = nil
        closeConsumer(until: deadline)
        producer.close(within: max(.milliseconds(100), deadline.remaining))
    }

    /// Leaves the group (a static member keeps its partitions) and ends the consumer.
    ///
    /// Rebalances that wait are answered before the group is asked to end. From then on the client waits for no answer to them
    /// and may have ended when one comes: in this library version the call would then never return. What comes behind that is
    /// the revocation that the end itself brings, for whose answer it waits.
    private func closeConsumer(until deadline: ContinuousClock.Instant) {
        ownership.release()
        if owesAnswer { unsafe rd_kafka_assign(handle.pointer, nil) }
        while let event = queue.poll(0) {
            if event.kind == RD_KAFKA_EVENT_REBALANCE { unsafe rd_kafka_assign(handle.pointer, nil) }
        }
        let last = KafkaQueue.new(of: handle)
        let error = unsafe last.withPointer { unsafe rd_kafka_consumer_close_queue(handle.pointer, $0) }
        if let error = unsafe error {
            unsafe rd_kafka_error_destroy(error)
        } else {
            let wait = handle.wait(until: deadline, grace: .milliseconds(500))
            while unsafe rd_kafka_consumer_closed(handle.pointer) == 0, !wait.isOver {
                guard let event = last.poll(min(100, wait.slice())) else { continue }
                if event.kind == RD_KAFKA_EVENT_REBALANCE, event.code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS {
                    unsafe rd_kafka_assign(handle.pointer, nil)
                }
            }
        }
        last.close()
        input.close()
        signal.unwatch(queue)
        queue.close()
        unsafe rd_kafka_topic_destroy(topic)
        handle.close(within: max(.milliseconds(100), deadline.remaining))
    }
}
