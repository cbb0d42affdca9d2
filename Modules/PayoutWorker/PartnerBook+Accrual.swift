import Contracts
import Domain
import Register
import TaskRuntime

/// From a credit to posted money: every plan line's target, and the difference to what was posted.
extension PartnerBook {
    /// A revision of a credit. An older or equal one changes nothing.
    func trigger(_ credit: CommissionTrigger) throws {
        _ = try partner()
        let key = StateKey(id.text, credit.cause.text)
        var cause = try state.get(PayoutTable.cause, key, as: CauseRow.self) ?? CauseRow(credit: credit)
        guard cause.lines.isEmpty && cause.credit == credit || cause.credit.revision < credit.revision else { return }
        let before = cause.credit
        cause.credit = credit
        try open()
        for line in try terms(of: credit)?.lines ?? [] where line.pays(credit) {
            let name = Self.targetName(line.name, isDiscount: line.isDiscount(for: credit))
            if !cause.lines.contains(name) { cause.lines.append(name) }
        }
        try state.put(PayoutTable.cause, key, cause)
        try refusing {
            try settle(cause)
            try leaveFees(of: before, for: credit)
        }
        try moveHolds(of: cause, since: before)
    }

    /// Won revenue was taken back. What was said before a later word changes nothing.
    func reverse(_ event: CommissionReversed) throws {
        let key = StateKey(id.text, CommissionCause.won(event.opportunity).text)
        guard var cause = try state.get(PayoutTable.cause, key, as: CauseRow.self) else {
            throw DeadLetter(.refused, "\(id) has no credit for \(event.opportunity)")
        }
        guard event.base.currency == event.reversedTotal.currency, event.base.minor >= 0,
            (0...event.base.minor).contains(event.reversedTotal.minor)
        else {
            throw DeadLetter(.refused, "of \(event.base) there cannot be \(event.reversedTotal) reversed")
        }
        guard !cause.isAhead(of: event) else { return }
        reason = event.reason
        cause.dealBase = event.base.minor
        cause.reversedTotal = event.reversedTotal.minor
        cause.reversalRevision = event.revision ?? cause.reversalRevision
        try state.put(PayoutTable.cause, key, cause)
        try refusing { try settle(cause) }
    }

    /// What the terms lack is for people to mend, not a fault of the worker.
    private func refusing(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as CommissionFailure {
            var reason = "\(failure)"
            switch failure {
            case .noFlatFee, .noMinimum, .noCap:
                reason += ": give \(id) a currency that its terms have, then put the record back"
            default: break
            }
            throw DeadLetter(.refused, reason)
        }
    }

    /// Brings every line of the cause to its target, and other wins to theirs where an introduction's fee is deducted
    /// from another one now. A line that cannot be computed leaves the others theirs; its failure is thrown last.
    func settle(_ cause: CauseRow) throws {
        let terms = try terms(of: cause.credit)
        let isWin = cause.credit.trigger == .closedWon
        let before = try isWin ? fees(of: cause.credit) : nil
        var failure: CommissionFailure?
        for name in cause.lines {
            let line = terms?.lines.first {
                $0.pays(cause.credit)
                    && name == Self.targetName($0.name, isDiscount: $0.isDiscount(for: cause.credit))
            }
            do {
                try settle(cause, name, line, rounding: terms?.rounding ?? .halfEven)
            } catch let found as CommissionFailure {
                failure = failure ?? found
            }
        }
        if isWin { try settleWins(otherThan: cause.credit, since: before) } else { try countFee(cause) }
        if let failure { throw failure }
    }

    private static let discountSuffix = ":discount"

    private static func targetName(_ line: String, isDiscount: Bool) -> String {
        isDiscount ? line + discountSuffix : line
    }

    private func terms(of credit: CommissionTrigger) throws -> TermsVersion? {
        guard let reference = credit.terms else { return nil }
        guard let terms = try register.terms(reference.id, version: reference.version) else {
            throw DeadLetter(.refused, "no terms \(reference.id)/\(reference.version)")
        }
        return terms
    }

    // MARK: One line

