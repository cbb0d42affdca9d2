import Contracts
import EmbeddedLog
import EventLog
import Foundation
import Testing

@testable import Operations

@Suite(.timeLimit(.minutes(5))) struct LagProbeTests {
    private let catalogue = TopicCatalogue(partitions: 2)
    private let topic: String
    private let group: String

    init() {
        topic = catalogue.name(of: .approval)
        group = WorkerGroup.name(.approval, prefix: catalogue.prefix)
    }

    private func withLog(_ body: (EmbeddedLog) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "tributary-lag-\(UUID())").path
        defer {
            #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: directory) }
        }
        // Each append is one second after the one before.
        let log = try EmbeddedLog(directory: directory, now: Seconds().next)
        defer { log.close() }
        try log.createTopics(catalogue.specifications)
        try body(log)
    }

    private func append(_ count: Int, to partition: Int32, of log: EmbeddedLog) throws {
        let producer = try log.producer(identity: "test")
        defer { producer.close() }
        for _ in 0..<count {
            try producer.append([OutgoingRecord(topic: topic, partition: partition, key: nil, value: [1])])
        }
    }

    /// A member of the worker's group that commits positions and reads nothing.
    private func commit(_ offsets: [Int32: Int64], of log: EmbeddedLog) throws {
        let session = try log.session(
            SessionConfiguration(
                group: group, topic: topic, changelogTopic: catalogue.name(of: .changelog(.approval)),
                identity: "member"))
        defer { session.close(deadline: .now + .seconds(5)) }
        guard case .assigned? = try session.poll(maximumRecords: 1, timeout: .seconds(10)).first else {
            Issue.record("the only member was given nothing")
            return
        }
        try session.begin()
        _ = try session.commit(
            offsets.map { TurnOffset(partition: $0, offset: $1, metadata: "") }, deadline: .now + .seconds(10))
    }

    @Test func `counts what is not committed, and takes the age from the oldest of it`() throws {
        try withLog { log in
            try append(5, to: 0, of: log)
            try commit([0: 3, 1: 0], of: log)
            let times = try Self.times(of: topic, in: log)
            let probe = LagProbe(log: log, catalogue: catalogue, now: { times[3] + 12_500 })
            defer { probe.close() }
            let lag = try probe.measure(.approval)
            #expect(lag.map(\.records) == [2, 0])
            #expect(lag.map(\.position) == [3, 0])
            #expect(lag.map(\.end) == [5, 0])
            #expect(lag.map(\.seconds) == [12.5, 0])
            #expect(lag.map(\.oldestMilliseconds) == [times[3], nil])
        }
    }

    @Test func `a group without a position has everything before it`() throws {
        try withLog { log in
            try append(2, to: 1, of: log)
            let probe = LagProbe(log: log, catalogue: catalogue, now: { 0 })
            defer { probe.close() }
            #expect(try probe.measure(.approval).map(\.records) == [0, 2])
            // A clock behind the log's makes no negative age.
            #expect(try probe.measure(.approval).map(\.seconds) == [0, 0])
        }
    }

    @Test func `what was deleted unread does not wait, what is left does`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "tributary-lag-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let topic = catalogue.name(of: .notification)
        let group = WorkerGroup.name(.notification, prefix: catalogue.prefix)
        func append(_ count: Int, _ log: EmbeddedLog) throws {
            try log.producer(identity: "test").append(
                (0..<count).map { _ in OutgoingRecord(topic: topic, partition: 0, key: nil, value: [1]) })
        }
        let before = try EmbeddedLog(directory: directory, now: { 1_000 })
        try before.createTopics(catalogue.specifications)
        try append(5, before)
        try before.write([0: CommittedPosition(offset: 2, metadata: "")], ofGroup: group, topic: topic)
        before.close()
        let now = TopicCatalogue.notificationRetentionMilliseconds + 2_000
        let log = try EmbeddedLog(directory: directory, now: { now })
        defer { log.close() }
        try append(1, log)
        try log.maintain()
        let probe = LagProbe(log: log, catalogue: catalogue, now: { now + 3_000 })
        defer { probe.close() }
        let lag = try probe.measure(.notification, partitions: [0])
        #expect(lag.map(\.records) == [1])
        #expect(lag.map(\.seconds) == [3])
    }

    @Test func `measures the partitions asked for`() throws {
        try withLog { log in
            try append(1, to: 0, of: log)
            try append(1, to: 1, of: log)
            let probe = LagProbe(log: log, catalogue: catalogue, now: { 0 })
            defer { probe.close() }
            #expect(try probe.measure(.approval, partitions: [1]).map(\.partition) == [1])
            #expect(try probe.measure(.approval, partitions: [7]).isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `what an open transaction holds back counts where nothing else waits`(asksAtOnce: Bool) throws {
        try withLog { log in
            try append(2, to: 0, of: log)
            try commit([0: 1, 1: 0], of: log)
            let times = try Self.times(of: topic, in: log)
            let open = OpenTransaction(firstOffset: 0, end: 4, sinceMilliseconds: times[1] - 60_000)
            let probe = LagProbe(
                log: HeldLog(log, open: [0: open, 1: open]), catalogue: catalogue, asksAtOnce: asksAtOnce,
                now: { times[1] + 1_000 })
            defer { probe.close() }
            // Who asks again and again looks where the end stood still.
            if !asksAtOnce { #expect(try probe.measure(.approval).map(\.isHeld) == [false, false]) }
            let lag = try probe.measure(.approval)
            #expect(lag.map(\.isHeld) == [false, true])
            #expect(lag.map(\.records) == [1, 4])
            #expect(lag.map(\.end) == [2, 4])
            #expect(lag.map(\.seconds) == [1, 61])
        }
    }

    private static func times(of topic: String, in log: EmbeddedLog) throws -> [Int64] {
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([TopicPartition(topic, 0): 0])
        return try reader.read(maximum: 100, timeout: .seconds(5)).map(\.appendTimeMilliseconds)
    }
}

/// A log with open transactions, whose readers are those of another.
private final class HeldLog: EventLog, OpenTransactionFinding {
    private let log: EmbeddedLog
    private let open: [Int32: OpenTransaction]

    init(_ log: EmbeddedLog, open: [Int32: OpenTransaction]) {
        self.log = log
        self.open = open
    }

    func openTransactions(of topic: String, partitions: [Int32]) throws(LogError) -> [Int32: OpenTransaction] {
        open.filter { partitions.contains($0.key) }
    }

    func createTopics(_ topics: [TopicSpecification]) throws(LogError) { try log.createTopics(topics) }
    func topics() throws(LogError) -> [String: TopicSpecification] { try log.topics() }
    func partitionCount(of topic: String) throws(LogError) -> Int32 { try log.partitionCount(of: topic) }
    func producer(identity: String) throws(LogError) -> any LogProducer { try log.producer(identity: identity) }
    func reader(for use: ReaderUse) throws(LogError) -> any LogReader { try log.reader(for: use) }
    func endOffsets(of topic: String) throws(LogError) -> [Int64] { try log.endOffsets(of: topic) }
    func committedOffsets(group: String, topic: String) throws(LogError) -> [Int64?] {
        try log.committedOffsets(group: group, topic: topic)
    }
    func session(_ configuration: SessionConfiguration) throws(LogError) -> any TurnSession {
        try log.session(configuration)
    }
    func close() {}
}

/// A clock that goes on by a second whenever it is read.
private final class Seconds: @unchecked Sendable {
    private let lock = NSLock()
    private var time: Int64 = 1_700_000_000_000

    var next: @Sendable () -> Int64 {
        {
            self.lock.withLock {
                self.time += 1_000
                return self.time
            }
        }
    }
}
