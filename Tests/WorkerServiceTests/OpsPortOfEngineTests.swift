import Contracts
import Domain
import EmbeddedLog
import EventLog
import Foundation
import Synchronization
import TaskRuntime
import Testing

@testable import WorkerService

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A worker on the embedded log, asked over real HTTP.
@Suite(.timeLimit(.minutes(5))) struct OpsPortOfEngineTests {
    private let directory: ScratchDirectory
    private let log: EmbeddedLog
    private let catalogue = TopicCatalogue(partitions: 2)

    init() throws {
        directory = try ScratchDirectory()
        log = try EmbeddedLog(directory: directory.path)
        let clock = LogClock(log: log, catalogue: catalogue, identity: "test.clock")
        defer { clock.close() }
        try clock.createTopics(clock: .wall, at: .init(millisecondsSince1970: 1_700_000_000_000))
    }

    private func engine(_ notices: AsyncStream<TurnObserver.Notice>.Continuation) throws -> Engine {
        try Engine(
            log: log,
            options: EngineOptions(
                dataDirectory: directory.path, catalogue: catalogue, workers: [.referral], ops: OpsAddress(port: 0),
                observer: { _, notice in notices.yield(notice) }))
    }

    private func get(_ path: String, _ engine: Engine) async throws -> (status: Int, body: String) {
        let port = try #require(engine.servedOpsPort)
        let url = try #require(URL(string: "http://127.0.0.1:\(port)\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        return (try #require(response as? HTTPURLResponse).statusCode, String(decoding: data, as: UTF8.self))
    }

    @Test func `a worker becomes ready, counts what it does and is gone when it has stopped`() async throws {
        let (notices, continuation) = AsyncStream.makeStream(of: TurnObserver.Notice.self)
        let engine = try engine(continuation)
        try engine.start()
        var running = 0
        for await notice in notices {
            if case .running = notice { running += 1 }
            if running == 2 { break }
        }
        let ready = try await get("/readyz", engine)
        #expect(ready.status == 200, "\(ready.body)")

        let producer = try log.producer(identity: "test.producer")
        let topic = catalogue.name(of: .referral)
        try producer.append([OutgoingRecord(topic: topic, partition: 1, key: nil, value: Array("no event".utf8))])
        producer.close()
        for await notice in notices {
            if case .committed(let report) = notice, report.counts.deadLetters == 1 { break }
        }
        let metrics = try await get("/metrics", engine).body
        for line in [
            #"tributary_dead_letters_total{worker="referral",code="not_cloudevent"} 1"#,
            #"tributary_events_processed_total{worker="referral",type="unknown",outcome="dead_letter"} 1"#,
            #"tributary_ready{worker="referral"} 1"#,
            #"tributary_restore_remaining_records{topic="tributary.referral.v1",partition="1"} 0"#,
        ] {
            #expect(metrics.split(separator: "\n").contains(Substring(line)), "\(line)")
        }
        let bytes = try #require(metrics.firstMatch(of: /tributary_store_bytes\{worker="referral"\} ([0-9]+)/))
        #expect(Int(bytes.1) ?? 0 > 4_096)
        #expect(try await get("/livez", engine).status == 200)

        let port = try #require(engine.servedOpsPort)
        #expect(engine.stop().isEmpty)
        let url = try #require(URL(string: "http://127.0.0.1:\(port)/livez"))
        await #expect(throws: (any Error).self) { _ = try await URLSession.shared.data(from: url) }
        log.close()
    }

    @Test func `a port that is taken stops the start, with its number`() throws {
        let (_, continuation) = AsyncStream.makeStream(of: TurnObserver.Notice.self)
        let first = try engine(continuation)
        try first.start()
        let port = try #require(first.servedOpsPort)
        var options = EngineOptions(dataDirectory: directory.path, catalogue: catalogue, workers: [.payout])
        options.ops = OpsAddress(port: port)
        let second = try Engine(log: log, options: options)
        let failure = try #require(throws: (any Error).self) { try second.start() }
        #expect("\(failure)".contains("port \(port)"))
        #expect(first.stop().isEmpty)
        log.close()
    }
}
