/// How good a referral is in one respect, 0 to 100, with the share of every criterion.
///
/// The score is floor(sum of weight x points / sum of weights). A field that the referral lacks, and a value that no row of
/// the criterion's table matches, give 0 points.
package struct Score: Sendable, Hashable {
    /// One criterion's part.
    package struct Contribution: Sendable, Hashable {
        /// The criterion's name in the programme.
        package var criterion: String
        package var weight: Int64
        /// 0 to 100.
        package var points: Int64
        /// What of the referral was looked at; `nil` where it was missing.
        package var found: String?

        package init(criterion: String, weight: Int64, points: Int64, found: String?) {
            self.criterion = criterion
            self.weight = weight
            self.points = points
            self.found = found
        }
    }

    package var value: Int64
    package var contributions: [Contribution]

    package init(value: Int64, contributions: [Contribution]) {
        self.value = value
        self.contributions = contributions
    }

    /// Scores a submission by criteria.
    ///
    /// - Parameter submittedAt: judging time; the timeline is counted from its day.
    package init(of submission: ReferralSubmission, by criteria: [ScoringCriterion], submittedAt: Timestamp) {
        contributions = []
        contributions.reserveCapacity(criteria.count)
        var weighted: Int128 = 0
        var weights: Int128 = 0
        for criterion in criteria {
            let value = submission.value(of: criterion.subject, submittedAt: submittedAt)
            let points = value.flatMap { criterion.points(for: $0) } ?? 0
            weighted += Int128(criterion.weight) * Int128(points)
            weights += Int128(criterion.weight)
            contributions.append(
                Contribution(
                    criterion: criterion.name, weight: criterion.weight, points: points, found: value?.description))
        }
        value = weights > 0 ? Int64(clamping: weighted / weights) : 0
    }

    /// The whole calculation, to be evaluated from this text alone: `floor((30 x 100 + 20 x 60) / (30 + 20)) = 84`.
    package var arithmetic: String {
        guard !contributions.isEmpty else { return "0 = 0" }
        let products = contributions.map { "\($0.weight) x \($0.points)" }.joined(separator: " + ")
        let weights = contributions.map { "\($0.weight)" }.joined(separator: " + ")
        return "floor((\(products)) / (\(weights))) = \(value)"
    }

    /// The calculation as a step of an explanation.
    package func step(rule: String, programVersion: Int64) -> ExplanationStep {
        let shares = contributions.map { share in
            "\(share.criterion) \(share.found ?? "missing") gives \(share.points) points at weight \(share.weight)"
        }
        return ExplanationStep(
            rule: rule, programVersion: programVersion,
            text: shares.isEmpty ? "No criteria." : shares.joined(separator: "; ") + ".", arithmetic: arithmetic)
    }
}

/// What a criterion looks at.
enum ScoredValue: CustomStringConvertible {
    case number(Int64)
    case text(String)
    /// A text of which whole words are compared.
    case words(String)

    var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .text(let text), .words(let text): "`\(text.prefix(80))`"
        }
    }
}

extension ReferralSubmission {
    /// `nil` where the submission lacks it.
    func value(of subject: ScoringCriterion.Subject, submittedAt: Timestamp) -> ScoredValue? {
        switch subject {
        case .employees: account.employees.map { .number($0) }
        case .industry: account.industry.map { .text($0) }
        case .country: account.country.map { .text($0) }
        case .annualRevenue: account.annualRevenue?.majorUnits.map { .number($0) }
        case .budget: deal.firstYearValue?.majorUnits.map { .number($0) }
        case .intent: intent.map { .text($0.rawValue) }
        case .timeline:
            deal.expectedClose.map { .number(Int64($0.dayNumber - submittedAt.date.dayNumber)) }
        case .contactTitle: contact.title.map { .words($0) }
        }
    }
}

extension ScoringCriterion {
    /// The points of the first row that matches; `nil` where none does.
    func points(for value: ScoredValue) -> Int64? { points.first { $0.matches(value) }?.points }
}

extension PointRow {
    func matches(_ value: ScoredValue) -> Bool {
        switch value {
        case .number(let number):
            (from.map { number >= $0 } ?? true) && (upTo.map { number <= $0 } ?? true) && values.isEmpty
        case .text(let text): values.contains { $0 == "*" || CaseFolding.equal($0, text) }
        case .words(let text): values.contains { $0 == "*" || CaseFolding.contains(word: $0, in: text) }
        }
    }
}

/// Comparison of texts without regard to letter case.
enum CaseFolding {
    static func equal(_ left: String, _ right: String) -> Bool {
        left == right || left.lowercased() == right.lowercased()
    }

    /// Whether a text holds a word, or several words in a row, between its ends and characters that are neither letter nor
    /// digit.
    static func contains(word: String, in text: String) -> Bool {
        let words = self.words(word)
        let all = self.words(text)
        guard !words.isEmpty, words.count <= all.count else { return false }
        return (0...(all.count - words.count)).contains { start in
            all[start..<(start + words.count)].elementsEqual(words)
        }
    }

    private static func words(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}
