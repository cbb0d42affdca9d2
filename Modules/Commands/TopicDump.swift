import CommandLineKit
import Contracts
import EventLog
import Foundation
import JSON

/// `topics dump`: a whole log as lines, for an audit by other programs (`scripts/oracle`), and to be kept elsewhere.
enum TopicDump {
    /// Lines are written in pieces of so many bytes.
    private static let pieceBytes = 1 << 20

    static let command = Command(
        "topics", "dump",
        summary: "Prints the committed records of all topics, one JSON object a line, each up to its present end.",
        options: [
            CommandOption(flag: "changelogs", "the workers' row images too, which follow from the other topics")
        ],
        example: "topics dump"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        for topic in TopicCatalogue.topics {
            if case .changelog = topic, !call.isSet("changelogs") { continue }
            try dump(options.catalogue.name(of: topic), of: installation.log)
        }
        return .done
    }

    private static func dump(_ topic: String, of log: any EventLog) throws {
        let ends = try log.endOffsets(of: topic)
        let reader = try log.reader()
        defer { reader.close() }
        // One partition after the other, so that lines are in order of offsets.
        for (partition, end) in ends.enumerated() where end > 0 {
            let place = TopicPartition(topic, Int32(partition))
            var piece = ""
            try reader.readThrough(from: [place: 0], to: [place: end]) { record in
                guard record.offset < end else { return }
                piece += String(decoding: line(of: record).text, as: UTF8.self) + "\n"
                guard piece.utf8.count >= pieceBytes else { return }
                Terminal().write(piece)
                piece = ""
            }
            Terminal().write(piece)
        }
    }

    static func line(of record: LogRecord) -> JSONValue {
        .object([
            ("topic", .string(record.topic)), ("partition", .integer(Int64(record.partition))),
            ("offset", .integer(record.offset)), ("time", .integer(record.appendTimeMilliseconds)),
            ("key", value(of: record.key)),
            ("headers", .array(record.headers.map { .array([.string($0.name), value(of: $0.value)]) })),
            ("value", value(of: record.value)),
        ])
    }

    /// Bytes as text; what is no UTF-8 as `{"base64": ...}`.
    private static func value(of bytes: [UInt8]?) -> JSONValue {
        guard let bytes else { return .null }
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return .object([("base64", .string(Data(bytes).base64EncodedString()))])
    }
}
