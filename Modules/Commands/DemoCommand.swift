import CommandLineKit
import Contracts
import Demo
import Domain
import Foundation
import Importing
import JSON
import ReadModel
import WorkerService

/// `demo`: the main job on real input, from the programme file to confirmed payouts.
enum DemoCommand {
    static let all = [demo]

    static let demo = Command(
        "demo",
        summary:
            "Runs a year of a sample marketplace and CRM through everything, checks it from the log, and explains it.",
        options: [
            CommandOption("crm", "DIR", "a real CRM export instead of the sample (see Examples/maps)"),
            CommandOption("examples", "DIR", default: "Examples", "where programme, register and policy lie"),
            CommandOption(flag: "small", "a twentieth of the sample, for a quick look"),
            CommandOption(
                "mail", "eml|null|smtp://HOST:PORT", environment: "TRIBUTARY_MAIL", default: "eml", "where messages go"),
            CommandOption(
                "mail-from", "ADDRESS", environment: "TRIBUTARY_MAIL_FROM", default: "partners@localhost",
                "their sender"),
        ],
        example: "demo --data ./demo-data"
    ) { call in
        try DemoRun(call).run()
    }
}

/// One run of the demonstration. Every step may be repeated: a second run continues, and changes nothing.
final class DemoRun {
    static let defaultDirectory = "./demo-data"

    let options: GlobalOptions
    let examples: String
    let terminal: Terminal
    private let crm: String?
    private let isSmall: Bool
    private let mail: MailOptions

    /// Who does what in the payout cycle: nobody checks his own work.
    private let planner = Actor.person(PersonID(unchecked: "psn_ines"))
    private let approver = Actor.person(PersonID(unchecked: "psn_kenji"))

    init(_ call: Invocation) throws {
        var options = try GlobalOptions(call)
        if options.data == "./data" { options.data = DemoRun.defaultDirectory }
        self.options = options
        terminal = options.terminal
        examples = try call.required("examples")
        crm = call["crm"]
        isSmall = call.isSet("small")
        mail = try MailOptions(call, sendsHistory: true)
    }

    func run() throws -> ExitCode {
        terminal.print("Tributary's demonstration, in \(options.data)")
        let program = try ProgramCommands.read("\(examples)/\(crm == nil ? "program.yaml" : "crm-program.yaml")")
        guard program.errors.isEmpty else { throw CommandFailure("\(program.errors[0])") }
        try options.makeDirectory("sample")
        let policy = try ImportCommand.readPolicy("\(examples)/policy.yaml")
        let sample = crm == nil ? try makeSample() : try deriveSample()
        let installation = try Installation(
            options, runsWorkers: false)
        defer { installation.close() }
        // Only what was finished must stay as it is; what was broken off, or has nothing but its topics, goes on.
        let isFinished =
            try installation.isCreated() && installation.clock.read().map { $0.time >= sample.end } ?? false
        let before = isFinished ? try fingerprint(installation) : nil
        try installation.clock.createTopics(clock: .stream, at: sample.start)
        if installation.isHolder {
            try installation.serve()
            try installation.startWorkers(mail: mail)
        }
        try publish(program.program, installation, at: sample.start)
        try importAll(sample.inputs, policy: policy, until: sample.payoutDay, installation)
        try payoutCycle(sample, installation)
        if !sample.lateInputs.isEmpty || sample.end > sample.payoutDay {
            try importAll(sample.lateInputs, policy: policy, until: sample.end, installation)
        }
        return try report(sample, installation, before: before)
    }

    // MARK: Steps

    struct Sample {
        var start: Timestamp
        var payoutDay: Timestamp
        /// Where time stops: holds, statements and results are all over.
        var end: Timestamp
        var inputs: [ImportInput]
        var lateInputs: [ImportInput]
        var failures: [String: String]
        /// What must have happened, with how often at least.
        var requirements: Bool
    }

