import Contracts
import Dispatch
package import Domain
import Synchronization

/// Sends messages after their intent is committed, on a thread of its own, and writes what became of them back to the log.
///
/// Jobs come from the partitions' threads, a bounded number of each. `sendNext` works off one batch; one thread calls it
/// (`NotificationSenderThread`, or a test). A batch's results go to the log together; where that fails they are kept and
/// tried again before anything else is sent. What is lost with the process is asked for again by the partitions.
package final class NotificationSender: NotificationDispatch, @unchecked Sendable {
    // `queue` is guarded by its mutex; everything else that changes belongs to the thread that calls `sendNext`.

    private struct Entry {
        var job: NotificationJob
        var partition: Int32
    }

    private struct Queue {
        var entries: [Entry] = []
        /// The first entry that is not begun; those before it are gone.
        var head = 0
        var waiting: [Int32: Int] = [:]
        /// Messages whose jobs have begun and whose results are not in the log, by partition.
        var underway: [Int32: Set<NotificationID>] = [:]
        /// Counts the times that everything under way had come to its end.
        var finished = 0
        /// The count at which somebody waited in vain: nobody waits for the same jobs again.
        var abandoned: Int?
        var waiters: [DispatchSemaphore] = []

        var isEmpty: Bool { head == entries.count }
    }

    private let settings: NotificationSenderSettings
    private let sink: any MessageSink
    private let publish: ([SenderEvent]) throws -> Void
    private let wallClock: () -> Timestamp
    private let wake: @Sendable () -> Void
    private let queue = Mutex(Queue())
    private var sequences: [Int32: Int64] = [:]
    private var results = ResultBatch()
    /// Events that are not in the log yet.
    private var unpublished: [SenderEvent] = []

    /// - Parameters:
    ///   - publish: appends the events to `notification.v1` in one transaction.
    ///   - wallClock: the wall's time, by which alone a message is stale.
    ///   - wake: called when there is work and there was none.
    package init(
        settings: NotificationSenderSettings, sink: any MessageSink, publish: @escaping ([SenderEvent]) throws -> Void,
        wallClock: @escaping () -> Timestamp, wake: @escaping @Sendable () -> Void = {}
    ) {
        self.settings = settings
        self.sink = sink
        self.publish = publish
        self.wallClock = wallClock
        self.wake = wake
    }

    // MARK: Jobs

    package func room(for partition: Int32) -> Int {
        queue.withLock { max(0, settings.jobsPerPartition - $0.waiting[partition, default: 0]) }
    }

    package func take(_ jobs: [NotificationJob], from partition: Int32) -> Int {
        let (taken, wasEmpty) = queue.withLock { queue in
            let wasEmpty = queue.isEmpty
            let room = max(0, settings.jobsPerPartition - queue.waiting[partition, default: 0])
            let taken = min(room, jobs.count)
            for job in jobs.prefix(taken) { queue.entries.append(Entry(job: job, partition: partition)) }
            queue.waiting[partition, default: 0] += taken
            return (taken, wasEmpty)
        }
        if taken > 0 && wasEmpty { wake() }
        return taken
    }

    package func forget(_ partition: Int32) {
        queue.withLock { queue in
            queue.entries.removeSubrange(..<queue.head)
            queue.head = 0
            queue.entries.removeAll { $0.partition == partition }
            queue.waiting[partition] = nil
        }
    }

    package func underway(of partition: Int32) -> Set<NotificationID> {
        queue.withLock { $0.underway[partition] ?? [] }
    }

    package func finish(_ partition: Int32) {
        forget(partition)
        let waiter = DispatchSemaphore(value: 0)
        let isThrough = queue.withLock { queue in
            guard queue.underway[partition] != nil, queue.abandoned != queue.finished else { return true }
            queue.waiters.append(waiter)
            return false
        }
        guard !isThrough, waiter.wait(timeout: .now() + Self.finishTimeout) == .timedOut else { return }
        queue.withLock { queue in
            queue.abandoned = queue.finished
            queue.waiters.removeAll { $0 === waiter }
        }
    }

    /// How long a partition waits for its last results before it goes elsewhere.
    private static let finishTimeout = DispatchTimeInterval.seconds(5)

    /// Everything that was begun is in the log.
    private func endBatch() {
        queue.withLock { queue in
            guard !queue.underway.isEmpty else { return }
            queue.underway.removeAll(keepingCapacity: true)
            queue.finished += 1
            for waiter in queue.waiters { waiter.signal() }
            queue.waiters.removeAll()
        }
    }

    private func nextBatch() -> [Entry] {
        queue.withLock { queue in
            let batch = Array(queue.entries[queue.head...].prefix(settings.batchSize))
            queue.head += batch.count
            for entry in batch {
                queue.waiting[entry.partition]? -= 1
                queue.underway[entry.partition, default: []].insert(entry.job.request.notification)
            }
            if queue.isEmpty {
                queue.entries.removeAll(keepingCapacity: true)
                queue.head = 0
            } else if queue.head >= queue.entries.count / 2 {
                queue.entries.removeSubrange(..<queue.head)
                queue.head = 0
            }
            return batch
        }
    }

    // MARK: Sending

    /// Works off one batch and writes its results together; returns how many jobs there were.
    ///
    /// - Throws: what `publish` threw. The results are kept; the next call begins with them.
    package func sendNext() throws -> Int {
        try writeResults()
        let batch = nextBatch()
        guard !batch.isEmpty else { return 0 }
        for entry in batch { work(entry) }
        sink.flush()
        results.take(sink: sink.name) { add($1, partition: $0) }
        try writeResults()
        return batch.count
    }

    private func writeResults() throws {
        if !unpublished.isEmpty {
            try publish(unpublished)
            unpublished.removeAll(keepingCapacity: true)
        }
        endBatch()
    }

    private func work(_ entry: Entry) {
        let job = entry.job
        if let age = staleAge(of: job) {
            let limit = settings.staleAfter.milliseconds / TimeSpan.days(1).milliseconds
            return fail(entry, .stale, "It took effect \(age) days ago; after \(limit) days it is not sent any more.")
        }
        switch job.phase {
        case .giveUp: fail(entry, .unknown, "Attempts had no answer; whether the recipient got it is not known.")
        case .new where !sink.isIdempotent:
            add(
                NotificationSending(
                    notification: job.request.notification, recipient: job.request.recipient, attempt: job.attempt,
                    occurredAt: job.time), of: job.request, partition: entry.partition)
        case .new, .announced: deliver(entry)
        }
    }

    private func deliver(_ entry: Entry) {
        let job = entry.job
        switch sink.deliver(MessageDraft(request: job.request, sender: settings.sender)) {
        case .sent:
            results.add(
                NotificationSent.Message(notification: job.request.notification, attempt: job.attempt), of: job,
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

    private func fail(_ entry: Entry, _ outcome: NotificationFailed.Outcome, _ reason: String) {
        let message = NotificationFailed.Message(
            notification: entry.job.request.notification, attempt: entry.job.attempt, outcome: outcome, reason: reason)
        results.add(message, of: entry.job, partition: entry.partition)
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
