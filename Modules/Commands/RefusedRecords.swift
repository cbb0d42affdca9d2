import CommandLineKit
import Contracts
import EventLog
import JSON

/// What the workers refused since a moment: the dead letters that were written meanwhile.
struct RefusedRecords {
    /// Reasons that are said one by one, at most.
    static let reasonsSaid = 5

    struct Count {
        /// By code and reason, the most frequent first.
        var reasons: [(text: String, count: Int)] = []

        var count: Int { reasons.reduce(0) { $0 + $1.count } }

        /// `nil` where nothing was refused.
        var text: String? {
            guard count > 0 else { return nil }
            var lines = [
                "the workers refused \(count) \(count == 1 ? "record" : "records"); `tributary dlq list` shows each:"
            ]
            lines += reasons.prefix(RefusedRecords.reasonsSaid).map { "  \($0.count): \($0.text)" }
            if reasons.count > RefusedRecords.reasonsSaid {
                lines.append("  and \(reasons.count - RefusedRecords.reasonsSaid) more reasons")
            }
            return lines.joined(separator: "\n")
        }

        var members: [(String, JSONValue)] {
            [
                ("refused", .count(count)),
                (
                    "refusals",
                    .array(
                        reasons.prefix(RefusedRecords.reasonsSaid).map {
                            .object([("reason", .string($0.text)), ("records", .count($0.count))])
                        })
                ),
            ]
        }
    }

    /// Where the dead-letter topics ended.
    private let ends: [String: [Int64]]

    init(_ installation: Installation) throws {
        var ends: [String: [Int64]] = [:]
        for worker in WorkerName.allCases {
            let topic = installation.options.catalogue.name(of: .deadLetters(worker))
            ends[topic] = try installation.log.endOffsets(of: topic)
        }
        self.ends = ends
    }

    /// - Parameter isMeant: which of the dead letters count; others may come meanwhile from anybody.
    func since(_ installation: Installation, where isMeant: (LogRecord) -> Bool = { _ in true }) throws -> Count {
        var reasons: [String: Int] = [:]
        for (topic, start) in ends {
            try installation.log.readThrough(topic, from: start) { record in
                guard isMeant(record) else { return }
                let code = record.headerText(HeaderName.errorCode) ?? ""
                let reason = record.headerText("__connect.errors.exception.message") ?? ""
                reasons["\(reason) [\(code)]", default: 0] += 1
            }
        }
        return Count(reasons: reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) })
    }
}
