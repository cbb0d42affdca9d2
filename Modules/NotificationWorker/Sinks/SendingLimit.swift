import Synchronization

/// Until when a message may be under way: as long as its relay takes, until the worker is asked to end. A relay that lacks some
/// of the message then does not send it; one that has the whole of it is waited for longer, as nobody knows without its answer.
package final class SendingLimit: Sendable {
    private struct Limits {
        var message: ContinuousClock.Instant
        var answer: ContinuousClock.Instant
    }

    private let limits = Mutex<Limits?>(nil)

    package init() {}

    /// Sets the limits, also for the message that is under way. The first ones count.
    ///
    /// - Parameters:
    ///   - message: until the relay has the whole message.
    ///   - answer: until it has answered to that; the same where it is not given.
    package func set(_ message: ContinuousClock.Instant, forAnswer answer: ContinuousClock.Instant? = nil) {
        limits.withLock { $0 = $0 ?? Limits(message: message, answer: answer ?? message) }
    }

    var isSet: Bool { limits.withLock { $0 != nil } }

    func hasPassed(forAnswer: Bool) -> Bool {
        limits.withLock { $0.map { (forAnswer ? $0.answer : $0.message) <= .now } ?? false }
    }
}
