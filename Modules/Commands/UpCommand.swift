import CommandLineKit
import Contracts
import EmbeddedLog
import Foundation
import JSON
import WorkerService

/// `up`: all four workers on the embedded log in this process, until SIGTERM.
enum UpCommand {
    static let all = [up]

    static let options =
        [
            CommandOption(
                "clock", "wall|stream", environment: "TRIBUTARY_CLOCK", default: "wall",
                "for topics that do not exist yet")
        ] + MailOptions.options + OpsAddress.options
        + [CommandOption(flag: "check-config", "check the settings, print each with where it comes from, and end")]

    static let up = Command(
        "up", summary: "Runs the four workers on the embedded log until SIGTERM; other commands work through it.",
        options: options,
        example: "up --data ./data"
    ) { call in
        let options = try GlobalOptions(call)
        guard case .embedded = options.log else {
            throw UsageError("`up` runs on the embedded log; on Kafka start the four worker executables")
        }
        guard let kind = ClockKind(rawValue: try call.required("clock")) else {
            throw UsageError("--clock: expected `wall` or `stream`, found `\(call["clock"] ?? "")`")
        }
        let mail = try MailOptions(call)
        let ops = try OpsAddress(call)
        let terminal = options.terminal
        if call.isSet("check-config") {
            terminal.write(EffectiveSettings.text(of: GlobalOptions.table + Self.options, in: call) + "\n")
            return .done
        }
        terminal.print("tributary: opening \(options.data)")
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        guard installation.isHolder else {
            let pid = EmbeddedLog.holder(of: options.data).map { "process \($0)" } ?? "another process"
            throw CommandFailure("\(options.data) is held by \(pid): one `up` for a directory")
        }
        if try !installation.isCreated() {
            try installation.clock.createTopics(clock: kind, at: Installation.wallTime())
        }
        try installation.serve()
        try installation.startWorkers(mail: mail, ops: ops)
        if let port = installation.servedOpsPort { terminal.print("tributary: operators' pages on port \(port)") }
        let socket = "\(options.data)/\(EmbeddedLog.socketName)"
        terminal.answer(
            "tributary: four workers run; socket \(socket); stop with Ctrl-C",
            Answer(.serving, [("socket", .string(socket)), ("pid", .integer(Int64(getpid())))]))
        Signals.waitForTermination()
        ShutdownBound.begin("tributary")
        terminal.answer("tributary: stopping", Answer(.done))
        return .done
    }
}
