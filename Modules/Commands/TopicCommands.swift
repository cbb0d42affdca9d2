import CommandLineKit
import Contracts
import Domain
import EventLog
import Foundation
import JSON
import WorkerService

/// `topics create|check|asyncapi`; `TopicDump` has `topics dump`
enum TopicCommands {
    static let all = [create, check, TopicDump.command, asyncapi]

    static let create = Command(
        "topics", "create", summary: "Creates what is missing of the catalogue and sets the clock, once.",
        options: [
            CommandOption(
                "clock", "wall|stream", environment: "TRIBUTARY_CLOCK", default: "wall",
                "how time runs: with the world, or by ticks (history, demo)"),
            CommandOption(
                "clock-start", "TIME", environment: "TRIBUTARY_CLOCK_START",
                "where a stream clock starts (RFC 3339; default 2000-01-01T00:00:00Z)"),
        ],
        example: "topics create --clock stream --clock-start 2024-01-01T00:00:00Z"
    ) { call in
        let options = try GlobalOptions(call)
        guard let kind = ClockKind(rawValue: try call.required("clock")) else {
            throw UsageError("--clock: expected `wall` or `stream`, found `\(call["clock"] ?? "")`")
        }
        let start =
            try time(call["clock-start"], option: "clock-start")
            ?? (kind == .wall ? Installation.wallTime() : Timestamp(millisecondsSince1970: 946_684_800_000))
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.clock.createTopics(clock: kind, at: start)
        let (topics, partitions) = (options.catalogue.specifications.count, options.catalogue.partitions)
        options.terminal.answer(
            "\(topics) topics are there, \(partitions) partitions each; the clock is \(kind.rawValue)",
            Answer(
                .done,
                [
                    ("topics", .count(topics)), ("partitions", .integer(Int64(partitions))),
                    ("clock", .string(kind.rawValue)),
                ]))
        return .done
    }

    static let check = Command(
        "topics", "check", summary: "Compares the topics that exist with the catalogue.", example: "topics check"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        let found = try installation.log.topics()
        let problems = options.catalogue.specifications.flatMap { Self.problems(of: found[$0.name], wanted: $0) }
        for problem in problems { options.terminal.complain(problem) }
        options.terminal.answer(
            problems.isEmpty ? "\(options.catalogue.specifications.count) topics are as they should be" : "",
            Answer(problems.isEmpty ? .done : .failed, [("problems", .texts(problems))]))
        return problems.isEmpty ? .done : .failed
    }

    /// What is wrong with a topic, or that it is missing.
    static func problems(of found: TopicSpecification?, wanted: TopicSpecification) -> [String] {
        guard let found else { return ["\(wanted.name): missing"] }
        var problems: [String] = []
        if found.partitions != wanted.partitions {
            problems.append("\(found.partitions) partitions, expected \(wanted.partitions)")
        }
        if found.cleanup != wanted.cleanup || found.alsoDeletesBy != nil {
            let more = found.alsoDeletesBy.map { " that also deletes (\($0))" } ?? ""
            problems.append(
                "\(found.cleanup)\(more), expected \(wanted.cleanup); "
                    + "what is gone can neither be restored, audited nor explained")
        }
        if found.maximumRecordBytes < wanted.maximumRecordBytes {
            problems.append("takes \(found.maximumRecordBytes) bytes, expected \(wanted.maximumRecordBytes)")
        }
        problems += found.unfitSettings.map(\.description)
        return problems.map { "\(wanted.name): \($0)" }
    }

    static let asyncapi = Command(
        "topics", "asyncapi", summary: "Prints the AsyncAPI document of all topics, or checks a file against it.",
        options: [CommandOption("check", "FILE", "fail where the file differs from the document")],
        example: "topics asyncapi --check docs/asyncapi.yaml"
    ) { call in
        let options = try GlobalOptions(call)
        guard let path = call["check"] else {
            // Byte for byte what a check compares with: the document has its own last line end.
            options.terminal.write(
                options.isJSON
                    ? String(decoding: AsyncAPIDocument.tree(of: options.catalogue).text, as: UTF8.self) + "\n"
                    : AsyncAPIDocument.yaml(of: options.catalogue))
            return .done
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("\(path): cannot be read")
        }
        let isEqual = Array(data) == Array(AsyncAPIDocument.yaml(of: options.catalogue).utf8)
        if !isEqual {
            options.terminal.complain(
                "\(path) differs from the code: write it anew with `tributary topics asyncapi > \(path)`")
        }
        options.terminal.answer(
            isEqual ? "\(path) agrees with the code" : "",
            Answer(isEqual ? .done : .failed, [("file", .string(path))]))
        return isEqual ? .done : .failed
    }

    static func time(_ text: String?, option: String) throws -> Timestamp? {
        guard let text else { return nil }
        if let date = CalendarDate(iso8601: text) { return date.startOfDay }
        guard let time = Timestamp(rfc3339: text) else {
            throw UsageError("--\(option): expected a time such as 2026-03-01T00:00:00Z, found `\(text)`")
        }
        return time
    }
}
