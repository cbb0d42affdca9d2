import EmbeddedLog
import EventLog
import Foundation
import Testing

/// A process that is killed in the middle of its commits, for real: the test process starts itself again, and the child
/// runs `CrashingWriter` until it is killed.
@Suite(.timeLimit(.minutes(10))) struct CrashTests {
    static let directoryVariable = "TRIBUTARY_CRASH_TEST_DIRECTORY"
    private static let turnsBeforeTheKill = 150

    @Test func everyAcknowledgedTurnSurvivesAKillAndNoneIsHalf() throws {
        let directory = TemporaryDirectory.make()
        let child = Process()
        child.executableURL = URL(filePath: CommandLine.arguments[0])
        child.arguments = ["--testing-library", "swift-testing", "--filter", "CrashingWriter"]
        child.environment = ProcessInfo.processInfo.environment.merging([Self.directoryVariable: directory]) { $1 }
        let output = Pipe()
        child.standardOutput = output
        child.standardError = FileHandle.nullDevice
        try child.run()
        var acknowledged = 0
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first {
            if byte != UInt8(ascii: "\n") {
                line.append(byte)
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("turn "), let turn = Int(text.dropFirst(5)) { acknowledged = max(acknowledged, turn) }
            if acknowledged == Self.turnsBeforeTheKill { kill(child.processIdentifier, SIGKILL) }
            line.removeAll()
        }
        child.waitUntilExit()
        try #require(child.terminationReason == .uncaughtSignal)

        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        let turns = try #require(try log.committedOffsets(group: "g", topic: "in")[0])
        #expect(turns >= acknowledged)
        #expect(try log.endOffsets(of: "changelog") == [turns])
        #expect(try log.endOffsets(of: "out") == [turns * 3, turns * 3])
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([TopicPartition("out", 1): 0])
        var found: [LogRecord] = []
        while Int64(found.count) < turns * 3 { found += try reader.read(maximum: 1_000, timeout: .seconds(5)) }
        #expect(found.map(\.offset) == Array(0..<turns * 3))
        #expect(found.map(\.value) == (1...turns).flatMap { turn in [[UInt8]](repeating: Self.value(turn), count: 3) })
    }

    static func value(_ turn: Int64) -> [UInt8] { Array("\(turn)".utf8) + [UInt8](repeating: 0, count: 2_000) }
}

/// What the killed process runs; skipped everywhere else.
@Suite(.enabled(if: ProcessInfo.processInfo.environment[CrashTests.directoryVariable] != nil))
struct CrashingWriter {
    @Test func commitsTurnsUntilItIsKilled() throws {
        let directory = try #require(ProcessInfo.processInfo.environment[CrashTests.directoryVariable])
        let log = try EmbeddedLog(directory: directory)
        try log.createTopics([
            TopicSpecification(name: "in", partitions: 1, cleanup: .delete(retentionMilliseconds: nil)),
            TopicSpecification(name: "changelog", partitions: 1, cleanup: .compact(minimumLagMilliseconds: 0)),
            TopicSpecification(name: "out", partitions: 2, cleanup: .delete(retentionMilliseconds: nil)),
        ])
        let session = try log.session(
            SessionConfiguration(group: "g", topic: "in", changelogTopic: "changelog", identity: "i"))
        _ = try session.poll(maximumRecords: 1, timeout: .seconds(5))
        // Far more turns than the test waits for: a process that nobody kills ends some time.
        for turn in Int64(1)...100_000 {
            try session.begin()
            for _ in 0..<3 {
                for partition in Int32(0)..<2 {
                    try session.append(
                        OutgoingRecord(topic: "out", partition: partition, key: nil, value: CrashTests.value(turn)))
                }
            }
            try session.append(OutgoingRecord(topic: "changelog", partition: 0, key: Array("\(turn)".utf8), value: [1]))
            _ = try session.commit(
                [TurnOffset(partition: 0, offset: turn, metadata: "")], deadline: .now + .seconds(5))
            FileHandle.standardOutput.write(Data("turn \(turn)\n".utf8))
        }
    }
}