    private func settle(_ cause: CauseRow, _ name: String, _ line: PlanLine?, rounding: RoundingMode) throws {
        let credit = cause.credit
        let key = StateKey(id.text, credit.cause.text, name)
        var target =
            try state.get(PayoutTable.target, key, as: TargetRow.self) ?? TargetRow(currency: try partner().currency)
        let isDiscount = name.hasSuffix(Self.discountSuffix)
        let context = LineContext(
            cause: cause, name: isDiscount ? String(name.dropLast(Self.discountSuffix.count)) : name,
            isDiscount: isDiscount)
        func postNothing(_ base: Money, _ rule: String, _ text: String) throws {
            _ = try fee(deductedBy: nil, name, .zero(target.currency), cause)
            let step = ExplanationStep(rule: rule, programVersion: credit.programVersion, text: text)
            try post(
                due: 0, CommissionPrice(amount: .zero(target.currency), base: base, rate: nil, steps: [step]), &target,
                context)
            try state.put(PayoutTable.target, key, target)
        }
        guard let line else {
            return try postNothing(
                credit.firstYear, "line_not_applicable",
                "Revision \(credit.revision) is not paid by plan line \(context.name): its target is zero.")
        }
        let base = line.base == .firstYear ? credit.firstYear : credit.total
        if line.isConverted, base.currency != target.currency, credit.share.value > 0 {
            if target.fx?.from != base.currency { target.fx = try rate(for: base, into: target.currency, credit) }
            if target.fx == nil {
                if cause.isVoid {
                    return try postNothing(
                        base, "reversal", "All of the deal's revenue was taken back: nothing is due.")
                }
                // What it would deduct of a fee is not known.
                _ = try fee(deductedBy: nil, name, .zero(target.currency), cause)
                try wait(base, &target, context)
                return try state.put(PayoutTable.target, key, target)
            }
        }
        let fx = base.currency == target.currency || !line.isConverted ? nil : target.fx
        var priced = try line.price(credit, currency: target.currency, fx: fx, rounding: rounding)
        let deducted = try fee(deductedBy: line, name, priced.amount, cause)
        if deducted > 0 {
            priced = try line.price(credit, currency: target.currency, fx: fx, rounding: rounding, feeEarned: deducted)
        }
        let due = ReversalRule.due(
            original: priced.amount.minor, base: cause.dealBase, reversedTotal: cause.reversedTotal, rounding: rounding,
            programVersion: credit.programVersion)
        if let step = due.step { priced.steps.append(step) }
        try post(due: due.minor, priced, &target, context)
        try state.put(PayoutTable.target, key, target)
    }

    /// What the entries of one line share.
    struct LineContext {
        var cause: CauseRow
        var name: String
        /// Taken on the invoice: recorded, nothing is posted.
        var isDiscount: Bool

        var credit: CommissionTrigger { cause.credit }
    }

    /// Posts what is missing to the target, or too much.
    private func post(
        due: Int64, _ price: CommissionPrice, _ target: inout TargetRow, _ context: LineContext
    ) throws {
        if due <= target.posted { try stopWaiting(&target, price.steps, context) }
        guard due != target.posted else { return }
        let earnings = try target.earnings.map { OpenEarning(try known($0)) }
        let steps =
            price.steps + [
                CommissionDifference.step(
                    posted: target.posted, due: due, currency: target.currency,
                    programVersion: context.credit.programVersion)
            ]
        for difference in CommissionDifference.between(posted: target.posted, due: due, earnings: earnings) {
            switch difference {
            case .earn(let amount): try earn(amount, price, steps, &target, context)
            case .net(let earning, let amount): try net(amount, from: earning, price, steps, &target, context)
            case .clawBack(let earning, let amount):
                try clawBack(amount, from: earning, price, steps, &target, context)
            }
        }
        target.posted = due
    }

    private func entry(
        _ kind: Commission.Entry, _ state: Commission.State, _ amount: Int64, _ price: CommissionPrice,
        _ target: inout TargetRow, _ context: LineContext
    ) throws -> Commission {
        target.entries += 1
        let credit = context.credit
        let entryID = turn.deriveID(
            CommissionID.self, prefix: kind == .clawback ? "clw_" : "com_", routingKey: id.text,
            parts: id.text, credit.cause.text, context.name + (context.isDiscount ? Self.discountSuffix : ""),
            String(credit.revision), String(target.entries))
        return Commission(
            id: entryID, entry: kind, state: state, amount: Money(minor: amount, currency: target.currency),
            trigger: credit, line: context.name, base: price.base, rate: price.rate,
            fx: price.base.currency == target.currency ? nil : target.fx, accruedAt: now,
            holdUntil: try holdEnd(credit), adjusts: target.earnings.last)
    }

    /// The hold of days from the close, or until money from a decision is safe from an appeal.
    func holdEnd(_ credit: CommissionTrigger) throws -> Timestamp {
        let end = credit.closedAt + .days(Int(try holdDays(credit)))
        return max(end, credit.eligibleFrom ?? end)
    }

    private func holdDays(_ credit: CommissionTrigger) throws -> Int64 {
        try register.program(version: credit.programVersion)?.commission.holdDays ?? program().commission.holdDays
    }

