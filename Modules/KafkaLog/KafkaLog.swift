package import EventLog
import Synchronization

/// The log on a Kafka cluster, through librdkafka.
///
/// Thread-safe; its producers, readers and sessions belong to one thread each. Brokers: Apache Kafka 3.9, and 4.1 or
/// later.
package final class KafkaLog: EventLog {
    /// How long a call that is not a session's waits for the cluster by default.
    package static let defaultTimeout = Duration.seconds(15)

    /// How long a topic's record limit is asked for; it is only needed for a better error.
    static let recordLimitTimeout = Duration.seconds(1)

    let configuration: KafkaConfiguration
    let admin: KafkaAdmin
    private let replicationFactor: Int
    private let timeout: Duration
    private let sink: (@Sendable (String) -> Void)?
    private let waits = WaitLimit()
    private let committed = CommittedOffsets()
    private let partitionCounts = Mutex<[String: Int32]>([:])
    private let recordLimits = Mutex<[String: Int?]>([:])
    /// Identities that could not be taken over the last time: their sessions join a group no sooner than that they can.
    private let refused = Mutex<Set<String>>([])

    /// Makes the log's client; nothing is sent yet.
    ///
    /// `bootstrap` is `host:port`, several with commas. `properties` are any of librdkafka's: a wrong name or value,
    /// or one that exactly-once rests on, is an error with code `configuration` that names it. A
    /// `replicationFactor` of -1 is the broker's default. `log` gets the client's own log lines; without one they are
    /// dropped, and the last problem still stands in the text of errors.
    package init(
        bootstrap: String, properties: [String: String] = [:], replicationFactor: Int = -1,
        timeout: Duration = KafkaLog.defaultTimeout, log: (@Sendable (String) -> Void)? = nil
    ) throws(LogError) {
        configuration = try KafkaConfiguration(
            bootstrap: bootstrap, overrides: properties.merging(KafkaDebug.properties) { own, _ in own })
        self.replicationFactor = replicationFactor
        self.timeout = timeout
        sink = log ?? KafkaDebug.sink
        admin = try KafkaAdmin(
            configuration: configuration, diagnostics: KafkaDiagnostics(sink: sink, waits: waits), timeout: timeout)
    }

    /// Of one client.
    private func diagnostics() -> KafkaDiagnostics { KafkaDiagnostics(sink: sink, waits: waits) }

    package func createTopics(_ topics: [TopicSpecification]) throws(LogError) {
        let existing = try admin.partitions()
        for topic in topics {
            guard let found = existing[topic.name], found.partitions != topic.partitions else { continue }
            throw LogError(
                .invalidState, .fatal,
                "topic \(topic.name) exists with \(found.partitions) partitions, wanted are \(topic.partitions)")
        }
        let missing = topics.filter { existing[$0.name] == nil }
        guard !missing.isEmpty else { return }
        try admin.create(missing, replicationFactor: replicationFactor)
    }

    package func topics() throws(LogError) -> [String: TopicSpecification] {
        let partitions = try admin.partitions().filter { !$0.key.hasPrefix("__") }
        let settings = try admin.settings(of: partitions.keys.sorted())
        var topics: [String: TopicSpecification] = [:]
        for (name, topic) in partitions {
            topics[name] = TopicSettings.specification(
                name: name, partitions: topic.partitions, replicas: topic.replicas, settings: settings[name] ?? [:])
        }
        return topics
    }

    package func partitionCount(of topic: String) throws(LogError) -> Int32 {
        if let known = partitionCounts.withLock({ $0[topic] }) { return known }
        let found = try admin.partitions().mapValues(\.partitions)
        partitionCounts.withLock { $0.merge(found) { $1 } }
        guard let count = found[topic], count > 0 else {
            throw LogError(.unknownTopic, .fatal, "topic \(topic) does not exist")
        }
        return count
    }

    package func producer(identity: String) throws(LogError) -> any LogProducer {
        try producer(identity: identity, transactionTimeout: .seconds(10))
    }

    package func producer(identity: String, transactionTimeout: Duration) throws(LogError) -> any LogProducer {
        let producer = try transactionalProducer(identity: identity, timeout: transactionTimeout)
        do { try producer.takeOver(until: .now + timeout) } catch {
            producer.close()
            throw error
        }
        // Behind its transaction's time an append would be fenced as by another holder.
        return KafkaProducer(
            producer, committed: committed, admin: admin, timeout: min(timeout, transactionTimeout))
    }

    package func reader(for use: ReaderUse) throws(LogError) -> any LogReader {
        try reader(.reader(use))
    }

    func reader(_ role: KafkaRole) throws(LogError) -> KafkaReader {
        try KafkaReader(role, admin: admin, configuration: configuration, diagnostics: diagnostics())
    }

    package func endOffsets(of topic: String) throws(LogError) -> [Int64] {
        try committed.awaitReadable(topic, partitions: partitionCount(of: topic), admin: admin)
    }

    package func endOffset(of place: TopicPartition) throws(LogError) -> Int64 {
        try admin.stableEnds(of: place.topic, partitions: [place.partition])[0]
    }

    package func committedOffsets(group: String, topic: String) throws(LogError) -> [Int64?] {
        try admin.committed(group: group, topic: topic, partitions: partitionCount(of: topic), isSettled: false)
            .map { $0?.offset }
    }

    package func session(_ session: SessionConfiguration) throws(LogError) -> any TurnSession {
        let partitions = try partitionCount(of: session.topic)
        let changelogPartitions = try partitionCount(of: session.changelogTopic)
        guard partitions == changelogPartitions else {
            throw LogError(
                .invalidState, .fatal,
                "topic \(session.topic) has \(partitions) partitions and its changelog \(session.changelogTopic) "
                    + "\(changelogPartitions)")
        }
        let producer = try transactionalProducer(
            identity: session.identity, timeout: session.transactionTimeout)
        let deadline = ContinuousClock.now + timeout
        do {
            let isRefused = refused.withLock { $0.contains(session.identity) }
            if isRefused { try takeOver(producer, session.identity, until: deadline) }
            return try KafkaSession(
                session, producer: producer, committed: committed, admin: admin, configuration: configuration,
                diagnostics: diagnostics()
            ) { () throws(LogError) in
                if !isRefused { try takeOver(producer, session.identity, until: deadline) }
            }
        } catch {
            producer.close()
            throw error
        }
    }

    private func takeOver(
        _ producer: TransactionalProducer, _ identity: String, until deadline: ContinuousClock.Instant
    ) throws(LogError) {
        do { try producer.takeOver(until: deadline) } catch {
            refused.withLock { _ = $0.insert(identity) }
            throw error
        }
        refused.withLock { _ = $0.remove(identity) }
    }

    package func limitWaits(until instant: ContinuousClock.Instant) {
        waits.set(instant)
    }

    package func close() {
        admin.close()
    }

    private func transactionalProducer(identity: String, timeout: Duration) throws(LogError)
        -> TransactionalProducer
    {
        try TransactionalProducer(
            identity: identity, timeout: timeout, configuration: configuration, diagnostics: diagnostics(),
            maximumBytes: { [self] topic in recordLimit(of: topic) })
    }

    /// What a topic takes at most; `nil` where the cluster does not tell (no right to describe it): the broker's own
    /// refusal then fails the transaction. Asked once a topic.
    private func recordLimit(of topic: String) -> Int? {
        if let known = recordLimits.withLock({ $0[topic] }) { return known }
        var limit: Int?
        if case .success(let settings) = Result(catching: { () throws(LogError) in
            try admin.settings(of: [topic], timeout: Self.recordLimitTimeout)
        }) {
            limit = settings[topic].flatMap { TopicSettings.maximumRecordBytes($0) }
        }
        recordLimits.withLock { $0[topic] = .some(limit) }
        return limit
    }
}