    private func makeSample() throws -> Sample {
        let directory = "\(options.data)/sample"
        let partners = try RegisterFile.partners(in: "\(examples)/partners.csv", temporaryDirectory: directory)
        let summary = try SampleGenerator(size: isSmall ? .small : SampleSize(), partners: partners).write(
            to: directory)
        terminal.print(
            "sample: "
                + summary.rows.sorted { $0.key < $1.key }.map { "\($0.value) rows in \($0.key)" }.joined(
                    separator: ", "))
        let register: [ImportInput] = [
            ImportInput(kind: .partners, path: "\(examples)/partners.csv"),
            ImportInput(kind: .people, path: "\(examples)/people.csv"),
            ImportInput(kind: .payees, path: "\(examples)/payees.csv"),
            ImportInput(kind: .fx, path: "\(examples)/fx.csv"),
        ]
        return Sample(
            start: day("2024-01-01"), payoutDay: day(SamplePlan.payoutDay), end: day("2026-04-02"),
            inputs: register
                + SampleGenerator.inputs.map { ImportInput(kind: $0.kind, path: "\(directory)/\($0.file)") },
            lateInputs: [ImportInput(kind: .decisions, path: "\(directory)/\(SampleGenerator.lateDecisionsJSON)")],
            failures: Dictionary(uniqueKeysWithValues: SamplePlan.failedPayouts.map { ($0.partner, $0.reason) }),
            requirements: !isSmall)
    }

    private func deriveSample() throws -> Sample {
        let directory = "\(options.data)/sample"
        let export = crm ?? "."
        let map = try ImportCommand.readMap("\(examples)/maps/crm-sales-pipeline.yaml")
        let rulePath = "\(examples)/crm-partners.yaml"
        guard let data = FileManager.default.contents(atPath: rulePath) else {
            throw CommandFailure("\(rulePath): cannot be read")
        }
        let rule = try CRMRule(parsing: Array(data), file: rulePath)
        terminal.print("sample partners are derived over the export by \(rulePath):")
        for line in rule.lines { terminal.print("  \(line)") }
        _ = try CRMDerivation(rule: rule).write(export: export, examples: examples, map: map, to: directory)
        let pipeline = ImportInput(kind: map.kind, path: "\(export)/\(map.file ?? "sales_pipeline.csv")", map: map)
        return Sample(
            start: rule.starts.startOfDay, payoutDay: day("2018-03-01"), end: day("2018-04-02"),
            inputs: CRMDerivation.inputs.map { ImportInput(kind: $0.kind, path: "\(directory)/\($0.file)") } + [
                pipeline
            ],
            lateInputs: [], failures: [:], requirements: false)
    }

    private func day(_ text: String) -> Timestamp {
        guard let date = CalendarDate(iso8601: text) else { preconditionFailure("\(text) is no date") }
        return date.startOfDay
    }

    private func publish(_ program: Program, _ installation: Installation, at time: Timestamp) throws {
        let published = try RegisterReader(installation).entries(ProgramPublished.self)
        guard !published.contains(where: { $0.program.version == program.version }) else { return }
        let outcome = try CommandSender(installation: installation).register([
            ProgramPublished(program: program, actor: planner, reason: "demonstration", occurredAt: time)
        ])
        if let refusal = outcome.refusal { throw CommandFailure("the programme was refused: \(refusal)") }
        terminal.print("published version \(program.version) of \(program.id)")
    }

    private func importAll(
        _ inputs: [ImportInput], policy: Policy, until: Timestamp, _ installation: Installation
    ) throws {
        let importRun = ImportRun(options: options, terminal: terminal, noticeLimit: crm == nil ? 12 : 10_000)
        let plan = try importRun.plan(inputs)
        importRun.report(plan)
        importRun.say(try importRun.write(plan, policy: policy, until: until, into: installation))
    }

