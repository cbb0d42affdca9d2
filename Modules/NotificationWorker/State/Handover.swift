import Contracts
import Domain
import TaskRuntime

/// Brings stored messages to the sender: what a turn stored goes over after its commit, and what there was no room for is
/// read again from the store as room comes free.
///
/// A message that the sender has is not given to it again until its result is committed. Nothing here is state: all of it
/// can be lost at any time, with the process.
struct Handover {
    private let partition: Int32
    private let dispatch: any NotificationDispatch
    /// What the turn is to hand over.
    private var fresh: [NotificationJob] = []
    /// Messages of which the turn holds a result.
    private var resolved: [NotificationID] = []
    /// Some of the turn was taken back: `fresh` and `resolved` have to be held against the store.
    private var isDoubtful = false
    /// Hashes of the ids that the sender has, or has answered for.
    private var held: Set<Int> = []
    /// Stored messages may wait that the sender does not have.
    private var hasBacklog = false
    /// Where the reading of the backlog stands.
    private var cursor = StateKey()
    /// Messages came to the backlog that may stand before the cursor.
    private var readsAgain = false

    /// Stored messages read at once.
    private static let readLimit = 512
    /// Messages that the sender has, or whose results are not applied yet.
    private static let heldLimit = 262_144

    init(partition: Int32, dispatch: any NotificationDispatch) {
        self.partition = partition
        self.dispatch = dispatch
    }

    mutating func add(_ job: NotificationJob?) {
        if let job { fresh.append(job) }
    }

    mutating func resolve(_ id: NotificationID) { resolved.append(id) }

    /// A record or the whole turn is taken back.
    mutating func reset() {
        isDoubtful = true
        var seen: Set<NotificationJob> = []
        fresh = fresh.filter { seen.insert($0).inserted }
        resolved = Array(Set(resolved))
    }

    /// Every stored message is to go over.
    mutating func start() {
        hasBacklog = true
        cursor = StateKey()
    }

    mutating func stop() {
        dispatch.forget(partition)
        self = Handover(partition: partition, dispatch: dispatch)
    }

    /// The turn is committed.
    mutating func commit(state: TaskState, rules: RetryRules) {
        do {
            if isDoubtful { try verify(state) }
            isDoubtful = false
            for id in resolved { held.remove(id.hashValue) }
            resolved.removeAll(keepingCapacity: true)
            let jobs = fresh
            fresh.removeAll(keepingCapacity: true)
            if give(jobs) < jobs.count {
                hasBacklog = true
                readsAgain = true
            }
            if hasBacklog { try readBacklog(state, rules) }
        } catch {
            // A fault of the store shows in the next turn, and is dealt with there; the messages are still stored then.
            hasBacklog = true
            readsAgain = true
        }
    }

    /// How many went over, from the front; those that the sender has already count.
    private mutating func give(_ jobs: [NotificationJob]) -> Int {
        guard held.count < Self.heldLimit else { return 0 }
        // An announced attempt is the sender's own, come back through the log.
        let new = jobs.filter { $0.phase == .announced || !held.contains($0.request.notification.hashValue) }
        guard !new.isEmpty else { return jobs.count }
        let taken = dispatch.take(new, from: partition)
        for job in new.prefix(taken) { held.insert(job.request.notification.hashValue) }
        return taken == new.count ? jobs.count : taken
    }

    /// Keeps of the turn what the store bears out.
    private mutating func verify(_ state: TaskState) throws {
        var seen: Set<NotificationJob> = []
        fresh = try fresh.filter { job in
            guard seen.insert(job).inserted, let row = try Self.row(job.request.notification, state) else {
                return false
            }
            return job.phase == .announced
                ? row.isAnnounced && row.attempts == job.attempt : row.retryAt == nil && row.attempts < job.attempt
        }
        resolved = try resolved.filter { id in try Self.row(id, state).map { $0.retryAt != nil } ?? true }
    }

    private static func row(_ id: NotificationID, _ state: TaskState) throws -> PendingNotification? {
        try state.get(PendingNotification.table, PendingNotification.key(id), as: PendingNotification.self)
    }

    private mutating func readBacklog(_ state: TaskState, _ rules: RetryRules) throws {
        while hasBacklog {
            let limit = min(Self.readLimit, dispatch.room(for: partition), Self.heldLimit - held.count)
            guard limit > 0 else { return }
            let rows = try state.rows(
                PendingNotification.table, from: cursor, upTo: nil, limit: limit, as: PendingNotification.self)
            let jobs = rows.compactMap { $0.row.job(after: rules) }
            guard give(jobs) == jobs.count else { return }
            if rows.count == limit, let last = rows.last {
                cursor = StateKey(bytes: last.key.bytes + [0])
            } else {
                cursor = StateKey()
                hasBacklog = readsAgain
                readsAgain = false
            }
        }
    }
}
