import Foundation
import TestSupport

/// The built `tributary`, beside the running tests, as a process of its own.
struct BuiltProgram {
    struct Ended {
        var code: Int32
        /// Standard output.
        var output: String
        /// Standard error.
        var errors: String
    }

    /// `nil` where only the tests were built. Then the suites that need it are skipped.
    static let path: String? = {
        let directory = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let path = directory.appending(path: "tributary").path
        guard !FileManager.default.isExecutableFile(atPath: path) else { return path }
        SkippedSuites.note("the suites of the built program (\(missing))")
        return nil
    }()

    static let missing = "tributary is not built beside the tests: `swift build --product tributary` first"

    private static func process(_ arguments: [String], in directory: String) -> Process {
        let process = Process()
        process.executableURL = path.map { URL(filePath: $0) }
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: directory)
        process.environment = ["PATH": "/usr/bin:/bin", "TZ": "UTC"]
        return process
    }

    /// Runs to the end. The streams go through files, so that no full pipe can stop the program.
    static func run(_ arguments: [String], in directory: String, input: String = "") throws -> Ended {
        let process = process(arguments, in: directory)
        let stem = FileManager.default.temporaryDirectory.appending(path: "program-\(UUID().uuidString)").path
        let files = ["in", "out", "err"].map { "\(stem).\($0)" }
        defer { for file in files { unsafe unlink(file) } }
        try Data(input.utf8).write(to: URL(filePath: files[0]))
        for file in files[1...] { try Data().write(to: URL(filePath: file)) }
        process.standardInput = FileHandle(forReadingAtPath: files[0])
        process.standardOutput = FileHandle(forWritingAtPath: files[1])
        process.standardError = FileHandle(forWritingAtPath: files[2])
        try process.run()
        process.waitUntilExit()
        let texts = try files[1...].map { try String(decoding: Data(contentsOf: URL(filePath: $0)), as: UTF8.self) }
        return Ended(code: process.terminationStatus, output: texts[0], errors: texts[1])
    }

    /// Starts a program and returns when it has written `words` to standard output or error, or has ended.
    static func start(_ arguments: [String], in directory: String, until words: String) throws -> Running {
        let process = process(arguments, in: directory)
        let pipe = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let running = Running(process: process, pipe: pipe)
        running.read(until: words)
        return running
    }

    final class Running {
        let process: Process
        private let pipe: Pipe
        /// What it has written so far.
        private(set) var text = ""

        init(process: Process, pipe: Pipe) {
            self.process = process
            self.pipe = pipe
        }

        func read(until words: String) {
            while !text.contains(words) {
                let data = pipe.fileHandleForReading.availableData
                guard !data.isEmpty else { return }
                text += String(decoding: data, as: UTF8.self)
            }
        }

        func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

        /// Waits for the end and reads what is left.
        func finish() {
            text += String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
        }
    }
}
