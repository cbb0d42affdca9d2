/// Why an amount cannot be computed although its trigger came. A programme check finds all but the overflow before.
package enum CommissionFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case noFlatFee(line: String, Currency)
    case noMinimum(line: String, Currency)
    case noCap(line: String, Currency)
    case noStageRate(line: String, RegistrationStage)
    case badRate(String)
    case overflow(line: String)

    package var description: String {
        switch self {
        case .noFlatFee(let line, let currency): "plan line \(line) has no flat fee in \(currency)"
        case .noMinimum(let line, let currency): "plan line \(line) has minimums, but none in \(currency)"
        case .noCap(let line, let currency): "plan line \(line) has caps, but none in \(currency)"
        case .noStageRate(let line, let stage): "plan line \(line) has no rate for the stage \(stage.rawValue)"
        case .badRate(let text): "\"\(text)\" is no exchange rate"
        case .overflow(let line): "the amount of plan line \(line) is beyond what can be computed exactly"
        }
    }
}

/// What one plan line pays for one credit before anything is reversed, and how that came about.
package struct CommissionPrice: Sendable, Hashable {
    /// In the partner's currency.
    package var amount: Money
    package var base: Money
    package var rate: BasisPoints?
    package var steps: [ExplanationStep]

    package init(amount: Money, base: Money, rate: BasisPoints?, steps: [ExplanationStep]) {
        self.amount = amount
        self.base = base
        self.rate = rate
        self.steps = steps
    }
}

extension PlanLine {
    /// Whether the line pays for a credit at all.
    package func pays(_ trigger: CommissionTrigger) -> Bool {
        // A minimum is no bonus: whose tier adds nothing gets nothing.
        if case .tierRates(let rates) = price, rates[trigger.tier, default: BasisPoints(0)].value == 0 { return false }
        return self.trigger == trigger.trigger && classes.contains(trigger.creditClass) && kinds.contains(trigger.kind)
    }

    /// Whether the line's amount needs an exchange rate: flat fees are in the partner's currency already.
    package var isConverted: Bool {
        if case .flat = price { false } else { true }
    }

    /// The line's amount for a credit: base x rate x exchange rate, rounded once, then the minimum, then the cap, then less
    /// a fee already earned for the introduction.
    ///
    /// - Parameters:
    ///   - currency: the partner's.
    ///   - fx: from the deal's currency into the partner's; `nil` where they are one.
    ///   - rounding: as the terms name it.
    ///   - feeEarned: what of the fee for the introduction on the same account and product line this win deducts, in minor
    ///     units of `currency`; no more than `FeeCreditRule` leaves to it.
    package func price(
        _ credit: CommissionTrigger, currency: Currency, fx: FXRate?, rounding: RoundingMode, feeEarned: Int64 = 0
    ) throws(CommissionFailure) -> CommissionPrice {
        let base = self.base == .firstYear ? credit.firstYear : credit.total
        guard credit.share.value > 0 else {
            let step = ExplanationStep(
                rule: "credit_taken_back", programVersion: credit.programVersion,
                text: "Revision \(credit.revision) credits the partner with nothing: the target is zero.")
            return CommissionPrice(amount: .zero(currency), base: base, rate: nil, steps: [step])
        }
        var draft = PriceDraft(line: self, credit: credit, currency: currency, base: base)
        if case .flat(let fees) = price {
            try draft.applyFlat(fees, rounding: rounding)
        } else {
            let rate = try draft.chooseRate()
            try draft.multiply(rate, fx: fx, rounding: rounding)
            guard base.minor > 0 else { return draft.price(rate: rate) }
            try draft.raiseToMinimum()
            try draft.limitToCap()
            try draft.deductFee(feeEarned)
            return draft.price(rate: rate)
        }
        try draft.raiseToMinimum()
        try draft.limitToCap()
        try draft.deductFee(feeEarned)
        return draft.price(rate: nil)
    }
}

/// The price in the making.
private struct PriceDraft {
    let line: PlanLine
    let credit: CommissionTrigger
    let currency: Currency
    let base: Money
    var minor: Int64 = 0
    var steps: [ExplanationStep] = []

    init(line: PlanLine, credit: CommissionTrigger, currency: Currency, base: Money) {
        self.line = line
        self.credit = credit
        self.currency = currency
        self.base = base
    }

    func price(rate: BasisPoints?) -> CommissionPrice {
        CommissionPrice(amount: Money(minor: minor, currency: currency), base: base, rate: rate, steps: steps)
    }

    private mutating func step(_ rule: String, _ text: String, _ arithmetic: String? = nil) {
        steps.append(
            ExplanationStep(rule: rule, programVersion: credit.programVersion, text: text, arithmetic: arithmetic))
    }

    /// A flat fee is shared like the deal.
    mutating func applyFlat(_ fees: [Currency: Int64], rounding: RoundingMode) throws(CommissionFailure) {
        guard let fee = fees[currency] else { throw .noFlatFee(line: line.name, currency) }
        minor = Int64(rounding.divide(Int128(fee) * Int128(credit.share.value), by: 10_000))
        step(
            "flat_fee",
            "Plan line \(line.name) pays \(Money(minor: fee, currency: currency)) for a \(credit.trigger.words), "
                + "\(credit.share) of it to this partner.",
            rounding.text("\(fee) x \(credit.share.value) / 10000", minor))
    }

