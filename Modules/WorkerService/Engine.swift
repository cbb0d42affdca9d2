package import Contracts
package import EventLog
package import Foundation
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
    package var mail: MailOptions
    package var limits: TurnLimits
    package var observer: @Sendable (WorkerName, TurnObserver.Notice) -> Void

    package init(
        dataDirectory: String, catalogue: TopicCatalogue = TopicCatalogue(),
        workers: [WorkerName] = WorkerName.allCases,
        threads: Int = 1, membership: SessionConfiguration.Membership = .static,
        sessionTimeout: Duration = .seconds(45),
        mail: MailOptions = MailOptions(), limits: TurnLimits = TurnLimits(),
        observer: @escaping @Sendable (WorkerName, TurnObserver.Notice) -> Void = { _, _ in }
    ) {
        self.dataDirectory = dataDirectory
        self.catalogue = catalogue
        self.workers = workers
        self.threads = threads
        self.membership = membership
        self.sessionTimeout = sessionTimeout
        self.mail = mail
        self.limits = limits
        self.observer = observer
    }
}

/// Runs workers in this process: one of them in a worker's executable, all four under `tributary up`. The same turn loop and
/// the same handlers in both.
package final class Engine {
    private let log: any EventLog
    private let options: EngineOptions
    private var threads: [WorkerThread] = []
    private var postOffice: PostOffice?

    package init(log: any EventLog, options: EngineOptions) throws {
        self.log = log
        self.options = options
    }

    /// Starts the turn threads; they work until `stop`.
    package func start() throws {
        let node = try NodeIdentity(dataDirectory: options.dataDirectory)
        if options.workers.contains(.notification) {
            postOffice = try PostOffice(log: log, options: options, identity: node.text)
        }
        for worker in options.workers {
            for thread in 0..<options.threads { threads.append(try makeThread(worker, thread, node)) }
        }
        for thread in threads { thread.start() }
    }

    private func makeThread(_ worker: WorkerName, _ index: Int, _ node: NodeIdentity) throws -> WorkerThread {
        let prefix = options.catalogue.prefix
        let identity = "\(prefix).\(worker.rawValue)-worker.\(node.text).0.\(index)"
        let session = SessionConfiguration(
            group: WorkerGroup.name(worker, prefix: prefix), topic: options.catalogue.name(of: worker.input),
            changelogTopic: options.catalogue.name(of: .changelog(worker)), identity: identity,
            membership: options.membership, sessionTimeout: options.sessionTimeout)
        let (log, options, postOffice) = (self.log, self.options, self.postOffice)
        let directory = "\(options.dataDirectory)/\(worker.rawValue)-worker/0-\(index)"
        let definition = WorkerDefinition.make(worker, postOffice: postOffice)
        let stores = try SQLiteStateBackendProvider(
            directory: directory, tables: definition.tables, schemaVersion: Int64(Changelog.schemaVersion))
        return WorkerThread(name: "\(worker.rawValue)-\(index)") { stop in
            TurnLoop(
                TurnLoop.Environment(
                    log: log, session: session, worker: worker, catalogue: options.catalogue, stores: stores,
                    now: { Int64(Date().timeIntervalSince1970 * 1000) },
                    sleep: {
                        Thread.sleep(
                            forTimeInterval: Double($0.components.attoseconds) / 1e18
                                + Double($0.components.seconds))
                    },
                    limits: options.limits, observer: TurnObserver { options.observer(worker, $0) },
                    makeProcessor: definition.makeProcessor),
                stop: stop)
        }
    }

    /// Finishes the open turns and leaves, within the time given; what does not leave in time is left behind.
    @discardableResult
    package func stop(timeout: TimeInterval = 10) -> Bool {
        for thread in threads { thread.stop() }
        let deadline = Date().addingTimeInterval(timeout)
        let left = threads.map { $0.join(timeout: max(0, deadline.timeIntervalSinceNow)) }
        postOffice?.stop()
        postOffice = nil
        return left.allSatisfy { $0 }
    }

    /// Blocks until SIGTERM or SIGINT, or until a turn thread has left by itself.
    package func waitUntilStoppedOrFailed() {
        while !Signals.isTerminationPending(waiting: 0.5), failure == nil {}
    }

    /// Why a worker left by itself: another process has its identity.
    package var failure: LogError? { threads.lazy.compactMap(\.error).first }
}
