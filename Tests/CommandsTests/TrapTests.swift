import Contracts
import Foundation
import JSON
import Testing

/// A record over which the process really traps: a worker of its own, started again as an operator's service would.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
struct TrapTests {
    /// One process of a helper beside the tests; its end, and whether a signal was it.
    private func run(_ name: String, _ data: String, input: String = "") throws -> (code: Int32, isSignal: Bool) {
        let program = URL(filePath: try #require(BuiltProgram.path)).deletingLastPathComponent().appending(path: name)
        let process = Process()
        process.executableURL = program
        process.arguments = [data]
        process.environment = ["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"]
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        pipe.fileHandleForWriting.write(Data(input.utf8))
        try pipe.fileHandleForWriting.close()
        process.waitUntilExit()
        return (process.terminationStatus, process.terminationReason == .uncaughtSignal)
    }

    private func order(_ id: String, _ what: String) -> String {
        let type = "io.tributary.test.ordered.v1"
        let headers = #"{"ce_id":"\#(id)","ce_source":"/test","ce_type":"\#(type)","ce_specversion":"1.0"}"#
        let value = #"{\"do\":\"\#(what)\",\"occurred_at\":\"2026-01-01T00:00:00.000Z\"}"#
        return #"{"topic":"tributary.referral.v1","key":"k","headers":\#(headers),"value":"\#(value)"}"# + "\n"
    }

    /// What the worker has told of its orders, in the order of the alphabet: they go to several partitions.
    private func told(_ data: String, in directory: String) throws -> [String] {
        let dump = try BuiltProgram.run(["topics", "dump", "--data", data], in: directory)
        #expect(dump.code == 0, "\(dump.errors)")
        return try dump.output.split(separator: "\n").compactMap { line -> String? in
            let record = try JSONDocument.parse(Array(line.utf8))
            guard record["topic"]?.stringValue == "tributary.outcome.v1", let value = record["value"]?.stringValue
            else {
                return nil
            }
            return try JSONDocument.parse(Array(value.utf8))["do"]?.stringValue
        }.sorted()
    }

    /// The headers of the only dead letter, as `dlq show` has them.
    private func headers(of letter: String, _ data: String, in directory: String) throws -> [Substring] {
        let record = try JSONDocument.decode(RecordDeadLettered.self, from: Array(letter.utf8)).entityID
        let shown = try BuiltProgram.run(["dlq", "show", record, "--data", data], in: directory)
        #expect(shown.code == 0, "\(shown.errors)")
        return shown.output.split(separator: "\n")
    }

    private func isolates(_ poison: String, _ words: String) throws {
        try DemoDirectory.with { try isolates(poison, words, in: $0.path) }
    }

    private func isolates(_ poison: String, _ words: String, in directory: String) throws {
        let data = directory + "/data"
        #expect(try BuiltProgram.run(["topics", "create", "--data", data], in: directory).code == 0)
        let input = order("1", "first") + order("2", poison) + order("3", "third") + order("4", "fourth")
        #expect(try run("foreign-client", data, input: input).code == 0)
        for _ in 0..<2 { #expect(try run("trapping-worker", data).isSignal) }
        let third = try run("trapping-worker", data)
        #expect(!third.isSignal && third.code == 0)
        let letters = try BuiltProgram.run(["dlq", "list", "--json", "--data", data], in: directory).output
        let lines = letters.split(separator: "\n")
        #expect(lines.count == 1)
        #expect(letters.contains(#""code":"crash_loop""#) && letters.contains(words), "\(letters)")
        let shown = try headers(of: String(try #require(lines.first)), data, in: directory)
        #expect(shown.contains("tributary-error-attempts: 2"), "\(shown)")
        #expect(try told(data, in: directory) == ["first", "fourth", "third"], "what is around it is done, each once")
        let again = try run("trapping-worker", data)
        #expect(!again.isSignal && again.code == 0, "it goes on from there")
        #expect(try BuiltProgram.run(["dlq", "list", "--json", "--data", data], in: directory).output == letters)
        #expect(try told(data, in: directory) == ["first", "fourth", "third"])
    }

    @Test func `a record that makes the process trap is set aside at the third start`() throws {
        try isolates("trap", "trapped over it 2 times")
    }

    @Test func `a timer that makes the process trap is set aside, not the records that it fires before`() throws {
        try isolates("timer", "timer trap due")
    }
}
