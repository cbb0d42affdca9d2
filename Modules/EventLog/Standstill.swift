/// How long a reading has come no further, counted while it has its turns.
package struct Standstill {
    /// Time between two turns from which on others had theirs, and it counts anew.
    private static let turnLimit = Duration.seconds(5)

    private var lastProgress: ContinuousClock.Instant
    private var lastTurn: ContinuousClock.Instant

    package init(at now: ContinuousClock.Instant) {
        lastProgress = now
        lastTurn = now
    }

    package mutating func beginTurn(at now: ContinuousClock.Instant) {
        if now - lastTurn > Self.turnLimit { lastProgress = now }
    }

    package mutating func endTurn(at now: ContinuousClock.Instant) { lastTurn = now }

    /// It came further, or begins to count anew.
    package mutating func end(at now: ContinuousClock.Instant) { lastProgress = now }

    package func duration(at now: ContinuousClock.Instant) -> Duration { now - lastProgress }
}