    mutating func chooseRate() throws(CommissionFailure) -> BasisPoints {
        let isClaimed = credit.registration != nil
        if !isClaimed, let rate = line.onWinWithoutRegistration {
            step(
                "rate_without_registration",
                "The partner had no registration: plan line \(line.name) pays \(rate) on such a win.")
            return rate
        }
        switch line.price {
        case .stageRates(let rates):
            let stage = isClaimed ? credit.stage ?? .unregisteredClaim : .unregisteredClaim
            guard let rate = rates[stage] else { throw .noStageRate(line: line.name, stage) }
            step(
                isClaimed ? "stage_rate" : "rate_without_registration",
                isClaimed
                    ? "The registration's locked stage \(stage.rawValue) pays \(rate) by plan line \(line.name)."
                    : "The partner had no registration: the rate of an unregistered claim, \(rate), applies.")
            return rate
        case .rate(let rate):
            step("line_rate", "Plan line \(line.name) pays \(rate).")
            return rate
        case .dutyRates(let start, let perDuty):
            // A duty is taken over once, however often it is named.
            let duties = Set(credit.duties).filter { perDuty[$0] != nil }.sorted()
            let sum = duties.reduce(start.value) { $0 + (perDuty[$1]?.value ?? 0) }
            let added = duties.map { " + \(perDuty[$0]?.value ?? 0)" }.joined()
            step(
                "duty_rate",
                "Plan line \(line.name) starts at \(start)"
                    + (duties.isEmpty ? "." : " and adds for \(duties.joined(separator: ", "))."),
                "\(start.value)\(added) = \(sum)")
            return BasisPoints(sum)
        case .tierRates(let rates):
            let rate = rates[credit.tier] ?? BasisPoints(0)
            step("tier_bonus", "Plan line \(line.name) adds \(rate) for the tier \(credit.tier.rawValue).")
            return rate
        case .flat:
            return BasisPoints(0)
        }
    }

    mutating func multiply(_ rate: BasisPoints, fx: FXRate?, rounding: RoundingMode) throws(CommissionFailure) {
        var text = "\(base.minor) x \(rate.value) / 10000"
        let exact: ExactFraction
        do {
            var value = try ExactFraction(Int128(base.minor) * Int128(rate.value), over: 10_000)!
            if let fx {
                guard FXRate.isRate(fx.rate), let factor = try ExactFraction(decimal: fx.rate) else {
                    throw CommissionFailure.badRate(fx.rate)
                }
                value = try value.multiplied(by: factor)
                text += " x \(fx.rate)"
                step(
                    "exchange_rate",
                    "1 \(fx.from) was worth \(fx.rate) \(fx.to) on \(fx.date) (\(fx.source)); the deal closed on "
                        + "\(credit.closedAt.date). Converted once.")
            }
            let shift = currency.exponent - base.currency.exponent
            for _ in 0..<abs(shift) {
                let ten = ExactFraction(10)
                value = shift > 0 ? try value.multiplied(by: ten) : try value.divided(by: ten)!
            }
            if shift != 0 {
                text += "\(shift > 0 ? " x " : " / ")1" + String(repeating: "0", count: abs(shift))
            }
            exact = value
        } catch let failure as CommissionFailure {
            throw failure
        } catch {
            throw .overflow(line: line.name)
        }
        let rounded = rounding.divide(exact.numerator, by: exact.denominator)
        guard let amount = Int64(exactly: rounded) else { throw .overflow(line: line.name) }
        minor = amount
        step(
            "amount",
            "\(line.base == .firstYear ? "First-year" : "Total") value \(base) x \(rate)"
                + (fx.map { " x \($0.rate)" } ?? "") + ", rounded once (\(rounding.rawValue)): "
                + "\(Money(minor: amount, currency: currency)).",
            rounding.text(text, amount))
    }

    mutating func raiseToMinimum() throws(CommissionFailure) {
        guard !line.minimums.isEmpty else { return }
        guard let minimum = line.minimums[currency] else { throw .noMinimum(line: line.name, currency) }
        guard minor < minimum else { return }
        step(
            "minimum", "Plan line \(line.name) pays at least \(Money(minor: minimum, currency: currency)).",
            "max(\(minor), \(minimum)) = \(minimum)")
        minor = minimum
    }

    mutating func limitToCap() throws(CommissionFailure) {
        guard !line.caps.isEmpty else { return }
        guard let cap = line.caps[currency] else { throw .noCap(line: line.name, currency) }
        guard minor > cap else { return }
        step(
            "cap", "Plan line \(line.name) pays at most \(Money(minor: cap, currency: currency)).",
            "min(\(minor), \(cap)) = \(cap)")
        minor = cap
    }

    mutating func deductFee(_ fee: Int64) throws(CommissionFailure) {
        guard line.creditsFee, line.trigger == .closedWon, fee > 0 else { return }
        let (difference, overflow) = minor.subtractingReportingOverflow(fee)
        guard !overflow else { throw .overflow(line: line.name) }
        let left = max(0, difference)
        step(
            "credit_fee",
            "Of the fee already earned for the introduction \(Money(minor: fee, currency: currency)) is deducted, once.",
            "max(\(minor) - \(fee), 0) = \(left)")
        minor = left
    }
}

extension PlanLine.Trigger {
    fileprivate var words: String {
        switch self {
        case .closedWon: "won deal"
        case .qualifiedIntroduction: "qualified introduction"
        }
    }
}

extension RoundingMode {
    /// The rounding of a number that is not negative, as arithmetic text.
    package func text(_ expression: String, _ result: Int64) -> String {
        switch self {
        case .halfEven: "round_half_even(\(expression)) = \(result)"
        case .halfUp: "floor(\(expression) + 0.5) = \(result)"
        case .down: "floor(\(expression)) = \(result)"
        }
    }
}
