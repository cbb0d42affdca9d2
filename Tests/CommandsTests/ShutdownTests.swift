import Foundation
import Glibc
import TestSupport
import Testing
import WorkerService

/// How a real process ends that is told to: in its time also where its broker says nothing, and where it cannot close.
///
/// It cannot where nobody reads what it says: the pipe is full, and its next word waits for ever.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
struct ShutdownTests {
    /// Beyond what is waited for, on a busy machine.
    private static let margin = Duration.seconds(5)
    private static let bound = Duration.seconds(ShutdownBound.limit) + margin

    private func withStarted(
        _ program: String, _ words: [String], until said: String, _ body: (StartedProgram) throws -> Void
    ) throws {
        try DemoDirectory.with { directory in
            let started = try StartedProgram(program, words + ["--data", "data"], in: directory)
            defer { started.kill() }
            try started.read(until: said)
            try body(started)
        }
    }

    /// Both programs that have workers, with what they say once these run. The port 1 has no broker.
    static let programs: [(String, [String], String)] = [
        ("tributary", ["up"], "four workers run"), ("referral-worker", ["--log", "kafka://127.0.0.1:1"], "started"),
    ]

    @Test(arguments: programs)
    func `a process that cannot close ends as it is when its time is over, with 1`(
        program: String, words: [String], said: String
    ) throws {
        try withStarted(program, words, until: said) { started in
            try started.fillOutput()
            let asked = ContinuousClock.now
            started.send(SIGTERM)
            #expect(started.code(within: Self.bound) == 1)
            #expect(ContinuousClock.now - asked < Self.bound)
            // The whole process is late, or a thread of it before.
            let errors = try started.errors()
            let ways = ["not closed within \(Int(ShutdownBound.limit)) s", "a thread did not leave in time"]
            #expect(ways.contains { errors.contains($0) }, "\(errors)")
        }
    }

    @Test(arguments: programs)
    func `asked a second time it ends at once, with 1`(
        program: String, words: [String], said: String
    ) throws {
        try withStarted(program, words, until: said) { started in
            try started.fillOutput()
            started.send(SIGTERM)
            try started.waitUntilSignalIsTaken()
            let askedAgain = ContinuousClock.now
            started.send(SIGTERM)
            #expect(started.code(within: Self.bound) == 1)
            #expect(ContinuousClock.now - askedAgain < Self.margin)
            let errors = try started.errors()
            #expect(errors.contains("asked a second time"), "\(errors)")
        }
    }

    @Test func `a worker whose broker takes connections and says nothing leaves by itself, with 0`() throws {
        let broker = try LoopbackListener(backlog: 64)
        defer { close(broker.descriptor) }
        let words = ["--log", "kafka://127.0.0.1:\(broker.port)"]
        try withStarted("referral-worker", words, until: "started") { started in
            let asked = ContinuousClock.now
            started.send(SIGTERM)
            #expect(started.code(within: Self.bound) == 0)
            #expect(ContinuousClock.now - asked < .seconds(ShutdownBound.limit))
            let errors = try started.errors()
            #expect(errors.isEmpty, "\(errors)")
        }
    }
}

/// A built program, started, of whose output as much is read as the test wants.
private final class StartedProgram {
    /// How long a process may take to see that it was asked to end.
    private static let patience = Duration.seconds(10)

    private let process = Process()
    private let output = Pipe()
    private let errorFile: URL
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ name: String, _ arguments: [String], in directory: DemoDirectory) throws {
        errorFile = URL(filePath: "\(directory.path)/errors")
        try Data().write(to: errorFile)
        let built = URL(filePath: try #require(BuiltProgram.path)).deletingLastPathComponent()
        process.executableURL = built.appending(path: name)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: directory.path)
        process.environment = ["PATH": "/usr/bin:/bin", "TZ": "UTC"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: errorFile)
        let hasEnded = hasEnded
        process.terminationHandler = { _ in hasEnded.signal() }
        try process.run()
    }

    func read(until words: String) throws {
        var text = ""
        while !text.contains(words) {
            let data = output.fileHandleForReading.availableData
            let errors = data.isEmpty ? try self.errors() : ""
            try #require(!data.isEmpty, "it ended before it said `\(words)`: \(text)\(errors)")
            text += String(decoding: data, as: UTF8.self)
        }
    }

    /// Leaves no room for another byte, through an entrance of its own: the process's would no longer wait either.
    func fillOutput() throws {
        let path = "/proc/self/fd/\(output.fileHandleForReading.fileDescriptor)"
        let entrance = unsafe open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        try #require(entrance >= 0, "\(path): \(errno)")
        defer { close(entrance) }
        let filling = [UInt8](repeating: UInt8(ascii: "\n"), count: 4_096)
        for count in [filling.count, 1] {
            while unsafe write(entrance, filling, count) > 0 {}
        }
    }

    func send(_ signal: Int32) { Glibc.kill(process.processIdentifier, signal) }

    /// Returns when no signal waits in front of the process any more: one that is sent then is the second.
    func waitUntilSignalIsTaken() throws {
        let deadline = ContinuousClock.now + Self.patience
        while try waitingSignals() != 0 {
            try #require(ContinuousClock.now < deadline, "a signal waits for \(Self.patience)")
            // Nothing tells when it is taken.
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    /// As a set of bits, from the kernel's own page of the process (`ShdPnd`, proc(5)).
    private func waitingSignals() throws -> UInt64 {
        let page = unsafe open("/proc/\(process.processIdentifier)/status", O_RDONLY | O_CLOEXEC)
        defer { close(page) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe Glibc.read(page, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        let field = try #require(text.firstMatch(of: /ShdPnd:\s+([0-9a-f]+)/), "\(text)")
        return try #require(UInt64(field.1, radix: 16))
    }

    /// Its exit code; `nil` where it does not end in time, or a signal ended it.
    func code(within time: Duration) -> Int32? {
        let seconds: Double = time / Duration.seconds(1)
        guard hasEnded.wait(timeout: .now() + seconds) == .success else { return nil }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : nil
    }

    /// What it has written to standard error.
    func errors() throws -> String { try String(decoding: Data(contentsOf: errorFile), as: UTF8.self) }

    /// Ends it where it has not ended.
    func kill() {
        guard process.isRunning else { return }
        send(SIGKILL)
        process.waitUntilExit()
    }
}
