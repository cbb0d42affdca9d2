import Contracts
import EmbeddedLog
import EventLog
import Foundation
import Synchronization
import Testing

@testable import WorkerService

/// Who the sender of messages is for the log, and what becomes of two with one identity.
@Suite(.timeLimit(.minutes(5))) struct SenderIdentityTests {
    private static let patience = Duration.seconds(60)

    private let directory: ScratchDirectory
    private let log: EmbeddedLog
    private let catalogue = TopicCatalogue(partitions: 2)

    init() throws {
        directory = try ScratchDirectory()
        log = try EmbeddedLog(directory: directory.path)
        let clock = LogClock(log: log, catalogue: catalogue, identity: "test.clock")
        defer { clock.close() }
        try clock.createTopics(clock: .wall, at: LogBench.start)
    }

    private func engine(_ log: RecordingLog, instance: String? = nil) throws -> Engine {
        try Engine(
            log: log,
            options: EngineOptions(
                dataDirectory: directory.path, catalogue: catalogue, workers: [.notification],
                transactionTimeout: .seconds(7), instance: instance, mail: MailOptions(sink: .null)))
    }

    private func wait(for condition: () -> Bool) {
        let end = ContinuousClock.now + Self.patience
        while !condition(), ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.02) }
    }

    private var record: OutgoingRecord {
        OutgoingRecord(
            topic: catalogue.name(of: .notification), partition: 0, key: nil, value: Array("no event".utf8))
    }

    // MARK: One process

    @Test(arguments: [nil, "blue"] as [String?])
    func `a copy takes up at its start what the one before it has left, with no message to send`(
        instance: String?
    ) throws {
        defer { log.close() }
        let node = try NodeIdentity(dataDirectory: directory.path).text
        let identity = "\(catalogue.prefix).notification-sender.\(instance ?? "\(node).0")"
        let before = try log.producer(identity: identity)
        defer { before.close() }
        try before.append([record])
        let recording = RecordingLog(log)
        let engine = try engine(recording, instance: instance)
        try engine.start()
        defer { engine.stop() }
        wait { recording.producers[identity] != nil }
        #expect(recording.producers[identity] == .seconds(7))
        let error = #expect(throws: LogError.self) { try before.append([record]) }
        #expect(error?.code == .producerFenced)
    }

    @Test func `copies on one volume are different senders`() throws {
        defer { log.close() }
        let recording = RecordingLog(log)
        let engines = try (0...1).map { _ in try engine(recording) }
        defer { for engine in engines { engine.stop() } }
        for engine in engines { try engine.start() }
        func senders() -> [String] { recording.producers.keys.filter { $0.contains(".notification-sender.") } }
        wait { senders().count == 2 }
        #expect(senders().count == 2)
    }

    @Test func `an identity that another process has is not taken up in advance`() throws {
        defer { log.close() }
        let (log, time) = (log, SteppedTime())
        var opened = 0
        let producer = LastingProducer(
            notBefore: time.now + .seconds(60), now: { time.now },
            open: { () throws(LogError) in
                opened += 1
                return try log.producer(identity: "sender")
            })
        defer { producer.close() }
        try producer.makeReady()
        #expect(opened == 0)
        time.now += .seconds(60)
        try producer.makeReady()
        try producer.makeReady()
        #expect(opened == 1)
    }

    // MARK: Two processes

    private func rivals(_ time: SteppedTime) -> [LastingProducer] {
        let log = log
        return (0...1).map { _ in
            LastingProducer(
                now: { time.now }, open: { () throws(LogError) in try log.producer(identity: "sender") })
        }
    }

    /// One append of each, again and again; each fence takes so long.
    private func contest(_ rivals: [LastingProducer], _ time: SteppedTime, rounds: Int, pause: Duration) {
        for _ in 0..<rounds where rivals.allSatisfy({ $0.failure == nil }) {
            for rival in rivals where rival.failure == nil {
                do throws(LogError) {
                    try rival.append([record])
                } catch {
                    let expected: LogError.Code = rival.failure == nil ? .producerFenced : .fenced
                    #expect(error.code == expected)
                    time.now += pause
                }
            }
        }
    }

    @Test func `of two processes with one identity one gives up, and the other goes on`() throws {
        defer { log.close() }
        let time = SteppedTime()
        let rivals = rivals(time)
        defer { for rival in rivals { rival.close() } }
        contest(rivals, time, rounds: 100, pause: .seconds(1))
        let losers = rivals.filter { $0.failure != nil }
        try #require(losers.count == 1)
        #expect(losers[0].failure?.code == .fenced)
        let winner = try #require(rivals.first { $0.failure == nil })
        try winner.append([record])
        let error = #expect(throws: LogError.self) { try losers[0].append([record]) }
        #expect(error?.code == .fenced)
        try winner.append([record])
    }

    @Test func `a producer that is fenced now and then is made anew`() throws {
        defer { log.close() }
        let time = SteppedTime()
        let rivals = rivals(time)
        defer { for rival in rivals { rival.close() } }
        contest(rivals, time, rounds: 100, pause: .seconds(20))
        #expect(rivals.allSatisfy { $0.failure == nil })
    }

    @Test func `a worker whose sender has lost its identity ends, and leaves it alone for a while`() throws {
        defer { log.close() }
        let engine = try engine(RecordingLog(log, hasRival: true))
        try engine.start()
        wait { engine.failure != nil }
        #expect(engine.failure?.code == .fenced)
        #expect(engine.stop().isEmpty)
        #expect(engine.failure?.code == .fenced)
        let contest = IdentityContest(path: "\(directory.path)/notification-worker/0.contested")
        #expect(try contest.truceLeft(at: Date()) > 0)
    }
}

/// A clock that stands until it is moved.
private final class SteppedTime {
    var now = ContinuousClock.now
}

/// A log that notes who was given a producer; or none, as somebody else always has the identity.
private final class RecordingLog: EventLog {
    private let log: EmbeddedLog
    private let hasRival: Bool
    private let made = Mutex<[String: Duration]>([:])

    init(_ log: EmbeddedLog, hasRival: Bool = false) {
        self.log = log
        self.hasRival = hasRival
    }

    /// Those with a time for their transactions.
    var producers: [String: Duration] { made.withLock { $0 } }

    func producer(identity: String, transactionTimeout: Duration) throws(LogError) -> any LogProducer {
        made.withLock { $0[identity] = transactionTimeout }
        if hasRival { throw LogError(.producerFenced, .fatal, "another producer has the identity \(identity)") }
        return try log.producer(identity: identity)
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
