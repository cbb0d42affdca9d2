import EventLog
import Foundation
import KafkaLog
import Testing

/// A real broker for the tests that need one: found through `KAFKA_HOME`, or in `../shared/kafka` beside the package;
/// started once per test process, ended with it.
enum Broker {
    /// Where the broker's distribution is; `nil` skips the suites that need it, and says so.
    static let home: String? = {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let home = ProcessInfo.processInfo.environment["KAFKA_HOME"] ?? package.path + "/../shared/kafka"
        if FileManager.default.isExecutableFile(atPath: home + "/bin/kafka-local") { return home }
        print("SKIPPED: the Kafka broker suites; no bin/kafka-local in \(home)")
        return nil
    }()

    static var isAvailable: Bool { home != nil }

    /// The broker's address; starts it at the first use.
    static let bootstrap: String = start()

    /// Starts the broker under a shell that ends it when this process ends, however that happens: the shell waits
    /// for the end of its standard input, which only this process holds.
    private static func start() -> String {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "tributary-kafka-\(ProcessInfo.processInfo.processIdentifier)").path
        let script = """
            trap '' INT HUP TERM
            "$0" start "$1" --port "$2" group.min.session.timeout.ms=500 \
            log.segment.bytes=2097152 log.initial.task.delay.ms=500 log.cleaner.backoff.ms=200 log.cleaner.min.cleanable.ratio=0.01 \
            transaction.abort.timed.out.transaction.cleanup.interval.ms=500 || echo failed
            cat >/dev/null
            "$0" kill "$1" >/dev/null 2>&1
            rm -rf "$1"
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setsid")
        process.arguments = ["sh", "-c", script, home! + "/bin/kafka-local", directory, "\(freePort())"]
        process.environment = ProcessInfo.processInfo.environment.merging(["KAFKA_HEAP_OPTS": "-Xmx512m"]) { $1 }
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
            guard !data.isEmpty else { fatalError("the broker ended at its start") }
            line += String(decoding: data, as: UTF8.self)
        }
        line.removeLast()
        guard line.contains(":") else { fatalError("the broker did not start: see \(directory)") }
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

    /// A port that is free, and the next one too (the controller's).
    private static func freePort() -> Int {
        for port in stride(from: Int.random(in: 20_000...29_000), to: 32_000, by: 2)
        where isFree(port) && isFree(port + 1) {
            return port
        }
        fatalError("no free port")
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, size) == 0 }
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
