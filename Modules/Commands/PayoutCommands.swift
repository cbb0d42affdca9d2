import CommandLineKit
import Contracts
import Domain
import EventLog
import Foundation
import ReadModel

/// `payout plan|approve|export|reconcile`
enum PayoutCommands {
    static let all = [plan, approve, export, reconcile]

    private static let run = CommandArgument("RUN", "the run's id (run_...)")
    private static let safety = [
        CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be done"),
        CommandOption("reason", "TEXT", "why; recorded"),
    ]

    static let plan = Command(
        "payout", "plan", summary: "Plans a run: freezes what is eligible, partner by partner.", arguments: [run],
        options: [
            CommandOption("cut-off", "TIME", "eligible until when (default: the clock's time)"),
            CommandOption("execution-date", "DATE", "when the bank pays (default: two days later)"),
        ] + safety,
        example: "payout plan run_2026_03 --as psn_finn --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let (id, actor) = (try runID(call), try options.actor())
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        try installation.requireCreated()
        let now = try installation.commandTime()
        let cutOff = try TopicCommands.time(call["cut-off"], option: "cut-off") ?? now
        guard let date = call["execution-date"].map({ CalendarDate(iso8601: $0) }) ?? .some(now.date + 2) else {
            throw UsageError(
                "--execution-date: expected a date such as 2026-03-31, found `\(call["execution-date"] ?? "")`")
        }
        let terminal = Terminal()
        let eligible = try installation.withReadModel { model in
            try model.decoded(
                .commission, as: CommissionFact.self, where: "json_extract(data, '$.commission.state') = 'eligible'")
        }.filter { ($0.commission.eligibleAt ?? .distantFuture) <= cutOff }
        let sums = Dictionary(grouping: eligible, by: \.commission.amount.currency)
            .mapValues { $0.reduce(Int64(0)) { $0 + $1.commission.amount.minor } }
        terminal.print(
            "\(id): \(eligible.count) eligible commissions until \(cutOff), gross "
                + sums.sorted { $0.key < $1.key }.map { Money(minor: $0.value, currency: $0.key).description }
                .joined(separator: " + "))
        if call.isSet("dry-run") { return .done }
        guard try terminal.confirm("Freeze them into a run?", isAnswered: call.isSet("yes")) else { return .failed }
        let outcome = try PayoutCycle(installation: installation).plan(
            id, cutOff: cutOff, executionDate: date, actor: actor)
        guard outcome.refusal == nil else { return outcome.report(options, done: "") }
        return try installation.withReadModel { model in
            let view = try PayoutRunView(id, model: model)
            return outcome.report(options, done: "\(view.table.text)\n\(id) is planned: \(view.totals)")
        }
    }

    static let approve = Command(
        "payout", "approve", summary: "Approves a planned run; never by the person who planned it.", arguments: [run],
        options: safety, example: "payout approve run_2026_03 --as psn_olga --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let (id, actor) = (try runID(call), try options.actor())
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let view = try installation.withReadModel { try PayoutRunView(id, model: $0) }
        try view.requireWhole(partitions: try installation.log.partitionCount(of: options.catalogue.name(of: .payout)))
        let terminal = Terminal()
        terminal.print("\(view.table.text)\n\(id): \(view.totals)")
        if call.isSet("dry-run") { return .done }
        guard try terminal.confirm("Approve it?", isAnswered: call.isSet("yes")) else { return .failed }
        return try PayoutCycle(installation: installation).approve(view, actor: actor)
            .report(options, done: "\(id) is approved")
    }

    static let export = Command(
        "payout", "export", summary: "Writes the file of an approved run; the same bytes every time.", arguments: [run],
        options: [CommandOption("output", "FILE", "where the file goes")] + safety,
        example: "payout export run_2026_03 --output run_2026_03.csv --as psn_finn --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let (id, actor, path) = (try runID(call), try options.actor(), try call.required("output"))
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let view = try installation.withReadModel { try PayoutRunView(id, model: $0) }
        let terminal = Terminal()
        terminal.print("\(id): \(view.totals) to \(path)")
        if call.isSet("dry-run") { return .done }
        guard try terminal.confirm("Submit it?", isAnswered: call.isSet("yes")) else { return .failed }
        if let refusal = try PayoutCycle(installation: installation).export(view, to: path, actor: actor) {
            terminal.complain("refused: \(refusal)")
            return .failed
        }
        terminal.print("\(path) is written; the run is submitted")
        return .done
    }

    static let reconcile = Command(
        "payout", "reconcile", summary: "Takes what the bank says of payouts: payout_id, status, reason, value_date.",
        arguments: [CommandArgument("FILE", "results as CSV, `-` for standard input")], options: safety,
        example: "payout reconcile results.csv --as psn_finn --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let actor = try options.actor()
        let path = call.arguments[0]
        let data =
            path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
        guard let data else { throw CommandFailure("\(path): no such file, or it cannot be read") }
        let parsed = PayoutResultFile.parse(Array(data))
        let terminal = Terminal()
        for problem in parsed.problems { terminal.complain("\(path): \(problem)") }
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let known = try installation.withReadModel { model in
            Dictionary(
                uniqueKeysWithValues: try model.decoded(.payout, as: PayoutFact.self).map { ($0.payout.id, $0.payout) })
        }
        let unknown = parsed.lines.filter { known[$0.payout] == nil }
        for line in unknown {
            terminal.complain("\(path): line \(line.lineNumber), payout_id: there is no payout \(line.payout)")
        }
        let counts = Dictionary(grouping: parsed.lines.filter { known[$0.payout] != nil }, by: \.result)
            .map { "\($0.value.count) \($0.key.rawValue)" }.sorted()
        terminal.print("\(path): \(counts.isEmpty ? "nothing to take" : counts.joined(separator: ", "))")
        if call.isSet("dry-run") { return .done }
        guard try terminal.confirm("Take these results?", isAnswered: call.isSet("yes")) else { return .failed }
        let sent = try PayoutCycle(installation: installation).reconcile(
            parsed.lines, payouts: known.mapValues(\.partner), actor: actor)
        terminal.print("\(sent) results taken")
        return parsed.problems.isEmpty && unknown.isEmpty ? .done : .failed
    }

    private static func runID(_ call: Invocation) throws -> PayoutRunID {
        guard let id = PayoutRunID(call.arguments[0]) else {
            throw UsageError("RUN: expected \(PayoutRunKind.expectation), found `\(call.arguments[0])`")
        }
        return id
    }
}
