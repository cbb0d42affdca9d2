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
    /// run, and so does what the lines of this one cannot recover of the clawbacks.
    package static let maximumLines = 4_000

    /// Whether anything is paid is asked of all that is payable. Of what fits into one payout clawbacks are kept first, all
    /// but the minimum, or what is due: so every run that pays anything brings the rest nearer, however many lines there are.
    ///
    /// - Parameters:
    ///   - eligible: unblocked lines until the cut-off, all of them, oldest first, with what is left of each.
    ///   - clawbacks: outstanding ones, oldest first, with what is left of each.
    ///   - minimum: in minor units; `nil` where the programme has none in this currency.
    ///   - ignoresMinimum: the partner's last payout.
    package static func plan(
        eligible: [Payout.Line], clawbacks: [Payout.Line], currency: Currency, minimum: Int64?, ignoresMinimum: Bool,
        programVersion: Int64
    ) throws(MoneyError) -> Result {
        let payable = eligible.filter { $0.amount > 0 }
        let owed = clawbacks.filter { $0.amount > 0 }
        let due = try sum(payable, currency) - sum(owed, currency)
        guard due > 0 else { return .rollsOver(.netNotPositive, due) }
        guard let asked = ignoresMinimum ? 0 : minimum else { return .rollsOver(.noMinimum, due) }
        guard due >= asked else { return .rollsOver(.belowMinimum, due) }
        let lines = Array(payable.prefix(maximumLines))
        let gross = try sum(lines, currency)
        let kept = part(gross - min(gross, due, max(minimum ?? 0, 1)), of: Array(owed.prefix(maximumLines)))
        let clawedBack = try sum(kept, currency)
        let net = gross - clawedBack
        var text = "\(lines.count) commissions, \(kept.count) clawbacks kept, oldest first"
        if net < due {
            text += "; \(Money(minor: due - net, currency: currency)) of what is due waits for the next run"
        }
        let step = ExplanationStep(
            rule: "payout_net", programVersion: programVersion,
            text: ignoresMinimum
                ? "\(text). The partner has left: its last payout ignores the minimum."
                : "\(text). The minimum of \(Money(minor: asked, currency: currency)) is reached.",
            arithmetic: "\(gross) - \(clawedBack) = \(net)")
        return .payout(Plan(lines: lines, clawbacks: kept, gross: gross, net: net, steps: [step]))
    }

    private static func sum(_ lines: [Payout.Line], _ currency: Currency) throws(MoneyError) -> Int64 {
        var total = Money.zero(currency)
        for line in lines { total = try total.adding(Money(minor: line.amount, currency: currency)) }
        return total.minor
    }

    /// Clawbacks up to an amount, from the first one on: of the last one only what is missing to it.
    private static func part(_ amount: Int64, of clawbacks: [Payout.Line]) -> [Payout.Line] {
        zip(clawbacks, taken(amount, from: clawbacks)).filter { $1 > 0 }
            .map { Payout.Line(commission: $0.commission, amount: $1) }
    }

    /// What the bank's return leaves of each line: the clawbacks that the payout kept stay kept, out of the oldest lines.
    package static func keptPerLine(_ payout: Payout) -> [Int64] { taken(payout.netted, from: payout.lines) }

    /// How much of each line makes an amount, from the first one on.
    private static func taken(_ amount: Int64, from lines: [Payout.Line]) -> [Int64] {
        var left = amount
        return lines.map { line in
            let part = min(left, line.amount)
            left -= part
            return part
        }
    }
}
