import Contracts
import Domain
import Register
import TaskRuntime

/// From accrued to payable: hold over, no block.
extension PartnerBook {
    /// The hold ended, or the last block did.
    func makeEligible(_ commission: Commission) throws {
        var commission = commission
        guard commission.state == .accrued, commission.open > 0, now >= commission.holdUntil else { return }
        guard commission.blocks.isEmpty, row?.blocks.isEmpty ?? true else { return try index(commission) }
        if try isHeld(commission) { try unindex(commission) }
        try commission.becomeEligible(at: now)
        let step = commission.eligibleStep
        try record(commission, "eligible", [step])
        try index(commission)
        try post(
            .eligible, Money(minor: commission.open, currency: commission.amount.currency), commission: commission.id,
            steps: [step])
        try tellCommission(commission, .commissionEligible)
    }

    /// A correction moved the close, or the time until which an appeal is possible: what is not payable yet waits for the
    /// new end of its hold. What is payable already stays so.
    func moveHolds(of cause: CauseRow, since before: CommissionTrigger) throws {
        let credit = cause.credit
        guard before.closedAt != credit.closedAt || before.eligibleFrom != credit.eligibleFrom else { return }
        for line in cause.lines {
            let key = StateKey(id.text, credit.cause.text, line)
            guard let target = try state.get(PayoutTable.target, key, as: TargetRow.self) else { continue }
            for earning in target.earnings where earning != target.waiting { try moveHold(of: known(earning), credit) }
        }
    }

    private func moveHold(of earning: Commission, _ credit: CommissionTrigger) throws {
        let end = try holdEnd(credit)
        guard earning.state == .accrued, earning.holdUntil != end else { return }
        var earning = earning
        if try isHeld(earning) { try unindex(earning) }
        try turn.cancelTimer(named: PayoutTimer.release.name(of: earning.id.text), due: earning.holdUntil)
        earning.closedAt = credit.closedAt
        earning.holdUntil = end
        try record(earning, "hold_moved", [holdStep(credit)])
        try wait(forHoldOf: earning)
    }

    /// Money that a payout did not bring to the partner is payable again, or held where it is blocked by now.
    func free(_ commission: inout Commission, _ change: String, _ steps: [ExplanationStep]) throws {
        try commission.move(to: .eligible)
        commission.payout = nil
        try record(commission, change, steps)
        try index(commission)
    }

    /// One message to the partner about an entry.
    ///
    /// - Parameter detail: what decided the amount, in plain words.
    func tellCommission(_ commission: Commission, _ template: NotificationTemplate, detail: String? = nil) throws {
        guard let partner = try register.partner(id) else { return }
        var parameters = Self.parameters(of: commission)
        parameters["reason"] = commission.entry == .earning ? nil : reason ?? "a correction of the deal"
        parameters["detail"] = detail
        turn.tell(partner, template, about: commission.id.text, parameters: parameters)
    }

    /// What messages say about an entry; amounts taken back are told without their sign.
    static func parameters(of commission: Commission) -> NotificationParameters {
        var amount = commission.amount
        if amount.isNegative { amount = amount.negated }
        var parameters: NotificationParameters = [
            "commission": commission.id.text, "amount": amount.description,
            "account": commission.account.name ?? commission.account.key.text,
            "product_line": commission.productLine, "plan_line": commission.line,
        ]
        parameters["opportunity"] = commission.opportunity?.text
        parameters["referral"] = commission.referral?.text
        if commission.entry == .earning { parameters["eligible_at"] = commission.holdUntil.date.description }
        return parameters
    }
}
