package import Contracts
import EventLog
package import Metrics
import Synchronization
package import TaskRuntime

/// Takes the notices of every worker of this process in and keeps what its ops port tells: readiness and metrics. Any thread
/// may use it.
package final class WorkerMonitor: Sendable {
    package let metrics: MetricRegistry
    private let catalogue: TopicCatalogue
    private let states: Mutex<[WorkerName: Readiness]>

    package init(workers: [WorkerName], threads: Int, catalogue: TopicCatalogue, metrics: MetricRegistry) {
        self.catalogue = catalogue
        self.metrics = metrics
        let now = ContinuousClock.now
        states = Mutex(
            Dictionary(
                uniqueKeysWithValues: workers.map { ($0, Readiness(worker: $0, threads: threads, startedAt: now)) }))
        metrics.set(.buildInfo, [ProductVersion.text], 1)
    }

    // MARK: In

    package func observe(_ worker: WorkerName, thread: Int, _ notice: TurnObserver.Notice) {
        let held = states.withLock { states -> [Int32: Readiness.PartitionState] in
            states[worker]?.apply(notice, thread: thread, at: .now)
            return states[worker]?.partitions ?? [:]
        }
        count(worker, notice, held: held)
    }

    private func count(_ worker: WorkerName, _ notice: TurnObserver.Notice, held: [Int32: Readiness.PartitionState]) {
        let name = worker.rawValue
        let topic = catalogue.name(of: worker.input)
        switch notice {
        case .polled: break
        case .assigned: metrics.add(.rebalances, [name, "assigned"])
        case .revoked, .lost:
            let isLost = if case .lost = notice { true } else { false }
            metrics.add(.rebalances, [name, isLost ? "lost" : "revoked"])
            forgetPartitions(of: topic, but: held)
        case .left: forgetPartitions(of: topic, but: held)
        case .restarting: break
        case .restoring(let partition, let remaining):
            metrics.set(.restoreRemaining, [topic, "\(partition)"], Double(remaining))
        case .running(let partition):
            metrics.set(.restoreRemaining, [topic, "\(partition)"], 0)
            metrics.remove(.partitionStopped) { $0[0] == topic && $0[1] == "\(partition)" }
        case .committed(let report): count(report, of: name)
        case .fault(let fault): metrics.add(.faults, [name, fault.code])
        case .stopped(let partition, let code, _):
            metrics.remove(.partitionStopped) { $0[0] == topic && $0[1] == "\(partition)" }
            metrics.set(.partitionStopped, [topic, "\(partition)", code], 1)
        }
    }

    private func count(_ report: TurnReport, of worker: String) {
        for entry in report.tally.entries {
            metrics.add(.eventsProcessed, [worker, entry.type, entry.outcome.rawValue], entry.count)
        }
        for (code, count) in report.tally.deadLetters { metrics.add(.deadLetters, [worker, code], count) }
        metrics.add(.duplicates, [worker], report.counts.duplicates)
        metrics.observe(.commit, [worker], report.commit.seconds)
        guard report.records > 0 else { return }
        metrics.observe(
            .eventProcessing, [worker], report.processing.seconds / Double(report.records), count: report.records)
    }

    /// Series of partitions that another process has now would stand still here for ever.
    private func forgetPartitions(of topic: String, but held: [Int32: Readiness.PartitionState]) {
        for metric in [MetricName.restoreRemaining, .lagRecords, .lagSeconds, .partitionStopped] {
            metrics.remove(metric) { labels in
                labels[0] == topic && !(Int32(labels[1]).map { held[$0] != nil } ?? false)
            }
        }
    }

    /// What the log says of how far the partitions held here are behind.
    package func observe(_ worker: WorkerName, lag: [PartitionLag]) {
        let topic = catalogue.name(of: worker.input)
        let held = states.withLock { $0[worker]?.partitions ?? [:] }
        for partition in lag where held[partition.partition] != nil {
            metrics.set(.lagRecords, [topic, "\(partition.partition)"], Double(partition.records))
            metrics.set(.lagSeconds, [topic, "\(partition.partition)"], partition.seconds)
        }
        forgetPartitions(of: topic, but: held)
    }

    /// The log answered, or why it did not.
    package func logAnswered(_ failure: String?) {
        states.withLock { states in for worker in states.keys { states[worker]?.logAnswered(failure) } }
    }

    package func beginShutdown() {
        states.withLock { states in for worker in states.keys { states[worker]?.beginShutdown() } }
    }

    // MARK: Out

    package var readiness: [Readiness] {
        states.withLock { Array($0.values) }.sorted { $0.worker.rawValue < $1.worker.rawValue }
    }

    package func partitions(of worker: WorkerName) -> [Int32] {
        states.withLock { ($0[worker]?.partitions.keys).map(Array.init) ?? [] }.sorted()
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
