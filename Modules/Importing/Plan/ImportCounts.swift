/// What became of the rows of an import. `read` = `sent` + `skipped` + `broken`.
package struct ImportCounts: Sendable, Hashable {
    /// Rows read, broken ones included.
    package var read = 0
    /// Rows that became events.
    package var sent = 0
    /// Rows that a rule left out, by reason.
    package var skipped: [String: Int] = [:]
    package var broken = 0
    /// Events made of the rows sent.
    package var events = 0

    package init() {}

    package var skippedTotal: Int { skipped.values.reduce(0, +) }

    package static func + (left: ImportCounts, right: ImportCounts) -> ImportCounts {
        var sum = left
        sum.read += right.read
        sum.sent += right.sent
        sum.skipped.merge(right.skipped, uniquingKeysWith: +)
        sum.broken += right.broken
        sum.events += right.events
        return sum
    }
}

/// What a caller is told about single rows while they are read.
package enum RowNotice: Sendable {
    case skipped(file: String, line: Int, reason: String)
    case broken(LineProblem)

    /// `deals.csv:12: skipped: no account`, or the problem.
    package var description: String {
        switch self {
        case .skipped(let file, let line, let reason): "\(file):\(line): skipped: \(reason)"
        case .broken(let problem): problem.description
        }
    }
}
