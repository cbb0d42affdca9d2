import EventLog

/// What a client handle is for; decides its properties.
enum KafkaRole {
    /// Admin calls and last stable offsets.
    case admin
    /// High watermarks, which a read-committed handle cannot see.
    case uncommittedProbe
    /// Manual assignment, committed records only.
    case reader(ReaderUse)
    /// The same for a restore, several partitions side by side.
    case changelog
    /// A member of a worker's group.
    case member(SessionConfiguration)
    /// A transactional producer.
    case producer(identity: String, transactionTimeout: Duration)

    var isProducer: Bool {
        if case .producer = self { true } else { false }
    }

    /// Whether an operator's property is for this role: what is bound to the session timeout goes to members only. A producer's
    /// requests end with its transaction: one that ended sooner could reach the coordinator in the next.
    func takes(_ property: String) -> Bool {
        switch property {
        case "max.poll.interval.ms", "heartbeat.interval.ms":
            if case .member = self { return true }
            return false
        case "socket.timeout.ms": return !isProducer
        default: return true
        }
    }
}

/// The properties of every handle: our defaults, then what the operator set, then what exactly-once rests on.
struct KafkaConfiguration: Sendable {
    /// The largest record any topic takes (dead-letter topics), in bytes.
    static let maximumMessageBytes = 16 << 20
    /// How much is fetched ahead of a reader of a whole topic or changelog, in KiB.
    private static let readerFetchQueueKibibytes = 4 << 10
    /// The same of each partition of a member.
    private static let memberFetchQueueKibibytes = 256
    /// How much is produced ahead of the broker, in KiB: the largest record and more. A broker that is slow makes a worker this large.
    static let produceQueueKibibytes = 20 << 10
    /// How long a member may go without polling before the group takes its partitions, in milliseconds.
    static let maximumPollIntervalMilliseconds: Int32 = 60_000

    /// Properties that the log sets itself: another value would break what it promises.
    static let ownProperties: Set<String> = [
        "bootstrap.servers", "metadata.broker.list", "group.id", "group.instance.id", "transactional.id",
        "transaction.timeout.ms", "session.timeout.ms", "enable.auto.commit", "auto.commit.enable",
        "enable.auto.offset.store", "auto.offset.reset", "isolation.level", "enable.partition.eof",
        "partition.assignment.strategy", "enable.idempotence", "acks", "request.required.acks",
        "allow.auto.create.topics", "partitioner", "delivery.report.only.error", "log.queue",
        // Nobody reads statistics: they would fill the memory.
        "statistics.interval.ms",
    ]

    let bootstrap: String
    let overrides: [String: String]

    /// Refuses a property that the log owns. Names and values are checked when a handle is made.
    init(bootstrap: String, overrides: [String: String]) throws(LogError) {
        self.bootstrap = bootstrap
        self.overrides = overrides
        for name in overrides.keys.sorted() where Self.ownProperties.contains(name) {
            throw LogError(
                .configuration, .fatal, "Kafka property \(name): it is set by the log itself and cannot be changed")
        }
    }

    /// How much a consuming role fetches ahead with these properties, in KiB.
    func fetchQueueKibibytes(of role: KafkaRole) -> Int {
        properties(for: role).first { $0.name == "queued.max.messages.kbytes" }.flatMap { Int($0.value) } ?? 0
    }

    /// The properties of a role, sorted by name.
    func properties(for role: KafkaRole) -> [(name: String, value: String)] {
        var properties = Self.common
        properties.merge(Self.defaults(of: role)) { $1 }
        properties.merge(overrides.filter { role.takes($0.key) }) { $1 }
        properties.merge(Self.required(of: role)) { $1 }
        properties["bootstrap.servers"] = bootstrap
        return properties.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    }

    private static let common = [
        "client.id": "tributary",
        "socket.nagle.disable": "true",
        "socket.keepalive.enable": "true",
        "log.connection.close": "false",
        "reconnect.backoff.max.ms": "1000",
    ]

