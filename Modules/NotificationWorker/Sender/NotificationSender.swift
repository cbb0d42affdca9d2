import Contracts
import Dispatch
package import Domain
import Synchronization

/// Sends messages after their intent is committed, on a thread of its own, and writes what became of them back to the log.
///
/// Jobs come from the partitions' threads, a bounded number of each. `sendNext` works off one batch; one thread calls it
/// (`NotificationSenderThread`, or a test). A batch's results go to the log together; where that fails they are kept and
/// tried again before anything else is sent. What is lost with the process is asked for again by the partitions.
///
/// Where a repeated message would reach its recipient twice, a batch is what is done in a short time, its jobs are taken
/// one by one, so that none is begun for a partition that is gone or may be, and few attempts are announced ahead of being
/// made. An announced attempt that is dropped is reported as not made: it counts for nothing, and the message is asked for at
/// once.
package final class NotificationSender: NotificationDispatch, @unchecked Sendable {
    // `queue` is guarded by its mutex; everything else that changes belongs to the thread that calls `sendNext`.

    private let settings: NotificationSenderSettings
    private let sink: any MessageSink
    private let prepare: () throws -> Void
    private let publish: ([SenderEvent]) throws -> Void
    private let wallClock: () -> Timestamp
    private let clock: () -> ContinuousClock.Instant
    private let wake: @Sendable () -> Void
    private let queue = Mutex(SenderQueue())
    /// Until when at most partitions wait for results; `nil` before the end.
    private let end = Mutex<DispatchTime?>(nil)
    private var sequences: [Int32: Int64] = [:]
    private var results = ResultBatch()
    /// Events that are not in the log yet.
    private var unpublished: [SenderEvent] = []

    /// - Parameters:
    ///   - prepare: makes ready to publish, where that is not so yet.
    ///   - publish: appends the events to `notification.v1` in one transaction.
    ///   - wallClock: the wall's time, by which alone a message is stale.
    ///   - clock: measures how long results wait to be written, and how long ago a partition was surely this process's. Any
    ///     thread may read it.
    ///   - wake: called when there is work and there was none.
    package init(
        settings: NotificationSenderSettings, sink: any MessageSink, prepare: @escaping () throws -> Void = {},
        publish: @escaping ([SenderEvent]) throws -> Void,
        wallClock: @escaping () -> Timestamp, clock: @escaping () -> ContinuousClock.Instant = { ContinuousClock.now },
        wake: @escaping @Sendable () -> Void = {}
    ) {
        self.settings = settings
        self.sink = sink
        self.prepare = prepare
        self.publish = publish
        self.wallClock = wallClock
        self.clock = clock
        self.wake = wake
    }

    /// Whether a message that is sent again changes nothing, so that a result may be lost.
    package var repeatsHarmlessly: Bool { sink.isIdempotent }

    // MARK: Jobs

    package func instant() -> ContinuousClock.Instant { clock() }

    package func own(_ partition: Int32) -> Int {
        let (owner, hasUnmade) = queue.withLock { $0.own(partition) }
        if hasUnmade { wake() }
        return owner
    }

    package func confirm(_ partition: Int32, at time: ContinuousClock.Instant) {
        queue.withLock { $0.confirm(partition, at: time) }
    }

    package func room(for partition: Int32) -> Int {
        queue.withLock { $0.room(for: partition, of: settings.jobsPerPartition) }
    }

    package func take(_ jobs: [NotificationJob], from partition: Int32) -> Int {
        let (taken, wasEmpty) = queue.withLock { queue in
            let wasEmpty = queue.isEmpty
            return (queue.add(jobs, of: partition, limit: settings.jobsPerPartition), wasEmpty)
        }
        // The thread may also sleep while announced attempts are awaited.
        if taken > 0 && (wasEmpty || jobs[0].phase == .announced) { wake() }
        return taken
    }

    package func handBack(_ jobs: [NotificationJob], from partition: Int32) {
        queue.withLock { $0.handBack(jobs, of: partition) }
        wake()
    }

    package func withdraw(_ ids: Set<NotificationID>, from partition: Int32) {
        queue.withLock { $0.withdraw(ids, from: partition) }
    }

    package func report(unreadable ids: [NotificationID], from partition: Int32, at time: Timestamp) {
        queue.withLock { $0.report(unreadable: ids, of: partition, at: time) }
        wake()
    }

    package func forget(_ partition: Int32, of owner: Int) {
        if queue.withLock({ $0.isOwner(owner, of: partition) && $0.drop(partition) }) { wake() }
    }

    package func underway(of partition: Int32) -> Set<NotificationID> {
        queue.withLock { $0.underway(of: partition) }
    }

    /// The process is about to end: from now on nobody waits for results for longer than once.
    package func hurry() { end.withLock { $0 = $0 ?? .now() + Self.finishTimeout } }

    package func finish(_ partition: Int32, of owner: Int) {
        forget(partition, of: owner)
        let waiter = DispatchSemaphore(value: 0)
        guard queue.withLock({ $0.isOwner(owner, of: partition) && $0.wait(waiter, for: partition) }),
            waiter.wait(timeout: min(.now() + Self.finishTimeout, end.withLock { $0 } ?? .distantFuture)) == .timedOut
        else { return }
        queue.withLock { $0.waitedInVain(waiter) }
    }

    /// How long a partition waits for its last results before it goes elsewhere: longer than the last message may take when the
    /// worker is asked to end.
    private static let finishTimeout = DispatchTimeInterval.seconds(8)

    // MARK: Sending

    /// Makes ready to write results; called before there are any, and again after a fault.
    package func makeReady() throws { try prepare() }

    /// Works off one batch and writes its results together; returns how many jobs there were.
    ///
    /// - Parameter goesOn: asked before each message that must not be repeated; after `false` no other is begun.
    /// - Throws: what `publish` threw. The results are kept; the next call begins with them.
    package func sendNext(while goesOn: () -> Bool = { true }) throws -> Int {
        try writeResults()
        let count = (sink.isIdempotent ? workTogether() : workSingly(while: goesOn)) + giveBack() + reportUnreadable()
        guard count > 0 else { return 0 }
        sink.flush()
        results.take(sink: sink.name) { add($1, partition: $0) }
        try writeResults()
        return count
    }

    /// Drops what is not begun, takes nothing any more and writes the last results. May be called again when it throws.
    package func sendLast() throws {
        queue.withLock { $0.close() }
        _ = try sendNext { false }
    }

    private func writeResults() throws {
        if !unpublished.isEmpty {
            try publish(unpublished)
            unpublished.removeAll(keepingCapacity: true)
        }
        queue.withLock { $0.endBatch() }
    }

    private func workTogether() -> Int {
        let batch = queue.withLock { $0.nextBatch(settings.batchSize) }
        for entry in batch { work(entry) }
        return batch.count
    }

    private func workSingly(while goesOn: () -> Bool) -> Int {
        let start = clock()
        var (count, time) = (0, start)
        while count < settings.batchSize, time - start < settings.resultInterval, goesOn() {
            guard let entry = nextEntry(at: time) else { break }
            work(entry)
            count += 1
            time = clock()
        }
        return count
    }

    private func nextEntry(at time: ContinuousClock.Instant) -> JobLine.Entry? {
        queue.withLock {
            $0.next(
                announcementLimit: settings.announcementLimit, ownershipLimit: settings.ownershipLimit, at: time)
        }
    }

    /// Reports the announced attempts that are not made.
    private func giveBack() -> Int {
        let unmade = queue.withLock { $0.takeUnmade() }
        for entry in unmade {
            fail(
                entry, .retry, isMade: false,
                "It was not begun: its sender stopped, or its partition went elsewhere, or may have.")
        }
        return unmade.count
    }

    /// Reports messages that nobody can read, as no attempt of theirs: to a worker that can read one after all it says nothing.
    private func reportUnreadable() -> Int {
        let unreadable = queue.withLock { $0.takeUnreadable(settings.batchSize) }
        for message in unreadable {
            results.add(
                NotificationFailed.Message(
                    notification: message.notification, attempt: 0, outcome: .unknown,
                    reason: "What is stored of it cannot be read: it is not sent."),
                at: message.time, partition: message.partition)
        }
        return unreadable.count
    }

    private func work(_ entry: JobLine.Entry) {
        let job = entry.job
        if let age = staleAge(of: job) {
            let limit = settings.staleAfter.milliseconds / TimeSpan.days(1).milliseconds
            return fail(entry, .stale, "It took effect \(age) days ago; after \(limit) days it is not sent any more.")
        }
        switch job.phase {
        case .giveUp: fail(entry, .unknown, "Attempts had no answer; whether the recipient got it is not known.")
        case .new where !sink.isIdempotent: announce(entry)
        case .new, .announced: deliver(entry)
        }
    }

    private func announce(_ entry: JobLine.Entry) {
        let (job, time) = (entry.job, clock())
        queue.withLock { $0.announce(entry, at: time) }
        add(
            NotificationSending(
                notification: job.request.notification, recipient: job.request.recipient, attempt: job.attempt,
                occurredAt: job.time), of: job.request, partition: entry.partition)
    }

    private func deliver(_ entry: JobLine.Entry) {
        let job = entry.job
        switch sink.deliver(MessageDraft(request: job.request, sender: settings.sender)) {
        case .sent:
            results.add(
                NotificationSent.Message(notification: job.request.notification, attempt: job.attempt), at: job.time,
                partition: entry.partition)
        case .retry(let reason): fail(entry, .retry, reason)
        case .failed(let reason): fail(entry, .failed, reason)
        case .unknown(let reason): fail(entry, .unknown, reason)
        }
    }

    /// Days since the message took effect, where that is too long ago to tell it. History is sent on request, by sinks
    /// that reach nobody.
    private func staleAge(of job: NotificationJob) -> Int64? {
        guard !(settings.sendsHistory && sink.isIdempotent), job.phase != .giveUp else { return nil }
        let age = wallClock() - job.request.effectiveAt
        return age > settings.staleAfter ? age.milliseconds / TimeSpan.days(1).milliseconds : nil
    }

    private func fail(
        _ entry: JobLine.Entry, _ outcome: NotificationFailed.Outcome, isMade: Bool = true, _ reason: String
    ) {
        let message = NotificationFailed.Message(
            notification: entry.job.request.notification, attempt: entry.job.attempt, outcome: outcome, isMade: isMade,
            reason: reason)
        results.add(message, at: entry.job.time, partition: entry.partition)
    }

    private func add(_ payload: some EventPayload, of message: NotificationRequested? = nil, partition: Int32) {
        let sequence = sequences[partition, default: 0] + 1
        sequences[partition] = sequence
        unpublished.append(
            SenderEvent(
                payload, of: message, partition: partition, sequence: sequence,
                source: "/tributary/notification-sender/\(settings.session)"))
    }
}
