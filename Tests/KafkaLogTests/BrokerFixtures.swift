import CRdkafka
import EventLog
import Testing

@testable import KafkaLog

/// Every suite that needs the broker, one after the other: each extends this one in a file of its own.
@Suite(.serialized, .enabled(if: Broker.isAvailable), .timeLimit(.minutes(10)))
struct BrokerTests {}

/// An input, an output and a changelog of their own for one test, and a group on them.
struct Topics {
    let input = Broker.unique("in")
    let output = Broker.unique("out")
    let changelog = Broker.unique("changelog")
    let group = Broker.unique("group")
    let log: KafkaLog

    init(partitions: Int32 = 1, properties: [String: String] = [:], log sink: (@Sendable (String) -> Void)? = nil)
        throws
    {
        log = try KafkaLog(bootstrap: Broker.bootstrap, properties: properties, replicationFactor: 1, log: sink)
        try log.createTopics([
            TopicSpecification(name: input, partitions: partitions, cleanup: .delete(retentionMilliseconds: nil)),
            TopicSpecification(name: output, partitions: partitions, cleanup: .delete(retentionMilliseconds: nil)),
            TopicSpecification(
                name: changelog, partitions: partitions, cleanup: .compact(minimumLagMilliseconds: 86_400_000)),
        ])
    }

    func configuration(
        _ identity: String, _ membership: SessionConfiguration.Membership = .dynamic,
        sessionTimeout: Duration = .seconds(6), transactionTimeout: Duration = .seconds(5)
    ) -> SessionConfiguration {
        SessionConfiguration(
            group: group, topic: input, changelogTopic: changelog, identity: "\(group).\(identity)",
            membership: membership, sessionTimeout: sessionTimeout, transactionTimeout: transactionTimeout)
    }

    func session(_ configuration: SessionConfiguration) throws -> KafkaSession {
        let session = try log.session(configuration)
        return try #require(session as? KafkaSession)
    }

    /// A session that owns its partitions already.
    func assigned(_ configuration: SessionConfiguration) throws -> KafkaSession {
        let session = try session(configuration)
        _ = try session.next { if case .assigned(let partitions) = $0 { partitions } else { nil } }
        return session
    }

    func record(_ topic: String, _ value: String, partition: Int32 = 0) -> OutgoingRecord {
        OutgoingRecord(topic: topic, partition: partition, key: Array("key".utf8), value: Array(value.utf8))
    }

    func append(_ values: [String], to topic: String, partition: Int32 = 0) throws {
        let producer = try log.producer(identity: Broker.unique("producer"))
        defer { producer.close() }
        try producer.append(values.map { record(topic, $0, partition: partition) })
    }

    /// Has the broker delete what lies below an offset of the input's partition 0, as retention does.
    func deleteInput(below offset: Int64) throws {
        let places = PartitionList(capacity: 1)
        places.add(input, 0, offset: offset)
        var request: OpaquePointer? = unsafe rd_kafka_DeleteRecords_new(places.pointer)
        defer { unsafe rd_kafka_DeleteRecords_destroy(request) }
        let admin = log.admin
        _ = try unsafe admin.ask(
            "deleting records", RD_KAFKA_ADMIN_OP_DELETERECORDS, kind: RD_KAFKA_EVENT_DELETERECORDS_RESULT
        ) { options, queue in
            unsafe rd_kafka_DeleteRecords(admin.handle.pointer, &request, 1, options, queue)
        }
    }

    /// What a read-committed reader finds in a partition once every transaction on it has ended.
    func values(of topic: String, partition: Int32 = 0) throws -> [String] {
        let place = TopicPartition(topic, partition)
        let end = try log.admin.bounds(of: place).end
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([place: 0])
        var values: [String] = []
        while try reader.positions()[place]! < end {
            values += try reader.read(maximum: 1000, timeout: .milliseconds(200)).map(\.text)
        }
        return values
    }
}

extension LogRecord {
    var text: String { String(decoding: value ?? [], as: UTF8.self) }
}

extension KafkaSession {
    /// Polls until `pick` takes an event; records that come before are dropped.
    func next<Value>(within limit: Duration = .seconds(20), _ pick: (SessionEvent) -> Value?) throws -> Value {
        let deadline = ContinuousClock.now + limit
        while !deadline.hasPassed {
            for event in try poll(maximumRecords: 100, timeout: .milliseconds(100)) {
                if let value = pick(event) { return value }
            }
        }
        throw LogError(.timedOut, .fatal, "the expected event did not come")
    }

    /// Polls until so many records came.
    func records(_ count: Int) throws -> [LogRecord] {
        var found: [LogRecord] = []
        let deadline = ContinuousClock.now + .seconds(20)
        while found.count < count, !deadline.hasPassed {
            for case .records(let records) in try poll(maximumRecords: count - found.count, timeout: .milliseconds(200))
            {
                found += records
            }
        }
        return found
    }

    /// One turn with these records, committed at `offset` of partition 0.
    @discardableResult
    func turn(_ records: [OutgoingRecord], at offset: Int64, number: Int = 1) throws -> [Int32: Int64] {
        try begin()
        for record in records { try append(record) }
        return try commit(
            [TurnOffset(partition: 0, offset: offset, metadata: "turn=\(number) epoch=1")],
            deadline: .now + .seconds(10))
    }

    func end() { close(deadline: .now + .seconds(5)) }
}
