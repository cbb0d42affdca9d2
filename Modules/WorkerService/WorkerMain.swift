package import CommandLineKit
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
        // The only command is the program itself.
        let wantsHelp = arguments.contains("--help") || arguments.contains("-h")
        let code = application(of: worker).run(
            ["run"] + (wantsHelp ? ["--help"] : arguments), environment: environment)
        // A leaked list of the client library makes its destructor hang: everything is closed, so leave at once.
        _exit(code.rawValue)
    }

    static func name(of worker: WorkerName) -> String { "\(worker.rawValue)-worker" }

    package static func application(of worker: WorkerName) -> Application {
        let options = WorkerSettings.options(of: worker)
        let command = Command(
            "run", summary: "Runs until SIGTERM.", options: options,
            example: "--log kafka://localhost:9092 --data /var/lib/tributary"
        ) { call in
            let settings = try WorkerSettings(worker, call)
            if call.isSet("check-config") {
                Terminal().print(EffectiveSettings.text(of: options, in: call))
                return .done
            }
            return try serve(worker, settings)
        }
        return Application(
            name: name(of: worker), summary: "The \(worker.rawValue) worker of Tributary.", globals: [],
            commands: [command], settings: Settings.reader)
    }

    private static func serve(_ worker: WorkerName, _ settings: WorkerSettings) throws -> ExitCode {
        let terminal = Terminal()
        var options = settings.engine
        options.observer = { worker, notice in report(notice, worker, terminal) }
        let opened = try settings.log.open(dataDirectory: options.dataDirectory, properties: settings.properties)
        let engine = try start(opened.log, options)
        let place = engine.servedOpsPort.map { ", operators' pages on port \($0)" } ?? ""
        terminal.print(LogLine(level: "info", worker: worker.rawValue, message: "started\(place)").text())
        engine.waitUntilStoppedOrFailed()
        ShutdownBound.begin(name(of: worker))
        let stragglers = engine.stop()
        if let failure = engine.failure, failure.code == .fenced {
            terminal.complain(
                "\(name(of: worker)): another process has this identity (copied volume?): \(failure)")
            _exit(fencedExitCode)
        }
        guard !stragglers.contains(.work) else {
            terminal.complain(
                "\(name(of: worker)): a thread did not leave in time; its open turn ends with its transaction")
            _exit(ExitCode.failed.rawValue)
        }
        terminal.print(LogLine(level: "info", worker: worker.rawValue, message: "stopped").text())
        // A thread that did not leave still uses the log.
        guard stragglers.isEmpty else { _exit(ExitCode.done.rawValue) }
        opened.log.close()
        return .done
    }

    private static func start(_ log: any EventLog, _ options: EngineOptions) throws -> Engine {
        do {
            let engine = try Engine(log: log, options: options)
            try engine.start()
            return engine
        } catch {
            log.close()
            throw error
        }
    }

    private static func report(_ notice: TurnObserver.Notice, _ worker: WorkerName, _ terminal: Terminal) {
        let message: String? =
            switch notice {
            case .assigned(let partitions): "assigned \(partitions)"
            case .running(let partition): "partition \(partition) runs"
            case .revoked(let partitions): "revoked \(partitions)"
            case .lost(let partitions): "lost \(partitions)"
            case .fault(let fault): fault.description
            case .stopped(let partition, let code, let reason): "partition \(partition) stopped: \(reason) [\(code)]"
            case .polled, .restarting, .restoring, .left, .committed: nil
            }
        guard let message else { return }
        let isFault = if case .fault = notice { true } else if case .stopped = notice { true } else { false }
        terminal.print(LogLine(level: isFault ? "error" : "info", worker: worker.rawValue, message: message).text())
    }
}
