import Synchronization

/// A wall clock that a test sets.
final class TestClock: Sendable {
    private let time: Mutex<Int64>

    init(_ milliseconds: Int64 = 1_700_000_000_000) { time = Mutex(milliseconds) }

    var now: Int64 { time.withLock { $0 } }

    func advance(by milliseconds: Int64) { time.withLock { $0 += milliseconds } }

    var read: @Sendable () -> Int64 {
        { self.now }
    }
}