    func holdStep(_ credit: CommissionTrigger) throws -> ExplanationStep {
        let days = try holdDays(credit)
        let end = try holdEnd(credit)
        let hold = "\(credit.closedAt.date) + \(days)"
        return ExplanationStep(
            rule: "hold", programVersion: credit.programVersion,
            text: credit.eligibleFrom == nil
                ? "Held for \(days) days from the close: payable from \(end) on."
                : "Held for \(days) days from the close, and until an appeal is no longer possible: payable from \(end) on.",
            arithmetic: credit.eligibleFrom.map { "max(\(hold), \($0.date)) = \(end.date)" }
                ?? "\(hold) = \(end.date)")
    }

    // MARK: The three differences

    private func earn(
        _ amount: Int64, _ price: CommissionPrice, _ steps: [ExplanationStep], _ target: inout TargetRow,
        _ context: LineContext
    ) throws {
        let waiting = target.waiting
        var earning = try entry(
            .earning, context.isDiscount ? .recorded : .accrued, amount, price, &target, context)
        if let waiting {
            // The entry that waited for its exchange rate gets its amount.
            target.entries -= 1
            let accruedAt = try known(waiting).accruedAt
            earning.id = waiting
            earning.accruedAt = accruedAt
            earning.adjusts = target.earnings.last { $0 != waiting }
            target.waiting = nil
        } else {
            target.earnings.append(earning.id)
        }
        guard !context.isDiscount else {
            if waiting != nil { try endRateBlock(of: earning.id) }
            return try record(earning, "recorded", steps + [Self.discountStep(context.credit)])
        }
        if waiting != nil { try endRateBlock(of: earning.id) }
        earning.blocks = try openKinds(for: earning)
        try record(earning, "accrued", steps + [holdStep(context.credit)])
        try post(.accrued, earning.amount, commission: earning.id, steps: steps.suffix(1))
        try tellCommission(earning, .commissionAccrued, detail: price.steps.last?.text)
        try checkForFraud(&earning, context.cause)
        try wait(forHoldOf: earning)
    }

    private static func discountStep(_ credit: CommissionTrigger) -> ExplanationStep {
        ExplanationStep(
            rule: "settlement_discount", programVersion: credit.programVersion,
            text: "The partner takes it as a discount on the invoice: recorded, nothing is posted or paid.")
    }

    /// Eligible at once where the hold is over already, by a timer where it is not.
    func wait(forHoldOf earning: Commission) throws {
        guard now < earning.holdUntil else { return try makeEligible(earning) }
        try turn.schedule(
            TaskTimer(
                name: PayoutTimer.release.name(of: earning.id.text), due: earning.holdUntil, payload: id.text))
    }

    private func net(
        _ amount: Int64, from earningID: CommissionID, _ price: CommissionPrice, _ steps: [ExplanationStep],
        _ target: inout TargetRow, _ context: LineContext
    ) throws {
        var reversal = try entry(.reversal, .netted, -amount, price, &target, context)
        var earning = try known(earningID)
        reversal.reverses = earningID
        let open = earning.open
        let step = ExplanationStep(
            rule: "reversal_netted", programVersion: context.credit.programVersion,
            text: "\(earningID) is in no payout yet: it shrinks at once.",
            arithmetic: "\(open) - \(amount) = \(open - amount)")
        try record(reversal, "reversed", steps + [step])
        let rule: PostingRule = earning.state == .eligible ? .reversedPayable : .reversedPending
        earning.reversed += amount
        if earning.open == 0 && earning.state != .recorded {
            try unindex(earning)
            try turn.cancelTimer(named: PayoutTimer.release.name(of: earning.id.text), due: earning.holdUntil)
            try earning.move(to: .reversed)
        }
        try record(earning, "reversed", [step])
        guard !context.isDiscount else { return }
        try post(
            rule, Money(minor: amount, currency: target.currency), commission: reversal.id, steps: [step])
        try tellCommission(reversal, .commissionReversed)
    }

    private func clawBack(
        _ amount: Int64, from earning: CommissionID?, _ price: CommissionPrice, _ steps: [ExplanationStep],
        _ target: inout TargetRow, _ context: LineContext
    ) throws {
        var clawback = try entry(.clawback, .outstanding, -amount, price, &target, context)
        clawback.reverses = earning
        let step = ExplanationStep(
            rule: "clawback", programVersion: context.credit.programVersion,
            text:
                "\(earning.map { "\($0) was" } ?? "The earnings were") in a payout already: the amount is carried forward "
                + "and kept from the next payout.")
        try record(clawback, "clawed_back", steps + [step])
        try indexClawback(clawback)
        try post(
            .clawedBack, Money(minor: amount, currency: target.currency), commission: clawback.id,
            steps: steps.suffix(1))
        try tellCommission(clawback, .clawbackRaised)
    }

    // MARK: Introduction fees

    private func feeKey(_ credit: CommissionTrigger) -> StateKey {
        StateKey(id.text, credit.account.key.text, credit.productLine)
    }

