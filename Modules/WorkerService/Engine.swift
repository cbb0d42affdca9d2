package import Contracts
package import EventLog
package import Foundation
import Metrics
import Operations
import StateStore
import Synchronization
package import TaskRuntime

/// How an engine runs its workers.
package struct EngineOptions: Sendable {
    package var dataDirectory: String
    package var catalogue: TopicCatalogue
    /// Which workers run here.
    package var workers: [WorkerName]
    /// Turn threads of each worker, each with its own consumer, producer and tasks.
    package var threads: Int
    package var membership: SessionConfiguration.Membership
    package var sessionTimeout: Duration
    /// How long a dead owner's open transaction may keep others from reading.
    package var transactionTimeout: Duration
    /// Names this copy among those that share the data directory; `nil` takes the lowest free slot.
    package var instance: String?
    package var mail: MailOptions
    package var limits: TurnLimits
    /// Where the pages for operators are served; `nil` serves none.
    package var ops: OpsAddress?
    package var observer: @Sendable (WorkerName, TurnObserver.Notice) -> Void

    package init(
        dataDirectory: String, catalogue: TopicCatalogue = TopicCatalogue(),
        workers: [WorkerName] = WorkerName.allCases,
        threads: Int = 1, membership: SessionConfiguration.Membership = .static,
        sessionTimeout: Duration = .seconds(45), transactionTimeout: Duration = .seconds(10), instance: String? = nil,
        mail: MailOptions = MailOptions(), limits: TurnLimits = TurnLimits(),
        ops: OpsAddress? = nil,
        observer: @escaping @Sendable (WorkerName, TurnObserver.Notice) -> Void = { _, _ in }
    ) {
        self.dataDirectory = dataDirectory
        self.catalogue = catalogue
        self.workers = workers
        self.threads = threads
        self.membership = membership
        self.sessionTimeout = sessionTimeout
        self.transactionTimeout = transactionTimeout
        self.instance = instance
        self.mail = mail
        self.limits = limits
        self.ops = ops
        self.observer = observer
    }
}

/// Where a process listens for its operators.
package struct OpsAddress: Sendable, Hashable {
    package static let defaultHost = "127.0.0.1"

    /// Numeric; `0.0.0.0` and `::` are every interface.
    package var host: String
    /// 0 for any that is free.
    package var port: Int

    package init(host: String = OpsAddress.defaultHost, port: Int) {
        self.host = host
        self.port = port
    }
}

