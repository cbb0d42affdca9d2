import CRdkafka
import Dispatch
import EventLog
import Testing

@testable import KafkaLog

/// What a log does whose process is to end while its cluster does not answer.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct WaitLimitTests {
    /// Of what would take 15 s or more without a limit.
    static let soon = Duration.seconds(11)

    /// Sets the limit from another thread, while the caller waits for the cluster.
    func limitWaits(of log: KafkaLog) {
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(300)) {
            log.limitWaits(until: .now + .milliseconds(500))
        }
    }

    @Test func aLimitBringsTheEndOfAWaitForward() {
        let limit = WaitLimit()
        let now = ContinuousClock.now
        let wait = ClusterWait(until: now + .seconds(60), limit: limit)
        #expect(wait.end == now + .seconds(60))
        #expect(wait.slice() == ClusterWait.longestSlice.milliseconds)
        #expect(wait.slice(.milliseconds(10)) == 10)
        limit.set(now + .seconds(30))
        #expect(wait.end == now + .seconds(30))
        #expect(!wait.isOver)
    }

    @Test func aWaitBehindTheLimitHasItsGraceOrItsDeadline() {
        let limit = WaitLimit()
        let now = ContinuousClock.now
        limit.set(now)
        let long = ClusterWait(until: now + .seconds(60), limit: limit, grace: .seconds(30))
        #expect(long.end >= now + .seconds(30))
        #expect(long.end < now + .seconds(60))
        let short = ClusterWait(until: now, limit: limit, grace: .seconds(30))
        #expect(short.end == now)
        #expect(short.isOver)
        #expect(short.slice() == 1)
    }

    @Test func callsThatReachNobodyGiveUp() throws {
        let log = try KafkaLog(bootstrap: "127.0.0.1:1")
        limitWaits(of: log)
        let waited = ContinuousClock().measure {
            let error = #expect(throws: LogError.self) { try log.partitionCount(of: "in") }
            #expect(error?.code == .timedOut)
            #expect(error?.errorClass == .retriable)
        }
        #expect(waited < Self.soon)
        let begun = ContinuousClock().measure {
            #expect(throws: LogError.self) { try log.producer(identity: "p") }
            #expect(throws: LogError.self) { try log.endOffsets(of: "in") }
            log.close()
        }
        #expect(begun < Self.soon)
    }

    @Test func aProducerWhoseCoordinatorNeverComesGivesUp() throws {
        let cluster = try MockCluster()
        defer { cluster.close() }
        cluster.fail(.initProducerId, with: RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, times: 1000)
        let log = try cluster.log(timeout: .seconds(20))
        defer { log.close() }
        limitWaits(of: log)
        let waited = ContinuousClock().measure {
            let error = #expect(throws: LogError.self) { try log.producer(identity: "p") }
            #expect(error?.code == .timedOut)
        }
        #expect(waited < Self.soon)
    }

    @Test func aCommitGivesUpAndItsSessionIsClosed() throws {
        let cluster = try MockCluster()
        defer { cluster.close() }
        cluster.createTopic("in", partitions: 1)
        cluster.createTopic("changelog", partitions: 1)
        let log = try cluster.log()
        let session = try log.session(
            SessionConfiguration(
                group: "g", topic: "in", changelogTopic: "changelog", identity: "i", transactionTimeout: .seconds(30)))
        var events: [SessionEvent] = []
        while events.isEmpty { events = try session.poll(maximumRecords: 1, timeout: .seconds(1)) }
        try session.begin()
        try session.append(OutgoingRecord(topic: "changelog", partition: 0, key: [1], value: [1]))

        cluster.setBroker(up: false)
        limitWaits(of: log)
        let waited = ContinuousClock().measure {
            let offsets = [TurnOffset(partition: 0, offset: 1, metadata: "turn=1 epoch=1")]
            let error = #expect(throws: LogError.self) {
                try session.commit(offsets, deadline: .now + .seconds(30))
            }
            #expect(error?.code == .timedOut)
            #expect(error?.errorClass == .abortable)
            // Nobody is there to be told of it.
            _ = Result { () throws(LogError) in try session.abort() }
            session.close(deadline: .now + .seconds(20))
            log.close()
        }
        #expect(waited < Self.soon)
    }
}
