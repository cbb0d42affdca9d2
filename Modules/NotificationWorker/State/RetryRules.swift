package import Domain

/// How often a message is tried.
package struct RetryRules: Sendable, Hashable {
    /// Waiting times after a refusal that may pass; after the last one the message has failed.
    package var delays: [TimeSpan]
    /// Attempts without an answer after which a person decides.
    package var maximumUnanswered: Int64

    package static let standard = RetryRules(
        delays: [.minutes(1), .minutes(5), .minutes(30), .hours(2), .hours(8)], maximumUnanswered: 2)

    package init(delays: [TimeSpan], maximumUnanswered: Int64) {
        self.delays = delays
        self.maximumUnanswered = maximumUnanswered
    }

    /// How long to wait after so many attempts; `nil` where there is no further one.
    func delay(after attempts: Int64) -> TimeSpan? {
        attempts >= 1 && attempts <= Int64(delays.count) ? delays[Int(attempts) - 1] : nil
    }
}
