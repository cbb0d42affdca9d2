/// What a partner earned, lost and got in one period and currency. Issued once, never changed.
package struct Statement: Sendable, Hashable {
    package var id: StatementID
    package var partner: PartnerID
    package var currency: Currency
    package var movement: StatementMovement
    /// The balances that the closing amount is made of.
    package var pending: Int64
    package var payable: Int64
    package var inTransit: Int64
    /// Clawbacks that are carried forward.
    package var clawbackReceivable: Int64
    package var issuedAt: Timestamp
    /// SHA-256 (hex) of `canonicalText`.
    package var sha256: String

    /// The statement of a finished period; not yet hashed.
    package init(id: StatementID, of balance: LedgerBalance, issuedAt: Timestamp) {
        self.init(
            id: id, partner: balance.partner, currency: balance.currency, movement: balance.movement,
            pending: balance[.pending], payable: balance[.payable], inTransit: balance[.inTransit],
            clawbackReceivable: balance[.clawbackReceivable], issuedAt: issuedAt, sha256: "")
    }

    package init(
        id: StatementID, partner: PartnerID, currency: Currency, movement: StatementMovement, pending: Int64,
        payable: Int64, inTransit: Int64, clawbackReceivable: Int64, issuedAt: Timestamp, sha256: String
    ) {
        self.id = id
        self.partner = partner
        self.currency = currency
        self.movement = movement
        self.pending = pending
        self.payable = payable
        self.inTransit = inTransit
        self.clawbackReceivable = clawbackReceivable
        self.issuedAt = issuedAt
        self.sha256 = sha256
    }

    /// pending + payable + in_transit - clawback_receivable
    package var balance: Int64 {
        Int64(clamping: Int128(pending) + Int128(payable) + Int128(inTransit) - Int128(clawbackReceivable))
    }

    /// opening + accrued - reversed - paid + repaid + written_off = pending + payable + in_transit - clawback_receivable
    package var holds: Bool { movement.closing == balance }

    /// What is hashed: every number of the statement in a fixed order.
    package var canonicalText: String {
        let numbers = [
            movement.opening, movement.accrued, movement.reversed, movement.paid, movement.repaid,
            movement.writtenOff, movement.closing, pending, payable, inTransit, clawbackReceivable,
            movement.transactions,
        ]
        let fields = [id.text, partner.text, movement.period.description, currency.code] + numbers.map(String.init)
        return fields.joined(separator: "|")
    }

    /// The equation as steps that can be evaluated again.
    package var explanation: [ExplanationStep] {
        let sums = movement
        return [
            ExplanationStep(
                rule: "statement_movement", programVersion: nil,
                text:
                    "Opening balance plus accrued, less reversed and paid, plus repaid and written off, in \(currency) "
                    + "minor units.",
                arithmetic: "\(sums.opening) + \(sums.accrued) - \(sums.reversed) - \(sums.paid) + \(sums.repaid) + "
                    + "\(sums.writtenOff) = \(sums.closing)"),
            ExplanationStep(
                rule: "statement_balance", programVersion: nil,
                text:
                    "The closing balance is what is pending, payable and in transit, less the clawbacks carried forward.",
                arithmetic: "\(pending) + \(payable) + \(inTransit) - \(clawbackReceivable) = \(sums.closing)"),
        ]
    }
}
