import CCrypto
import CRdkafka
import Dispatch
import EventLog
import Glibc
import Synchronization

/// Where a client's log lines go: to the program's sink, and the last problem into the text of errors, which
/// otherwise would only say "timed out". And whether its calls are to time out earlier.
final class KafkaDiagnostics: Sendable {
    let waits: WaitLimit
    private let sink: (@Sendable (String) -> Void)?
    private let lastProblem = Mutex<String?>(nil)
    private let certificateProblem = Mutex<String?>(nil)

    /// - Parameter waits: the limit of the client's log.
    init(sink: (@Sendable (String) -> Void)?, waits: WaitLimit = WaitLimit()) {
        self.sink = sink
        self.waits = waits
    }

    /// Takes a line with its syslog severity (3 and below are errors) and facility. The facility `ERROR` only repeats
    /// or sums up ("1/1 brokers are down"), the line before has the reason.
    func log(severity: Int32, facility: String, text: String) {
        if severity <= 3, facility != "ERROR" {
            // Without the name of the client's thread, which leads every line in brackets.
            let start = text.firstRange(of: "]: ")?.upperBound ?? text.startIndex
            lastProblem.withLock { $0 = String(text[start...]) }
        }
        sink?("\(facility): \(text)")
    }

    /// What is wrong with the broker's certificate: the client's own line says only that it was refused.
    func refuseCertificate(_ reason: String) {
        certificateProblem.withLock { $0 = "the broker's certificate is refused: \(reason)" }
    }

    /// What the client complained of last.
    var problem: String? {
        guard let certificate = certificateProblem.withLock({ $0 }) else { return lastProblem.withLock { $0 } }
        return lastProblem.withLock { $0 }.map { "\(certificate); \($0)" } ?? certificate
    }
}

/// One client instance (`rd_kafka_t`).
///
/// Safe because the pointer is private to the module, is valid from `init` to `close`, which every owner calls once
/// and last, and because the library's own functions are thread-safe. `Sendable` for the same reason.
@safe final class KafkaHandle: @unchecked Sendable {
    /// How long the destruction of an instance may take before its threads are left behind.
    static let destructionDeadline = Duration.seconds(5)
    /// What it gets behind the log's limit: several are closed one after the other, and what is left behind ends with
    /// the process.
    private static let destructionGrace = Duration.milliseconds(100)

    let pointer: OpaquePointer
    let diagnostics: KafkaDiagnostics
    private let retainedDiagnostics: Unmanaged<KafkaDiagnostics>
    private let isClosed = Atomic(false)

    /// Makes an instance; a wrong property is an error that names it. `events` are the kinds delivered by queues.
    init(_ role: KafkaRole, _ configuration: KafkaConfiguration, events: Int32, diagnostics: KafkaDiagnostics)
        throws(LogError)
    {
        let conf = try unsafe Self.makeConfiguration(configuration.properties(for: role))
        unsafe rd_kafka_conf_set_events(conf, events)
        let retained = unsafe Unmanaged.passRetained(diagnostics)
        unsafe rd_kafka_conf_set_opaque(conf, retained.toOpaque())
        // The only callback: log lines. It runs on the library's threads and touches nothing but the diagnostics.
        unsafe rd_kafka_conf_set_log_cb(conf) { handle, severity, facility, text in
            guard let handle = unsafe handle, let text = unsafe text, let opaque = unsafe rd_kafka_opaque(handle)
            else { return }
            let name = unsafe facility.map { unsafe String(cString: $0) } ?? ""
            unsafe Unmanaged<KafkaDiagnostics>.fromOpaque(opaque).takeUnretainedValue()
                .log(severity: severity, facility: name, text: String(cString: text))
        }
        unsafe Self.nameRefusedCertificates(conf)
        do { unsafe pointer = try Self.make(role, conf) } catch {
            unsafe retained.release()
            throw error
        }
        self.diagnostics = diagnostics
        unsafe self.retainedDiagnostics = retained
    }