/// Runs workers in this process: one of them in a worker's executable, all four under `tributary up`. The same turn loop and
/// the same handlers in both.
package final class Engine {
    private let log: any EventLog
    private let options: EngineOptions
    private var threads: [WorkerThread] = []
    private var slots: [WorkerSlot] = []
    private var postOffice: PostOffice?
    /// Why the sender of messages had left by itself, when it is gone.
    private var senderFailure: LogError?
    private let monitor: WorkerMonitor?
    private var opsPort: OpsPort?
    private var lagWatch: LagWatch?

    package init(log: any EventLog, options: EngineOptions) throws {
        self.log = log
        self.options = options
        monitor =
            options.ops == nil
            ? nil
            : WorkerMonitor(
                workers: options.workers, threads: options.threads, catalogue: options.catalogue,
                metrics: MetricRegistry())
    }

    /// Starts the turn threads; they work until `stop`. After a throw nothing runs.
    package func start() throws {
        do {
            try makeThreads()
        } catch {
            threads.removeAll()
            stop(timeout: 1)
            throw error
        }
        postOffice?.start()
        for thread in threads { thread.start() }
    }

    private func makeThreads() throws {
        let node = try NodeIdentity(dataDirectory: options.dataDirectory)
        var directories: [(worker: String, path: String)] = []
        for worker in options.workers {
            let slot = try WorkerSlot(of: worker, dataDirectory: options.dataDirectory, instance: options.instance)
            slots.append(slot)
            for thread in 0..<options.threads {
                directories.append((worker.rawValue, directory(of: worker, slot, thread)))
            }
        }
        try openOpsPort(directories)
        for (worker, slot) in zip(options.workers, slots) where worker == .notification {
            postOffice = try makePostOffice(node, slot)
        }
        for (worker, slot) in zip(options.workers, slots) {
            for thread in 0..<options.threads { threads.append(try makeThread(worker, thread, node, slot)) }
        }
    }

    private func directory(of worker: WorkerName, _ slot: WorkerSlot, _ thread: Int) -> String {
        "\(options.dataDirectory)/\(worker.rawValue)-worker/\(slot.name)-\(thread)"
    }

    /// Who this copy of a worker is. One directory has one node, and a slot for each copy.
    private func owner(_ node: NodeIdentity, _ slot: WorkerSlot) -> String {
        options.instance ?? "\(node.text).\(slot.name)"
    }

    private func makePostOffice(_ node: NodeIdentity, _ slot: WorkerSlot) throws -> PostOffice {
        let (monitor, observe) = (self.monitor, options.observer)
        return try PostOffice(
            log: log, options: options, identity: owner(node, slot), truce: try slot.contest.truceLeft(at: Date())
        ) { fault in
            // Counted alone: it is no sign of life of a turn thread.
            monitor?.metrics.add(.faults, [WorkerName.notification.rawValue, fault.code])
            observe(.notification, .fault(fault))
        }
    }

    private func makeThread(
        _ worker: WorkerName, _ index: Int, _ node: NodeIdentity, _ slot: WorkerSlot
    ) throws -> WorkerThread {
        let prefix = options.catalogue.prefix
        let identity = "\(prefix).\(worker.rawValue)-worker.\(owner(node, slot)).\(index)"
        let session = SessionConfiguration(
            group: WorkerGroup.name(worker, prefix: prefix), topic: options.catalogue.name(of: worker.input),
            changelogTopic: options.catalogue.name(of: .changelog(worker)), identity: identity,
            membership: options.membership, sessionTimeout: options.sessionTimeout,
            transactionTimeout: options.transactionTimeout)
        let (log, options, postOffice) = (self.log, self.options, self.postOffice)
        let monitor = self.monitor
        let observer = TurnObserver { notice in
            monitor?.observe(worker, thread: index, notice)
            options.observer(worker, notice)
        }
        let definition = WorkerDefinition.make(worker, postOffice: postOffice)
        let directory = directory(of: worker, slot, index)
        let stores = try SQLiteStateBackendProvider(
            directory: directory, tables: definition.tables, schemaVersion: Int64(Changelog.schemaVersion))
        let traps = try TrapFile(directory: directory)
        let truce = try slot.contest.truceLeft(at: Date())
        return WorkerThread(name: "\(worker.rawValue)-\(index)") { stop in
            if truce > 0 {
                observer.notify(.fault(Engine.contested(for: truce)))
                let end = ContinuousClock.now + .seconds(truce)
                while !stop.isSet, ContinuousClock.now < end { Thread.sleep(for: .milliseconds(200)) }
            }
            do throws(StoreError) {
                try traps.watchThread()
            } catch {
                observer.notify(.fault(TurnFault(error)))
            }
            return TurnLoop(
                TurnLoop.Environment(
                    log: log, session: session, worker: worker, catalogue: options.catalogue, stores: stores,
                    now: { Int64(Date().timeIntervalSince1970 * 1000) },
                    sleep: { Thread.sleep(for: $0) },
                    limits: options.limits, observer: observer, watch: traps,
                    makeProcessor: definition.makeProcessor),
                stop: stop)
        }
    }

    /// Why a thread does not begin yet: it leaves its identity to the process that has it.
    private static func contested(for truce: TimeInterval) -> TurnFault {
        TurnFault(
            .log, code: LogError.Code.fenced.rawValue,
            "another process had this identity (copied volume?); it is left alone for \(Int(truce.rounded(.up))) s")
    }

    private func openOpsPort(_ directories: [(worker: String, path: String)]) throws {
        guard let address = options.ops, let monitor else { return }
        opsPort = try OpsPort(
            address: address.host, port: address.port, monitor: monitor, storeDirectories: directories)
        lagWatch = LagWatch(
            log: log, catalogue: options.catalogue, workers: options.workers, monitor: monitor)
        lagWatch?.start()
    }

    /// The port that the operators' pages are on; `nil` where they are not served.
    package var servedOpsPort: Int? { opsPort?.port }

    /// What was left behind at the end, by what it works for.
    package struct Stragglers: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        /// A turn or a message was not finished.
        package static let work = Stragglers(rawValue: 1)
        /// The lag was being asked for.
        package static let watch = Stragglers(rawValue: 2)
    }

    /// How long the log is waited for once its users are asked to leave: a commit may take that. Behind it a thread may
    /// have to abort its turn, to wait for its messages' results and to close its clients, all in the time of `stop`.
    private static let logPatience = Duration.seconds(3)
    /// How long the watch is waited for, in seconds, when all others have left.
    private static let watchPatience: TimeInterval = 1

    /// Finishes the open turns and leaves, within the time given; what does not leave in time is left behind, and still
    /// uses the log. Nobody can work on the log any more: what it does not answer soon is given up.
    @discardableResult
    package func stop(timeout: TimeInterval = 10) -> Stragglers {
        monitor?.beginShutdown()
        for thread in threads { thread.stop() }
        postOffice?.hurry()
        log.limitWaits(until: .now + Engine.logPatience)
        let deadline = Date().addingTimeInterval(timeout)
        var hasWatchLeft = lagWatch?.stop(within: 0) ?? true
        let left = threads.map { $0.join(timeout: max(0, deadline.timeIntervalSinceNow)) }
        let hasSenderLeft = postOffice?.stop(within: max(0.5, deadline.timeIntervalSinceNow)) ?? true
        senderFailure = postOffice?.failure ?? senderFailure
        if hasSenderLeft { postOffice = nil }
        if failure?.code == .fenced { noteContest() }
        // A thread that did not leave still has its identity: its slot stays taken until the process ends.
        if hasSenderLeft, left.allSatisfy({ $0 }) { slots.removeAll() }
        if !hasWatchLeft {
            let patience = min(Engine.watchPatience, max(0, deadline.timeIntervalSinceNow))
            hasWatchLeft = lagWatch?.stop(within: patience) ?? true
        }
        opsPort?.stop()
        opsPort = nil
        var stragglers: Stragglers = hasWatchLeft ? [] : .watch
        if !hasSenderLeft || left.contains(false) { stragglers.insert(.work) }
        return stragglers
    }

    private func noteContest() {
        for (worker, slot) in zip(options.workers, slots) {
            do {
                try slot.contest.lose()
            } catch {
                let reason = "that the identity was lost is not remembered: \(error.localizedDescription)"
                options.observer(worker, .fault(TurnFault(.outside, code: LogError.Code.other.rawValue, reason)))
            }
        }
    }

    /// Blocks until SIGTERM or SIGINT, or until a turn thread or the sender of messages has left by itself.
    package func waitUntilStoppedOrFailed() {
        while !Signals.isTerminationPending(waiting: 0.5), failure == nil {}
    }

    /// Why a worker left by itself: another process has its identity.
    package var failure: LogError? { threads.lazy.compactMap(\.error).first ?? postOffice?.failure ?? senderFailure }
}
