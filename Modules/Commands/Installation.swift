import CommandLineKit
import Contracts
import Domain
import EmbeddedLog
import EventLog
import Foundation
import Hashing
import Importing
import ReadModel
import TaskRuntime
import WorkerService

/// An open installation for the time of one command: the log, and the workers where this process holds it.
final class Installation {
    let options: GlobalOptions
    let log: any EventLog
    let clock: LogClock
    private let role: OpenedLog.Role
    private var engine: Engine?
    private var server: LogServer?
    private let terminal: Terminal

    /// - Parameters:
    ///   - runsWorkers: starts the four workers in this process if it holds the embedded log. Commands that only read need none.
    ///   - mail: where the workers of this process leave messages.
    init(
        _ options: GlobalOptions, runsWorkers: Bool, mail: MailOptions = MailOptions(),
        limits: TurnLimits = TurnLimits()
    )
        throws
    {
        self.options = options
        terminal = options.terminal
        // On a terminal something is seen at once, whatever the opening takes.
        terminal.progress("opening \(options.place)")
        let opened = try options.log.open(dataDirectory: options.data, properties: options.properties)
        terminal.endProgress()
        log = opened.log
        role = opened.role
        clock = LogClock(log: log, catalogue: options.catalogue, identity: Installation.identity(options, "clock"))
        guard runsWorkers, case .holder = role else { return }
        try startWorkers(mail: mail, limits: limits)
    }

    /// One name for all commands of an installation: a second command at the same time fences the first, which then says so.
    private static func identity(_ options: GlobalOptions, _ part: String) -> String {
        "\(options.catalogue.prefix).cli.\(part).\(Hexadecimal.text(Hashing.randomBytes(count: 4)))"
    }

    var isHolder: Bool { if case .holder = role { true } else { false } }

    /// The workers run here, or in the process that holds the embedded log.
    var hasWorkersAtHand: Bool {
        switch role {
        case .holder: engine != nil
        case .guest: true
        case .client: false
        }
    }

    /// Starts the workers; the topics must exist.
    /// - Parameter ops: where their pages are served; `nil` serves none.
    func startWorkers(
        mail: MailOptions = MailOptions(), limits: TurnLimits = TurnLimits(), ops: OpsAddress? = nil
    ) throws {
        guard engine == nil, try isCreated() else { return }
        let terminal = self.terminal
        let started = try Engine(
            log: log,
            options: EngineOptions(
                dataDirectory: options.data, catalogue: options.catalogue, mail: mail, limits: limits,
                ops: ops,
                observer: { worker, notice in
                    switch notice {
                    case .fault(let fault): terminal.complain("\(worker.rawValue)-worker: \(fault)")
                    case .stopped(let partition, let code, let reason):
                        terminal.complain(
                            "\(worker.rawValue)-worker: partition \(partition) stopped: \(reason) [\(code)]")
                    default: break
                    }
                }))
        try started.start()
        engine = started
    }

    /// Lets other commands of this directory work through this process, for commands that hold the log for long.
    func serve() throws {
        guard server == nil, let embedded = log as? EmbeddedLog else { return }
        server = try LogServer(log: embedded)
    }

    /// The port of the workers' pages; `nil` where they are not served.
    var servedOpsPort: Int? { engine?.servedOpsPort }

    /// Whether the topics are there.
    func isCreated() throws -> Bool {
        try log.topics()[options.catalogue.name(of: .program)] != nil
    }

    func requireCreated() throws {
        guard try isCreated() else {
            throw CommandFailure("there are no topics yet: run `tributary topics create` (or `tributary demo`) first")
        }
    }

    func close() {
        server?.close()
        server = nil
        let stragglers = engine?.stop() ?? []
        engine = nil
        clock.close()
        // What did not leave still uses it, to the end of the process.
        if stragglers.isEmpty { log.close() }
    }

    // MARK: Reading

    /// The read model, caught up with the log, with a progress line.
    func readModel() throws -> ReadModel {
        try requireCreated()
        let model = try ReadModel(directory: options.data, catalogue: options.catalogue)
        let terminal = self.terminal
        try model.catchUp(from: log) { done, total in
            if total > 20_000 { terminal.progress("reading facts: \(done) of \(total)") }
        }
        terminal.endProgress()
        return model
    }

    func withReadModel<Result>(_ body: (ReadModel) throws -> Result) throws -> Result {
        let model = try readModel()
        defer { model.close() }
        return try body(model)
    }

    // MARK: Time

    /// The time that a command carries: the clock's on a stream clock, the wall's otherwise.
    func commandTime() throws -> Timestamp {
        guard let reading = try clock.read() else {
            throw CommandFailure("the clock was never set: run `tributary topics create`")
        }
        return reading.kind == .stream ? reading.time : Installation.wallTime()
    }

    static func wallTime() -> Timestamp {
        Timestamp(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000))
    }

    /// On a stream clock a command ends with ticks to its own time, so that it takes effect at once.
    func settle() throws {
        guard let reading = try clock.read(), reading.kind == .stream else { return }
        try clock.tick(to: reading.time, timeout: options.timeout)
    }

    // MARK: Writing

    /// A writer of register entries; the caller closes it.
    func registerWriter() throws -> RegisterWriter {
        RegisterWriter(
            log: log, catalogue: options.catalogue, identity: Installation.identity(options, "register"),
            payeeKey: try PayeeKey(file: "\(options.data)/payee.key"))
    }

    /// Appends events in one transaction.
    func append(_ records: [OutgoingRecord]) throws {
        let producer = try log.producer(identity: Installation.identity(options, "command"))
        defer { producer.close() }
        try producer.append(records)
    }
}
