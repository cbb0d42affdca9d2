import Foundation
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
        #expect(letters.split(separator: "\n").count == 1)
        #expect(letters.contains(#""code":"crash_loop""#) && letters.contains(words), "\(letters)")
        let again = try run("trapping-worker", data)
        #expect(!again.isSignal && again.code == 0, "it goes on from there")
        #expect(try BuiltProgram.run(["dlq", "list", "--json", "--data", data], in: directory).output == letters)
    }

    @Test func `a record that makes the process trap is set aside at the third start`() throws {
        try isolates("trap", "trapped over it 2 times")
    }

    @Test func `a timer that makes the process trap is set aside, not the records that it fires before`() throws {
        try isolates("timer", "timer trap due")
    }
}
