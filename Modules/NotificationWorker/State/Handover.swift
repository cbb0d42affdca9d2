import Contracts
import Domain
import TaskRuntime

/// Brings stored messages to the sender: what a turn stored goes over after its commit, and what there was no room for
/// waits its turn.
///
/// A message that the sender has is not given to it again until its result is committed. Nothing here is state: all of it
/// can be lost at any time, with the process, and is read again from the store.
struct Handover {
    private let partition: Int32
    private let dispatch: any NotificationDispatch
    /// What the turn is to hand over.
    private var fresh: [NotificationJob] = []
    /// Messages of which the turn holds a result.
    private var resolved: [NotificationID] = []
    /// Some of the turn was taken back: `fresh`, `late` and `resolved` have to be held against the store.
    private var isDoubtful = false
    /// Hashes of the ids that the sender has, or has answered for.
    private var held: Set<Int> = []
    /// Announced attempts that the sender had no room for. It has their messages.
    private var late: [NotificationJob] = []
    /// Messages whose announced attempts the sender has been given, and that have no result since.
    private var announced: Set<NotificationID> = []
    /// Messages that wait for room, in order; those before `head` are gone.
    private var waiting: [NotificationID] = []
    private var head = 0
    /// Where to go on reading the stored messages when none waits here; `nil` where all of them are known.
    private var unread: StorePosition?
    /// Messages came to the store, and not here, that may stand before `unread`.
    private var readsAgain = false

