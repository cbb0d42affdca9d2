package import Domain
package import JSON

/// A balanced transaction was posted to a partner's ledger. It never changes.
package struct LedgerFact: Fact, Hashable {
    package static let type = "io.tributary.ledger.posted.v1"

    /// `led_`, derived from the cause of the posting.
    package var id: String
    package var partner: PartnerID
    package var rule: PostingRule
    package var currency: Currency
    package var postings: [Posting]
    /// The commission, reversal or clawback that it is for; `nil` for postings of a payout or a repayment.
    package var commission: CommissionID?
    package var payout: PayoutID?
    /// The partner's balance after it: pending + payable + in_transit - clawback_receivable.
    package var balance: Int64
    /// The statement period that counts it.
    package var period: StatementPeriod
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { id }

    package init(
        id: String, partner: PartnerID, transaction: LedgerTransaction, commission: CommissionID?, payout: PayoutID?,
        balance: Int64, period: StatementPeriod, explanation: [ExplanationStep], occurredAt: Timestamp
    ) {
        self.id = id
        self.partner = partner
        rule = transaction.rule
        currency = transaction.currency
        postings = transaction.postings
        self.commission = commission
        self.payout = payout
        self.balance = balance
        self.period = period
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        id = reader.string("ledger_id")
        partner = reader.value("partner_id", as: PartnerID.self)
        rule = reader.enumeration("rule", PostingRule.self)
        currency = reader.value("currency", as: Currency.self)
        postings = reader.requiredObjects("postings", Posting.self)
        commission = reader.optionalValue("commission_id", as: CommissionID.self)
        payout = reader.optionalValue("payout_id", as: PayoutID.self)
        balance = reader.integer("balance")
        period = reader.value("period", as: StatementPeriod.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("ledger_id", id)
        writer.value("partner_id", partner)
        writer.enumeration("rule", rule)
        writer.value("currency", currency)
        writer.objects("postings", postings)
        writer.value("commission_id", commission)
        writer.value("payout_id", payout)
        writer.integer("balance", balance)
        writer.value("period", period)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// `{"account": "payable", "side": "debit", "amount": 120000}`
extension Posting: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            account: reader.enumeration("account", LedgerAccount.self),
            side: reader.enumeration("side", Posting.Side.self), amount: reader.integer("amount", in: 0...Int64.max))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("account", account)
        writer.enumeration("side", side)
        writer.integer("amount", amount)
    }
}

/// `"2026-03"`
extension StatementPeriod: JSONScalar {
    package init?(jsonText: String) { self.init(text: jsonText) }
    package var jsonText: String { description }
    package static var jsonExpectation: String { "a month such as 2026-03" }
    package static var jsonSchema: [(String, String)] { [("pattern", "^[0-9]{4}-[0-9]{2}$")] }
    package static var jsonNeutral: StatementPeriod { StatementPeriod(containing: .jsonNeutral) }
}

/// The balances of a partner in a currency, as the worker's store keeps them.
extension LedgerBalance: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let partner = reader.value("partner_id", as: PartnerID.self)
        let currency = reader.value("currency", as: Currency.self)
        var balances: [LedgerAccount: Int64] = [:]
        for (name, amount) in reader.integerMap("balances") {
            guard let account = LedgerAccount(rawValue: name) else {
                reader.fail("balances", expected: "names of ledger accounts", found: "\"\(name)\"")
                continue
            }
            balances[account] = amount
        }
        self.init(
            partner: partner, currency: currency, balances: balances,
            movement: reader.object("movement", StatementMovement.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.value("currency", currency)
        var balances: [String: Int64] = [:]
        for account in LedgerAccount.allCases where self[account] != 0 { balances[account.rawValue] = self[account] }
        writer.integerMap("balances", balances)
        writer.object("movement", movement)
    }
}

extension StatementMovement: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            period: reader.value("period", as: StatementPeriod.self), opening: reader.integer("opening"),
            accrued: reader.integer("accrued"), reversed: reader.integer("reversed"), paid: reader.integer("paid"),
            repaid: reader.integer("repaid"), writtenOff: reader.integer("written_off"),
            transactions: reader.integer("transactions"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("period", period)
        writer.integer("opening", opening)
        writer.integer("accrued", accrued)
        writer.integer("reversed", reversed)
        writer.integer("paid", paid)
        writer.integer("repaid", repaid)
        writer.integer("written_off", writtenOff)
        writer.integer("transactions", transactions)
    }
}

extension Statement: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("statement_id", as: StatementID.self),
            partner: reader.value("partner_id", as: PartnerID.self),
            currency: reader.value("currency", as: Currency.self),
            movement: reader.object("movement", StatementMovement.self), pending: reader.integer("pending"),
            payable: reader.integer("payable"), inTransit: reader.integer("in_transit"),
            clawbackReceivable: reader.integer("clawback_receivable"),
            issuedAt: reader.value("issued_at", as: Timestamp.self), sha256: reader.string("sha256"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("statement_id", id)
        writer.value("partner_id", partner)
        writer.value("currency", currency)
        writer.object("movement", movement)
        writer.integer("closing", movement.closing)
        writer.integer("pending", pending)
        writer.integer("payable", payable)
        writer.integer("in_transit", inTransit)
        writer.integer("clawback_receivable", clawbackReceivable)
        writer.value("issued_at", issuedAt)
        writer.string("sha256", sha256)
    }
}
