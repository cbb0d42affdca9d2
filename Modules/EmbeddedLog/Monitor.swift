import Glibc

/// A mutex with two conditions: what waits for records or group events, and what waits for a commit.
///
/// Sendable because it is nothing but the library's own thread-safe objects, at addresses that never change.
@safe final class Monitor: @unchecked Sendable {
    enum Condition: Int {
        /// Records became readable, a group changed, or the log was closed.
        case news
        /// A group commit has ended.
        case commits
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let conditions: UnsafeMutablePointer<pthread_cond_t>

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe conditions = .allocate(capacity: 2)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        for index in 0..<2 { unsafe pthread_cond_init(conditions + index, &attributes) }
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        for index in 0..<2 { unsafe pthread_cond_destroy(conditions + index) }
        unsafe pthread_mutex_destroy(mutex)
        unsafe conditions.deallocate()
        unsafe mutex.deallocate()
    }

    /// Runs `body` alone.
    func locked<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Runs `body` with the lock released. Called inside `locked`.
    func unlocked<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        unsafe pthread_mutex_unlock(mutex)
        defer { unsafe pthread_mutex_lock(mutex) }
        return try body()
    }

    /// Waits inside `locked` until `condition` is signalled (or spuriously); `false` when the deadline has passed.
    func wait(for condition: Condition, until deadline: ContinuousClock.Instant? = nil) -> Bool {
        guard let deadline else {
            unsafe pthread_cond_wait(conditions + condition.rawValue, mutex)
            return true
        }
        let (seconds, attoseconds) = (deadline - .now).components
        guard seconds > 0 || (seconds == 0 && attoseconds > 0) else { return false }
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        // A day is enough for every caller, and keeps the sum in range.
        time.tv_sec += min(Int(seconds), 86_400)
        time.tv_nsec += Int(attoseconds / 1_000_000_000)
        if time.tv_nsec >= 1_000_000_000 {
            time.tv_sec += 1
            time.tv_nsec -= 1_000_000_000
        }
        unsafe pthread_cond_timedwait(conditions + condition.rawValue, mutex, &time)
        return true
    }

    func signalAll(_ condition: Condition) {
        unsafe pthread_cond_broadcast(conditions + condition.rawValue)
    }
}
