package import EventLog
import Glibc

/// The log in one SQLite file, for one process: durable, with the topics, partitions, keys, headers and offsets of Kafka.
///
/// Thread-safe: every mutable field is guarded by `monitor`, but for `file`, which belongs to the thread that leads a
/// group commit (`isWriting`). Records that many threads commit at one time go to the disk in one SQLite transaction.
/// Committed records stay in memory for a while, up to a bound, and readers are served from there.
package final class EmbeddedLog: EventLog, @unchecked Sendable {
    /// Memory for the records that were committed last, over all partitions, in bytes as they are packed: six times as many
    /// of an import.
    static let tailBytes = 12 << 20

    let monitor = Monitor()
    let directory: LogDirectory
    let file: LogFile
    let now: @Sendable () -> Int64

    // Guarded by `monitor`.
    var topicLogs: [String: TopicLog] = [:]
    var partitionsByID: [Int64: PartitionLog] = [:]
    var committedPositions: [String: [Int64: CommittedPosition]] = [:]
    var groups: [String: GroupCoordinator] = [:]
    /// Positions in transactions that are on their way, by group and partition: their outcome is not known yet.
    var pendingPositions: [String: [Int64: Int]] = [:]
    /// The newest holder of each producer identity.
    private var producerEpochs: [String: Int] = [:]
    private var queue: [CommitRequest] = []
    private var isWriting = false
    private var isClosed = false
    /// Set when the file cannot be trusted any more: nothing is committed from then on.
    private var failure: LogError?
    private var tail = TailBudget(limit: tailBytes)
    /// Committed records since the last maintenance.
    var recordsSinceMaintenance = 0
    var isMaintaining = false
    var maintenanceThread: BlockingThread?

    /// Opens the log in `directory`, which is made where it is missing, and holds it until `close`.
    ///
    /// - Parameter now: the wall clock in milliseconds since 1970, for append times.
    package init(
        directory path: String, now: @escaping @Sendable () -> Int64 = EmbeddedLog.wallClock
    ) throws(LogError) {
        directory = try LogDirectory(path)
        self.now = now
        file = try LogFile(path: path + "/" + LogDirectory.databaseName)
        for topic in try file.topics() { register(topic) }
        committedPositions = try file.positions()
        startMaintenance()
    }

    /// Of the socket over which `LogServer` serves the log, in its directory.
    package static let socketName = LogDirectory.socketName

    /// The process that holds the log in `directory`; `nil` where none does.
    package static func holder(of directory: String) -> Int32? { LogDirectory.holder(of: directory) }

    package static let wallClock: @Sendable () -> Int64 = {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    package func close() {
        let thread: BlockingThread? = monitor.locked {
            guard !isClosed else { return nil }
            isClosed = true
            monitor.signalAll(.news)
            monitor.signalAll(.commits)
            return maintenanceThread
        }
        thread?.join()
        monitor.locked {
            while isWriting { _ = monitor.wait(for: .commits) }
            file.close()
            directory.release()
        }
    }

    // MARK: Topics

    private func register(_ topic: TopicLog) {
        topicLogs[topic.specification.name] = topic
        for partition in topic.partitions { partitionsByID[partition.id] = partition }
    }

    package func createTopics(_ topics: [TopicSpecification]) throws(LogError) {
        try monitor.locked { () throws(LogError) in
            for topic in topics {
                guard let found = topicLogs[topic.name]?.specification.partitions, found != topic.partitions else {
                    continue
                }
                throw LogError(
                    .invalidState, .fatal,
                    "topic \(topic.name) exists with \(found) partitions, wanted are \(topic.partitions)")
            }
            let missing = topics.filter { topicLogs[$0.name] == nil }
            guard !missing.isEmpty else { return }
            try writing { () throws(LogError) in
                for topic in missing where topicLogs[topic.name] == nil { try file.createTopic(topic) }
                for topic in try file.topics() where topicLogs[topic.specification.name] == nil { register(topic) }
            }
        }
    }

    package func topics() throws(LogError) -> [String: TopicSpecification] {
        monitor.locked { topicLogs.mapValues(\.specification) }
    }

    package func partitionCount(of topic: String) throws(LogError) -> Int32 {
        Int32(try topicLog(topic).partitions.count)
    }

    func topicLog(_ name: String) throws(LogError) -> TopicLog {
        guard let topic = monitor.locked({ topicLogs[name] }) else {
            throw LogError(.unknownTopic, .abortable, "topic \(name) does not exist")
        }
        return topic
    }

    // MARK: Positions

    package func endOffsets(of topic: String) throws(LogError) -> [Int64] {
        let topic = try topicLog(topic)
        return monitor.locked { topic.partitions.map(\.end) }
    }

    package func committedOffsets(group: String, topic: String) throws(LogError) -> [Int64?] {
        try positions(ofGroup: group, topic: topic).map { $0?.offset }
    }

    // MARK: Clients

    package func producer(identity: String) throws(LogError) -> any LogProducer {
        EmbeddedProducer(log: self, identity: identity, epoch: try takeOver(identity))
    }

    package func reader(for use: ReaderUse) throws(LogError) -> any LogReader { EmbeddedReader(log: self) }

    package func session(_ configuration: SessionConfiguration) throws(LogError) -> any TurnSession {
        let topic = try topicLog(configuration.topic)
        let changelog = try topicLog(configuration.changelogTopic)
        guard topic.partitions.count == changelog.partitions.count else {
            throw LogError(
                .invalidState, .fatal,
                "topic \(configuration.topic) has \(topic.partitions.count) partitions and its changelog "
                    + "\(configuration.changelogTopic) \(changelog.partitions.count)")
        }
        let epoch = try takeOver(configuration.identity)
        let member = try monitor.locked { () throws(LogError) in
            var group =
                groups[configuration.group]
                ?? GroupCoordinator(topic: configuration.topic, partitionCount: Int32(topic.partitions.count))
            guard group.topic == configuration.topic else {
                throw LogError(
                    .invalidState, .fatal,
                    "group \(configuration.group) reads \(group.topic), not \(configuration.topic)")
            }
            let member = group.join(
                configuration.identity, revocationTimeout: configuration.sessionTimeout, now: .now)
            groups[configuration.group] = group
            monitor.signalAll(.news)
            return member
        }
        return EmbeddedSession(
            log: self, configuration: configuration, topic: topic, changelog: changelog, member: member, epoch: epoch)
    }

    /// Makes the caller the holder of a producer identity; the one before is fenced.
    private func takeOver(_ identity: String) throws(LogError) -> Int {
        try monitor.locked { () throws(LogError) in
            if let error = unusable { throw error }
            producerEpochs[identity, default: 0] += 1
            return producerEpochs[identity]!
        }
    }

    /// Called inside the monitor.
    func isCurrent(_ identity: String, epoch: Int) -> Bool { producerEpochs[identity] == epoch }

    /// Why nothing can be done any more. Called inside the monitor.
    var unusable: LogError? {
        failure ?? (isClosed ? LogError(.invalidState, .fatal, "the log is closed") : nil)
    }

    // MARK: Commits

    /// Commits a transaction together with those of other threads. `check` is asked, inside the monitor, whether the
    /// transaction may still go in.
    func commit(_ request: CommitRequest, check: () -> LogError?) throws(LogError) {
        try monitor.locked { () throws(LogError) in
            if let error = unusable ?? check() { throw error }
            for position in request.positions {
                pendingPositions[request.group, default: [:]][position.partition.id, default: 0] += 1
            }
            queue.append(request)
            while request.outcome == nil {
                if isWriting { _ = monitor.wait(for: .commits) } else { lead() }
            }
            try request.outcome!.get()
        }
    }

    /// Writes what is queued. Called inside the monitor; the lock is released while the file is written.
    private func lead() {
        let requests = takeRequests()
        let result: Result<Void, LogError>
        if let failure = unusable {
            result = .failure(failure)
        } else {
            isWriting = true
            result = monitor.unlocked { write(requests) }
            isWriting = false
        }
        switch result {
        case .success: publish(requests)
        case .failure(let error): refuse(requests, error)
        }
        for request in requests {
            for position in request.positions {
                pendingPositions[request.group]![position.partition.id]! -= 1
            }
        }
        monitor.signalAll(.commits)
        monitor.signalAll(.news)
    }

    /// What one SQLite transaction takes at most, in bytes of records; a larger one goes alone.
    private static let groupBytes = 8 << 20

    private func takeRequests() -> [CommitRequest] {
        var (bytes, count) = (0, 0)
        for request in queue {
            guard count == 0 || bytes + request.bytes <= Self.groupBytes else { break }
            bytes += request.bytes
            count += 1
        }
        let taken = Array(queue[..<count])
        queue.removeFirst(count)
        return taken
    }

    private func write(_ requests: [CommitRequest]) -> Result<Void, LogError> {
        do {
            return .success(try file.write(requests, at: now()))
        } catch {
            return .failure(error)
        }
    }

    private func publish(_ requests: [CommitRequest]) {
        for request in requests {
            for batch in request.batches {
                let chunk = TailChunk(batch)
                batch.partition.publish(chunk)
                tail.add(chunk, of: batch.partition)
            }
            for position in request.positions {
                committedPositions[request.group, default: [:]][position.partition.id] = position.committed
            }
            recordsSinceMaintenance += request.recordCount
            request.outcome = .success(())
        }
    }

    private func refuse(_ requests: [CommitRequest], _ error: LogError) {
        if error.errorClass == .fatal && failure == nil { failure = error }
        for request in requests {
            for batch in request.batches { batch.partition.appended = batch.partition.end }
            request.outcome = .failure(error)
        }
    }

    /// Runs `body` as the only user of the file. Called inside the monitor; the lock is released meanwhile only where
    /// `body` does so.
    func writing<Value>(_ body: () throws(LogError) -> Value) throws(LogError) -> Value {
        while isWriting { _ = monitor.wait(for: .commits) }
        if let error = unusable { throw error }
        isWriting = true
        defer {
            isWriting = false
            monitor.signalAll(.commits)
        }
        return try body()
    }
}

/// What the tails of all partitions hold in memory: the oldest chunk goes first.
private struct TailBudget {
    private let limit: Int
    private var bytes = 0
    private var order: [PartitionLog] = []
    private var head = 0

    init(limit: Int) { self.limit = limit }

    mutating func add(_ chunk: TailChunk, of partition: PartitionLog) {
        order.append(partition)
        bytes += chunk.bytes
        while bytes > limit, head < order.count {
            bytes -= order[head].evict()
            head += 1
        }
        if head > 1_024 && head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
    }
}
