import Synchronization

/// Until when calls on a log's clients may wait for the cluster: each as long as it likes, until somebody sets a limit.
final class WaitLimit: Sendable {
    private let limit = Mutex<ContinuousClock.Instant?>(nil)

    /// `nil` while there is none.
    var instant: ContinuousClock.Instant? { limit.withLock { $0 } }

    /// Sets the limit, also for what waits already.
    func set(_ instant: ContinuousClock.Instant) { limit.withLock { $0 = instant } }
}

/// One wait for the cluster, in slices: after each it is seen whether a limit has come.
struct ClusterWait {
    /// How long one call of the library waits at most, as a limit is noticed so late: one that goes on where it was, and one
    /// that begins anew each time, so that a cluster that always takes longer to answer counts as one that does not.
    static let longestSlice = Duration.seconds(2)
    static let longestQuestion = Duration.seconds(5)
    /// What a wait gets that begins behind the limit, or shortly before: a cluster that is there answers meanwhile.
    static let grace = Duration.seconds(1)

    private let begin = ContinuousClock.now
    private let deadline: ContinuousClock.Instant
    private let grace: Duration
    private let limit: WaitLimit

    init(until deadline: ContinuousClock.Instant, limit: WaitLimit, grace: Duration = ClusterWait.grace) {
        self.deadline = deadline
        self.limit = limit
        self.grace = grace
    }

    /// When it is over; a limit may still bring that forward.
    var end: ContinuousClock.Instant {
        guard let limit = limit.instant else { return deadline }
        return min(deadline, max(limit, begin + grace))
    }

    var isOver: Bool { end.hasPassed }

    /// How long the next call of the library may wait, in milliseconds. Never 0, at which it would not even ask.
    func slice(_ longest: Duration = ClusterWait.longestSlice) -> Int32 {
        max(1, min(longest, end.remaining).milliseconds)
    }
}
