package import Contracts
package import Domain

/// What the sender is asked to do with one message.
package struct NotificationJob: Sendable, Hashable {
    package enum Phase: Sendable, Hashable {
        /// Not begun: a sink that would deliver twice wants the attempt announced first.
        case new
        /// The attempt is announced in the log.
        case announced
        /// Too many attempts went without an answer.
        case giveUp
    }

    package var request: NotificationRequested
    /// From 1 on.
    package var attempt: Int64
    package var phase: Phase
    /// Judging time of the request or the retry; what the sender answers is dated by it, on any clock.
    package var time: Timestamp

    package init(request: NotificationRequested, attempt: Int64, phase: Phase, time: Timestamp) {
        self.request = request
        self.attempt = attempt
        self.phase = phase
        self.time = time
    }
}

/// The sender as a partition sees it. Called from the partition's thread.
package protocol NotificationDispatch: AnyObject {
    /// A clock that nobody sets, and that goes on while the process is stopped.
    func instant() -> ContinuousClock.Instant

    /// A thread of this process begins with the messages of a partition. What another one gave before is dropped.
    ///
    /// - Returns: its name for `finish` and `forget`: another thread may hear late that it has lost the partition.
    func own(_ partition: Int32) -> Int

    /// A turn of a partition is committed that had begun by then: the group took its position, so the partition was this
    /// process's at that time. Told before the jobs of that turn are given.
    func confirm(_ partition: Int32, at time: ContinuousClock.Instant)

    /// How many jobs would be taken now.
    func room(for partition: Int32) -> Int

    /// Takes jobs from the front as far as there is room, and says how many.
    func take(_ jobs: [NotificationJob], from partition: Int32) -> Int

    /// Takes announced attempts that it had no room for, and that will not be made: the log is told.
    func handBack(_ jobs: [NotificationJob], from partition: Int32)

    /// Drops announced attempts that have not begun, of messages that have a result by now.
    func withdraw(_ ids: Set<NotificationID>, from partition: Int32)

    /// Has the log told of waiting messages that nobody can read: an event that names them is a dead letter. They are not sent.
    ///
    /// - Parameter time: the partition's.
    func report(unreadable ids: [NotificationID], from partition: Int32, at time: Timestamp)

    /// The messages of a partition whose jobs have begun, and whose results are not in the log yet: they will be.
    func underway(of partition: Int32) -> Set<NotificationID>

    /// Waits until the jobs of a partition that have begun are through, their results in the log; begins no other. For a
    /// few seconds at most: what takes longer is reported when it is done.
    func finish(_ partition: Int32, of owner: Int)

    /// Drops the jobs of a partition that have not begun: another process has it now. The log is told of the announced
    /// attempts among them that they are not made. Nothing where another thread has begun with it since.
    func forget(_ partition: Int32, of owner: Int)
}

extension NotificationDispatch {
    package func instant() -> ContinuousClock.Instant { .now }
    package func confirm(_ partition: Int32, at time: ContinuousClock.Instant) {}
    package func handBack(_ jobs: [NotificationJob], from partition: Int32) {}
    package func withdraw(_ ids: Set<NotificationID>, from partition: Int32) {}
    package func report(unreadable ids: [NotificationID], from partition: Int32, at time: Timestamp) {}
}
