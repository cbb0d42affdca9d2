import Contracts
import Dispatch
import Domain

/// What a sender has to do, has under way, and who waits for it. A value; the sender guards it.
struct SenderQueue: Sendable {
    private struct Announcement: Sendable {
        var partition: Int32
        var since: ContinuousClock.Instant
    }

    private struct Waiter: Sendable {
        var partition: Int32
        var semaphore: DispatchSemaphore
    }

    /// A waiting message that nobody can read.
    struct Unreadable: Sendable {
        var notification: NotificationID
        var partition: Int32
        var time: Timestamp
    }

    /// Jobs that are not begun.
    private var plain = JobLine()
    /// Attempts that are announced in the log.
    private var announced = JobLine()
    /// Which thread has each partition: the number of its start.
    private var owners: [Int32: Int] = [:]
    private var starts = 0
    /// When each partition was last known to be this process's.
    private var ownedAt: [Int32: ContinuousClock.Instant] = [:]
    /// Messages whose announced attempts have not come back through the log.
    private var away: [NotificationID: Announcement] = [:]
    /// Announced attempts that will not be made; the log does not know yet.
    private var unmade: [JobLine.Entry] = []
    /// The log does not know of them yet.
    private var unreadable: [Unreadable] = []
    /// Messages whose jobs have begun and whose results are not in the log, by partition.
    private var underway: [Int32: Set<NotificationID>] = [:]
    /// Counts the times that everything under way had come to its end.
    private var finished = 0
    /// The count at which somebody waited in vain: nobody waits for the same jobs again.
    private var abandoned: Int?
    private var waiters: [Waiter] = []
    private var isClosed = false

    /// An announcement that has not come back for so long is not waited for: the message may have got its result meanwhile.
    private static let announcementPatience = Duration.seconds(30)

    var isEmpty: Bool { plain.isEmpty && announced.isEmpty }

    // MARK: In

    func room(for partition: Int32, of limit: Int) -> Int {
        isClosed ? 0 : max(0, limit - plain.count(of: partition))
    }

    /// Takes jobs from the front as far as there is room, and says how many. Announced ones have a room of their own.
    mutating func add(_ jobs: [NotificationJob], of partition: Int32, limit: Int) -> Int {
        var room = self.room(for: partition, of: limit)
        var announcedRoom = isClosed ? 0 : max(0, limit - announced.count(of: partition))
        for (index, job) in jobs.enumerated() {
            if job.phase == .announced {
                guard announcedRoom > 0 else { return index }
                announcedRoom -= 1
                away[job.request.notification] = nil
                announced.append(job, of: partition)
            } else {
                guard room > 0 else { return index }
                room -= 1
                plain.append(job, of: partition)
            }
        }
        return jobs.count
    }

    /// A thread begins with a partition, and is given a name; and whether announced attempts of another are not made for it.
    mutating func own(_ partition: Int32) -> (owner: Int, hasUnmade: Bool) {
        starts += 1
        owners[partition] = starts
        return (starts, drop(partition))
    }

    /// Whether no other thread has begun with the partition since.
    func isOwner(_ owner: Int, of partition: Int32) -> Bool { owners[partition] == owner }

    /// A partition was this process's at that time.
    mutating func confirm(_ partition: Int32, at time: ContinuousClock.Instant) {
        ownedAt[partition] = max(ownedAt[partition] ?? time, time)
    }

    /// Drops what is not begun, of a partition or of all. Who has the partition next finds for himself what cannot be read.
    ///
    /// - Returns: whether announced attempts are among it. They are not made, and the log is to be told.
    mutating func drop(_ partition: Int32?) -> Bool {
        _ = plain.remove { partition == nil || $0.partition == partition }
        let gone = announced.remove { partition == nil || $0.partition == partition }
        unmade += gone
        unreadable.removeAll { partition == nil || $0.partition == partition }
        ownedAt = ownedAt.filter { partition != nil && $0.key != partition }
        away = away.filter { partition != nil && $0.value.partition != partition }
        return !gone.isEmpty
    }

    /// Drops everything that is not begun, and takes nothing any more.
    mutating func close() {
        isClosed = true
        _ = drop(nil)
    }

    /// Takes announced attempts that it had no room for, and that will not be made.
    mutating func handBack(_ jobs: [NotificationJob], of partition: Int32) {
        unmade += jobs.map { JobLine.Entry(job: $0, partition: partition) }
    }

