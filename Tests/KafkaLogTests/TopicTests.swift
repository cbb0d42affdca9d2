import EventLog
import Testing

@testable import KafkaLog

extension BrokerTests {
    @Suite struct TopicTests {
        @Test func aTopicIsCreatedAsSpecifiedAndOnlyOnce() throws {
            let log = try Broker.log()
            defer { log.close() }
            let specifications = [
                TopicSpecification(
                    name: Broker.unique("kept"), partitions: 3, cleanup: .delete(retentionMilliseconds: nil)),
                TopicSpecification(
                    name: Broker.unique("ninety-days"), partitions: 1,
                    cleanup: .delete(retentionMilliseconds: 7_776_000_000)),
                TopicSpecification(
                    name: Broker.unique("changelog"), partitions: 2,
                    cleanup: .compact(minimumLagMilliseconds: 86_400_000), maximumRecordBytes: 16 << 20),
            ]
            try log.createTopics(specifications)
            try log.createTopics(specifications)
            let topics = try log.topics()
            for specification in specifications {
                #expect(topics[specification.name] == specification)
                #expect(try log.partitionCount(of: specification.name) == specification.partitions)
            }
            #expect(!topics.keys.contains { $0.hasPrefix("__") })
        }

        @Test func anotherPartitionCountIsAnErrorThatNamesBoth() throws {
            let topics = try Topics(partitions: 2)
            defer { topics.log.close() }
            let wanted = TopicSpecification(
                name: topics.input, partitions: 4, cleanup: .delete(retentionMilliseconds: nil))
            let error = #expect(throws: LogError.self) { try topics.log.createTopics([wanted]) }
            #expect(error?.message == "topic \(topics.input) exists with 2 partitions, wanted are 4")
        }

        @Test func nullAndEmptyStayApart() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let headers: LogHeaders = [
                LogHeader("ce_type", "a"), LogHeader("empty", []), LogHeader("null", nil as [UInt8]?),
                LogHeader("ce_type", [0, 255]), LogHeader("", "no name"),
            ]
            let written = [
                OutgoingRecord(topic: topics.input, partition: 0, key: nil, value: nil, headers: headers),
                OutgoingRecord(topic: topics.input, partition: 0, key: [], value: []),
                OutgoingRecord(topic: topics.input, partition: 0, key: [0], value: [0, 1, 255], headers: headers),
            ]
            let producer = try topics.log.producer(identity: topics.group)
            try producer.append(written)
            producer.close()
            let reader = try topics.log.reader()
            defer { reader.close() }
            try reader.assign([TopicPartition(topics.input, 0): 0])
            var read: [LogRecord] = []
            while read.count < 3 { read += try reader.read(maximum: 10, timeout: .seconds(1)) }
            #expect(read.map(\.key) == written.map(\.key))
            #expect(read.map(\.value) == written.map(\.value))
            #expect(read.map(\.headers) == written.map(\.headers))
            #expect(read.map(\.offset) == [0, 1, 2])
            #expect(read.allSatisfy { $0.appendTimeMilliseconds > 1_600_000_000_000 })
        }

        @Test func aRecordOfTheTopicsLimitFitsAndALargerOneIsRefusedBeforeItIsSent() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let producer = try topics.log.producer(identity: topics.group)
            defer { producer.close() }
            func record(_ bytes: Int) -> OutgoingRecord {
                // Not compressible: the broker measures what arrives.
                var random = SystemRandomNumberGenerator()
                return OutgoingRecord(
                    topic: topics.input, partition: 0, key: [1], value: (0..<bytes).map { _ in random.next() })
            }
            let largest = (1 << 20) - 1
            try producer.append([record(largest)])
            let error = #expect(throws: LogError.self) { try producer.append([record(10), record(largest + 1)]) }
            #expect(error?.code == .recordTooLarge)
            #expect(error?.errorClass == .abortable)
            try producer.append([record(20)])
            let reader = try topics.log.reader()
            defer { reader.close() }
            try reader.assign([TopicPartition(topics.input, 0): 0])
            var sizes: [Int] = []
            while sizes.count < 2 {
                sizes += try reader.read(maximum: 10, timeout: .seconds(1)).map { $0.value?.count ?? 0 }
            }
            #expect(sizes == [largest, 20])
        }

        @Test func aPartitionThatDoesNotExistIsNamed() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let producer = try topics.log.producer(identity: topics.group)
            defer { producer.close() }
            let record = topics.record(topics.input, "x", partition: 7)
            let error = #expect(throws: LogError.self) { try producer.append([record]) }
            #expect(error?.code == .unknownTopic)
            #expect(error?.message == "\(topics.input) has 1 partitions, the record is for 7")
            let nowhere = topics.record(Broker.unique("nowhere"), "x")
            #expect(throws: LogError.self) { try producer.append([nowhere]) }
            try producer.append([topics.record(topics.input, "y")])
            #expect(try topics.values(of: topics.input) == ["y"])
        }
    }
}

