import Contracts
import Domain

/// The time of one partition: part of its state, moved by its input alone.
struct TaskClock: Sendable, Hashable {
    /// `wall` until a `clock.set` says otherwise.
    var kind: ClockKind = .wall
    /// Wall: the highest append time seen. Stream: the last tick.
    var time: Timestamp = .distantPast

    /// How far an event may be dated ahead of its append time on a wall clock.
    static let maximumFuture = TimeSpan.minutes(5)

    /// When the event is judged on a wall clock: `occurred_at`, counted back at most `backdating` from the partition's time.
    func judgingTime(occurredAt: Timestamp, backdating: TimeSpan) -> Timestamp {
        min(max(occurredAt, time - backdating), time)
    }
}