    private func fees(of credit: CommissionTrigger) throws -> FeeRow? {
        try state.get(PayoutTable.fee, feeKey(credit), as: FeeRow.self)
    }

    /// What a win's line deducts of an introduction's fee. Its price is remembered, because the fee, and what other wins
    /// deduct of it, may still change. A void win has none: what it deducted is left to the others.
    ///
    /// - Parameters:
    ///   - line: `nil` where no plan line pays the target any more.
    ///   - price: what the line would pay without a fee.
    private func fee(
        deductedBy line: PlanLine?, _ target: String, _ price: Money, _ cause: CauseRow
    ) throws -> Int64 {
        let credit = cause.credit
        guard credit.trigger == .closedWon else { return 0 }
        let stored = try fees(of: credit)
        let win = credit.cause.text
        let deducts = !cause.isVoid && line?.creditsFee ?? false
        guard deducts || stored?.wins.contains(win) ?? false else { return 0 }
        var row = stored ?? FeeRow(currency: price.currency)
        try dropVoidWins(of: &row, at: feeKey(credit))
        if !cause.isVoid {
            row.count(
                FeeCredit(
                    cause: win, line: target, closedAt: credit.closedAt,
                    price: deducts ? price : .zero(price.currency)))
        }
        if row != stored { try state.put(PayoutTable.fee, feeKey(credit), row) }
        return row.deduction(of: win, line: target)
    }

    /// In rows of earlier versions a void win may have its price still, or all of the fee without any: it leaves the fee to
    /// the others. So does one without a price of which no plan line deducts, or that is another account's or product line's.
    private func dropVoidWins(of row: inout FeeRow, at key: StateKey) throws {
        let unpriced = row.unpriced
        for win in row.wins {
            let cause = try state.get(PayoutTable.cause, StateKey(id.text, win), as: CauseRow.self)
            if let cause, !cause.isVoid,
                try !unpriced.contains(win) || feeKey(cause.credit) == key && deductsFee(cause)
            {
                continue
            }
            row.leave(win)
        }
    }

    private func deductsFee(_ cause: CauseRow) throws -> Bool {
        guard let terms = try terms(of: cause.credit) else { return false }
        return terms.lines.contains { $0.creditsFee && $0.pays(cause.credit) }
    }

    /// The fee of an introduction changed: wins that deduct it are brought to their new targets.
    private func countFee(_ cause: CauseRow) throws {
        var earned: Int64 = 0
        var currency: Currency?
        for line in cause.lines {
            let key = StateKey(id.text, cause.credit.cause.text, line)
            guard let target = try state.get(PayoutTable.target, key, as: TargetRow.self) else { continue }
            earned = earned.saturatingAdding(target.posted)
            currency = target.currency
        }
        guard let currency else { return }
        var row = try fees(of: cause.credit) ?? FeeRow(currency: currency)
        guard row.fees[cause.credit.cause.text] ?? 0 != earned else { return }
        row.currency = currency
        row.fees[cause.credit.cause.text] = earned
        try state.put(PayoutTable.fee, feeKey(cause.credit), row)
        for win in row.wins { try settleWin(win) }
    }

    /// Wins that deduct more or less of the fee than before are brought to their new targets.
    private func settleWins(otherThan credit: CommissionTrigger, since before: FeeRow?) throws {
        guard let after = try fees(of: credit), after != before else { return }
        let deducted = before?.deductions() ?? [:]
        let deducts = after.deductions()
        for win in after.wins where win != credit.cause.text && deducted[win] ?? 0 != deducts[win] ?? 0 {
            try settleWin(win)
        }
    }

    /// One that cannot be computed holds up nothing else.
    private func settleWin(_ win: String) throws {
        guard let cause = try state.get(PayoutTable.cause, StateKey(id.text, win), as: CauseRow.self) else { return }
        let saved = reason
        defer { reason = saved }
        reason = "the fee for the introduction is deducted from this deal"
        do { try settle(cause) } catch let failure as CommissionFailure { try noteFailure(failure, cause) }
    }

    /// The deal went to another account or product line: what it deducted there is left to the wins that remain.
    private func leaveFees(of before: CommissionTrigger, for credit: CommissionTrigger) throws {
        guard feeKey(before) != feeKey(credit), let stored = try fees(of: before) else { return }
        var row = stored
        row.leave(before.cause.text)
        try dropVoidWins(of: &row, at: feeKey(before))
        guard row != stored else { return }
        try state.put(PayoutTable.fee, feeKey(before), row)
        try settleWins(otherThan: before, since: stored)
    }
}

extension PlanLine {
    /// Whether the partner takes the amount on the invoice: by the plan, or by the deal.
    fileprivate func isDiscount(for credit: CommissionTrigger) -> Bool {
        settlement == .discount || credit.settlement == .discount
    }
}
