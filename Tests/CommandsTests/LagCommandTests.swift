import Contracts
import EmbeddedLog
import EventLog
import Foundation
import JSON
import Metrics
import Operations
import TaskRuntime
import Testing

/// `lag` in an installation whose referral worker has two records before it in partition 0, which came 100 s ago; no other
/// partition has any.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
struct LagCommandTests {
    private let catalogue = TopicCatalogue(partitions: 2)
    private var topic: String { catalogue.name(of: .referral) }
    private var group: String { WorkerGroup.name(.referral, prefix: catalogue.prefix) }

    private func withInstallation(_ body: (DemoDirectory) throws -> Void) throws {
        try DemoDirectory.with { directory in
            let past = EmbeddedLog.wallClock() - 100_000
            let log = try EmbeddedLog(directory: "\(directory.path)/data", now: { past })
            try log.createTopics(catalogue.specifications)
            let producer = try log.producer(identity: "p")
            try producer.append(
                (0..<3).map { OutgoingRecord(topic: topic, partition: 0, key: [$0], value: [$0]) })
            producer.close()
            try log.write([0: CommittedPosition(offset: 1, metadata: "")], ofGroup: group, topic: topic)
            log.close()
            try body(directory)
        }
    }

    private func lag(_ words: String..., in directory: DemoDirectory) throws -> BuiltProgram.Ended {
        try BuiltProgram.run(["lag", "--data", "data"] + words, in: directory.path)
    }

