import EventLog
import Testing

@testable import KafkaLog

@Suite struct ConfigurationTests {
    let session = SessionConfiguration(
        group: "tributary.referral-worker", topic: "in", changelogTopic: "changelog", identity: "host.0.1",
        sessionTimeout: .seconds(6), transactionTimeout: .seconds(5))

    func properties(_ role: KafkaRole, _ overrides: [String: String] = [:]) throws -> [String: String] {
        let configuration = try KafkaConfiguration(bootstrap: "a:1,b:2", overrides: overrides)
        return Dictionary(uniqueKeysWithValues: configuration.properties(for: role).map { ($0.name, $0.value) })
    }

    @Test func aMemberReadsCommittedRecordsAndCommitsOnlyThroughItsTurn() throws {
        let properties = try properties(.member(session))
        #expect(properties["bootstrap.servers"] == "a:1,b:2")
        #expect(properties["group.id"] == "tributary.referral-worker")
        #expect(properties["isolation.level"] == "read_committed")
        #expect(properties["enable.auto.commit"] == "false")
        #expect(properties["enable.auto.offset.store"] == "false")
        #expect(properties["auto.offset.reset"] == "error")
        #expect(properties["partition.assignment.strategy"] == "range")
        #expect(properties["session.timeout.ms"] == "6000")
        #expect(properties["heartbeat.interval.ms"] == "1000")
        #expect(properties["max.poll.interval.ms"] == "60000")
        #expect(properties["transactional.id"] == nil)
    }

    @Test func onlyAStaticMemberHasAnInstance() throws {
        var session = session
        #expect(try properties(.member(session))["group.instance.id"] == "host.0.1")
        session.membership = .dynamic
        #expect(try properties(.member(session))["group.instance.id"] == nil)
    }

    @Test func aSessionLongerThanThePollIntervalRaisesIt() throws {
        var session = session
        session.sessionTimeout = .seconds(90)
        #expect(try properties(.member(session))["max.poll.interval.ms"] == "90000")
    }

    @Test func aProducerIsTransactionalAndItsMessagesFailBeforeTheirTransaction() throws {
        let properties = try properties(.producer(identity: "host.0.1", transactionTimeout: .seconds(5)))
        #expect(properties["transactional.id"] == "host.0.1")
        #expect(properties["transaction.timeout.ms"] == "5000")
        #expect(properties["message.timeout.ms"] == "4500")
        #expect(properties["enable.idempotence"] == "true")
        #expect(properties["acks"] == "all")
        #expect(properties["partitioner"] == "murmur2_random")
        #expect(properties["message.max.bytes"] == "16781312")
        #expect(properties["compression.codec"] == "lz4")
        #expect(properties["queue.buffering.max.kbytes"] == "20480")
        #expect(properties["socket.nagle.disable"] == "true")
    }

    @Test func probesDifferInWhatTheySee() throws {
        #expect(try properties(.admin)["isolation.level"] == "read_committed")
        #expect(try properties(.uncommittedProbe)["isolation.level"] == "read_uncommitted")
        #expect(try properties(.reader(.stream))["enable.partition.eof"] == "true")
    }

    @Test func anOperatorsPropertyWinsOverADefault() throws {
        let overrides = ["linger.ms": "20", "queued.max.messages.kbytes": "1024", "security.protocol": "plaintext"]
        let role = KafkaRole.producer(identity: "x", transactionTimeout: .seconds(5))
        #expect(try properties(role, overrides)["linger.ms"] == "20")
        #expect(try properties(role, overrides)["security.protocol"] == "plaintext")
        #expect(try properties(.reader(.stream), overrides)["queued.max.messages.kbytes"] == "1024")
        #expect(try KafkaConfiguration(bootstrap: "", overrides: overrides).fetchQueueKibibytes(of: .changelog) == 1024)
    }

    /// A request with positions that ended sooner than its transaction could reach the coordinator in the next one.
    @Test func aProducersRequestsEndWithTheirTransaction() throws {
        let overrides = ["socket.timeout.ms": "10000"]
        #expect(try properties(.member(session), overrides)["socket.timeout.ms"] == "10000")
        let producer = KafkaRole.producer(identity: "x", transactionTimeout: .seconds(5))
        #expect(try properties(producer, overrides)["socket.timeout.ms"] == nil)
    }

    @Test(arguments: [
        ("max.in.flight", "10"), ("linger.ms", "60000"), ("max.poll.interval.ms", "3000"),
        ("ssl.ca.location", "/nowhere/ca.pem"),
    ])
    func propertiesThatDoNotGoTogetherAreRefused(name: String, value: String) {
        let error = #expect(throws: LogError.self) {
            try KafkaLog.check(
                bootstrap: "127.0.0.1:1", properties: ["security.protocol": "ssl", name: value],
                sessionTimeout: .seconds(6), transactionTimeout: .seconds(5))
        }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains(name) == true)
    }

    @Test func propertiesThatGoTogetherAreTaken() throws {
        try KafkaLog.check(
            bootstrap: "127.0.0.1:1", properties: ["socket.timeout.ms": "60000", "linger.ms": "5"],
            sessionTimeout: .seconds(6), transactionTimeout: .seconds(2))
    }

    @Test(arguments: [
        "isolation.level", "enable.auto.commit", "transactional.id", "group.id", "acks", "statistics.interval.ms",
    ])
    func aPropertyThatExactlyOnceRestsOnIsRefusedByItsName(name: String) {
        let error = #expect(throws: LogError.self) {
            try KafkaLog(bootstrap: "127.0.0.1:1", properties: [name: "x"])
        }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("Kafka property \(name)") == true)
    }

    @Test(arguments: [("no.such.property", "1"), ("linger.ms", "often"), ("security.protocol", "carrier-pigeon")])
    func aWrongNameOrValueIsRefusedByItsName(name: String, value: String) {
        let error = #expect(throws: LogError.self) {
            try KafkaLog(bootstrap: "127.0.0.1:1", properties: [name: value])
        }
        #expect(error?.code == .configuration)
        #expect(error?.errorClass == .fatal)
        #expect(error?.message.contains("Kafka property \(name)") == true)
    }

    @Test(arguments: [
        (Duration.milliseconds(250), Int32(250)), (.microseconds(1), 1), (.zero, 0), (.seconds(-1), 0),
        (.seconds(100_000_000), 2_000_000_000),
    ])
    func waitsAreRoundedUpAndNeverEndless(duration: Duration, milliseconds: Int32) {
        #expect(duration.milliseconds == milliseconds)
    }

    @Test(arguments: [
        TopicSpecification(name: "t", partitions: 3, cleanup: .delete(retentionMilliseconds: nil)),
        TopicSpecification(name: "t", partitions: 3, cleanup: .delete(retentionMilliseconds: 7_776_000_000)),
        TopicSpecification(
            name: "t", partitions: 3, cleanup: .compact(minimumLagMilliseconds: 86_400_000),
            maximumRecordBytes: 16 << 20),
    ])
    func aTopicsSettingsSayWhatItWasSpecifiedAs(topic: TopicSpecification) {
        let settings = Dictionary(uniqueKeysWithValues: TopicSettings.settings(of: topic).map { ($0.name, $0.value) })
        #expect(settings["message.timestamp.type"] == "LogAppendTime")
        #expect(TopicSettings.specification(name: "t", partitions: 3, settings: settings) == topic)
    }
}
