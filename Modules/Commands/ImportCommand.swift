import CommandLineKit
import Contracts
import Domain
import DomainNames
import EventLog
import Foundation
import Importing
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
        ] + UpCommand.mailOptions

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
        let terminal = Terminal()
        terminal.complain("reading \(inputs.map(\.path).joined(separator: ", "))")
        try FileManager.default.createDirectory(atPath: options.data, withIntermediateDirectories: true)
        let importRun = ImportRun(options: options, terminal: terminal)
        let plan = try importRun.plan(inputs)
        importRun.report(plan)
        if call.isSet("dry-run") { return plan.total.broken == 0 ? .done : .failed }
        guard
            try terminal.confirm(
                "Write \(plan.total.events) events?", isAnswered: call.isSet("yes") || plan.total.events < 1_000)
        else { return .failed }
        let installation = try Installation(options, runsWorkers: true, mail: try MailOptions(call))
        defer { installation.close() }
        try installation.requireCreated()
        let report = try importRun.write(plan, policy: policy, until: until, into: installation)
        importRun.say(report)
        return plan.total.broken == 0 ? .done : .failed
    }

    private static func files(of call: Invocation) throws -> [ImportInput] {
        let maps = try (call["map"] ?? "").split(separator: ",").map { try readMap(String($0)) }
        var inputs: [ImportInput] = []
        for (option, kind) in kinds {
            for path in (call[option] ?? "").split(separator: ",") {
                inputs.append(ImportInput(kind: kind, path: String(path), map: maps.first { $0.kind == kind }))
            }
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
    }

    func write(_ plan: ImportPlan, policy: Policy?, until: Timestamp?, into installation: Installation) throws
        -> ImportReport
    {
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
            } else if installation.runsWorkers {
                try installation.clock.drain(timeout: .seconds(3_600))
            }
        }
        let report = try importer.run(plan, clock: clock, policy: runner, until: until) { progress in
            terminal.progress(
                "\(progress.committed) of \(progress.total) events, \(progress.decided) decisions, \(progress.day)")
        }
        terminal.endProgress()
        return report
    }

    func say(_ report: ImportReport) {
        var text = "\(report.committed) events written"
        if report.alreadyCommitted > 0 { text += ", \(report.alreadyCommitted) were there already" }
        if let time = report.settledTo { text += "; time stands at \(time)" }
        terminal.print(text)
        for (rule, count) in report.decisions.sorted(by: { $0.key < $1.key }) {
            terminal.print("  policy \(rule): \(count)")
        }
    }
}
