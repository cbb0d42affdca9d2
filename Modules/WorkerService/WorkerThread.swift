import Contracts
import EventLog
import Foundation
import Synchronization
import TaskRuntime

/// A thread of its own that runs one turn loop: SQLite and librdkafka block, so no cooperative thread may.
///
/// `@unchecked Sendable`: the loop is made and used by the thread alone; what crosses is the stop flag and the locked result.
final class WorkerThread: @unchecked Sendable {
    private let stopFlag = TurnLoop.StopFlag()
    private let finished = DispatchSemaphore(value: 0)
    private let failure = Mutex<LogError?>(nil)
    private let name: String
    private let makeLoop: (TurnLoop.StopFlag) -> TurnLoop

    init(name: String, makeLoop: @escaping (TurnLoop.StopFlag) -> TurnLoop) {
        self.name = name
        self.makeLoop = makeLoop
    }

    func start() {
        let thread = Thread { [self] in
            do throws(LogError) {
                try makeLoop(stopFlag).run()
            } catch {
                failure.withLock { $0 = error }
            }
            finished.signal()
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    func stop() { stopFlag.set() }

    /// Waits for the loop to leave; `false` after the timeout.
    func join(timeout: TimeInterval) -> Bool {
        guard finished.wait(timeout: .now() + timeout) == .success else { return false }
        finished.signal()
        return true
    }

    /// Why the loop left by itself.
    var error: LogError? { failure.withLock { $0 } }
}
