import CommandLineKit
import Contracts
import Domain
import EventLog
import JSON
import ReadModel
import TaskRuntime

/// `dlq list|show`; `RedriveCommand` puts them back.
enum DeadLetterCommands {
    static let all = [list, show, RedriveCommand.command]

    static let list = Command("dlq", "list", summary: "Lists dead letters with their reasons.", example: "dlq list") {
        call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        let letters = try installation.withReadModel { try $0.decoded(.deadLetter, as: RecordDeadLettered.self) }
        options.terminal.answer(
            Table(
                ["record", "worker", "code", "type", "put back", "reason"],
                rows: letters.map {
                    [
                        $0.entityID, $0.worker.rawValue, $0.code, $0.eventType ?? "", $0.redrive?.at.description ?? "",
                        $0.reason,
                    ]
                }
            ).text + "\n\(letters.count) dead letters", rows: letters)
        return .done
    }

    static let show = Command(
        "dlq", "show", summary: "Shows a dead letter with its headers and its first bytes.",
        arguments: [CommandArgument("RECORD", "where it came from: referral.v1/3/1234")],
        example: "dlq show referral.v1/3/1234"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        let letter = try installation.withReadModel { model in
            guard let image = try model.image(.deadLetter, id: call.arguments[0]) else {
                throw CommandFailure("there is no dead letter of \(call.arguments[0])")
            }
            return try JSONDocument.decode(RecordDeadLettered.self, from: image)
        }
        guard let record = try find(letter, installation) else {
            throw CommandFailure("the dead-letter topic no longer holds \(call.arguments[0])")
        }
        let headers = record.headers.map { header in
            (header.name, header.value.map { String(decoding: $0, as: UTF8.self) })
        }
        let value = record.value.map { String(decoding: $0.prefix(shownBytes), as: UTF8.self) }
        options.terminal.answer(
            headers.map { "\($0.0): \($0.1 ?? "(nothing)")" }.joined(separator: "\n") + "\n\n"
                + (value ?? "(a tombstone)"),
            Answer(
                .done,
                [
                    ("record", .string(letter.entityID)), ("code", .string(letter.code)),
                    ("reason", .string(letter.reason)),
                    (
                        "headers",
                        .array(
                            headers.map {
                                .object([("name", .string($0.0)), ("value", $0.1.map { .string($0) } ?? .null)])
                            })
                    ), ("value", value.map { .string($0) } ?? .null),
                ]))
        return .done
    }

    /// As much of a dead letter's value as is shown.
    private static let shownBytes = 4_096

    private static func find(_ letter: RecordDeadLettered, _ installation: Installation) throws -> LogRecord? {
        var found: LogRecord?
        try installation.log.readThrough(installation.options.catalogue.name(of: .deadLetters(letter.worker))) {
            record in
            let id = DeadLetterRecord.id(of: record, prefix: installation.options.catalogue.prefix)
            if found == nil, id == letter.entityID { found = record }
        }
        return found
    }
}
