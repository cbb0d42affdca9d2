extension Duration {
    /// Whole milliseconds for a C call: rounded up, so that a short wait is no busy loop, and never negative (which
    /// would mean "for ever").
    var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

extension ContinuousClock.Instant {
    /// What is left until this instant; zero once it has passed.
    var remaining: Duration {
        max(.zero, ContinuousClock.now.duration(to: self))
    }

    var hasPassed: Bool { ContinuousClock.now >= self }
}
