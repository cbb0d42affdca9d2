import CommandLineKit
import Contracts
import EventLog
import JSON
import ReadModel

/// `dlq list|show`
enum DeadLetterCommands {
    static let all = [list, show]

    static let list = Command("dlq", "list", summary: "Lists dead letters with their reasons.", example: "dlq list") {
        call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        let letters = try installation.withReadModel { try $0.decoded(.deadLetter, as: RecordDeadLettered.self) }
        if options.isJSON {
            for letter in letters { Terminal().print(String(decoding: JSONEncoding.encode(letter), as: UTF8.self)) }
            return .done
        }
        Terminal().print(
            Table(
                ["record", "worker", "code", "type", "reason"],
                rows: letters.map { [$0.entityID, $0.worker.rawValue, $0.code, $0.eventType ?? "", $0.reason] }
            ).text + "\n\(letters.count) dead letters")
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
        let terminal = Terminal()
        for header in record.headers {
            terminal.print("\(header.name): \(header.value.map { String(decoding: $0, as: UTF8.self) } ?? "(nothing)")")
        }
        terminal.print("")
        terminal.print(record.value.map { String(decoding: $0.prefix(4_096), as: UTF8.self) } ?? "(a tombstone)")
        return .done
    }

    private static func find(_ letter: RecordDeadLettered, _ installation: Installation) throws -> LogRecord? {
        let topic = installation.options.catalogue.name(of: .deadLetters(letter.worker))
        let ends = try installation.log.endOffsets(of: topic)
        let reader = try installation.log.reader()
        defer { reader.close() }
        var wanted: [TopicPartition: Int64] = [:]
        for (partition, end) in ends.enumerated() where end > 0 { wanted[TopicPartition(topic, Int32(partition))] = 0 }
        guard !wanted.isEmpty else { return nil }
        try reader.assign(wanted)
        while try reader.positions().contains(where: { $0.value < ends[Int($0.key.partition)] }) {
            for record in try reader.read(maximum: 1_000, timeout: .milliseconds(200))
            where record.headerText("__connect.errors.offset") == String(letter.offset)
                && record.headerText("__connect.errors.partition") == String(letter.partition)
            { return record }
        }
        return nil
    }
}
