import Dispatch
import EventLog
import Synchronization

/// The thread that a sender works on: sleeps while there is nothing to send, tries again after a fault.
package final class NotificationSenderThread: Sendable {
    /// How long it waits after a fault of the log before it tries to write its results again.
    private static let pauseAfterFault = DispatchTimeInterval.milliseconds(500)
    /// It looks for work at least so often, whether it was woken or not.
    private static let longestSleep = DispatchTimeInterval.seconds(5)

    private let signal = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)
    private let isStopping = Atomic(false)
    private let isHurried = Atomic(false)
    /// Nobody waits for the last results any more.
    private let isGivenUp = Atomic(false)
    private let queue = DispatchQueue(label: "tributary.notification-sender")

    package init() {}

    /// Wakes the thread; to be handed to the sender.
    package func wake() { signal.signal() }

    /// From now on nothing is begun that must not be repeated; results are written, and what was announced is handed back.
    package func hurry() { isHurried.store(true, ordering: .releasing) }

    /// Works until `stop`, or until the log says that another process is this sender. Called once.
    ///
    /// - Parameter onFault: told of what making ready or writing the results threw; they are kept and written later.
    package func start(_ sender: NotificationSender, onFault: @escaping @Sendable (any Error) -> Void) {
        queue.async { [self] in
            if send(sender, onFault), !sender.repeatsHarmlessly { sendLast(sender, onFault) }
            finished.signal()
        }
    }

    /// - Returns: `false` where another process is this sender.
    private func send(_ sender: NotificationSender, _ onFault: (any Error) -> Void) -> Bool {
        while !isStopping.load(ordering: .acquiring) {
            do {
                try sender.makeReady()
                let count = try sender.sendNext {
                    !isStopping.load(ordering: .acquiring) && !isHurried.load(ordering: .acquiring)
                }
                if count == 0 { _ = signal.wait(timeout: .now() + Self.longestSleep) }
            } catch {
                guard goesOn(after: error, onFault) else { return false }
            }
        }
        return true
    }

    /// Writes what was sent, and what was announced and is not, until the log takes it or nobody waits.
    private func sendLast(_ sender: NotificationSender, _ onFault: (any Error) -> Void) {
        while !isGivenUp.load(ordering: .acquiring) {
            do {
                return try sender.sendLast()
            } catch {
                guard goesOn(after: error, onFault) else { return }
            }
        }
    }

    /// Waits a moment, unless another process is this sender: to try again would only end that one's.
    private func goesOn(after error: any Error, _ onFault: (any Error) -> Void) -> Bool {
        onFault(error)
        if let error = error as? LogError, error.code == .fenced { return false }
        _ = signal.wait(timeout: .now() + Self.pauseAfterFault)
        return true
    }

    /// Ends after the message under way, where messages must not be repeated, else after the batch, its results in the log;
    /// `false` where that takes longer than the time given. Called once, after `start`.
    package func stop(within seconds: Int) -> Bool {
        isStopping.store(true, ordering: .releasing)
        signal.signal()
        guard finished.wait(timeout: .now() + .seconds(seconds)) == .timedOut else { return true }
        isGivenUp.store(true, ordering: .releasing)
        return false
    }
}
