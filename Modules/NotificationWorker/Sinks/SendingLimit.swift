import Synchronization

/// Until when a message may be under way: as long as its relay takes, until the worker is asked to end.
package final class SendingLimit: Sendable {
    private let limit = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    /// Sets the limit, also for the message that is under way. The first one counts.
    package func set(_ instant: ContinuousClock.Instant) { limit.withLock { $0 = $0 ?? instant } }

    var isSet: Bool { limit.withLock { $0 != nil } }

    var hasPassed: Bool { limit.withLock { $0.map { $0 <= .now } ?? false } }
}
