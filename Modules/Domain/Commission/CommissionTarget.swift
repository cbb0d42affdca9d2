/// What a plan line owes for a cause after a reversal: the original in proportion to the revenue that remains.
package enum ReversalRule {
    package struct Due: Sendable, Hashable {
        package var minor: Int64
        package var step: ExplanationStep?
    }

    /// original x (base - reversed) / base, rounded once. Caps, minimums, rate and exchange rate are not applied anew.
    ///
    /// - Parameters:
    ///   - original: the line's amount before any reversal; not negative.
    ///   - base, reversedTotal: of the whole deal, in its currency. Never more is reversed than there is.
    package static func due(
        original: Int64, base: Int64, reversedTotal: Int64, rounding: RoundingMode, programVersion: Int64
    ) -> Due {
        let reversed = min(max(reversedTotal, 0), base)
        guard base > 0, reversed > 0 else { return Due(minor: original, step: nil) }
        let due = Int64(rounding.divide(Int128(original) * (Int128(base) - Int128(reversed)), by: Int128(base)))
        let step = ExplanationStep(
            rule: "reversal", programVersion: programVersion,
            text:
                "Of the deal's \(base) minor units \(reversed) were taken back: the commission shrinks in proportion.",
            arithmetic: rounding.text("\(original) x (\(base) - \(reversed)) / \(base)", due))
        return Due(minor: due, step: step)
    }
}

/// An earning that a negative difference may be taken from.
package struct OpenEarning: Sendable, Hashable {
    package var id: CommissionID
    package var open: Int64
    /// Accrued or eligible: in no payout.
    package var isUnallocated: Bool
    /// All of it was taken back before any payout: nothing can be clawed back from it.
    package var isReversed: Bool

    package init(id: CommissionID, open: Int64, isUnallocated: Bool, isReversed: Bool = false) {
        self.id = id
        self.open = open
        self.isUnallocated = isUnallocated
        self.isReversed = isReversed
    }

    package init(_ earning: Commission) {
        self.init(
            id: earning.id, open: earning.open,
            isUnallocated: [.accrued, .eligible, .recorded].contains(earning.state),
            isReversed: earning.state == .reversed)
    }
}

/// What is posted so that what was posted before becomes what is due.
package enum CommissionDifference: Sendable, Hashable {
    case earn(Int64)
    /// Nets at once: the earning is in no payout yet.
    case net(CommissionID, Int64)
    /// The earning was in a payout already.
    case clawBack(CommissionID?, Int64)

    /// The differences in order: what can be netted is taken from the newest earning first, the rest is clawed back.
    ///
    /// - Parameter earnings: of the line and cause, oldest first.
    package static func between(posted: Int64, due: Int64, earnings: [OpenEarning]) -> [CommissionDifference] {
        if due > posted { return [.earn(due - posted)] }
        var left = posted - due
        var differences: [CommissionDifference] = []
        for earning in earnings.reversed() where left > 0 && earning.isUnallocated && earning.open > 0 {
            let taken = min(left, earning.open)
            differences.append(.net(earning.id, taken))
            left -= taken
        }
        if left > 0 {
            differences.append(.clawBack(earnings.last { !$0.isUnallocated && !$0.isReversed }?.id, left))
        }
        return differences
    }

    /// The difference as a step that can be evaluated again.
    package static func step(posted: Int64, due: Int64, currency: Currency, programVersion: Int64) -> ExplanationStep {
        ExplanationStep(
            rule: "posted_difference", programVersion: programVersion,
            text: "Due is \(Money(minor: due, currency: currency)), posted before was "
                + "\(Money(minor: posted, currency: currency)): the difference is posted.",
            arithmetic: "\(due) - \(posted) = \(due - posted)")
    }
}