    /// The table's line of a partition.
    private func line(_ worker: WorkerName, _ partition: Int32, in ended: BuiltProgram.Ended) throws -> Substring {
        try #require(
            ended.output.split(separator: "\n").first {
                $0.split(separator: " ").prefix(2).joined(separator: "/") == "\(worker.rawValue)/\(partition)"
            }, "\(ended.output)")
    }

    // MARK: From the log alone

    @Test func `the table has a line for every partition of every worker`() throws {
        try withInstallation { directory in
            let ended = try lag(in: directory)
            #expect(ended.code == 0 && ended.errors.isEmpty, "\(ended.errors)")
            let lines = ended.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(lines.first == ["worker", "partition", "records", "seconds", "owner", "state"])
            let places = WorkerName.allCases.flatMap { worker in
                (0..<catalogue.specification(of: worker.input).partitions).map { [worker.rawValue, "\($0)"] }
            }
            #expect(lines.dropFirst(2).map { Array($0.prefix(2)) } == places)
            let late = try #require(lines.dropFirst(2).first)
            #expect(late[2] == "2")
            let seconds = try #require(Double(late[3]))
            #expect(seconds >= 100 && seconds < 200)
            for line in lines.dropFirst(2) { #expect(line.suffix(2) == ["nobody", "-"]) }
            for line in lines.dropFirst(3) { #expect(line[2...3] == ["0", "0.0"]) }
        }
    }

    @Test func `as JSON each partition is an object with its positions, and without what nobody knows`() throws {
        try withInstallation { directory in
            let ended = try lag("--json", in: directory)
            #expect(ended.code == 0 && ended.errors.isEmpty, "\(ended.errors)")
            let lines = ended.output.split(separator: "\n")
            #expect(
                lines[0].hasPrefix(#"{"worker":"referral","partition":0,"records":2,"seconds":1"#)
                    && lines[0].hasSuffix(#","position":1,"end":3}"#), "\(lines[0])")
            #expect(
                lines[1] == #"{"worker":"referral","partition":1,"records":0,"seconds":0.0,"position":0,"end":0}"#)
            for line in lines {
                #expect(throws: Never.self, "\(line)") { try JSONDocument.parse(Array(line.utf8)) }
            }
        }
    }

    @Test(arguments: [false, true])
    func `a record that waits for too long fails it, with its place`(isJSON: Bool) throws {
        try withInstallation { directory in
            let form = isJSON ? ["--json"] : []
            func lag(within seconds: Int) throws -> BuiltProgram.Ended {
                try BuiltProgram.run(
                    ["lag", "--data", "data", "--max-seconds", "\(seconds)"] + form, in: directory.path)
            }
            let late = try lag(within: 60)
            #expect(late.code == 1)
            #expect(
                late.errors.contains("1 partitions are more than 60 s behind, the worst referral 0 by 1"),
                "\(late.errors)")
            let inTime = try lag(within: 3_600)
            #expect(inTime.code == 0 && inTime.errors.isEmpty, "\(inTime.errors)")
            // What fails it is shown all the same.
            #expect(late.output.split(separator: "\n").count == inTime.output.split(separator: "\n").count)
        }
    }

    @Test(arguments: [
        ["--max-seconds", "soon"], ["--max-seconds", "-1"], ["--ops", "worker"], ["--ops", "127.0.0.1:1,worker"],
    ])
    func `words that it cannot take are named`(words: [String]) throws {
        try withInstallation { directory in
            let ended = try BuiltProgram.run(["lag", "--data", "data"] + words, in: directory.path)
            #expect(ended.code == 2)
            #expect(ended.errors.contains(words[0]), "\(ended.errors)")
            #expect(ended.output.isEmpty)
        }
    }

    @Test func `a member of the group owns its partitions`() throws {
        try withInstallation { directory in
            let log = try EmbeddedLog(directory: "\(directory.path)/data")
            defer { log.close() }
            let server = try LogServer(log: log)
            defer { server.close() }
            let session = try log.session(
                SessionConfiguration(
                    group: group, topic: topic, changelogTopic: catalogue.name(of: .changelog(.referral)),
                    identity: "member"))
            defer { session.close(deadline: .now + .seconds(5)) }
            guard case .assigned? = try session.poll(maximumRecords: 1, timeout: .seconds(10)).first else {
                Issue.record("the only member was given nothing")
                return
            }
            let ended = try lag(in: directory)
            #expect(ended.code == 0, "\(ended.errors)")
            func owner(_ worker: WorkerName, _ partition: Int32) throws -> Substring {
                try line(worker, partition, in: ended).split(separator: " ")[4]
            }
            #expect(try owner(.referral, 0) == "member")
            #expect(try owner(.referral, 1) == "member")
            #expect(try owner(.approval, 0) == "nobody")
        }
    }

    // MARK: From the workers' own pages

    /// The pages of a referral worker that restores one partition and has stopped the other.
    private func pages() throws -> OpsPort {
        let monitor = WorkerMonitor(
            workers: [.referral], threads: 1, catalogue: catalogue, metrics: MetricRegistry())
        for notice in [
            TurnObserver.Notice.assigned([0, 1]), .restoring(partition: 0, remaining: 4_711),
            .stopped(partition: 1, code: "position_lost", reason: "reset by hand"),
        ] {
            monitor.observe(.referral, thread: 0, notice)
        }
        return try OpsPort(address: "127.0.0.1", port: 0, monitor: monitor, storeDirectories: [])
    }

    @Test func `a worker that is asked says how far its restore is, and why a partition stands`() throws {
        let pages = try pages()
        defer { pages.stop() }
        try withInstallation { directory in
            let ended = try lag("--ops", "127.0.0.1:\(pages.port)", in: directory)
            #expect(ended.code == 0 && ended.errors.isEmpty, "\(ended.errors)")
            #expect(try line(.referral, 0, in: ended).hasSuffix("  restoring, 4711 to go"))
            #expect(try line(.referral, 1, in: ended).hasSuffix("  stopped, position_lost"))
            // Nobody was asked for it.
            #expect(try line(.approval, 0, in: ended).hasSuffix("  -"))

            let json = try lag("--json", "--ops", "127.0.0.1:\(pages.port)", in: directory)
            let lines = json.output.split(separator: "\n")
            #expect(lines[0].hasSuffix(#","end":3,"state":"restoring, 4711 to go"}"#), "\(lines[0])")
            #expect(lines[1].hasSuffix(#","end":0,"state":"stopped, position_lost"}"#), "\(lines[1])")
            #expect(lines.dropFirst(2).allSatisfy { !$0.contains(#""state""#) })
        }
    }

    @Test func `a worker that does not answer is named, and the others are asked all the same`() throws {
        let pages = try pages()
        defer { pages.stop() }
        try withInstallation { directory in
            let ended = try lag("--ops", "127.0.0.1:1,127.0.0.1:\(pages.port)", in: directory)
            #expect(ended.code == 0)
            #expect(ended.errors.hasPrefix("127.0.0.1:1: "), "\(ended.errors)")
            #expect(ended.errors.split(separator: "\n").count == 1)
            #expect(try line(.referral, 0, in: ended).hasSuffix("  restoring, 4711 to go"))
        }
    }
}
