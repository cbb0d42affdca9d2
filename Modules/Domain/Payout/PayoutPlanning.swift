/// What one run pays one partner in one currency: a pure function of its eligible lines and open clawbacks.
package enum PayoutPlanning {
    package struct Plan: Sendable, Hashable {
        package var lines: [Payout.Line]
        package var clawbacks: [Payout.Line]
        package var gross: Int64
        package var net: Int64
        package var steps: [ExplanationStep]
    }

    package enum Result: Sendable, Hashable {
        case payout(Plan)
        /// Nothing is allocated. The amount is the net that waits.
        case rollsOver(RolledOver.Reason, Int64)
    }

    /// The most lines of one payout, and the most clawbacks, so that it fits into a record. What is beyond waits for the next
    /// run; where the oldest lines do not cover the clawbacks, until those are repaid or written off.
    package static let maximumLines = 4_000

    /// - Parameters:
    ///   - eligible: unblocked lines until the cut-off, oldest first, with what is left of each.
    ///   - clawbacks: outstanding ones, oldest first.
    ///   - minimum: in minor units; `nil` where the programme has none in this currency.
    ///   - ignoresMinimum: the partner's last payout.
    package static func plan(
        eligible: [Payout.Line], clawbacks: [Payout.Line], currency: Currency, minimum: Int64?, ignoresMinimum: Bool,
        programVersion: Int64
    ) throws(MoneyError) -> Result {
        let lines = Array(eligible.filter { $0.amount > 0 }.prefix(maximumLines))
        let gross = try sum(lines, currency)
        let kept = Array(clawbacks.filter { $0.amount > 0 }.prefix(maximumLines))
        let clawedBack = try sum(kept, currency)
        let net = gross - clawedBack
        guard net > 0 else { return .rollsOver(.netNotPositive, net) }
        guard let minimum = ignoresMinimum ? 0 : minimum else { return .rollsOver(.noMinimum, net) }
        guard net >= minimum else { return .rollsOver(.belowMinimum, net) }
        let text = "\(lines.count) commissions, \(kept.count) clawbacks kept, oldest first"
        let step = ExplanationStep(
            rule: "payout_net", programVersion: programVersion,
            text: ignoresMinimum
                ? "\(text). The partner has left: its last payout ignores the minimum."
                : "\(text). The minimum of \(Money(minor: minimum, currency: currency)) is reached.",
            arithmetic: "\(gross) - \(clawedBack) = \(net)")
        return .payout(Plan(lines: lines, clawbacks: kept, gross: gross, net: net, steps: [step]))
    }

    private static func sum(_ lines: [Payout.Line], _ currency: Currency) throws(MoneyError) -> Int64 {
        var total = Money.zero(currency)
        for line in lines { total = try total.adding(Money(minor: line.amount, currency: currency)) }
        return total.minor
    }

    /// What the bank's return leaves of each line: the clawbacks that the payout kept stay kept, out of the oldest lines.
    package static func keptPerLine(_ payout: Payout) -> [Int64] {
        var left = payout.netted
        return payout.lines.map { line in
            let kept = min(left, line.amount)
            left -= kept
            return kept
        }
    }
}
