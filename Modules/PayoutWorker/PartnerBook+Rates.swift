import Contracts
import Domain
import Register
import TaskRuntime

/// Commissions in another currency than the deal's, and what happens while there is no exchange rate.
extension PartnerBook {
    private func maximumAge(_ credit: CommissionTrigger) throws -> Int64 {
        try register.program(version: credit.programVersion)?.commission.fxMaximumAgeDays
            ?? program().commission.fxMaximumAgeDays
    }

    /// The latest rate dated at or before the close that is not too old.
    func rate(for base: Money, into currency: Currency, _ credit: CommissionTrigger) throws -> FXRate? {
        try register.fxRate(
            from: base.currency, to: currency, on: credit.closedAt.date, maximumAgeDays: try maximumAge(credit))
    }

    private func waitingKey(_ base: Money, _ currency: Currency, _ credit: CommissionTrigger) -> StateKey {
        StateKey(base.currency.code, currency.code).appending(Int64(credit.closedAt.date.dayNumber))
            .appending(id.text).appending(credit.cause.text)
    }

    /// No rate: the entry exists, blocked, without an amount, until the register brings one.
    func wait(_ base: Money, _ target: inout TargetRow, _ context: LineContext) throws {
        let credit = context.credit
        let age = try maximumAge(credit)
        try state.put(
            PayoutTable.rateWaiting, waitingKey(base, target.currency, credit),
            ReferenceRow(partner: id, id: credit.cause.text, maximumAgeDays: age))
        guard target.waiting == nil else { return }
        target.entries += 1
        let entryID = turn.deriveID(
            CommissionID.self, prefix: "com_", routingKey: id.text,
            parts: id.text, credit.cause.text, context.name, String(credit.revision), String(target.entries))
        var waiting = Commission(
            id: entryID, entry: .earning, state: .accrued, amount: .zero(target.currency), trigger: credit,
            line: context.name, base: base, rate: nil, fx: nil, accruedAt: now, holdUntil: credit.closedAt,
            adjusts: target.earnings.last)
        waiting.blocks = [.missingFXRate]
        target.waiting = entryID
        target.earnings.append(entryID)
        let step = ExplanationStep(
            rule: "exchange_rate_missing", programVersion: credit.programVersion,
            text:
                "No rate \(base.currency)/\(target.currency) is dated \(credit.closedAt.date) or up to \(age) days before: "
                + "the amount is computed when the register has one.")
        try record(waiting, "waiting", [step])
        try place(
            .commission(entryID), .missingFXRate, reference: "register", evidence: [step.text], owner: nil,
            reviewOn: nil, by: .programme)
    }

    /// A cause that no longer owes anything stops waiting for its rate.
    func stopWaiting(_ target: inout TargetRow, _ steps: [ExplanationStep], _ context: LineContext) throws {
        guard let waiting = target.waiting else { return }
        target.waiting = nil
        try endRateBlock(of: waiting)
        var entry = try known(waiting)
        entry.blocks = []
        try entry.move(to: .reversed)
        try record(entry, "reversed", steps)
    }

    /// The rate is there: ends the block, of which the commission's own image is changed by the caller.
    func endRateBlock(of commission: CommissionID) throws {
        _ = try closeBlocks(.commission(commission), .missingFXRate, reference: nil, by: .programme, note: nil)
    }

    /// A rate was published: computes what waits for it. `cause` is the row's id.
    func rateArrived(cause: String, key: StateKey) throws {
        guard let row = try state.get(PayoutTable.cause, StateKey(id.text, cause), as: CauseRow.self) else { return }
        try state.delete(PayoutTable.rateWaiting, key)
        do {
            try settle(row)
        } catch let failure as CommissionFailure {
            // The rate itself is good: what the terms lack keeps this cause waiting, and nothing else.
            try state.put(
                PayoutTable.rateWaiting, key,
                ReferenceRow(partner: id, id: cause, maximumAgeDays: try maximumAge(row.credit)))
            try noteFailure(failure, row)
        }
    }

    /// Says at what waits for the cause's rate why it goes on waiting.
    func noteFailure(_ failure: CommissionFailure, _ cause: CauseRow) throws {
        let step = ExplanationStep(
            rule: "amount_not_computed", programVersion: cause.credit.programVersion, text: "\(failure).")
        for line in cause.lines {
            let key = StateKey(id.text, cause.credit.cause.text, line)
            guard let waiting = try state.get(PayoutTable.target, key, as: TargetRow.self)?.waiting else { continue }
            try record(known(waiting), "waiting", [step])
        }
    }
}
