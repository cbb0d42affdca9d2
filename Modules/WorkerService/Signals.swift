import Foundation

/// Waits for SIGTERM or SIGINT without any code in a signal handler.
package enum Signals {
    /// Must be called before threads are started that should not take the signals.
    package static func block() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Blocks until one of them comes.
    package static func waitForTermination() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        var received: Int32 = 0
        unsafe sigwait(&set, &received)
    }

    /// Waits a while for one of them.
    package static func isTerminationPending(waiting seconds: Double) -> Bool {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        var limit = timespec(tv_sec: Int(seconds), tv_nsec: Int((seconds - seconds.rounded(.down)) * 1e9))
        return unsafe sigtimedwait(&set, nil, &limit) > 0
    }
}
