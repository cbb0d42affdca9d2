import CommandLineKit
import Contracts
import Domain
import EventLog
import Foundation
import JSON
import ReadModel

/// `payout plan|approve|export|reconcile|decide`
enum PayoutCommands {
    static let all = [plan, approve, export, reconcile, decide]

    private static let run = CommandArgument("RUN", "the run's id (run_...)")
    static let safety = [
        CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be done"),
        CommandOption("reason", "TEXT", "why; recorded"),
    ]

    static let plan = Command(
        "payout", "plan", summary: "Plans a run: freezes what is eligible, partner by partner.", arguments: [run],
        options: [
            CommandOption("cut-off", "TIME", "eligible until when (default: the clock's time)"),
            CommandOption("execution-date", "DATE", "when the bank pays (default: two days later)"),
        ] + safety,
        example: "payout plan run_2026_03 --as psn_ines --yes"
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
        guard date >= now.date else {
            throw UsageError("--execution-date: expected \(now.date) or a later day, found `\(date)`")
        }
        let terminal = options.terminal
        let eligible = try installation.withReadModel { model in
            try model.decoded(
                .commission, as: CommissionFact.self, where: "json_extract(data, '$.commission.state') = 'eligible'")
        }.filter { ($0.commission.eligibleAt ?? .distantFuture) <= cutOff }
        let sums = try MoneySums(eligible.map(\.commission.amount))
        terminal.print("\(id): \(eligible.count) eligible commissions until \(cutOff), gross \(sums.text())")
        if call.isSet("dry-run") {
            terminal.answer(
                "",
                Answer(
                    .planned,
                    [
                        ("run_id", .string(id.text)), ("cut_off", .string(cutOff.description)),
                        ("commissions", .count(eligible.count)), ("gross", sums.json),
                    ]))
            return .done
        }
        guard try terminal.confirm("Freeze them into a run?", isAnswered: call.isSet("yes")) else { return .failed }
        let outcome = try PayoutCycle(installation: installation).plan(
            id, cutOff: cutOff, executionDate: date, actor: actor, reason: call["reason"])
        if outcome.refusal != nil { return try outcome.report(options, done: "") }
        return try installation.withReadModel { model in
            let view = try PayoutRunView(id, model: model)
            return try outcome.report(
                options, done: "\(view.table.text)\n\(id) is planned: \(try view.totals())", try view.members())
        }
    }

    static let approve = Command(
        "payout", "approve", summary: "Approves a planned run; never by the person who planned it.", arguments: [run],
        options: safety, example: "payout approve run_2026_03 --as psn_kenji --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let (id, actor) = (try runID(call), try options.actor())
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let view = try installation.withReadModel { try PayoutRunView(id, model: $0) }
        try view.requireWhole(partitions: try installation.log.partitionCount(of: options.catalogue.name(of: .payout)))
        let terminal = options.terminal
        terminal.print("\(view.table.text)\n\(id): \(try view.totals())")
        if call.isSet("dry-run") {
            try terminal.answer("", Answer(.planned, try view.members()))
            return .done
        }
        guard try terminal.confirm("Approve it?", isAnswered: call.isSet("yes")) else { return .failed }
        let outcome = try PayoutCycle(installation: installation).approve(view, actor: actor, reason: call["reason"])
        return outcome.report(options, done: "\(id) is approved", [("run_id", .string(id.text))])
    }

