import CommandLineKit
package import Foundation

/// Bounds the end of a process that was asked to end. Closing waits for a broker and a disk that may not answer: what does
/// not close in time, or is asked a second time, is left as it is; the next start recovers from that as from any crash.
package enum ShutdownBound {
    /// From the first signal to the end, in seconds. Closing itself takes at most ten.
    package static let limit: TimeInterval = 12

    /// Why it ended before it had closed.
    enum Ending: Sendable, Hashable {
        case secondSignal, tooLong

        var words: String {
            switch self {
            case .secondSignal: "asked a second time: ended before everything was closed"
            case .tooLong: "not closed within \(Int(ShutdownBound.limit)) s: ended as it is"
            }
        }
    }

    /// Starts to watch; call it when the first signal has come. The process ends with 1 where it comes to that.
    package static func begin(_ program: String) {
        let thread = Thread {
            let ending = wait(for: { Signals.isTerminationPending(waiting: $0) })
            Terminal().complain("\(program): \(ending.words)")
            _exit(ExitCode.failed.rawValue)
        }
        thread.name = "shutdown"
        thread.start()
    }

    static func wait(for isAskedAgain: (TimeInterval) -> Bool) -> Ending {
        isAskedAgain(limit) ? .secondSignal : .tooLong
    }
}
