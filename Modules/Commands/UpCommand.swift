import CommandLineKit
import Contracts
import EmbeddedLog
import Foundation
import JSON
import WorkerService

/// `up`: all four workers on the embedded log in this process, until SIGTERM.
enum UpCommand {
    static let all = [up]

    static let mailOptions = [
        CommandOption(
            "mail", "eml|null|smtp://HOST:PORT", environment: "TRIBUTARY_MAIL", default: "eml", "where messages go"),
        CommandOption(
            "mail-from", "ADDRESS", environment: "TRIBUTARY_MAIL_FROM", default: "partners@localhost", "their sender"),
        CommandOption(flag: "send-history", "send messages of long past events too (eml and null only)"),
    ]

    static let up = Command(
        "up", summary: "Runs the four workers on the embedded log until SIGTERM; other commands work through it.",
        options: [CommandOption("clock", "wall|stream", default: "wall", "for topics that do not exist yet")]
            + mailOptions,
        example: "up --data ./data"
    ) { call in
        let options = try GlobalOptions(call)
        guard case .embedded = options.log else {
            throw UsageError("`up` runs on the embedded log; on Kafka start the four worker executables")
        }
        let terminal = options.terminal
        terminal.print("tributary: opening \(options.data)")
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        guard installation.isHolder else {
            let pid = EmbeddedLog.holder(of: options.data).map { "process \($0)" } ?? "another process"
            throw CommandFailure("\(options.data) is held by \(pid): one `up` for a directory")
        }
        guard let kind = ClockKind(rawValue: try call.required("clock")) else {
            throw UsageError("--clock: expected `wall` or `stream`, found `\(call["clock"] ?? "")`")
        }
        if try !installation.isCreated() {
            try installation.clock.createTopics(clock: kind, at: Installation.wallTime())
        }
        try installation.serve()
        try installation.startWorkers(mail: try MailOptions(call))
        let socket = "\(options.data)/\(EmbeddedLog.socketName)"
        terminal.answer(
            "tributary: four workers run; socket \(socket); stop with Ctrl-C",
            Answer(.serving, [("socket", .string(socket)), ("pid", .integer(Int64(getpid())))]))
        Signals.waitForTermination()
        terminal.answer("tributary: stopping", Answer(.done))
        return .done
    }
}

extension MailOptions {
    /// - Parameter sendsHistory: for the demonstration, whose year is long over.
    init(_ call: Invocation, sendsHistory: Bool = false) throws {
        guard let sink = Sink(text: try call.required("mail")) else {
            throw UsageError("--mail: expected eml, null or smtp://HOST:PORT, found `\(call["mail"] ?? "")`")
        }
        self.init(
            sink: sink, sender: try call.required("mail-from"), sendsHistory: sendsHistory || call.isSet("send-history")
        )
    }
}
