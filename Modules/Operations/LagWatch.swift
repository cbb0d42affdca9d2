package import Contracts
package import EventLog
package import Foundation
import Synchronization

/// A thread that asks the log, again and again, how far this process' partitions are behind: for the metrics, and to know
/// whether the log can be reached while the turn threads have nothing to ask it.
///
/// `@unchecked Sendable`: the probe is made and used by the thread alone; what crosses is the stop flag.
package final class LagWatch: @unchecked Sendable {
    /// Between two rounds.
    package static let defaultInterval: TimeInterval = 5

    private let monitor: WorkerMonitor
    private let makeProbe: () -> LagProbe
    private let workers: [WorkerName]
    private let interval: TimeInterval
    private let condition = NSCondition()
    private var isStopped = false
    private let finished = DispatchSemaphore(value: 0)

    package init(
        log: any EventLog, catalogue: TopicCatalogue, workers: [WorkerName], monitor: WorkerMonitor,
        interval: TimeInterval = LagWatch.defaultInterval
    ) {
        self.monitor = monitor
        self.workers = workers
        self.interval = interval
        makeProbe = {
            LagProbe(log: log, catalogue: catalogue, now: { Int64(Date().timeIntervalSince1970 * 1000) })
        }
    }

    package func start() {
        let thread = Thread { [self] in
            run()
            finished.signal()
        }
        thread.name = "lag"
        thread.start()
    }

    /// Ends the thread; `false` where a question to the log holds it for longer than that.
    @discardableResult
    package func stop(within timeout: TimeInterval) -> Bool {
        condition.withLock {
            isStopped = true
            condition.broadcast()
        }
        return finished.wait(timeout: .now() + timeout) == .success
    }

    private func run() {
        var probe = makeProbe()
        while !waitForNextRound() {
            do throws(LogError) {
                for worker in workers {
                    monitor.observe(
                        worker, lag: try probe.measure(worker, partitions: monitor.partitions(of: worker)))
                }
                monitor.logAnswered(nil)
            } catch {
                monitor.logAnswered(error.description)
                probe.close()
                probe = makeProbe()
            }
        }
        probe.close()
    }

    /// `true` when it was stopped.
    private func waitForNextRound() -> Bool {
        condition.withLock {
            let deadline = Date().addingTimeInterval(interval)
            while !isStopped, condition.wait(until: deadline) {}
            return isStopped
        }
    }
}
