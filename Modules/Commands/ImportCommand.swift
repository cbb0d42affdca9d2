import CommandLineKit
import Contracts
import Domain
import DomainNames
import EventLog
import Foundation
import Importing
import JSON
import TaskRuntime
import WorkerService

/// `import`: files of a marketplace, a CRM or a person, merged by time.
enum ImportCommand {
    static let all = [imports]

    private static let kinds: [(option: String, kind: ImportKind)] = [
        ("partners", .partners), ("people", .people), ("payees", .payees), ("fx", .fx), ("referrals", .referrals),
        ("opportunities", .opportunities), ("touches", .touches), ("decisions", .decisions),
    ]

    private static let options: [CommandOption] =
        kinds.map { CommandOption($0.option, "FILE[,FILE]", "\($0.kind.rawValue) (`-` for standard input)") }
        + [
            CommandOption(
                "map", "FILE.yaml[,FILE.yaml]", "how a foreign export's columns are read; its `kind` says whose"),
            CommandOption("policy", "FILE.yaml", "decides open reviews and conflicts by rules, as policy:<name>"),
            CommandOption("until", "TIME", "on a stream clock: time goes on at least to here"),
            CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "read and check only"),
            CommandNotes.option,
        ] + MailOptions.options

    static let imports = Command(
        "import",
        summary: "Imports CSV or NDJSON files, merged by time; safe to repeat, goes on where it was broken off.",
        options: options,
        example: "import --partners Examples/partners.csv --people Examples/people.csv --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let inputs = try files(of: call)
        guard !inputs.isEmpty else {
            throw UsageError(
                "nothing to import: give at least one of \(kinds.map { "--\($0.option)" }.joined(separator: ", "))")
        }
        let policy = try call["policy"].map { try readPolicy($0) }
        let until = try TopicCommands.time(call["until"], option: "until")
        let terminal = options.terminal
        terminal.complain("reading \(inputs.map(\.name).joined(separator: ", "))")
        try options.makeDirectory()
        let importRun = ImportRun(options: options, terminal: terminal)
        let plan = try importRun.plan(inputs)
        importRun.report(plan)
        let code: ExitCode = plan.total.broken == 0 ? .done : .failed
        if call.isSet("dry-run") {
            terminal.answer("", Answer(.planned, importRun.members(plan)))
            return code
        }
        let isSmall = plan.total.events < askedFrom && plan.effect.isEmpty
        guard
            try terminal.confirm(
                "Write \(plan.total.events) events?", isAnswered: call.isSet("yes") || isSmall)
        else { return .failed }
        let installation = try Installation(options, runsWorkers: true, mail: try MailOptions(call))
        defer { installation.close() }
        try installation.requireCreated()
        try installation.serve()
        terminal.complain("writing \(plan.total.events) events to \(options.place)")
        let refused = try RefusedRecords(installation)
        let command = try CommandNotes.record("import", effect: importRun.effect(plan), of: call, in: installation)
        let report = try importRun.write(
            plan, policy: policy, until: until, command: command, into: installation)
        importRun.say(report)
        let refusals = try refused.since(installation)
        if let text = refusals.text { terminal.complain(text) }
        terminal.answer("", Answer(.done, importRun.members(plan) + report.members + refusals.members))
        return refusals.count == 0 ? code : .failed
    }

    /// Smaller imports that win and reverse nothing are written without a question.
    private static let askedFrom = 1_000

    private static func files(of call: Invocation) throws -> [ImportInput] {
        let maps = try (call["map"] ?? "").split(separator: ",").map { try readMap(String($0)) }
        var inputs: [ImportInput] = []
        for (option, kind) in kinds {
            for path in (call[option] ?? "").split(separator: ",") {
                if path == "-", inputs.contains(where: { $0.path == "-" }) {
                    throw UsageError("--\(option): standard input is read once, and is taken already")
                }
                inputs.append(ImportInput(kind: kind, path: String(path), map: maps.first { $0.kind == kind }))
            }
        }
        for map in maps where !inputs.contains(where: { $0.kind == map.kind }) {
            throw UsageError("--map: the map is for \(map.kind.rawValue), and no --\(map.kind.rawValue) is given")
        }
        return inputs
    }

    static func readMap(_ path: String) throws -> ImportMap {
        try ImportMap(parsing: try bytes(path), file: path)
    }

    static func readPolicy(_ path: String) throws -> Policy {
        try Policy(parsing: try bytes(path), file: path)
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("\(path): no such file, or it cannot be read")
        }
        return Array(data)
    }
}

