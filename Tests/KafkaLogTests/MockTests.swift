import CRdkafka
import EventLog
import Glibc
import Testing

@testable import KafkaLog

/// What the log does when the cluster answers with errors, or not at all.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct MockTests {
    let cluster: MockCluster

    init() throws {
        cluster = try MockCluster()
        cluster.createTopic("in", partitions: 1)
        cluster.createTopic("changelog", partitions: 1)
    }

    func record(_ value: [UInt8] = [1]) -> OutgoingRecord {
        OutgoingRecord(topic: "changelog", partition: 0, key: [1], value: value)
    }

    @Test func aCallThatReachesNobodySaysWhy() throws {
        defer { cluster.close() }
        let log = try KafkaLog(bootstrap: "127.0.0.1:1", timeout: .milliseconds(300))
        defer { log.close() }
        let error = #expect(throws: LogError.self) { try log.partitionCount(of: "in") }
        #expect(error?.code == .timedOut)
        #expect(error?.errorClass == .retriable)
        #expect(error?.message.contains("Connection refused") == true)
    }

    @Test func anUnknownTopicIsNamed() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        #expect(try log.partitionCount(of: "in") == 1)
        let error = #expect(throws: LogError.self) { try log.partitionCount(of: "nowhere") }
        #expect(error?.code == .unknownTopic)
        #expect(error?.message.contains("nowhere") == true)
    }

    /// As of a broker that has just started.
    @Test func aTopicThatWasUnknownForAMomentIsAskedForAgain() throws {
        defer { cluster.close() }
        let log = try cluster.log(timeout: .seconds(5))
        defer { log.close() }
        let place = TopicPartition("changelog", 0)
        cluster.setTopic("changelog", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        let error = #expect(throws: LogError.self) { try log.admin.bounds(of: place) }
        #expect(error?.code == .unknownTopic)
        cluster.setTopic("changelog", RD_KAFKA_RESP_ERR_NO_ERROR)
        #expect(try log.admin.bounds(of: place).end == 0)
    }

    /// The client looks for the leaders once, when the connection breaks: the dead broker is still the leader then.
    @Test func aLeaderElectedAfterItsPredecessorsDeathIsFound() throws {
        defer { cluster.close() }
        let three = try MockCluster(brokers: 3)
        defer { three.close() }
        three.createTopic("changelog", partitions: 2)
        three.setLeader(of: "changelog", 0, 1)
        three.setLeader(of: "changelog", 1, 2)
        let log = try three.log(timeout: .seconds(8))
        defer { log.close() }
        #expect(try log.endOffsets(of: "changelog") == [0, 0])
        three.setBroker(1, up: false)
        usleep(500_000)
        three.setLeader(of: "changelog", 0, 3)
        #expect(try log.endOffsets(of: "changelog") == [0, 0])
    }

    /// A partition of several that had no leader when the client asked.
    @Test func aPartitionThatHadNoLeaderForAMomentIsAskedForAgain() throws {
        defer { cluster.close() }
        let two = try MockCluster(brokers: 2)
        defer { two.close() }
        two.createTopic("changelog", partitions: 2)
        two.setLeader(of: "changelog", 1, -1)
        let impatient = try two.log(timeout: .milliseconds(300))
        defer { impatient.close() }
        #expect(throws: LogError.self) { try impatient.admin.stableEnds(of: "changelog", partitions: [0, 1]) }
        two.setLeader(of: "changelog", 1, 2)
        #expect(try impatient.admin.stableEnds(of: "changelog", partitions: [0, 1]) == [0, 0])
    }

    @Test(arguments: [
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS.rawValue, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS.rawValue,
    ])
    func aProducerWaitsForItsCoordinator(code: Int32) throws {
        defer { cluster.close() }
        cluster.fail(.initProducerId, with: rd_kafka_resp_err_t(rawValue: code), times: 2)
        let log = try cluster.log()
        defer { log.close() }
        let producer = try log.producer(identity: "p")
        defer { producer.close() }
        try producer.append([record()])
    }

    @Test func aCoordinatorThatNeverComesIsATimeout() throws {
        defer { cluster.close() }
        cluster.fail(.initProducerId, with: RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, times: 1000)
        let log = try cluster.log(timeout: .milliseconds(500))
        defer { log.close() }
        let error = #expect(throws: LogError.self) { try log.producer(identity: "p") }
        #expect(error?.code == .timedOut)
        #expect(error?.errorClass == .retriable)
    }

    @Test func aFullQueueIsWaitedFor() throws {
        defer { cluster.close() }
        let log = try cluster.log(["queue.buffering.max.messages": "10"])
        defer { log.close() }
        let producer = try log.producer(identity: "p")
        defer { producer.close() }
        try producer.append((0..<500).map { record([UInt8($0 % 256)]) })
        #expect(try log.admin.bounds(of: TopicPartition("changelog", 0)).end == 500)
    }

    @Test func aQueueThatStaysFullLosesTheTurn() throws {
        defer { cluster.close() }
        let log = try cluster.log(["queue.buffering.max.messages": "10"])
        defer { log.close() }
        let producer = try transactional(log, timeout: .seconds(1))
        defer { producer.close() }
        try producer.begin()
        try producer.append(record())
        cluster.setBroker(up: false)
        let error = #expect(throws: LogError.self) {
            for _ in 0..<20 { try producer.append(record()) }
            try producer.drain(until: .now + .seconds(1))
        }
        #expect(error?.message.contains("queue full") == true)
        #expect(error?.code == .timedOut)
        #expect(error?.errorClass == .abortable)
    }

    @Test func aRefusedRecordLosesTheTurnAndTheNextOneSucceeds() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let producer = try transactional(log)
        defer { producer.close() }
        try producer.begin()
        cluster.fail(.produce, with: RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
        try producer.append(record())
        let error = #expect(throws: LogError.self) { try producer.drain(until: .now + .seconds(5)) }
        #expect(error?.code == .recordTooLarge)
        #expect(error?.errorClass == .abortable)
        try producer.abort(until: .now + .seconds(5))

        try producer.begin()
        try producer.append(record())
        try producer.drain(until: .now + .seconds(5))
        #expect(producer.nextOffsets(of: "changelog") == [0: 1])
        try producer.commit(until: .now + .seconds(5))
    }

    @Test func aCommitWithoutAnAnswerHasAnUnknownOutcome() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let producer = try transactional(log)
        defer { producer.close(within: .milliseconds(500)) }
        try producer.begin()
        try producer.append(record())
        try producer.drain(until: .now + .seconds(5))
        cluster.fail(.endTransaction, with: RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, times: 1000)
        let error = #expect(throws: LogError.self) { try producer.commit(until: .now + .milliseconds(500)) }
        #expect(error?.code == .unknownOutcome)
        #expect(error?.errorClass == .fatal)
        cluster.recover(.endTransaction)
    }

    @Test func aFencedProducerIsFatal() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let producer = try transactional(log)
        defer { producer.close() }
        try producer.begin()
        try producer.append(record())
        try producer.drain(until: .now + .seconds(5))
        cluster.fail(.endTransaction, with: RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH)
        let error = #expect(throws: LogError.self) { try producer.commit(until: .now + .seconds(5)) }
        #expect(error?.code == .producerFenced)
        #expect(error?.errorClass == .fatal)
    }

    @Test func anOldGenerationLosesTheTurnOnly() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let session = try log.session(
            SessionConfiguration(group: "g", topic: "in", changelogTopic: "changelog", identity: "i"))
        defer { session.close(deadline: .now + .seconds(5)) }
        var events: [SessionEvent] = []
        while events.isEmpty { events = try session.poll(maximumRecords: 1, timeout: .seconds(1)) }
        let offsets = [TurnOffset(partition: 0, offset: 1, metadata: "turn=1 epoch=1")]

        try session.begin()
        try session.append(record())
        cluster.fail(.transactionOffsets, with: RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)
        let error = #expect(throws: LogError.self) { try session.commit(offsets, deadline: .now + .seconds(5)) }
        #expect(error?.code == .ownershipLost)
        #expect(error?.errorClass == .abortable)
        try session.abort()

        try session.begin()
        try session.append(record())
        #expect(try session.commit(offsets, deadline: .now + .seconds(5)) == [0: 2])
    }

    /// Within the same epoch they could come into the next transaction.
    @Test func positionsThatWereNotAnsweredInTimeStayBehindWithTheirClient() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let session = try #require(
            try log.session(
                SessionConfiguration(group: "g", topic: "in", changelogTopic: "changelog", identity: "i"))
                as? KafkaSession)
        defer { session.close(deadline: .now + .seconds(5)) }
        var events: [SessionEvent] = []
        while events.isEmpty { events = try session.poll(maximumRecords: 1, timeout: .seconds(1)) }
        let offsets = [TurnOffset(partition: 0, offset: 1, metadata: "turn=1 epoch=1")]

        try session.begin()
        try session.append(record())
        cluster.fail(.transactionOffsets, with: RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, times: 1000)
        let error = #expect(throws: LogError.self) { try session.commit(offsets, deadline: .now + .seconds(2)) }
        #expect(error?.code == .timedOut)
        #expect(error?.errorClass == .abortable)
        cluster.recover(.transactionOffsets)
        let client = session.producer.handle
        try session.abort()
        #expect(session.producer.handle !== client)

        try session.begin()
        try session.append(record())
        #expect(try session.commit(offsets, deadline: .now + .seconds(5)).count == 1)
    }

    /// As of a broker that does not know yet that it leads the partition no more.
    @Test func aPositionThatOnlyOneAnswerCallsOutOfRangeIsAskedForAgain() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let producer = try log.producer(identity: "p")
        try producer.append([OutgoingRecord(topic: "in", partition: 0, key: nil, value: [7])])
        producer.close()
        var configuration = SessionConfiguration(group: "g", topic: "in", changelogTopic: "changelog", identity: "i")
        var session = try log.session(configuration)
        func next() throws -> [SessionEvent] {
            let deadline = ContinuousClock.now + .seconds(20)
            var events: [SessionEvent] = []
            while events.isEmpty, !deadline.hasPassed {
                events = try session.poll(maximumRecords: 1, timeout: .milliseconds(100))
            }
            return events
        }
        _ = try next()
        cluster.fail(.fetch, with: RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        try session.resume(0, at: 0)
        let error = #expect(throws: LogError.self) { _ = try next() }
        session.close(deadline: .now + .seconds(5))
        #expect(error?.code == .timedOut)
        #expect(error?.errorClass == .fatal)
        #expect(error?.message.contains("while the log goes from 0 to 1") == true)

        // The mock lets no other member in for a while.
        configuration.group = "h"
        session = try log.session(configuration)
        defer { session.close(deadline: .now + .seconds(5)) }
        _ = try next()
        try session.resume(0, at: 0)
        guard case .records(let records)? = try next().first else {
            Issue.record("nothing was read")
            return
        }
        #expect(records.map(\.value) == [[7]])
    }

    /// Its leader is away for a moment; the partition may be restored meanwhile.
    @Test(arguments: [false, true]) func aPositionIsJudgedWhenItsLogCanBeAsked(isResumedAgain: Bool) throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let producer = try log.producer(identity: "p")
        try producer.append([OutgoingRecord(topic: "in", partition: 0, key: nil, value: [7])])
        producer.close()
        let session = try log.session(
            SessionConfiguration(group: "g", topic: "in", changelogTopic: "changelog", identity: "i"))
        defer { session.close(deadline: .now + .seconds(5)) }
        var events: [SessionEvent] = []
        while events.isEmpty { events = try session.poll(maximumRecords: 1, timeout: .seconds(1)) }

        cluster.fail(.listOffsets, with: RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, times: 1000)
        try session.resume(0, at: 5)
        var deadline = ContinuousClock.now + .seconds(5)
        while !deadline.hasPassed {
            #expect(try session.poll(maximumRecords: 1, timeout: .milliseconds(100)).isEmpty)
        }
        if isResumedAgain {
            try session.pause(0)
            try session.resume(0, at: 6)
        }
        cluster.recover(.listOffsets)
        deadline = .now + .seconds(20)
        events = []
        while events.isEmpty, !deadline.hasPassed {
            events = try session.poll(maximumRecords: 1, timeout: .milliseconds(100))
        }
        guard case .outOfRange(0, let reason)? = events.first else {
            Issue.record("nothing was told")
            return
        }
        #expect(reason == "in/0: position \(isResumedAgain ? 6 : 5) is beyond the end (1)")
    }

    @Test func aSessionOutlivesABrokerThatGoesAndComesBack() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let session = try log.session(
            SessionConfiguration(group: "g", topic: "in", changelogTopic: "changelog", identity: "i"))
        defer { session.close(deadline: .now + .seconds(5)) }
        var events: [SessionEvent] = []
        while events.isEmpty { events = try session.poll(maximumRecords: 1, timeout: .seconds(1)) }
        try session.resume(0, at: 0)

        cluster.setBroker(up: false)
        let error = #expect(throws: LogError.self) {
            let deadline = ContinuousClock.now + .seconds(20)
            while !deadline.hasPassed { _ = try session.poll(maximumRecords: 1, timeout: .milliseconds(100)) }
        }
        #expect(error?.code == .timedOut)
        #expect(error?.errorClass == .retriable)
        #expect(error?.message.contains("no broker is reachable") == true)

        cluster.setBroker(up: true)
        let producer = try log.producer(identity: "p")
        try producer.append([OutgoingRecord(topic: "in", partition: 0, key: nil, value: [7])])
        producer.close()
        var records: [LogRecord] = []
        let deadline = ContinuousClock.now + .seconds(20)
        while records.isEmpty, !deadline.hasPassed {
            for case .records(let found) in try session.poll(maximumRecords: 1, timeout: .milliseconds(100)) {
                records += found
            }
        }
        #expect(records.map(\.value) == [[7]])
        try session.begin()
        try session.append(record())
        let offsets = [TurnOffset(partition: 0, offset: 1, metadata: "turn=1 epoch=1")]
        #expect(try session.commit(offsets, deadline: .now + .seconds(10)).count == 1)
    }

    /// The client does not read it again by itself, so the error has to wait.
    @Test func whatWasReadOfAChangelogBeforeAnErrorIsNotLost() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let reader = try changelogReader(log, rows: 10)
        defer { reader.close() }
        let deadline = ContinuousClock.now + .seconds(30)
        var first: [LogRecord] = []
        while first.isEmpty, !deadline.hasPassed {
            first = try reader.read(0, from: 0, maximum: 1, timeout: .seconds(1)).records
        }
        #expect(first.map(\.value) == [[0]])

        cluster.setBroker(up: false)
        while reader.queue.count == 0, !deadline.hasPassed { sched_yield() }
        let rest = try reader.read(0, from: 1, maximum: 100, timeout: .milliseconds(100))
        #expect(rest.records.map(\.value) == (1..<10).map { [$0] })
        let error = #expect(throws: LogError.self) {
            _ = try reader.read(0, from: rest.position, maximum: 100, timeout: .milliseconds(100))
        }
        #expect(error?.errorClass == .retriable)
    }

    /// As of a broker that does not know yet that it leads the changelog no more.
    @Test func aChangelogIsReadOnWhereOneAnswerCalledItsPositionOutOfRange() throws {
        defer { cluster.close() }
        let log = try cluster.log()
        defer { log.close() }
        let reader = try changelogReader(log, rows: 3)
        defer { reader.close() }
        let deadline = ContinuousClock.now + .seconds(30)
        cluster.fail(.fetch, with: RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        let error = #expect(throws: LogError.self) {
            while !deadline.hasPassed { _ = try reader.read(0, from: 1, maximum: 100, timeout: .milliseconds(100)) }
        }
        #expect(error?.code == .offsetOutOfRange && error?.errorClass == .retriable)
        // The restore begins again at its store's position, which is the same one.
        var found: [LogRecord] = []
        while found.isEmpty, !deadline.hasPassed {
            found = try reader.read(0, from: 1, maximum: 100, timeout: .milliseconds(100)).records
        }
        #expect(found.map(\.value) == [[1], [2]])
    }

    /// Of a changelog with rows 0, 1, 2 and so on.
    private func changelogReader(_ log: KafkaLog, rows: UInt8) throws -> ChangelogReader {
        let producer = try log.producer(identity: "p")
        try producer.append((0..<rows).map { record([$0]) })
        producer.close()
        return try ChangelogReader(
            topic: "changelog", admin: log.admin, configuration: log.configuration,
            diagnostics: KafkaDiagnostics(sink: KafkaDebug.sink))
    }

    func transactional(_ log: KafkaLog, timeout: Duration = .seconds(5)) throws -> TransactionalProducer {
        let producer = try TransactionalProducer(
            identity: "p", timeout: timeout, configuration: log.configuration,
            diagnostics: KafkaDiagnostics(sink: KafkaDebug.sink), maximumBytes: { _ in nil })
        try producer.takeOver(until: .now + .seconds(10))
        return producer
    }
}
