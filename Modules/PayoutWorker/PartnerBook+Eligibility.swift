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

    /// Money that a payout did not bring to the partner is payable again, or held where it is blocked by now.
    func free(_ commission: inout Commission, _ change: String, _ steps: [ExplanationStep]) throws {
        try commission.move(to: .eligible)
        commission.payout = nil
        try record(commission, change, steps)
        try index(commission)
    }

    func freeClawback(_ clawback: inout Commission, _ steps: [ExplanationStep]) throws {
        try clawback.move(to: .outstanding)
        clawback.payout = nil
        try record(clawback, "freed", steps)
        try indexClawback(clawback)
    }

    /// One message to the partner about an entry.
    func tellCommission(_ commission: Commission, _ template: NotificationTemplate, cause: String = "") throws {
        guard let partner = try register.partner(id) else { return }
        turn.tell(
            partner, template, about: commission.id.text, cause: cause,
            parameters: [
                "commission": commission.id.text, "amount": commission.amount.description,
                "account": commission.account.name ?? commission.account.key.text, "line": commission.line,
                "hold_until": commission.holdUntil.date.description,
                "deal": commission.opportunity?.text ?? commission.referral?.text ?? "",
            ])
    }
}
