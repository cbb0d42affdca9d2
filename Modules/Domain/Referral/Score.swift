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
    package init(
        of submission: borrowing ReferralSubmission, by criteria: [ScoringCriterion], submittedAt: Timestamp
    ) {
        contributions = []
        contributions.reserveCapacity(criteria.count)
        var weighted: Int128 = 0
        var weights: Int128 = 0
        // A span lends its elements, a loop over the array copies each.
        let criteria = criteria.span
        for index in criteria.indices {
            let weight = criteria[index].weight
            let value = submission.value(of: criteria[index].subject, submittedAt: submittedAt)
            let points = value.flatMap { PointRow.points(for: $0, in: criteria[index].points) } ?? 0
            weighted += Int128(weight) * Int128(points)
            weights += Int128(weight)
            contributions.append(
                Contribution(
                    criterion: criteria[index].name, weight: weight, points: points, found: value?.description))
        }
        value = weights > 0 ? Int64(clamping: weighted / weights) : 0
    }

    /// The whole calculation, to be evaluated from this text alone: `floor((30 x 100 + 20 x 60) / (30 + 20)) = 84`.
    package var arithmetic: String {
        guard !contributions.isEmpty else { return "0 = 0" }
        var (products, weights) = ("", "")
        for share in contributions {
            if !products.isEmpty {
                products += " + "
                weights += " + "
            }
            products += "\(share.weight) x \(share.points)"
            weights += "\(share.weight)"
        }
        return "floor((\(products)) / (\(weights))) = \(value)"
    }

    /// The calculation as a step of an explanation.
    package func step(rule: String, programVersion: Int64?) -> ExplanationStep {
        var shares = ""
        for share in contributions {
            if !shares.isEmpty { shares += "; " }
            shares += share.criterion
            shares += " \(share.found ?? "missing") gives \(share.points) points at weight \(share.weight)"
        }
        return ExplanationStep(
            rule: rule, programVersion: programVersion, text: shares.isEmpty ? "No criteria." : shares + ".",
            arithmetic: arithmetic)
    }
}

/// What a criterion looks at.
enum ScoredValue: CustomStringConvertible {
    case number(Int64)
    case text(String)
    /// A text of which whole words are compared.
    case words(FoldedWords)

    var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .text(let text): ScoredValue.quoted(text)
        case .words(let words): ScoredValue.quoted(words.text)
        }
    }

    private static func quoted(_ text: String) -> String {
        text.utf8.count <= 80 ? "`\(text)`" : "`\(text.prefix(80))`"
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
        case .contactTitle: contact.title.map { .words(FoldedWords($0)) }
        }
    }
}

extension PointRow {
    /// The points of the first row that takes the value; `nil` where none does.
    static func points(for value: ScoredValue, in rows: [PointRow]) -> Int64? {
        let rows = rows.span
        switch value {
        case .number(let number):
            for index in rows.indices where rows[index].takes(number) { return rows[index].points }
        case .text(let text):
            let folded = text.lowercased()
            for index in rows.indices where rows[index].takes(folded: folded) { return rows[index].points }
        case .words(let words):
            for index in rows.indices where rows[index].takes(words) { return rows[index].points }
        }
        return nil
    }

    private func takes(_ number: Int64) -> Bool {
        (from.map { number >= $0 } ?? true) && (upTo.map { number < $0 } ?? true) && values.isEmpty
    }

    private func takes(folded text: String) -> Bool { takesAnyText || folded.contains(text) }

    private func takes(_ text: FoldedWords) -> Bool {
        if takesAnyText { return true }
        let words = words.span
        for index in words.indices where text.contains(words[index]) { return true }
        return false
    }
}

/// Looking for words without regard to letter case. Nearly every text is ASCII, which is compared by its bytes.
private enum CaseFolding {
    fileprivate static func contains<Element: Equatable>(
        _ part: [Element], in whole: [Element], isStart: (Element) -> Bool
    ) -> Bool {
        guard part.count <= whole.count else { return false }
        return (0...(whole.count - part.count)).contains { start in
            isStart(whole[start]) && whole[start..<(start + part.count)].elementsEqual(part)
        }
    }

    fileprivate static func words(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    fileprivate static let separator = UInt8(ascii: " ")

    /// The words in lower case, each between two separators; `nil` for a text that is not all ASCII.
    fileprivate static func asciiWords(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = [separator]
        bytes.reserveCapacity(text.utf8.count + 2)
        for byte in text.utf8 {
            guard byte < 0x80 else { return nil }
            let lowered = folded(byte)
            if isWord(lowered) {
                bytes.append(lowered)
            } else if bytes.last != separator {
                bytes.append(separator)
            }
        }
        if bytes.last != separator { bytes.append(separator) }
        return bytes
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

/// A text folded once, to look for words in it or for it in others.
package struct FoldedWords: Sendable, Hashable {
    package let text: String
    /// `nil` where the text is not all ASCII.
    private let bytes: [UInt8]?

    package init(_ text: String) {
        self.text = text
        bytes = CaseFolding.asciiWords(text)
    }

    /// Whether the text holds a word, or several words in a row, between its ends and characters that are neither letter nor
    /// digit.
    func contains(_ word: FoldedWords) -> Bool {
        if let bytes, let part = word.bytes {
            return part.count > 1 && CaseFolding.contains(part, in: bytes, isStart: { $0 == CaseFolding.separator })
        }
        let words = CaseFolding.words(word.text)
        return !words.isEmpty && CaseFolding.contains(words, in: CaseFolding.words(text), isStart: { _ in true })
    }
}
