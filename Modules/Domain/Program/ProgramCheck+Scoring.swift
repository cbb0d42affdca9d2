extension ProgramCheck {
    mutating func checkScoring(_ criteria: [ScoringCriterion], _ pointer: String) {
        if criteria.isEmpty { error(pointer, "needs at least one criterion") }
        for (index, criterion) in criteria.enumerated() {
            let own = "\(pointer)/\(index)"
            if !criterion.name.isName { error("\(own)/name", "expected 1 to 40 of a-z, 0-9, _ and -") }
            if criteria[..<index].contains(where: { $0.name == criterion.name }) {
                error("\(own)/name", "\(criterion.name) is named twice")
            }
            if criterion.weight <= 0 { error("\(own)/weight", "must be above 0") }
            for (row, points) in criterion.points.enumerated() where !(0...100).contains(points.points) {
                error("\(own)/points/\(row)/points", "must lie between 0 and 100")
            }
            if criterion.subject.isNumber {
                checkNumbers(criterion.points, "\(own)/points")
            } else {
                checkTexts(criterion, "\(own)/points")
            }
        }
    }

    // MARK: Number tables

    private mutating func checkNumbers(_ rows: [PointRow], _ pointer: String) {
        for (index, row) in rows.enumerated() {
            if !row.values.isEmpty {
                error("\(pointer)/\(index)/values", "this criterion compares numbers: give from and below")
            }
            if row.from == nil, row.upTo == nil {
                error("\(pointer)/\(index)", "needs from, below or both")
            } else if row.lower >= row.upper {
                error("\(pointer)/\(index)/below", "must be above from (\(row.lower)): the row ends before it")
            }
        }
        let order = rows.indices.sorted { (rows[$0].lower, $0) < (rows[$1].lower, $1) }
        var covered: (upper: Int64, index: Int)?
        for index in order where rows[index].lower < rows[index].upper {
            let row = rows[index]
            if let covered {
                if row.lower < covered.upper {
                    warn(
                        "\(pointer)/\(max(index, covered.index))",
                        "overlaps row \(min(index, covered.index) + 1) from \(row.lower) on; the first row that matches counts"
                    )
                } else if row.lower > covered.upper {
                    warn(
                        "\(pointer)/\(index)",
                        "leaves a gap: nothing gives points from \(covered.upper) to below \(row.lower)")
                }
            }
            if covered == nil || row.upper > covered!.upper { covered = (row.upper, index) }
        }
    }

    // MARK: Text tables

    private mutating func checkTexts(_ criterion: ScoringCriterion, _ pointer: String) {
        var seen: Set<String> = []
        for (index, row) in criterion.points.enumerated() {
            let own = "\(pointer)/\(index)"
            if row.from != nil || row.upTo != nil { error(own, "this criterion compares texts: give values") }
            if row.values.isEmpty { error("\(own)/values", "needs at least one value; * is any") }
            if seen.contains("*") { warn(own, "is never reached: an earlier row matches any value") }
            for (position, value) in row.values.enumerated() {
                let folded = value.lowercased()
                if !seen.insert(folded).inserted {
                    warn("\(own)/values/\(position)", "\(value) is in the table already; the first row counts")
                }
                if let expected = criterion.subject.unexpected(value) {
                    error("\(own)/values/\(position)", "expected \(expected), found \"\(value)\"")
                }
            }
        }
    }
}

extension PointRow {
    fileprivate var lower: Int64 { from ?? .min }
    fileprivate var upper: Int64 { upTo ?? .max }
}

extension ScoringCriterion.Subject {
    /// Whether the table compares numbers; texts otherwise.
    package var isNumber: Bool {
        switch self {
        case .employees, .annualRevenue, .budget, .timeline: true
        case .industry, .country, .intent, .contactTitle: false
        }
    }

    /// What a value should be, where it cannot be one; `nil` where it can.
    fileprivate func unexpected(_ value: String) -> String? {
        guard value != "*" else { return nil }
        switch self {
        case .country:
            let isCode = value.utf8.count == 2 && value.utf8.allSatisfy { $0 >= 0x41 && $0 <= 0x5a }
            return isCode ? nil : "an ISO 3166-1 code of two upper-case letters"
        case .intent:
            let words = StatedIntent.allCases.map(\.rawValue)
            return words.contains(value.lowercased()) ? nil : "one of \(words.joined(separator: ", "))"
        default:
            return value.isBlank ? "a text" : nil
        }
    }
}
