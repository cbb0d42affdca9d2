import Contracts
import Domain
import TaskRuntime

/// Brings stored messages to the sender: what a turn stored goes over after its commit, and what there was no room for
/// waits its turn.
///
/// A message that the sender has is not given to it again until its result is committed. Nothing here is state: all of it
/// can be lost at any time, with the process, and is read again from the store.
struct Handover {
    /// What the turn made of a message that the sender may have.
    private struct Resolution: Hashable {
        var notification: NotificationID
        /// The last attempt that has its result; `nil` where the message is over.
        var attempt: Int64?
    }

    private let partition: Int32
    private let dispatch: any NotificationDispatch
    /// Its name there; `nil` before the start, when it has given nothing.
    private var owner: Int?
    /// When the turn began, or one before it that was taken back; `nil` where nothing was processed since the last commit.
    private var turnBegan: ContinuousClock.Instant?
    /// What the turn is to hand over.
    private var fresh: [NotificationJob] = []
    /// Messages of which the turn holds a result.
    private var resolved: [Resolution] = []
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
    /// A row that could not be read here; the next turn fails by it, so that the store is made anew.
    private var damage: StoreError?
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

    /// What was found damaged in the store when nobody could be told.
    mutating func tellDamage() throws(StoreError) {
        guard let damage else { return }
        self.damage = nil
        throw damage
    }

    /// Something is about to be processed.
    mutating func beginTurn() throws(StoreError) {
        try tellDamage()
        if turnBegan == nil { turnBegan = dispatch.instant() }
    }

    mutating func add(_ job: NotificationJob?) {
        if let job { fresh.append(job) }
    }

    /// The turn holds the result of an attempt, or with `nil` the end of the message: the sender has no more to do with it,
    /// unless it is given a job of it anew.
    mutating func resolve(_ id: NotificationID, attempt: Int64?) {
        resolved.append(Resolution(notification: id, attempt: attempt))
    }

    /// A record or the whole turn is taken back.
    mutating func reset() {
        isDoubtful = true
        fresh = Self.distinct(fresh)
        resolved = Array(Set(resolved))
    }

    /// The partition is about to start.
    mutating func open() { owner = dispatch.own(partition) }

    /// Every stored message is to go over, but those whose results are on their way.
    mutating func start(without answered: [NotificationID]) {
        for id in answered { held.insert(id.hashValue) }
        readStore()
    }

    /// The partition is about to go elsewhere.
    mutating func leave() {
        handBackLate()
        if let owner { dispatch.finish(partition, of: owner) }
    }

    mutating func stop() {
        handBackLate()
        if let owner { dispatch.forget(partition, of: owner) }
        self = Handover(partition: partition, dispatch: dispatch)
    }

    /// Nobody makes the announced attempts that wait here.
    private mutating func handBackLate() {
        if !late.isEmpty { dispatch.handBack(late, from: partition) }
        late.removeAll()
    }

    /// The turn is committed.
    mutating func commit(_ notifications: inout NotificationTable, rules: RetryRules) {
        // Not the time of now: the process may have been stopped since the group took the turn.
        if let turnBegan { dispatch.confirm(partition, at: turnBegan) }
        turnBegan = nil
        do {
            if isDoubtful { try verify(&notifications) } else { try dropAnswered(&notifications) }
            isDoubtful = false
            withdrawAnswered()
            for answer in resolved { held.remove(answer.notification.hashValue) }
            resolved.removeAll(keepingCapacity: true)
            giveFresh()
            try giveWaiting(&notifications, rules)
        } catch {
            // A fault of the store shows in the next turn, and is dealt with there; the messages are still stored then. That
            // turn may have no need of the row that this one could not read.
            if let fault = error as? StoreError, fault.code == .corrupt { damage = fault }
            readStore()
        }
    }

    /// Drops jobs of which the turn holds a result: an earlier attempt had it, or another sender. A message that was just
    /// asked for has none.
    private mutating func dropAnswered(_ notifications: inout NotificationTable) throws {
        func mayBeAnswered(_ job: NotificationJob) -> Bool { job.phase == .announced || job.attempt > 1 }
        guard !resolved.isEmpty, !late.isEmpty || fresh.contains(where: mayBeAnswered) else { return }
        let answered = Set(resolved.map(\.notification))
        func isWanted(_ job: NotificationJob) throws -> Bool {
            guard mayBeAnswered(job), answered.contains(job.request.notification) else { return true }
            return try Self.stands(job, &notifications)
        }
        late = try late.filter { try isWanted($0) }
        fresh = try fresh.filter { try isWanted($0) }
    }

    /// Takes back from the sender what it was given in an earlier turn, and has not begun.
    private mutating func withdrawAnswered() {
        guard !announced.isEmpty, !resolved.isEmpty else { return }
        let answered = announced.intersection(resolved.map(\.notification))
        guard !answered.isEmpty else { return }
        announced.subtract(answered)
        dispatch.withdraw(answered, from: partition)
    }

    private mutating func giveFresh() {
        // An announced attempt goes first: it is the sender's own, come back through the log, or one of the sender before,
        // and then its message may still wait here to be given.
        for job in fresh where job.phase == .announced {
            held.insert(job.request.notification.hashValue)
            late.append(job)
        }
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
            var unreadable: [NotificationID] = []
            for id in waiting[head..<head + limit] where !held.contains(id.hashValue) {
                do {
                    if let job = try notifications.pending(id)?.job(after: rules) { jobs.append(job) }
                } catch is DeadLetter {
                    unreadable.append(id)
                }
            }
            try report(unreadable, notifications)
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

    /// Messages that the changelog has unreadable: the sender has the log told of each, once, and nothing more of them.
    private mutating func report(_ unreadable: [NotificationID], _ notifications: NotificationTable) throws {
        guard !unreadable.isEmpty else { return }
        let time = try notifications.time()
        dispatch.report(
            unreadable: unreadable.filter { held.insert($0.hashValue).inserted }, from: partition, at: time)
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
        resolved = try resolved.filter { answer in
            guard let row = try notifications.readable(answer.notification) else { return true }
            return answer.attempt.map { $0 < row.awaited } ?? false
        }
    }

    /// Whether the message waits for just that.
    private static func stands(_ job: NotificationJob, _ notifications: inout NotificationTable) throws -> Bool {
        guard let row = try notifications.readable(job.request.notification) else { return false }
        return switch job.phase {
        case .new: !row.isAnnounced && row.retryAt == nil && row.awaited == job.attempt
        case .announced: row.isAnnounced && row.awaited == job.attempt
        case .giveUp: row.retryAt == nil && row.awaited == job.attempt
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
