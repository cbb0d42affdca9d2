import Contracts
import Domain
import Hashing
import Register
import TaskRuntime

/// The partner's ledger and the statements that close its months.
extension PartnerBook {
    /// Posts by a rule, and sees to it that the month will be stated.
    ///
    /// - Parameter netted: of `submitted` and `failed`: clawbacks kept, in minor units.
    func post(
        _ rule: PostingRule, _ amount: Money, netted: Int64 = 0, commission: CommissionID? = nil,
        payout: PayoutID? = nil, steps: [ExplanationStep] = []
    ) throws {
        let transaction = try LedgerTransaction.of(rule, amount: amount, netted: netted)
        var balance = try balance(amount.currency)
        do throws(LedgerTransaction.Problem) {
            try balance.post(transaction)
        } catch {
            throw DeadLetter(.refused, "\(rule.rawValue) of \(amount) cannot be posted for \(id): \(error)")
        }
        try state.put(PayoutTable.balance, StateKey(id.text, amount.currency.code), balance)
        let number = String(balance.movement.transactions)
        let period = balance.movement.period
        turn.record(
            LedgerFact(
                id: DerivedID.text(
                    prefix: "led_", routingKey: id.text,
                    parts: [id.text, amount.currency.code, period.description, number]),
                partner: id, transaction: transaction, commission: commission, payout: payout,
                balance: balance.closing, period: period, explanation: steps, occurredAt: now))
        try scheduleStatement(period)
    }

    /// The balance as of now. A month without money in it was not stated: the next one begins where money moves.
    private func balance(_ currency: Currency) throws -> LedgerBalance {
        let period = StatementPeriod(containing: now)
        let key = StateKey(id.text, currency.code)
        guard var balance = try state.get(PayoutTable.balance, key, as: LedgerBalance.self) else {
            return LedgerBalance(partner: id, currency: currency, period: period)
        }
        if balance.movement.period < period { balance.begin(period) }
        return balance
    }

    func balances() throws -> [LedgerBalance] {
        try state.rows(PayoutTable.balance, prefix: StateKey(id.text), as: LedgerBalance.self).map(\.row)
    }

    // MARK: Statements

    private func scheduleStatement(_ period: StatementPeriod) throws {
        guard row?.statementDue == nil else { return }
        try change { $0.statementDue = period.end }
        try turn.schedule(TaskTimer(name: PayoutTimer.monthEnd.name(of: id.text), due: period.end, payload: id.text))
    }

    /// The month ended: one statement for each currency with movement or a balance.
    func issueStatements() throws {
        let due = now
        try change { $0.statementDue = nil }
        let next = StatementPeriod(containing: due)
        var hasBalance = false
        for var balance in try balances() where balance.movement.period < next {
            if balance.movement.hasMovement || balance.movement.opening != 0 { try issue(balance) }
            balance.begin(next)
            if balance.closing != 0 { hasBalance = true }
            try state.put(PayoutTable.balance, StateKey(id.text, balance.currency.code), balance)
        }
        if hasBalance { try scheduleStatement(next) }
    }

    private func issue(_ balance: LedgerBalance) throws {
        let period = balance.movement.period
        let statementID = turn.deriveID(
            StatementID.self, routingKey: id.text, parts: id.text, balance.currency.code, period.description)
        var statement = Statement(id: statementID, of: balance, issuedAt: now)
        statement.sha256 = SHA256Digest(of: statement.canonicalText).hex
        turn.record(
            StatementFact(
                change: "issued", statement: statement, explanation: statement.explanation, occurredAt: now))
        guard let partner = try register.partner(id) else { return }
        turn.tell(
            partner, .statementIssued, about: statementID.text,
            parameters: [
                "statement": statementID.text, "period": period.description,
                "closing": Money(minor: statement.movement.closing, currency: balance.currency).description,
                "paid": Money(minor: statement.movement.paid, currency: balance.currency).description,
            ])
    }
}

/// Names of the worker's timers. At one due time they fire by name: a month is stated before anything of the next moves.
enum PayoutTimer: String, CaseIterable {
    case monthEnd = "month_end"
    /// The hold of a commission ends.
    case release
    /// A register entry about the partner takes effect.
    case standing

    func name(of id: String) -> String { "\(rawValue):\(id)" }

    static func parse(_ name: String) -> (kind: PayoutTimer, id: String)? {
        for kind in allCases where name.hasPrefix(kind.rawValue + ":") {
            return (kind, String(name.dropFirst(kind.rawValue.count + 1)))
        }
        return nil
    }
}
