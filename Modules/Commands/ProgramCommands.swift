import CommandLineKit
import Contracts
import Domain
import Foundation
import Importing
import JSON
import ProgramFile
import WorkerService

/// `program check|publish|show`
enum ProgramCommands {
    static let all = [check, publish, show]

    private static let file = CommandArgument("FILE", "the programme as YAML")

    static let check = Command(
        "program", "check", summary: "Checks a programme file and prints every problem with its place.",
        arguments: [file],
        example: "program check Examples/program.yaml"
    ) { call in
        let checked = try read(call.arguments[0])
        report(checked.problems)
        guard checked.errors.isEmpty else { return .failed }
        Terminal().print(
            "\(call.arguments[0]): version \(checked.program.version) of \(checked.program.id) can be published "
                + "(\(checked.problems.count) warnings)")
        return .done
    }

    static let publish = Command(
        "program", "publish", summary: "Publishes a version of the programme to every worker.", arguments: [file],
        options: [
            CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be done"),
            CommandOption("reason", "TEXT", "why this version; recorded"),
        ],
        example: "program publish Examples/program.yaml --as psn_mara --reason 'spring rates' --yes"
    ) { call in
        let options = try GlobalOptions(call)
        let checked = try read(call.arguments[0])
        report(checked.problems)
        guard checked.errors.isEmpty else { return .failed }
        let actor = try options.actor()
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        try installation.requireCreated()
        let terminal = Terminal()
        let program = checked.program
        let plan = "publish version \(program.version) of \(program.id), in force from \(program.effectiveFrom)"
        terminal.print(plan)
        if call.isSet("dry-run") { return .done }
        guard try terminal.confirm("Publish it?", isAnswered: call.isSet("yes")) else { return .failed }
        let writer = try installation.registerWriter()
        defer { writer.close() }
        let time = try installation.commandTime()
        try writer.write(
            [ProgramPublished(program: program, actor: actor, reason: call["reason"], occurredAt: time)],
            source: "/tributary/cli")
        try installation.settle()
        try installation.clock.drain([.referral, .approval, .payout], timeout: options.timeout)
        terminal.print("published")
        return .done
    }

    static let show = Command(
        "program", "show", summary: "Shows the versions that were published, and the last one whole.",
        example: "program show --json"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        let versions = try RegisterReader(installation).entries(ProgramPublished.self)
        guard let last = versions.max(by: { $0.program.version < $1.program.version }) else {
            throw CommandFailure("no programme was published yet")
        }
        let terminal = Terminal()
        if !options.isJSON {
            terminal.print(
                Table(
                    ["version", "in force from", "published by", "reason"],
                    rows: versions.map {
                        [
                            "\($0.program.version)", $0.program.effectiveFrom.description, $0.actor.text,
                            $0.reason ?? "",
                        ]
                    }
                ).text)
        }
        terminal.print(try JSONDocument.parse(JSONEncoding.encode(last.program)).pretty())
        return .done
    }

    struct Checked {
        var program: Program
        var problems: [ProgramFileProblem]
        var errors: [ProgramFileProblem] { problems.filter { $0.problem.severity == .error } }
    }

    static func read(_ path: String) throws -> Checked {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("\(path): no such file, or it cannot be read")
        }
        let file = try ProgramFile(parsing: Array(data), file: path)
        return Checked(program: file.program, problems: file.check())
    }

    private static func report(_ problems: [ProgramFileProblem]) {
        for problem in problems { Terminal().complain(problem.description) }
    }
}
