import CommandLineKit
import Contracts
import Domain
import JSON
import ReadModel
import WorkerService

/// `clock show|advance|switch`
enum ClockCommands {
    static let all = [show, advance, toWall]

    private static func answer(
        _ outcome: Answer.Outcome, _ kind: ClockKind, _ time: Timestamp, _ more: [(String, JSONValue)] = []
    ) -> Answer {
        Answer(outcome, [("kind", .string(kind.rawValue)), ("time", .string(time.description))] + more)
    }

    /// The money that waits for its hold only, and not longer than that time.
    private static func heldMoney(until time: Timestamp, _ installation: Installation) throws -> [Money] {
        try installation.withReadModel { model in
            try model.decoded(
                .commission, as: CommissionFact.self, where: "json_extract(data, '$.commission.state') = 'accrued'")
        }.map(\.commission).filter { ($0.eligibleAt ?? .distantFuture) <= time }.map(\.amount)
    }

    static let show = Command(
        "clock", "show", summary: "Shows how time runs and where it stands.", example: "clock show"
    ) {
        call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        guard let reading = try installation.clock.read() else { throw CommandFailure("the clock was never set") }
        // A wall clock was set once and has gone with the world since.
        let time = reading.kind == .wall ? Installation.wallTime() : reading.time
        options.terminal.answer("\(reading.kind.rawValue) clock, at \(time)", answer(.done, reading.kind, time))
        return .done
    }

    static let advance = Command(
        "clock", "advance",
        summary: "Ticks a stream clock: everything up to the time is processed, worker after worker.",
        options: [
            CommandOption("to", "TIME", "until when (RFC 3339 or a date)"), CommandOption(flag: "yes", "do not ask"),
            CommandOption(flag: "dry-run", "only say what would become eligible"), CommandNotes.option,
        ],
        example: "clock advance --to 2026-02-01T00:00:00Z --yes"
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
        let held = try heldMoney(until: to, installation)
        let sums = try MoneySums(held)
        let terminal = options.terminal
        let plan =
            "from \(reading.time) to \(to): the hold of \(held.count) commissions ends, \(sums.text(none: "no money"))"
        terminal.print(plan)
        let effect: [(String, JSONValue)] = [("commissions", .count(held.count)), ("becomes_eligible", sums.json)]
        if call.isSet("dry-run") {
            terminal.answer("", answer(.planned, .stream, to, effect))
            return .done
        }
        guard try terminal.confirm("Advance it?", isAnswered: call.isSet("yes") || held.isEmpty) else {
            return .failed
        }
        _ = try CommandNotes.record("clock advance", effect: plan, of: call, in: installation)
        // What lies in the log is taken up first: a record that is sent on to its own partition must not come behind the
        // tick, which would make it late.
        try installation.clock.drain(timeout: .seconds(3_600))
        try installation.clock.tick(to: to, timeout: .seconds(3_600))
        terminal.answer("stream clock, at \(to)", answer(.done, .stream, to, effect))
        return .done
    }

    static let toWall = Command(
        "clock", "switch", summary: "Turns a stream clock to wall, once and for good.",
        options: [
            CommandOption(flag: "yes", "do not ask"),
            CommandOption(flag: "dry-run", "only say what would become eligible"), CommandNotes.option,
        ],
        example: "clock switch --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        try installation.requireCreated()
        guard let reading = try installation.clock.read(), reading.kind == .stream else {
            throw CommandFailure("the clock is a wall clock already")
        }
        let now = Installation.wallTime()
        let held = try heldMoney(until: now, installation)
        let sums = try MoneySums(held)
        let terminal = options.terminal
        let plan =
            "from \(reading.time) by ticks to the wall's \(now); timers due before settle at once: the hold of "
            + "\(held.count) commissions ends, \(sums.text(none: "no money"))"
        terminal.print(plan)
        let effect: [(String, JSONValue)] = [("commissions", .count(held.count)), ("becomes_eligible", sums.json)]
        if call.isSet("dry-run") {
            terminal.answer("", answer(.planned, .wall, now, effect))
            return .done
        }
        guard try terminal.confirm("Turn it? There is no way back.", isAnswered: call.isSet("yes")) else {
            return .failed
        }
        _ = try CommandNotes.record("clock switch", effect: plan, of: call, in: installation)
        try installation.clock.switchToWall(at: Installation.wallTime())
        try installation.clock.drain(timeout: .seconds(3_600))
        terminal.answer("wall clock", answer(.done, .wall, now, effect))
        return .done
    }
}
