import Contracts
import Foundation
import HTTPServing
import JSON
import Metrics
import Testing

@testable import Operations
@testable import TaskRuntime

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite(.timeLimit(.minutes(5))) struct OpsPortTests {
    private let monitor = WorkerMonitor(
        workers: [.payout, .referral], threads: 1, catalogue: TopicCatalogue(), metrics: MetricRegistry())

    private func get(_ path: String) async throws -> (status: Int, type: String?, body: String) {
        let port = try OpsPort(address: "127.0.0.1", port: 0, monitor: monitor, storeDirectories: [])
        defer { port.stop() }
        let url = try #require(URL(string: "http://127.0.0.1:\(port.port)\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        let answer = try #require(response as? HTTPURLResponse)
        return (
            answer.statusCode, answer.value(forHTTPHeaderField: "Content-Type"), String(decoding: data, as: UTF8.self)
        )
    }

    private func observe(_ notices: TurnObserver.Notice...) {
        for worker in [WorkerName.payout, .referral] {
            for notice in notices { monitor.observe(worker, thread: 0, notice) }
        }
    }

    @Test func `readyz gives each worker's reasons and partitions`() async throws {
        observe(.assigned([0, 1]), .running(partition: 0))
        monitor.observe(.referral, thread: 0, .running(partition: 1))
        monitor.observe(.payout, thread: 0, .stopped(partition: 1, code: "position_lost", reason: "reset by hand"))
        let answer = try await get("/readyz")
        #expect(answer.status == 503)
        #expect(answer.type == "application/json")
        #expect(
            answer.body == #"{"ready":false,"workers":[{"worker":"payout","ready":false,"#
                + #""reasons":[{"code":"position_lost","partition":1,"message":"reset by hand"}],"#
                + #""partitions":[{"partition":0,"state":"running"},{"partition":1,"state":"stopped","code":"position_lost"}]},"#
                + #"{"worker":"referral","ready":true,"#
                + #""partitions":[{"partition":0,"state":"running"},{"partition":1,"state":"running"}]}]}"#)
    }

    @Test func `readyz is 200 when all run, and 503 again when the process ends`() async throws {
        observe(.assigned([0]), .running(partition: 0))
        #expect(try await get("/readyz").status == 200)
        #expect(try await get("/metrics").body.contains("tributary_ready{worker=\"payout\"} 1\n"))
        monitor.beginShutdown()
        let answer = try await get("/readyz")
        #expect(answer.status == 503)
        #expect(answer.body.contains(#""code":"shutting_down""#))
        #expect(try await get("/metrics").body.contains("tributary_ready{worker=\"payout\"} 0\n"))
    }

    @Test func `livez lives without being ready`() async throws {
        let answer = try await get("/livez")
        #expect(answer.status == 200)
        #expect(answer.body == #"{"live":true}"#)
    }

    @Test func `version names the product`() async throws {
        let answer = try await get("/version")
        #expect(answer.status == 200)
        #expect(answer.body == #"{"name":"tributary","version":"\#(ProductVersion.text)"}"#)
    }

    @Test func `another path is 404`() async throws {
        #expect(try await get("/").status == 404)
    }

    @Test func `metrics count turns, faults, rebalances and restores`() async throws {
        var report = TurnReport.sample(records: 4, duplicates: 1)
        report.positions = [0: 9]
        observe(
            .assigned([0]), .restoring(partition: 0, remaining: 50), .running(partition: 0), .committed(report),
            .fault(TurnFault(.store, code: "store_full", "no space left")), .revoked([0]), .assigned([1]),
            .restoring(partition: 1, remaining: 6))
        let answer = try await get("/metrics")
        #expect(answer.type == MetricRegistry.contentType)
        for line in [
            #"tributary_events_processed_total{worker="referral",type="io.tributary.referral.submitted.v1",outcome="applied"} 3"#,
            #"tributary_events_processed_total{worker="referral",type="unknown",outcome="dead_letter"} 1"#,
            #"tributary_dead_letters_total{worker="referral",code="bad_json"} 1"#,
            #"tributary_duplicates_total{worker="referral"} 1"#,
            #"tributary_event_processing_seconds_count{worker="referral"} 4"#,
            #"tributary_event_processing_seconds_sum{worker="referral"} 0.08"#,
            #"tributary_commit_seconds_sum{worker="referral"} 0.05"#,
            #"tributary_faults_total{worker="referral",code="store_full"} 1"#,
            #"tributary_rebalances_total{worker="referral",kind="assigned"} 2"#,
            #"tributary_rebalances_total{worker="referral",kind="revoked"} 1"#,
            #"tributary_restore_remaining_records{topic="tributary.referral.v1",partition="1"} 6"#,
            #"tributary_build_info{version="\#(ProductVersion.text)"} 1"#,
        ] {
            #expect(answer.body.split(separator: "\n").contains(Substring(line)), "\(line)")
        }
        #expect(!answer.body.contains(#"restore_remaining_records{topic="tributary.referral.v1",partition="0"}"#))
    }

    @Test func `lag is told of partitions held here alone`() async throws {
        observe(.assigned([0]), .running(partition: 0))
        monitor.observe(
            .referral,
            lag: [
                PartitionLag(partition: 0, position: 3, end: 10, records: 7, oldestMilliseconds: 1, seconds: 2.5),
                PartitionLag(partition: 1, position: 0, end: 10, records: 10, oldestMilliseconds: 1, seconds: 9),
            ])
        let lines = try await get("/metrics").body.split(separator: "\n").filter { $0.hasPrefix("tributary_consumer") }
        #expect(
            lines == [
                #"tributary_consumer_lag_records{topic="tributary.referral.v1",partition="0"} 7"#,
                #"tributary_consumer_lag_seconds{topic="tributary.referral.v1",partition="0"} 2.5"#,
            ])
    }
}

extension TurnReport {
    fileprivate static func sample(records: Int, duplicates: Int) -> TurnReport {
        var counts = TaskCounts()
        counts.duplicates = duplicates
        var tally = EventTally()
        tally.count("io.tributary.referral.submitted.v1", .applied, 3)
        tally.countDeadLetter(nil, code: .badJSON)
        return TurnReport(
            records: records, counts: counts, tally: tally, processing: .milliseconds(80), commit: .milliseconds(50),
            positions: [:])
    }
}
