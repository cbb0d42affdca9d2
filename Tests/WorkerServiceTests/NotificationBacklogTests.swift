import Contracts
import Domain
import EmbeddedLog
import EventLog
import Foundation
import JSON
import TaskRuntime
import Testing

@testable import WorkerService

/// A notification worker on the embedded log, with a partition that has a long backlog when it starts.
@Suite(.timeLimit(.minutes(5))) struct NotificationBacklogTests {
    private static let backlog = 20_000

    private func append(_ bench: LogBench) throws {
        let producer = try bench.log.producer(identity: "test.producer")
        defer { producer.close() }
        let topic = bench.catalogue.name(of: .notification)
        let record = OutgoingRecord(topic: topic, partition: 0, key: nil, value: Array("no event".utf8))
        try producer.append(Array(repeating: record, count: Self.backlog))
        try producer.append([OutgoingRecord(topic: topic, partition: 1, key: nil, value: record.value)])
    }

    @Test func `a worker polls its group and works elsewhere while a partition reads its backlog`() async throws {
        let directory = try ScratchDirectory()
        let bench = LogBench(directory: directory.path, log: try EmbeddedLog(directory: directory.path))
        defer { bench.log.close() }
        let clock = bench.clock()
        defer { clock.close() }
        try clock.createTopics(clock: .wall, at: LogBench.start)
        try append(bench)

        let (notices, continuation) = AsyncStream.makeStream(of: TurnObserver.Notice.self)
        var limits = TurnLimits()
        // Shorter than a slice takes.
        limits.duration = .microseconds(100)
        let engine = try Engine(
            log: bench.log,
            options: EngineOptions(
                dataDirectory: directory.path, catalogue: bench.catalogue, workers: [.notification],
                mail: MailOptions(sink: .null), limits: limits, observer: { _, notice in continuation.yield(notice) }))
        try engine.start()
        defer { engine.stop() }

        var remaining: [Int64] = []
        var polls = 0
        var isOtherServed = false
        reading: for await notice in notices {
            switch notice {
            case .restoring(partition: 0, let count) where count > 0: remaining.append(count)
            case .polled where !remaining.isEmpty: polls += 1
            case .committed(let report) where report.positions[1] != nil: isOtherServed = true
            case .running(partition: 0): break reading
            default: break
            }
        }
        #expect(isOtherServed)
        #expect(polls >= 5, "\(remaining)")
        #expect(remaining.count >= 5 && remaining == remaining.sorted(by: >))
    }
}
