import CommandLineKit
package import Contracts
import EventLog
import Foundation
import TaskRuntime

/// The program of one worker executable: reads its options, runs its turn threads until SIGTERM.
package enum WorkerMain {
    /// Another process has this worker's identity; a restart before a minute is over would only fence that one.
    static let fencedExitCode: Int32 = 3

    /// Runs the worker named and never returns.
    package static func run(_ worker: WorkerName, _ arguments: [String], environment: [String: String]) -> Never {
        Signals.block()
        let name = "\(worker.rawValue)-worker"
        let application = Application(
            name: name, summary: "The \(worker.rawValue) worker of Tributary.", globals: [],
            commands: [command(worker, name)])
        // The only command is the program itself.
        let wantsHelp = arguments.contains("--help") || arguments.contains("-h")
        let code = application.run(["run"] + (wantsHelp ? ["--help"] : arguments), environment: environment)
        // A leaked list of the client library makes its destructor hang: everything is closed, so leave at once.
        _exit(code.rawValue)
    }

    private static func command(_ worker: WorkerName, _ name: String) -> Command {
        var options = [
            CommandOption("log", "kafka://HOST:PORT", environment: "TRIBUTARY_LOG", "the broker to work on"),
            CommandOption("data", "DIR", environment: "TRIBUTARY_DATA", default: "./data", "directory of its stores"),
            CommandOption(
                "prefix", "NAME", environment: "TRIBUTARY_PREFIX", default: TopicCatalogue.defaultPrefix,
                "of topic names"),
            CommandOption("threads", "N", environment: "TRIBUTARY_THREADS", default: "1", "turn threads"),
            CommandOption(
                "membership", "static|dynamic", environment: "TRIBUTARY_MEMBERSHIP", default: "static",
                "whether it keeps its partitions over a restart"),
            CommandOption(
                "session-timeout", "SECONDS", environment: "TRIBUTARY_SESSION_TIMEOUT", default: "45",
                "after which a silent worker's partitions move"),
            CommandOption(flag: "check-config", "print the effective settings and end"),
        ]
        if worker == .notification {
            options += [
                CommandOption(
                    "mail", "eml|null|smtp://HOST:PORT", environment: "TRIBUTARY_MAIL", default: "eml",
                    "where messages go"),
                CommandOption(
                    "mail-from", "ADDRESS", environment: "TRIBUTARY_MAIL_FROM", default: "partners@localhost",
                    "their sender"),
                CommandOption(flag: "send-history", "send messages of long past events too (eml and null only)"),
            ]
        }
        let settings = options
        return Command(
            "run", summary: "Runs until SIGTERM.", options: options,
            example: "--log kafka://localhost:9092 --data /var/lib/tributary"
        ) { call in
            if call.isSet("check-config") {
                for option in settings where option.valueName != nil {
                    Terminal().print("\(option.name): \(call[option.name] ?? "")")
                }
                return .done
            }
            return try serve(worker, call, name)
        }
    }

    private static func serve(_ worker: WorkerName, _ call: Invocation, _ name: String) throws -> ExitCode {
        let text = try call.required("log")
        guard let location = LogLocation(text: text), case .kafka = location else {
            throw UsageError(
                "--log: expected kafka://HOST:PORT, found `\(text)` (the embedded log is one process: `tributary up`)")
        }
        guard let membership = SessionConfiguration.Membership(rawValue: try call.required("membership")) else {
            throw UsageError("--membership: expected static or dynamic, found `\(call["membership"] ?? "")`")
        }
        let data = try call.required("data")
        let opened = try location.open(dataDirectory: data)
        var mail = MailOptions()
        if worker == .notification {
            guard let sink = MailOptions.Sink(text: try call.required("mail")) else {
                throw UsageError("--mail: expected eml, null or smtp://HOST:PORT, found `\(call["mail"] ?? "")`")
            }
            mail = MailOptions(
                sink: sink, sender: try call.required("mail-from"), sendsHistory: call.isSet("send-history"))
        }
        let terminal = Terminal()
        let engine = try Engine(
            log: opened.log,
            options: EngineOptions(
                dataDirectory: data, catalogue: TopicCatalogue(prefix: try call.required("prefix")), workers: [worker],
                threads: try call.integer("threads", in: 1...64) ?? 1, membership: membership,
                sessionTimeout: .seconds(try call.integer("session-timeout", in: 6...1_800) ?? 45), mail: mail,
                observer: { worker, notice in report(notice, worker, terminal) }))
        try engine.start()
        terminal.print(LogLine(level: "info", worker: worker.rawValue, message: "started").text())
        engine.waitUntilStoppedOrFailed()
        let isClean = engine.stop()
        if let failure = engine.failure, failure.code == .fenced {
            terminal.complain("\(name): another process has this identity (copied volume?): \(failure)")
            _exit(fencedExitCode)
        }
        return isClean ? .done : .failed
    }

    private static func report(_ notice: TurnObserver.Notice, _ worker: WorkerName, _ terminal: Terminal) {
        let message: String? =
            switch notice {
            case .assigned(let partitions): "assigned \(partitions)"
            case .running(let partition): "partition \(partition) runs"
            case .revoked(let partitions): "revoked \(partitions)"
            case .lost(let partitions): "lost \(partitions)"
            case .fault(let text): text
            case .stopped(let partition, let code, let reason): "partition \(partition) stopped: \(reason) [\(code)]"
            case .restoring, .committed: nil
            }
        guard let message else { return }
        let isFault = if case .fault = notice { true } else if case .stopped = notice { true } else { false }
        terminal.print(LogLine(level: isFault ? "error" : "info", worker: worker.rawValue, message: message).text())
    }
}