    /// Messages taken from `waiting`, or read into it, at once.
    private static let step = 512
    /// Messages that wait here; more wait in the store alone.
    private static let waitingLimit = 65_536
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
        fresh = Self.distinct(fresh)
        resolved = Array(Set(resolved))
    }

    /// Every stored message is to go over, but those whose results are on their way.
    mutating func start(without answered: [NotificationID]) {
        for id in answered { held.insert(id.hashValue) }
        readStore()
    }

    /// The partition is about to go elsewhere.
    func leave() { dispatch.finish(partition) }

    mutating func stop() {
        dispatch.forget(partition)
        self = Handover(partition: partition, dispatch: dispatch)
    }

    /// The turn is committed.
    mutating func commit(_ notifications: inout NotificationTable, rules: RetryRules) {
        do {
            if isDoubtful { try verify(&notifications) } else { try dropAnswered(&notifications) }
            isDoubtful = false
            withdrawAnswered()
            for id in resolved { held.remove(id.hashValue) }
            resolved.removeAll(keepingCapacity: true)
            giveFresh()
            try giveWaiting(&notifications, rules)
        } catch {
            // A fault of the store shows in the next turn, and is dealt with there; the messages are still stored then.
            readStore()
        }
    }

    /// Drops announced attempts of which the turn holds a result: an earlier attempt had it, or another sender.
    private mutating func dropAnswered(_ notifications: inout NotificationTable) throws {
        guard !resolved.isEmpty, !late.isEmpty || fresh.contains(where: { $0.phase == .announced }) else { return }
        let answered = Set(resolved)
        func isWanted(_ job: NotificationJob) throws -> Bool {
            guard job.phase == .announced, answered.contains(job.request.notification) else { return true }
            return try Self.stands(job, &notifications)
        }
        late = try late.filter { try isWanted($0) }
        fresh = try fresh.filter { try isWanted($0) }
    }

    /// Takes back from the sender what it was given in an earlier turn, and has not begun.
    private mutating func withdrawAnswered() {
        guard !announced.isEmpty, !resolved.isEmpty else { return }
        let answered = announced.intersection(resolved)
        guard !answered.isEmpty else { return }
        announced.subtract(answered)
        dispatch.withdraw(answered, from: partition)
    }

    private mutating func giveFresh() {
        // An announced attempt is the sender's own, come back through the log, and goes first.
        late += fresh.filter { $0.phase == .announced }
        if !late.isEmpty {
            let taken = dispatch.take(late, from: partition)
            for job in late.prefix(taken) { announced.insert(job.request.notification) }
            late.removeFirst(taken)
        }
        let new = fresh.filter { $0.phase != .announced }
        fresh.removeAll(keepingCapacity: true)
        let given = isCaughtUp ? give(new) : 0
        wait(new[given...].map(\.request.notification))
    }

    /// Nothing waits, here or in the store.
    private var isCaughtUp: Bool { head == waiting.count && unread == nil && late.isEmpty }

    /// How many went over, from the front; those that the sender has already count.
    private mutating func give(_ jobs: [NotificationJob]) -> Int {
        var new: [NotificationJob] = []
        var places: [Int] = []
        var end = jobs.count
        for (index, job) in jobs.enumerated() {
            if held.count >= Self.heldLimit {
                end = index
                break
            }
            guard held.insert(job.request.notification.hashValue).inserted else { continue }
            new.append(job)
            places.append(index)
        }
        let taken = dispatch.take(new, from: partition)
        for job in new.dropFirst(taken) { held.remove(job.request.notification.hashValue) }
        return taken < new.count ? places[taken] : end
    }

    private mutating func wait(_ ids: [NotificationID]) {
        let room = Self.waitingLimit - (waiting.count - head)
        waiting += ids.prefix(room)
        if ids.count > room { readStore() }
    }

    private mutating func readStore() {
        if unread == nil { unread = .start } else { readsAgain = true }
    }

    private mutating func giveWaiting(_ notifications: inout NotificationTable, _ rules: RetryRules) throws {
        while late.isEmpty {
            if head == waiting.count, !(try readWaiting(notifications)) { return }
            let limit = min(Self.step, dispatch.room(for: partition), Self.heldLimit - held.count, waiting.count - head)
            guard limit > 0 else { return }
            var jobs: [NotificationJob] = []
            for id in waiting[head..<head + limit] where !held.contains(id.hashValue) {
                if let job = try notifications.pending(id)?.job(after: rules) { jobs.append(job) }
            }
            let given = give(jobs)
            guard given == jobs.count else {
                waiting.replaceSubrange(head..<head + limit, with: jobs[given...].map(\.request.notification))
                return
            }
            head += limit
            if head == waiting.count {
                waiting.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= Self.waitingLimit / 2 {
                waiting.removeSubrange(..<head)
                head = 0
            }
        }
    }

    /// Fills `waiting` from the store; `false` where there is nothing left to read.
    private mutating func readWaiting(_ notifications: NotificationTable) throws -> Bool {
        while let position = unread {
            let (ids, next) = try notifications.stored(after: position, limit: Self.step)
            waiting += ids
            unread = next
            if next == nil && readsAgain {
                unread = .start
                readsAgain = false
            }
            if !ids.isEmpty { return true }
        }
        return false
    }

    // MARK: What was taken back

    /// Keeps of the turn what the store bears out.
    private mutating func verify(_ notifications: inout NotificationTable) throws {
        var borneOut: [NotificationJob] = []
        for job in Self.distinct(late + fresh) {
            if try Self.stands(job, &notifications) { borneOut.append(job) }
        }
        late.removeAll()
        fresh = borneOut
        resolved = try resolved.filter { id in try notifications.pending(id).map { $0.retryAt != nil } ?? true }
    }

    /// Whether the message waits for just that.
    private static func stands(_ job: NotificationJob, _ notifications: inout NotificationTable) throws -> Bool {
        guard let row = try notifications.pending(job.request.notification) else { return false }
        return switch job.phase {
        case .new: row.retryAt == nil && row.attempts < job.attempt
        case .announced: row.isAnnounced && row.attempts == job.attempt
        case .giveUp: row.retryAt == nil && row.attempts == job.attempt
        }
    }

    /// The jobs without repetitions; one attempt of a message is one job in each phase.
    private static func distinct(_ jobs: [NotificationJob]) -> [NotificationJob] {
        struct Mark: Hashable {
            var notification: NotificationID
            var attempt: Int64
            var phase: NotificationJob.Phase
        }
        var seen: Set<Mark> = []
        return jobs.filter {
            seen.insert(Mark(notification: $0.request.notification, attempt: $0.attempt, phase: $0.phase)).inserted
        }
    }
}
