import CommandLineKit
import Contracts
import Domain
import WorkerService

/// `clock show|advance|switch`
enum ClockCommands {
    static let all = [show, advance, toWall]

    static let show = Command(
        "clock", "show", summary: "Shows how time runs and where it stands.", example: "clock show"
    ) {
        call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        guard let reading = try installation.clock.read() else { throw CommandFailure("the clock was never set") }
        Terminal().print(
            options.isJSON
                ? #"{"kind":"\#(reading.kind.rawValue)","time":"\#(reading.time)"}"#
                : "\(reading.kind.rawValue) clock, at \(reading.time)")
        return .done
    }

    static let advance = Command(
        "clock", "advance",
        summary: "Ticks a stream clock: everything up to the time is processed, worker after worker.",
        options: [CommandOption("to", "TIME", "until when (RFC 3339 or a date)")],
        example: "clock advance --to 2026-02-01T00:00:00Z"
    ) { call in
        let options = try GlobalOptions(call)
        guard let to = try TopicCommands.time(try call.required("to"), option: "to") else { return .wrongUsage }
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        try installation.requireCreated()
        guard let reading = try installation.clock.read(), reading.kind == .stream else {
            throw CommandFailure("a wall clock advances by itself")
        }
        guard to >= reading.time else {
            throw CommandFailure("the clock stands at \(reading.time) and never goes back to \(to)")
        }
        try installation.clock.tick(to: to, timeout: .seconds(3_600))
        Terminal().print("stream clock, at \(to)")
        return .done
    }

    static let toWall = Command(
        "clock", "switch", summary: "Turns a stream clock to wall, once and for good.",
        options: [CommandOption(flag: "yes", "do not ask")], example: "clock switch --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        try installation.requireCreated()
        guard let reading = try installation.clock.read(), reading.kind == .stream else {
            throw CommandFailure("the clock is a wall clock already")
        }
        let terminal = Terminal()
        terminal.print(
            "from \(reading.time) by ticks to the wall's \(Installation.wallTime()); timers due before settle at once")
        guard try terminal.confirm("Turn it? There is no way back.", isAnswered: call.isSet("yes")) else {
            return .failed
        }
        try installation.clock.switchToWall(at: Installation.wallTime())
        try installation.clock.drain(timeout: .seconds(3_600))
        terminal.print("wall clock")
        return .done
    }
}
