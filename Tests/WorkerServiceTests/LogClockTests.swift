import Contracts
import Domain
import EmbeddedLog
import EventLog
import Foundation
import Testing

@testable import WorkerService

/// A log in a directory of its own, gone with the test.
struct LogBench {
    static let start = Timestamp(rfc3339: "2024-01-01T00:00:00Z")!
    static let nextDay = Timestamp(rfc3339: "2024-01-02T00:00:00Z")!

    let directory: String
    let log: EmbeddedLog
    let catalogue = TopicCatalogue(partitions: 2)

    static func with(_ body: (LogBench) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "clock-\(UUID().uuidString)").path
        let bench = LogBench(directory: path, log: try EmbeddedLog(directory: path))
        defer { _ = Result { try FileManager.default.removeItem(atPath: path) } }
        defer { bench.log.close() }
        try body(bench)
    }

    func clock() -> LogClock { LogClock(log: log, catalogue: catalogue, identity: "test.clock") }

    /// Records of a worker's input, all partitions together.
    func records(of worker: WorkerName) throws -> Int64 {
        try log.endOffsets(of: catalogue.name(of: worker.input)).reduce(0, +)
    }

    func withWorkers(_ workers: [WorkerName], _ body: () throws -> Void) throws {
        let engine = try Engine(
            log: log,
            options: EngineOptions(
                dataDirectory: directory, catalogue: catalogue, workers: workers, mail: MailOptions(sink: .null)))
        try engine.start()
        defer { engine.stop() }
        try body()
    }
}

@Suite(.timeLimit(.minutes(5))) struct LogClockTests {
    @Test func `the clock is set once, by the first record of every input`() throws {
        try LogBench.with { bench in
            let clock = bench.clock()
            defer { clock.close() }
            try clock.createTopics(clock: .stream, at: LogBench.start)
            for worker in WorkerName.allCases { #expect(try bench.records(of: worker) == 2) }
            #expect(try clock.read() == LogClock.Reading(kind: .stream, time: LogBench.start))
            try clock.createTopics(clock: .stream, at: LogBench.nextDay)
            for worker in WorkerName.allCases { #expect(try bench.records(of: worker) == 2) }
            #expect(try clock.read()?.time == LogBench.start)
            #expect(throws: LogClock.Failure.self) { try clock.createTopics(clock: .wall, at: LogBench.start) }
        }
    }

    /// Without the worker before it, none gets a tick: its input is not complete yet.
    @Test(arguments: [0, 1, 2, 3]) func `a tick reaches a worker after the one before it has drained`(running: Int)
        throws
    {
        try LogBench.with { bench in
            let clock = bench.clock()
            defer { clock.close() }
            try clock.createTopics(clock: .stream, at: LogBench.start)
            try bench.withWorkers(Array(WorkerName.allCases.prefix(running))) {
                #expect(throws: LogClock.Failure.self) { try clock.tick(to: LogBench.nextDay, timeout: .seconds(2)) }
            }
            for (index, worker) in WorkerName.allCases.enumerated() {
                #expect(try bench.records(of: worker) == (index <= running ? 4 : 2), "\(worker)")
            }
            // The register remembers a tick when its last stage begins: one that was broken off is repeated whole.
            #expect(try clock.read()?.time == (running == 3 ? LogBench.nextDay : LogBench.start))
        }
    }

    @Test func `a whole tick moves the clock, and the workers have nothing left`() throws {
        try LogBench.with { bench in
            let clock = bench.clock()
            defer { clock.close() }
            try clock.createTopics(clock: .stream, at: LogBench.start)
            for worker in WorkerName.allCases { #expect(try !clock.isDrained(worker)) }
            try bench.withWorkers(WorkerName.allCases) {
                try clock.tick(to: LogBench.nextDay, timeout: .seconds(30))
                try clock.drain(timeout: .seconds(30))
            }
            for worker in WorkerName.allCases { #expect(try clock.isDrained(worker)) }
            #expect(try clock.read() == LogClock.Reading(kind: .stream, time: LogBench.nextDay))
        }
    }

    @Test func `a stream clock turns to wall, once`() throws {
        try LogBench.with { bench in
            let clock = bench.clock()
            defer { clock.close() }
            try clock.createTopics(clock: .stream, at: LogBench.start)
            try clock.switchToWall(at: LogBench.nextDay)
            #expect(try clock.read() == LogClock.Reading(kind: .wall, time: LogBench.nextDay))
            try bench.withWorkers(WorkerName.allCases) { try clock.drain(timeout: .seconds(30)) }
        }
    }

    @Test func `what is not drained in time is named`() throws {
        try LogBench.with { bench in
            let clock = bench.clock()
            defer { clock.close() }
            try clock.createTopics(clock: .wall, at: LogBench.start)
            do {
                try clock.drain([.payout], timeout: .milliseconds(50))
                Issue.record("nobody drained it")
            } catch let failure as LogClock.Failure {
                #expect(failure.description.contains("payout worker did not reach the end of its input"))
            }
        }
    }
}