    static let export = Command(
        "payout", "export", summary: "Writes the file of an approved run; the same bytes every time.", arguments: [run],
        options: [CommandOption("output", "FILE", "where the file goes")] + safety,
        example: "payout export run_2026_03 --output run_2026_03.csv --as psn_ines --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let (id, actor, path) = (try runID(call), try options.actor(), try call.required("output"))
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let view = try installation.withReadModel { try PayoutRunView(id, model: $0) }
        let terminal = options.terminal
        terminal.print("\(id): \(try view.totals()) to \(path)")
        if call.isSet("dry-run") {
            try terminal.answer("", Answer(.planned, try view.members() + [("file", .string(path))]))
            return .done
        }
        guard try terminal.confirm("Submit it?", isAnswered: call.isSet("yes")) else { return .failed }
        guard try installation.withReadModel({ try PayoutRunView(id, model: $0) }) == view else {
            throw CommandFailure("\(id) has changed since it was shown: nothing is written; export again")
        }
        let refusal = try PayoutCycle(installation: installation).export(
            view, to: path, actor: actor, reason: call["reason"])
        return CommandSender.Outcome(facts: [], refusal: refusal).report(
            options, done: "\(path) is written; the run is submitted",
            [("run_id", .string(id.text)), ("file", .string(path))])
    }

    static let reconcile = Command(
        "payout", "reconcile", summary: "Takes what the bank says of payouts: payout_id, status, reason, value_date.",
        arguments: [CommandArgument("FILE", "results as CSV, `-` for standard input")], options: safety,
        example: "payout reconcile results.csv --as psn_ines --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let actor = try options.actor()
        let path = call.arguments[0]
        let data = try InputFile.bytes(of: path)
        let name = path == "-" ? "standard input" : path
        let parsed = PayoutResultFile.parse(data)
        let terminal = options.terminal
        var problems = parsed.problems.map { "\(name):\($0.lineNumber): \($0.field): expected \($0.expected)" }
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let known = try installation.withReadModel { model in
            Dictionary(
                uniqueKeysWithValues: try model.decoded(.payout, as: PayoutFact.self).map { ($0.payout.id, $0.payout) })
        }
        problems += parsed.lines.filter { known[$0.payout] == nil }
            .map { "\(name):\($0.lineNumber): payout_id: expected a payout of this log, found `\($0.payout)`" }
        for problem in problems { terminal.complain(problem) }
        let results = try parsed.lines.compactMap { line in known[line.payout].map { (line.result, $0) } }
            .reduce(into: [PayoutResult: (count: Int, sums: MoneySums)]()) { counts, item in
                var entry = try counts[item.0] ?? (0, MoneySums())
                entry.count += 1
                try entry.sums.add(Money(minor: item.1.net, currency: item.1.currency))
                counts[item.0] = entry
            }.sorted { $0.key.rawValue < $1.key.rawValue }
        let plan = results.map { "\($0.value.count) \($0.key.rawValue), \($0.value.sums.text())" }
        terminal.print("\(name): \(plan.isEmpty ? "nothing to take" : plan.joined(separator: "; "))")
        let members: [(String, JSONValue)] = [
            (
                "results",
                .array(
                    results.map {
                        .object([
                            ("result", .string($0.key.rawValue)), ("payouts", .count($0.value.count)),
                            ("net", $0.value.sums.json),
                        ])
                    })
            ), ("problems", .texts(problems)),
        ]
        let code: ExitCode = problems.isEmpty ? .done : .failed
        if call.isSet("dry-run") {
            terminal.answer("", Answer(.planned, members))
            return code
        }
        guard try terminal.confirm("Take these results?", isAnswered: call.isSet("yes")) else { return .failed }
        let (sent, refused) = try PayoutCycle(installation: installation).reconcile(
            parsed.lines, payouts: known.mapValues(\.partner), actor: actor, reason: call["reason"])
        let taken = sent - refused.count
        if let text = refused.text { terminal.complain(text) }
        terminal.answer("\(taken) results taken", Answer(.done, [("taken", .count(taken))] + refused.members + members))
        return refused.count == 0 ? code : .failed
    }

    private static func runID(_ call: Invocation) throws -> PayoutRunID {
        guard let id = PayoutRunID(call.arguments[0]) else {
            throw UsageError("RUN: expected \(PayoutRunKind.expectation), found `\(call.arguments[0])`")
        }
        return id
    }
}
