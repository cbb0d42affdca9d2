/// Tells a contest for an identity from accidents: where two processes have it, each ends the other's again and again.
package struct RepeatedFencing: Sendable {
    /// Losses within this time are counted.
    private static let window = Duration.seconds(60)
    /// So many of them are no accident: another process has the identity. A group fences a member of its own where it died before
    /// it had answered the member's joining, and a producer's epoch ends with a transaction that timed out.
    private static let limits: [LogError.Code: Int] = [.fenced: 2, .producerFenced: 5]

    private var losses: [(code: LogError.Code, instant: ContinuousClock.Instant)] = []

    package init() {}

    /// Takes note of an error, where it is the loss of an identity.
    ///
    /// - Throws: `fenced` where it is no accident.
    package mutating func note(_ error: LogError, at now: ContinuousClock.Instant) throws(LogError) {
        guard let limit = Self.limits[error.code] else { return }
        losses.removeAll { now - $0.instant > Self.window }
        losses.append((error.code, now))
        let count = losses.count { $0.code == error.code }
        guard count >= limit else { return }
        throw LogError(.fenced, .fatal, "\(error.message), \(count) times in a minute")
    }
}