    /// Drops announced attempts of messages that have their result.
    mutating func withdraw(_ ids: Set<NotificationID>, from partition: Int32) {
        for id in ids { away[id] = nil }
        _ = announced.remove { $0.partition == partition && ids.contains($0.job.request.notification) }
    }

    mutating func report(unreadable ids: [NotificationID], of partition: Int32, at time: Timestamp) {
        guard !isClosed else { return }
        unreadable += ids.map { Unreadable(notification: $0, partition: partition, time: time) }
    }

    // MARK: Out

    /// The next jobs, whatever they are.
    mutating func nextBatch(_ size: Int) -> [JobLine.Entry] {
        var batch = announced.take(size)
        batch += plain.take(size - batch.count)
        for entry in batch { begin(entry) }
        return batch
    }

    /// The next job: one that is not begun while few are announced, else an announced one. None while somebody waits for
    /// results: other partitions' messages would come before them.
    mutating func next(
        announcementLimit: Int, ownershipLimit: Duration, at time: ContinuousClock.Instant
    ) -> JobLine.Entry? {
        guard waiters.isEmpty else { return nil }
        if away.count + announced.count >= announcementLimit {
            away = away.filter { time - $0.value.since < Self.announcementPatience }
        }
        let hasRoom = away.count + announced.count < announcementLimit
        var entry = hasRoom ? plain.take(1).first : nil
        if entry == nil { entry = nextAnnounced(ownershipLimit, at: time) }
        if let entry { begin(entry) }
        return entry
    }

    /// The next announced attempt of a partition that no other process can have yet. A process that was stopped for longer than
    /// its session may find its attempts followed by another's, before it hears that it has lost their partition: those are
    /// not made. Nor are those that only waited for as long, and then are asked for anew: so the partition whose time is over
    /// first has its turn first.
    private mutating func nextAnnounced(_ limit: Duration, at time: ContinuousClock.Instant) -> JobLine.Entry? {
        let owned = ownedAt.filter { time - $0.value < limit }
        unmade += announced.remove { owned[$0.partition] == nil }
        return announced.take { owned[$0.partition]! < owned[$1.partition]! }
    }

    /// The attempt is about to be announced.
    mutating func announce(_ entry: JobLine.Entry, at time: ContinuousClock.Instant) {
        away[entry.job.request.notification] = Announcement(partition: entry.partition, since: time)
    }

    /// Announced attempts that will not be made, to be told to the log.
    mutating func takeUnmade() -> [JobLine.Entry] {
        defer { unmade.removeAll() }
        for entry in unmade { begin(entry) }
        return unmade
    }

    /// The next messages that nobody can read, to be told to the log.
    mutating func takeUnreadable(_ maximum: Int) -> [Unreadable] {
        let taken = Array(unreadable.prefix(maximum))
        unreadable.removeFirst(taken.count)
        return taken
    }

    private mutating func begin(_ entry: JobLine.Entry) {
        underway[entry.partition, default: []].insert(entry.job.request.notification)
    }

    // MARK: What is under way

    /// Messages of a partition whose results are on their way to the log.
    func underway(of partition: Int32) -> Set<NotificationID> {
        var ids = underway[partition] ?? []
        for entry in unmade where entry.partition == partition { ids.insert(entry.job.request.notification) }
        return ids
    }

    /// Everything that was begun is in the log.
    mutating func endBatch() {
        guard !underway.isEmpty else { return }
        underway.removeAll(keepingCapacity: true)
        finished += 1
        let late = Set(unmade.map(\.partition))
        for waiter in waiters where !late.contains(waiter.partition) { waiter.semaphore.signal() }
        waiters.removeAll { !late.contains($0.partition) }
    }

    /// Somebody waits for the end of what is under way; `false` where there is nothing to wait for.
    mutating func wait(_ semaphore: DispatchSemaphore, for partition: Int32) -> Bool {
        guard !underway(of: partition).isEmpty, abandoned != finished else { return false }
        waiters.append(Waiter(partition: partition, semaphore: semaphore))
        return true
    }

    mutating func waitedInVain(_ semaphore: DispatchSemaphore) {
        abandoned = finished
        waiters.removeAll { $0.semaphore === semaphore }
    }
}