/// One import from reading to the last tick, with its progress; the demo uses it too.
struct ImportRun {
    let options: GlobalOptions
    let terminal: Terminal
    /// Broken and skipped rows printed one by one, at most; the counts have them all.
    var noticeLimit = 200

    func plan(_ inputs: [ImportInput]) throws -> ImportPlan {
        let context = ImportContext(
            domains: RegistrableDomains(), payeeKey: try PayeeKey(file: "\(options.data)/payee.key"))
        var notices = 0
        return try ImportPlan(
            inputs, context: context, temporaryDirectory: options.data,
            progress: { terminal.progress("reading \($0.file): \($0.counts.read) rows") },
            notice: { notice in
                notices += 1
                if notices <= noticeLimit { terminal.complain(notice.description) }
                if notices == noticeLimit + 1 { terminal.complain("(more rows like these are only counted)") }
            })
    }

    func report(_ plan: ImportPlan) {
        terminal.endProgress()
        for file in plan.counts {
            let skipped = file.counts.skipped.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            terminal.print(
                "\(file.file): \(file.counts.read) rows read, \(file.counts.sent) used, \(file.counts.broken) broken, "
                    + "\(file.counts.skippedTotal) skipped\(skipped.isEmpty ? "" : " (\(skipped.joined(separator: ", ")))")"
            )
        }
        terminal.print(effect(plan))
    }

    /// What would be written, and the money that it moves.
    func effect(_ plan: ImportPlan) -> String {
        let types = plan.types.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return "to write: \(types.isEmpty ? "nothing" : types.joined(separator: ", "))"
            + (plan.effect.text.map { "\nmoves money: \($0)" } ?? "")
    }

    /// What was read, as members of an answer.
    func members(_ plan: ImportPlan) -> [(String, JSONValue)] {
        let files = plan.counts.map { file in
            JSONValue.object([
                ("file", .string(file.file)), ("kind", .string(file.kind.rawValue)),
                ("read", .count(file.counts.read)), ("used", .count(file.counts.sent)),
                ("broken", .count(file.counts.broken)), ("skipped", .count(file.counts.skippedTotal)),
            ])
        }
        return [
            ("files", .array(files)),
            ("events", .object(plan.types.sorted { $0.key < $1.key }.map { ($0.key, .count($0.value)) })),
            ("won", .array(plan.effect.won.map { .money($0) })),
            ("reversed", .array(plan.effect.reversed.map { .money($0) })),
        ]
    }

    /// - Parameter command: carried by every event.
    func write(
        _ plan: ImportPlan, policy: Policy?, until: Timestamp?, command: String? = nil, into installation: Installation
    ) throws -> ImportReport {
        guard let reading = try installation.clock.read() else { throw CommandFailure("the clock was never set") }
        let importer = try Importer(
            log: installation.log, catalogue: options.catalogue, identity: "\(options.catalogue.prefix).cli.import",
            dataDirectory: options.data)
        defer { importer.close() }
        let runner = policy.map { PolicyRunner(policy: $0, log: installation.log, catalogue: options.catalogue) }
        let now: (() -> Timestamp)? = reading.kind == .wall ? { Installation.wallTime() } : nil
        let clock = ImportClock(kind: reading.kind, at: reading.time, now: now) { time in
            if reading.kind == .stream {
                try installation.clock.tick(to: time, timeout: .seconds(3_600))
            } else if installation.hasWorkersAtHand || policy != nil {
                try installation.clock.drain(timeout: .seconds(3_600))
            }
        }
        // What other clients wrote before is taken up first: the ticks would make it late.
        if reading.kind == .stream { try installation.clock.drain(timeout: .seconds(3_600)) }
        let report = try importer.run(plan, clock: clock, policy: runner, until: until, commandID: command) {
            progress in
            terminal.progress(
                "\(progress.committed) of \(progress.total) events, \(progress.decided) decisions, \(progress.day)")
        }
        terminal.endProgress()
        return report
    }

    func say(_ report: ImportReport) {
        var text = "\(report.committed) events written"
        if report.alreadyCommitted > 0 { text += ", \(report.alreadyCommitted) were there already" }
        if let time = report.settledTo { text += "; the clock stands at \(time)" }
        terminal.print(text)
        for (rule, count) in report.decisions.sorted(by: { $0.key < $1.key }) {
            terminal.print("  policy \(rule): \(count)")
        }
    }
}

extension ImportReport {
    /// What was written, as members of an answer.
    fileprivate var members: [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [
            ("written", .count(committed)), ("there_already", .count(alreadyCommitted)),
            ("decisions", .object(decisions.sorted { $0.key < $1.key }.map { ($0.key, .count($0.value)) })),
        ]
        if let time = settledTo { members.append(("clock", .string(time.description))) }
        return members
    }
}
