import Dispatch
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
    private let queue = DispatchQueue(label: "tributary.notification-sender")

    package init() {}

    /// Wakes the thread; to be handed to the sender.
    package func wake() { signal.signal() }

    /// Works until `stop`. Called once.
    ///
    /// - Parameter onFault: told of what writing the results threw; they are kept and written later.
    package func start(_ sender: NotificationSender, onFault: @escaping @Sendable (any Error) -> Void) {
        queue.async { [self] in
            while !isStopping.load(ordering: .acquiring) {
                do {
                    if try sender.sendNext() == 0 { _ = signal.wait(timeout: .now() + Self.longestSleep) }
                } catch {
                    onFault(error)
                    _ = signal.wait(timeout: .now() + Self.pauseAfterFault)
                }
            }
            finished.signal()
        }
    }

    /// Ends after the batch under way; `false` where that takes longer than the time given. Called once, after `start`.
    package func stop(within seconds: Int) -> Bool {
        isStopping.store(true, ordering: .releasing)
        signal.signal()
        return finished.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}