@Suite struct TopicSettingsTests {
    private func topic(_ settings: [String: String], replicas: Int32 = 1) -> TopicSpecification {
        TopicSettings.specification(name: "t", partitions: 1, replicas: replicas, settings: settings)
    }

    /// The settings that are not as they must be, as the check says them.
    private func unfit(_ settings: [String: String], replicas: Int32 = 1) -> [String] {
        topic(settings, replicas: replicas).unfitSettings.map { "\($0.name)=\($0.found), expected \($0.expected)" }
    }

    @Test(arguments: ["compact,delete", "delete,compact", "compact, delete"])
    func aCompactedTopicThatDeletesSaysSo(policy: String) {
        let found = topic(["cleanup.policy": policy, "min.compaction.lag.ms": "5", "retention.ms": "604800000"])
        #expect(found.cleanup == .compact(minimumLagMilliseconds: 5))
        #expect(found.alsoDeletesBy == "cleanup.policy=\(policy)")
    }

    @Test func aTopicThatDeletesBySizeSaysSo() {
        let found = topic(["cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "1000"])
        #expect(found.cleanup == .delete(retentionMilliseconds: nil))
        #expect(found.alsoDeletesBy == "retention.bytes=1000")
    }

    /// A broker's limits stand in the settings of every topic; a compacted one does not look at them.
    @Test func whatATopicDoesNotDeleteByIsNotSaid() {
        let limits = ["retention.ms": "604800000", "retention.bytes": "1000"]
        #expect(topic(limits.merging(["cleanup.policy": "compact"]) { $1 }).alsoDeletesBy == nil)
        #expect(topic(["cleanup.policy": "delete", "retention.bytes": "-1"]).alsoDeletesBy == nil)
    }

    @Test func recordsMustHaveTheLogsTime() {
        for policy in ["delete", "compact"] {
            let settings = ["cleanup.policy": policy, "message.timestamp.type": "CreateTime"]
            #expect(unfit(settings) == ["message.timestamp.type=CreateTime, expected LogAppendTime"])
        }
        #expect(unfit(["message.timestamp.type": "LogAppendTime"]).isEmpty)
    }

    /// What `Restore` trusts a store for, twice.
    @Test(arguments: [("0", true), ("86399999", true), ("86400000", false), ("604800000", false), ("soon", true)])
    func aCompactedTopicMustTellOfDeletionsForADay(retention: String, isUnfit: Bool) {
        let settings = ["cleanup.policy": "compact", "delete.retention.ms": retention]
        #expect(
            unfit(settings) == (isUnfit ? ["delete.retention.ms=\(retention), expected at least 86400000"] : []))
        #expect(unfit(settings.merging(["cleanup.policy": "compact,delete"]) { $1 }).isEmpty != isUnfit)
        #expect(unfit(settings.merging(["cleanup.policy": "delete"]) { $1 }).isEmpty)
    }

    @Test func moreThanOneReplicaMustBeWorthIt() {
        let careless = ["min.insync.replicas": "1", "unclean.leader.election.enable": "true"]
        for replicas in [Int32(2), 3] {
            #expect(
                unfit(careless, replicas: replicas) == [
                    "min.insync.replicas=1, expected at least 2",
                    "unclean.leader.election.enable=true, expected false",
                ])
        }
        #expect(unfit(careless, replicas: 1).isEmpty, "there is nobody else")
        let careful = ["min.insync.replicas": "2", "unclean.leader.election.enable": "false"]
        #expect(unfit(careful, replicas: 3).isEmpty)
    }

    @Test func whatTheClusterDoesNotTellIsNotJudged() {
        #expect(unfit(["cleanup.policy": "compact"], replicas: 3).isEmpty)
    }

    @Test(arguments: [
        TopicSpecification.Cleanup.delete(retentionMilliseconds: nil), .compact(minimumLagMilliseconds: 0),
    ])
    func aTopicIsCreatedAsItIsChecked(cleanup: TopicSpecification.Cleanup) {
        let wanted = TopicSpecification(name: "t", partitions: 1, cleanup: cleanup)
        let settings = Dictionary(uniqueKeysWithValues: TopicSettings.settings(of: wanted).map { ($0.name, $0.value) })
        #expect(settings["message.timestamp.type"] == "LogAppendTime")
        let isCompacted = cleanup == .compact(minimumLagMilliseconds: 0)
        #expect((settings["delete.retention.ms"] == "86400000") == isCompacted)
        #expect(unfit(settings).isEmpty)
    }
}