    /// Has OpenSSL's own reason kept where it refuses a broker's certificate. What it decides stays as it is.
    @unsafe private static func nameRefusedCertificates(_ conf: OpaquePointer) {
        unsafe rd_kafka_conf_set_ssl_cert_verify_cb(conf) { _, _, _, error, _, _, _, text, size, opaque in
            guard let error = unsafe error, unsafe error.pointee != 0 else { return 1 }
            let reason = unsafe String(cString: X509_verify_cert_error_string(Int(error.pointee)))
            if let opaque = unsafe opaque {
                unsafe Unmanaged<KafkaDiagnostics>.fromOpaque(opaque).takeUnretainedValue().refuseCertificate(reason)
            }
            if let text = unsafe text, size > 0 { unsafe strncpy(text, reason, size - 1) }
            return 0
        }
    }

    /// Checks properties by an instance that knows no broker: how they go together is seen by one that is made, only.
    static func validate(_ role: KafkaRole, _ configuration: KafkaConfiguration) throws(LogError) {
        let conf = try unsafe makeConfiguration(
            configuration.properties(for: role).filter { $0.name != "bootstrap.servers" })
        unsafe rd_kafka_conf_set_log_cb(conf) { _, _, _, _ in }
        let handle = unsafe try make(role, conf)
        unsafe rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// Makes an instance; takes `conf` over.
    private static func make(_ role: KafkaRole, _ conf: OpaquePointer) throws(LogError) -> OpaquePointer {
        var reason = [CChar](repeating: 0, count: 512)
        let kind = role.isProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let pointer = unsafe rd_kafka_new(kind, conf, &reason, reason.count) else {
            unsafe rd_kafka_conf_destroy(conf)
            throw LogError(.configuration, .fatal, "Kafka client: \(text(reason))")
        }
        return unsafe pointer
    }

    private static func makeConfiguration(_ properties: [(name: String, value: String)]) throws(LogError)
        -> OpaquePointer
    {
        let conf = unsafe rd_kafka_conf_new()!
        for (name, value) in properties {
            var reason = [CChar](repeating: 0, count: 512)
            let result = unsafe rd_kafka_conf_set(conf, name, value, &reason, reason.count)
            guard result != RD_KAFKA_CONF_OK else { continue }
            unsafe rd_kafka_conf_destroy(conf)
            throw LogError(.configuration, .fatal, "Kafka property \(name): \(text(reason))")
        }
        return unsafe conf
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The instance's fatal error, where it has one.
    var fatalFailure: KafkaFailure? {
        var reason = [CChar](repeating: 0, count: 512)
        let code = unsafe rd_kafka_fatal_error(pointer, &reason, reason.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaFailure(
            code: code, isFatal: true, requiresAbort: false, isRetriable: false, text: Self.text(reason))
    }

    /// The error for a call that reached nobody in time, with what the client complained of.
    func timedOut(_ operation: String) -> LogError {
        let reason = diagnostics.problem.map { " (\($0))" } ?? ""
        return LogError(.timedOut, .retriable, "\(operation): no answer within the deadline\(reason)")
    }

    /// A wait for the cluster up to the deadline, or to the limit where the log has one.
    ///
    /// - Parameter grace: what the wait gets behind the limit.
    func wait(until deadline: ContinuousClock.Instant, grace: Duration = ClusterWait.grace) -> ClusterWait {
        ClusterWait(until: deadline, limit: diagnostics.waits, grace: grace)
    }

    /// Whether calls wait up to a limit only: the process is about to end.
    var isHurried: Bool { diagnostics.waits.instant != nil }

    /// Whether that limit has passed.
    var isLate: Bool { diagnostics.waits.instant?.hasPassed ?? false }

    /// Ends the instance. Its queues and topic handles must be gone. Waits up to the deadline or the log's limit; what
    /// does not end by then (a request under way to a broker that hangs) is left to the end of the process.
    func close(within deadline: Duration = KafkaHandle.destructionDeadline) {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let done = DispatchSemaphore(value: 0)
        // The handle is kept alive by the closure until the instance is gone.
        DispatchQueue.global().async { [self] in
            unsafe rd_kafka_destroy_flags(pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
            unsafe retainedDiagnostics.release()
            done.signal()
        }
        let wait = wait(until: .now + deadline, grace: Self.destructionGrace)
        while done.wait(timeout: .now() + .milliseconds(Int(wait.slice()))) == .timedOut, !wait.isOver {}
    }

    deinit {
        assert(isClosed.load(ordering: .acquiring), "a Kafka handle must be closed by its owner")
    }
}
