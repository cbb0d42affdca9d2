import EventLog
import Foundation
import KafkaLog
import TestSupport
import Testing

/// A real broker for the tests that need one (`scripts/broker`), started once per test process and ended with it.
enum Broker {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "scripts/broker")

    /// Without one the suites that need it are skipped, and that is said.
    static let isAvailable: Bool = {
        let check = Process()
        check.executableURL = script
        check.arguments = ["--check"]
        do { try check.run() } catch { fatalError("\(script.path): \(error)") }
        check.waitUntilExit()
        switch check.terminationStatus {
        case 0: return true
        case 77:
            print("SKIPPED: the Kafka broker suites")
            SkippedSuites.note(
                "the Kafka broker suites (no broker: set KAFKA_HOME to an Apache Kafka, and have java)")
            return false
        default: fatalError("\(script.path) --check ended with \(check.terminationStatus)")
        }
    }()

    /// The broker's address; starts it at the first use.
    static let bootstrap: String = start()

    /// Starts the broker; it ends at the end of its standard input, which only this process holds.
    private static func start() -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setsid")
        process.arguments = [
            script.path, "group.min.session.timeout.ms=500",
            "log.segment.bytes=2097152", "log.initial.task.delay.ms=500", "log.cleaner.backoff.ms=200",
            "log.cleaner.min.cleanable.ratio=0.01", "transaction.abort.timed.out.transaction.cleanup.interval.ms=500",
        ]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        do { try process.run() } catch { fatalError("the broker cannot be started: \(error)") }
        lifeline.withLock { $0 = input }
        var line = ""
        while !line.hasSuffix("\n") {
            let data = output.fileHandleForReading.readData(ofLength: 1)
            guard !data.isEmpty else { fatalError("the broker did not start") }
            line += String(decoding: data, as: UTF8.self)
        }
        line.removeLast()
        return line
    }

    /// Keeps the pipe open as long as the process lives.
    private static let lifeline = Lifeline()

    private final class Lifeline: @unchecked Sendable {
        private let lock = NSLock()
        private var pipe: Pipe?
        func withLock(_ body: (inout Pipe?) -> Void) {
            lock.lock()
            defer { lock.unlock() }
            body(&pipe)
        }
    }

    /// A log on the broker.
    static func log(_ properties: [String: String] = [:]) throws -> KafkaLog {
        try KafkaLog(bootstrap: bootstrap, properties: properties, replicationFactor: 1)
    }

    /// A name that no other test uses.
    static func unique(_ name: String) -> String {
        "\(name)-\(UInt32.random(in: 0...UInt32.max))"
    }
}
