package import Contracts
import EventLog
package import TaskRuntime

/// What one worker's turn threads have told of themselves, and whether that is ready to serve. A value: notices in, reasons
/// out, no clock of its own.
package struct Readiness: Sendable {
    /// Why a worker is not ready.
    package struct Reason: Sendable, Hashable {
        /// Stable, for scripts and alerts.
        package var code: String
        package var partition: Int32?
        package var message: String
    }

    package enum PartitionState: Sendable, Hashable {
        /// `remaining` records to be read; `nil` before they are counted. `cause` is the fault that it is restored from.
        case restoring(remaining: Int64?, cause: String?)
        case running
        /// Needs a person, or somebody's open transaction to end.
        case stopped(code: String, reason: String)
    }

    private struct ThreadState: Sendable {
        var isAssigned = false
        var lastSign: ContinuousClock.Instant
        /// Of the log, until something shows that it works again.
        var fault: TurnFault?
    }

    /// A turn thread that gave no sign for so long hangs: longer than a commit may take and than the group waits for a poll.
    package static let silenceLimit = Duration.seconds(120)

    package let worker: WorkerName
    package private(set) var partitions: [Int32: PartitionState] = [:]
    private var owners: [Int32: Int] = [:]
    private var threads: [ThreadState]
    private var unreachable: String?
    private var isShuttingDown = false

    package init(worker: WorkerName, threads: Int, startedAt now: ContinuousClock.Instant) {
        self.worker = worker
        self.threads = Array(repeating: ThreadState(lastSign: now), count: threads)
    }

    // MARK: What happened

    package mutating func apply(_ notice: TurnObserver.Notice, thread: Int, at now: ContinuousClock.Instant) {
        threads[thread].lastSign = now
        switch notice {
        case .polled, .committed: break
        case .assigned(let added):
            threads[thread].isAssigned = true
            threads[thread].fault = nil
            for partition in added {
                partitions[partition] = .restoring(remaining: nil, cause: nil)
                owners[partition] = thread
            }
        case .restarting(let partition, let fault):
            partitions[partition] = .restoring(
                remaining: nil, cause: (fault ?? threads[thread].fault)?.description)
        case .restoring(let partition, let remaining):
            restore(partition, remaining)
        case .running(let partition):
            partitions[partition] = .running
            threads[thread].fault = nil
        case .revoked(let gone), .lost(let gone):
            // The group is being divided anew; what this thread gets comes with the next assignment.
            threads[thread].isAssigned = false
            for partition in gone where owners[partition] == thread { forget(partition) }
        case .left:
            threads[thread].isAssigned = false
            for (partition, owner) in owners where owner == thread { forget(partition) }
        case .fault(let fault):
            if fault.source == .log { threads[thread].fault = fault }
        case .stopped(let partition, let code, let reason):
            partitions[partition] = .stopped(code: code, reason: reason)
        }
    }

    private mutating func restore(_ partition: Int32, _ remaining: Int64) {
        switch partitions[partition] {
        case .stopped: break  // A restore that stands still goes on trying; it works again when it runs.
        case .restoring(_, let cause): partitions[partition] = .restoring(remaining: remaining, cause: cause)
        case .running, nil: partitions[partition] = .restoring(remaining: remaining, cause: nil)
        }
    }

    private mutating func forget(_ partition: Int32) {
        partitions[partition] = nil
        owners[partition] = nil
    }

    /// The log answered a question from outside the turn threads, or did not. That says nothing of a thread that has lost
    /// its identity.
    package mutating func logAnswered(_ failure: String?) {
        unreachable = failure
        guard failure == nil else { return }
        for thread in threads.indices where threads[thread].fault?.code != LogError.Code.fenced.rawValue {
            threads[thread].fault = nil
        }
    }

    package mutating func beginShutdown() { isShuttingDown = true }

    // MARK: What it means

    package var isReady: Bool { reasons.isEmpty }

    /// Why it is not ready, the gravest first; empty where it is. A copy that the group gave no partition stands by, ready.
    package var reasons: [Reason] {
        var reasons: [Reason] = []
        if isShuttingDown {
            reasons.append(Reason(code: "shutting_down", message: "the worker finishes its turn and ends"))
        }
        if let unreachable {
            reasons.append(Reason(code: "log_unreachable", message: unreachable))
        }
        for fault in threads.lazy.compactMap(\.fault) where unreachable == nil {
            reasons.append(Reason(code: Readiness.code(of: fault), message: fault.description))
        }
        let waiting = threads.count { !$0.isAssigned && $0.fault == nil }
        if waiting > 0 && !isShuttingDown {
            reasons.append(
                Reason(
                    code: "not_assigned",
                    message: "\(waiting) of \(threads.count) turn threads wait for the group to give them partitions"))
        }
        for (partition, state) in partitions.sorted(by: { $0.key < $1.key }) {
            switch state {
            case .running: break
            case .stopped(let code, let reason):
                reasons.append(Reason(code: code, partition: partition, message: reason))
            case .restoring(let remaining, let cause):
                let progress = remaining.map { "\($0) records to go" } ?? "from its changelog"
                reasons.append(
                    Reason(
                        code: "restoring", partition: partition,
                        message: progress + (cause.map { ", after: \($0)" } ?? "")))
            }
        }
        return reasons
    }

    private static func code(of fault: TurnFault) -> String {
        switch fault.code {
        case LogError.Code.timedOut.rawValue, LogError.Code.disconnected.rawValue: "log_unreachable"
        default: fault.code
        }
    }

    /// For how long the most silent turn thread has given no sign, where that is longer than it may be.
    package func hungFor(at now: ContinuousClock.Instant) -> Duration? {
        let silence = threads.map { now - $0.lastSign }.max() ?? .zero
        return silence > Readiness.silenceLimit ? silence : nil
    }
}
