import CommandLineKit
import Contracts
import Domain
import Foundation
import JSON
import ProgramFile
import WorkerService
import YAML

/// `program check|diff|publish|show`
enum ProgramCommands {
    static let all = [check, diff, publish, show]

    private static let file = CommandArgument("FILE", "the programme as YAML")

    static let check = Command(
        "program", "check", summary: "Checks a programme file and prints every problem with its place.",
        arguments: [file],
        example: "program check Examples/program.yaml"
    ) { call in
        let options = try GlobalOptions(call)
        let checked = try read(call.arguments[0])
        return report(checked, options, done: "can be published")
    }

    static let diff = Command(
        "program", "diff", summary: "Shows what a programme file changes of the version published last.",
        arguments: [file], example: "program diff Examples/program.yaml"
    ) { call in
        let options = try GlobalOptions(call)
        let program = try read(call.arguments[0]).program
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        let latest = try published(installation).last?.program
        let changes = latest?.differences(to: program) ?? []
        let terminal = options.terminal
        terminal.print(
            latest.map {
                "version \(program.version) against \($0.version), which is published: \(changes.count) changes"
            }
                ?? "no version is published yet")
        terminal.answer(
            changes.map(\.description).joined(separator: "\n"), Answer(.done, members(program, changes)))
        return .done
    }

    static let publish = Command(
        "program", "publish", summary: "Publishes a version of the programme to every worker.", arguments: [file],
        options: [
            CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be done"),
            CommandOption("reason", "TEXT", "why this version; recorded"),
        ],
        example: "program publish Examples/program.yaml --as psn_olivia --reason 'spring rates' --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let actor = try options.actor()
        // What the file itself says wrong is said before anything is opened.
        let alone = try read(call.arguments[0])
        guard alone.errors.isEmpty else { return report(alone, options, done: "") }
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        try installation.requireCreated()
        let earlier = try published(installation)
        let terminal = options.terminal
        let program = alone.program
        if earlier.contains(where: { $0.program == program }) {
            terminal.answer(
                "version \(program.version) of \(program.id) is published already, just so",
                Answer(.done, members(program, [])))
            return .done
        }
        let checked = try read(call.arguments[0], against: try context(installation, earlier))
        guard checked.errors.isEmpty else { return report(checked, options, done: "") }
        for problem in checked.problems { terminal.complain(problem.description) }
        let changes = earlier.last.map { $0.program.differences(to: program) } ?? []
        terminal.print("publish version \(program.version) of \(program.id), in force from \(program.effectiveFrom)")
        for change in changes { terminal.print("  \(change)") }
        if call.isSet("dry-run") {
            terminal.answer("", Answer(.planned, members(program, changes)))
            return .done
        }
        guard try terminal.confirm("Publish it?", isAnswered: call.isSet("yes")) else { return .failed }
        let entry = ProgramPublished(
            program: program, actor: actor, reason: call["reason"], occurredAt: try installation.commandTime())
        return try CommandSender(installation: installation).register([entry])
            .report(options, done: "published", members(program, changes))
    }

    static let show = Command(
        "program", "show", summary: "Shows the versions that were published, and the last one whole.",
        example: "program show --json"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        let versions = try published(installation)
        guard let last = versions.last else { throw CommandFailure("no programme was published yet") }
        let program = try JSONDocument.parse(JSONEncoding.encode(last.program))
        options.terminal.answer(
            Table(
                ["version", "in force from", "published by", "reason"],
                rows: versions.map {
                    [
                        "\($0.program.version)", $0.program.effectiveFrom.description, $0.actor.text, $0.reason ?? "",
                    ]
                }
            ).text + "\n" + program.pretty(),
            json: String(decoding: program.text, as: UTF8.self))
        return .done
    }

    // MARK: What is there

    /// The versions of the register, oldest first.
    private static func published(_ installation: Installation) throws -> [ProgramPublished] {
        try RegisterReader(installation).entries(ProgramPublished.self)
            .sorted { $0.program.version < $1.program.version }
    }

    /// What a new version must agree with: the versions before it, the partners and people of the register, the time.
    private static func context(
        _ installation: Installation, _ published: [ProgramPublished]
    ) throws -> ProgramCheckContext {
        let register = RegisterReader(installation)
        let reading = try installation.clock.read()
        return ProgramCheckContext(
            now: reading?.kind == .wall ? Installation.wallTime() : nil,
            judgedUpTo: reading?.kind == .stream ? reading?.time : nil, published: published.map(\.program),
            partners: try register.entries(PartnerUpdated.self).map(\.partner),
            people: try register.entries(PersonUpdated.self).map(\.person))
    }

    struct Checked {
        var file: String
        var program: Program
        var problems: [ProgramFileProblem]
        var errors: [ProgramFileProblem] { problems.filter { $0.problem.severity == .error } }
    }

    static func read(_ path: String, against context: ProgramCheckContext = ProgramCheckContext()) throws -> Checked {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("\(path): no such file, or it cannot be read")
        }
        let file = try ProgramFile(parsing: Array(data), file: path)
        return Checked(file: path, program: file.program, problems: file.check(against: context))
    }

    // MARK: Answers

    private static func report(_ checked: Checked, _ options: GlobalOptions, done text: String) -> ExitCode {
        let isGood = checked.errors.isEmpty
        let program = checked.program
        for problem in checked.problems { options.terminal.complain(problem.description) }
        let problems = checked.problems.map { problem in
            JSONValue.object([
                ("severity", .string(problem.problem.severity.rawValue)),
                ("line", .count(problem.position.line)), ("column", .count(problem.position.column)),
                ("path", .string(problem.problem.pointer)), ("text", .string(problem.problem.text)),
            ])
        }
        options.terminal.answer(
            isGood
                ? "\(checked.file): version \(program.version) of \(program.id) \(text) "
                    + "(\(checked.problems.count) warnings)" : "",
            Answer(isGood ? .done : .failed, identity(program) + [("problems", .array(problems))]))
        return isGood ? .done : .failed
    }

    private static func identity(_ program: Program) -> [(String, JSONValue)] {
        [
            ("program_id", .string(program.id.text)), ("version", .integer(program.version)),
            ("effective_from", .string(program.effectiveFrom.description)),
        ]
    }

    private static func members(_ program: Program, _ changes: [ProgramDifference]) -> [(String, JSONValue)] {
        let changes = changes.map { change in
            JSONValue.object([
                ("path", .string(change.path)), ("before", change.before.map { .string($0) } ?? .null),
                ("after", change.after.map { .string($0) } ?? .null),
            ])
        }
        return identity(program) + [("changes", .array(changes))]
    }
}