    /// What an operator may override.
    private static func defaults(of role: KafkaRole) -> [String: String] {
        switch role {
        case .admin:
            [:]
        case .member(let session):
            fetching(
                aheadKibibytes: memberFetchQueueKibibytes, answerKibibytes: 128, waitMilliseconds: 100
            ).merging([
                // Names the thread in the broker's tools, and orders the members of a group.
                "client.id": session.identity,
                "max.poll.interval.ms": "\(max(maximumPollIntervalMilliseconds, session.sessionTimeout.milliseconds))",
                // A rebalance is heard of by the next heartbeat.
                "heartbeat.interval.ms": "\(max(100, min(1000, session.sessionTimeout.milliseconds / 4)))",
            ]) { $1 }
        case .reader(.stream):
            // A partition that fell below its queue limit waits for the fetch under way: keep that short.
            fetching(aheadKibibytes: readerFetchQueueKibibytes, answerKibibytes: 256, waitMilliseconds: 100)
        case .reader(.glance), .uncommittedProbe:
            // One batch at a time, whatever its size: it is all that is wanted.
            fetching(aheadKibibytes: 1, answerKibibytes: 1, waitMilliseconds: 100)
        case .changelog:
            // One partition's end must not hold up the next one's start.
            fetching(aheadKibibytes: readerFetchQueueKibibytes, answerKibibytes: 256, waitMilliseconds: 20)
        case .producer(let identity, _):
            [
                "client.id": identity,
                "compression.codec": "lz4",
                // Every transaction ends with a flush, so none waits for this. The batches of a turn become several times
                // larger, which saves the broker half of its work and the producer's thread a quarter.
                "linger.ms": "50",
                "message.max.bytes": "\(maximumMessageBytes + TopicSettings.framingBytes)",
                "queue.buffering.max.messages": "100000",
                "queue.buffering.max.kbytes": "\(produceQueueKibibytes)",
            ]
        }
    }

    /// - Parameter answerKibibytes: compressed bytes of one partition in one answer, which is a batch at least, may exceed the
    ///   queue's limit and takes several times as much memory.
    private static func fetching(aheadKibibytes: Int, answerKibibytes: Int, waitMilliseconds: Int) -> [String: String] {
        [
            "queued.min.messages": "100000",
            "queued.max.messages.kbytes": "\(aheadKibibytes)",
            "fetch.message.max.bytes": "\(answerKibibytes << 10)",
            "fetch.max.bytes": "\(maximumMessageBytes)",
            "fetch.wait.max.ms": "\(waitMilliseconds)",
        ]
    }

    private static func required(of role: KafkaRole) -> [String: String] {
        switch role {
        case .admin:
            consumer(group: "tributary-admin", isolation: "read_committed")
        case .uncommittedProbe:
            consumer(group: "tributary-probe", isolation: "read_uncommitted")
        case .reader, .changelog:
            consumer(group: "tributary-reader", isolation: "read_committed").merging(["enable.partition.eof": "true"]) {
                $1
            }
        case .member(let session):
            consumer(group: session.group, isolation: "read_committed").merging(member(session)) { $1 }
        case .producer(let identity, let timeout):
            [
                "transactional.id": identity,
                "transaction.timeout.ms": "\(timeout.milliseconds)",
                // A message must fail before its transaction does, or the abort comes from the broker's side.
                "message.timeout.ms": "\(max(1000, timeout.milliseconds / 10 * 9))",
                "enable.idempotence": "true",
                "acks": "all",
                "partitioner": "murmur2_random",
            ]
        }
    }

    private static func consumer(group: String, isolation: String) -> [String: String] {
        [
            "group.id": group,
            "isolation.level": isolation,
            "enable.auto.commit": "false",
            "enable.auto.offset.store": "false",
            // Input is never skipped silently: a position that is gone is an error.
            "auto.offset.reset": "error",
            "allow.auto.create.topics": "false",
            "enable.partition.eof": "false",
        ]
    }

    private static func member(_ session: SessionConfiguration) -> [String: String] {
        let sessionTimeout = session.sessionTimeout.milliseconds
        var properties = [
            // Eager: the cooperative assignors of this library version lose assignments.
            "partition.assignment.strategy": "range",
            "session.timeout.ms": "\(sessionTimeout)",
        ]
        if session.membership == .static { properties["group.instance.id"] = session.identity }
        return properties
    }
}