    private func payoutCycle(_ sample: Sample, _ installation: Installation) throws {
        let id = PayoutRunID(unchecked: "run_demo")
        let cycle = PayoutCycle(installation: installation)
        let reason = "demonstration"
        // A request that a run which was broken off has left behind takes effect first.
        try installation.settle()
        if try installation.withReadModel({ try $0.image(.payoutRunPart, id: "\(id)/0") }) == nil {
            let outcome = try cycle.plan(
                id, cutOff: sample.payoutDay, executionDate: sample.payoutDay.date + 2, actor: planner, reason: reason)
            if let refusal = outcome.refusal { throw CommandFailure("the run was not planned: \(refusal)") }
        }
        var view = try installation.withReadModel { try PayoutRunView(id, model: $0) }
        if view.parts.contains(where: { $0.state == .planned }) {
            if let refusal = try cycle.approve(view, actor: approver, reason: reason).refusal {
                throw CommandFailure("the run was not approved: \(refusal)")
            }
            view = try installation.withReadModel { try PayoutRunView(id, model: $0) }
        }
        if let refusal = try cycle.export(
            view, to: "\(options.data)/\(id).csv", actor: planner, reason: reason)
        {
            throw CommandFailure("the file was not recorded: \(refusal)")
        }
        let waiting = try installation.withReadModel { try PayoutRunView(id, model: $0) }.payouts.filter {
            $0.state == .submitted
        }
        guard !waiting.isEmpty else { return }
        let path = "\(options.data)/\(id)-results.csv"
        let lines = waiting.map { payout in
            let reason = sample.failures[payout.partner.text]
            return "\(payout.id),\(reason == nil ? "ACSC" : "RJCT"),\(reason ?? ""),\(payout.executionDate)"
        }
        let text = "payout_id,status,reason,value_date\n" + lines.joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let parsed = PayoutResultFile.parse(Array(text.utf8))
        _ = try cycle.reconcile(
            parsed.lines, payouts: Dictionary(uniqueKeysWithValues: waiting.map { ($0.id, $0.partner) }),
            actor: planner, reason: reason)
    }

    // MARK: Report

    /// What every further command of this installation has to say.
    private var globalOptions: String {
        guard case .kafka = options.log else { return "--data \(options.data)" }
        return "--data \(options.data) --log \(options.place) --prefix \(options.catalogue.prefix)"
    }

    private func report(_ sample: Sample, _ installation: Installation, before: String?) throws -> ExitCode {
        try installation.clock.drain(timeout: .seconds(600))
        let verification = try Verification(log: installation.log, catalogue: options.catalogue)
        let after = try fingerprint(installation)
        try installation.withReadModel { model in
            let report = DemoReport(model: model, terminal: terminal)
            try report.print()
            try report.explain(installation, options.catalogue)
            terminal.print("\nHow often the sample's stories came true")
            terminal.print(verification.scenarioTable)
        }
        let lacking = sample.requirements ? verification.lackingScenarios : []
        terminal.print("\nChecked from the log itself, not from the tables above")
        for check in verification.checks { terminal.print("  \(check)") }
        if let before {
            terminal.print(before == after ? "a second run: every table is as it was" : "a second run CHANGED a table")
        }
        for lack in lacking { terminal.complain("too few: \(lack)") }
        for failure in verification.failures.prefix(50) { terminal.complain("FAILED: \(failure)") }
        let isGood = verification.failures.isEmpty && lacking.isEmpty && (before == nil || before == after)
        terminal.answer(
            isGood
                ? "\nGo on with `tributary up \(globalOptions)`, and `tributary explain|show|export \(globalOptions)`."
                : "\nthe demonstration failed",
            Answer(
                isGood ? .done : .failed,
                [
                    ("data", .string(options.data)), ("checks", .texts(verification.checks)),
                    ("failures", .texts(verification.failures)), ("lacking", .texts(lacking)),
                    ("tables", .string(after)),
                    ("unchanged", before.map { .bool($0 == after) } ?? .null),
                ]))
        return isGood ? .done : .failed
    }

    /// A hash over every exported table.
    private func fingerprint(_ installation: Installation) throws -> String {
        try installation.withReadModel { model in
            try ExportFingerprint.text(of: model, without: ["notifications"])
        }
    }
}
