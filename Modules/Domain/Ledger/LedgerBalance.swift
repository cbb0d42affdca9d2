/// Balances of one partner in one currency, derived from postings, and what moved in the current period.
package struct LedgerBalance: Sendable, Hashable {
    package var partner: PartnerID
    package var currency: Currency
    /// Credits less debits for what is owed to the partner, debits less credits for the rest; in minor units.
    package private(set) var balances: [LedgerAccount: Int64]
    /// The current period's movements.
    package var movement: StatementMovement

    package init(partner: PartnerID, currency: Currency, period: StatementPeriod) {
        self.partner = partner
        self.currency = currency
        balances = [:]
        movement = StatementMovement(period: period, opening: 0)
    }

    /// As stored.
    package init(
        partner: PartnerID, currency: Currency, balances: [LedgerAccount: Int64], movement: StatementMovement
    ) {
        self.partner = partner
        self.currency = currency
        self.balances = balances
        self.movement = movement
    }

    package subscript(account: LedgerAccount) -> Int64 { balances[account] ?? 0 }

    /// What the partner has to get: pending + payable + in_transit - clawback_receivable.
    package var closing: Int64 { Int64(clamping: exactClosing) }

    private var exactClosing: Int128 {
        Int128(self[.pending]) + Int128(self[.payable]) + Int128(self[.inTransit]) - Int128(self[.clawbackReceivable])
    }

    /// Posts a transaction, if every account and what they add up to can be counted.
    package mutating func post(_ transaction: LedgerTransaction) throws(LedgerTransaction.Problem) {
        guard transaction.currency == currency else { throw .unbalanced }
        for posting in transaction.postings {
            let increases = (posting.side == .debit) == posting.account.isDebitNormal
            let (value, overflow) = self[posting.account].addingReportingOverflow(
                increases ? posting.amount : -posting.amount)
            guard !overflow else { throw .overflow }
            balances[posting.account] = value
        }
        guard Int64(exactly: exactClosing) != nil else { throw .overflow }
        try movement.count(transaction)
    }

    /// Ends the period: the next one opens with what this one closed.
    package mutating func begin(_ period: StatementPeriod) {
        movement = StatementMovement(period: period, opening: closing)
    }
}

/// A calendar month in UTC. Written `2026-03`.
package struct StatementPeriod: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var year: Int
    package var month: Int

    package init(containing time: Timestamp) {
        let (year, month, _) = time.date.yearMonthDay
        self.year = year
        self.month = month
    }

    /// Reads `YYYY-MM`.
    package init?(text: String) {
        guard let date = CalendarDate(iso8601: "\(text)-01") else { return nil }
        self.init(containing: date.startOfDay)
    }

    /// The first instant that is no longer in it.
    package var end: Timestamp {
        let next = month == 12 ? (year + 1, 1) : (year, month + 1)
        return CalendarDate(year: next.0, month: next.1, day: 1)?.startOfDay ?? .distantFuture
    }

    package var description: String {
        let start = CalendarDate(year: year, month: month, day: 1)?.description ?? ""
        return String(start.prefix(7))
    }

    package static func < (left: StatementPeriod, right: StatementPeriod) -> Bool {
        (left.year, left.month) < (right.year, right.month)
    }
}

/// What moved between a partner and the programme in one period and currency, in minor units; none is negative but
/// `opening` and, where more came back than went out, `paid`.
package struct StatementMovement: Sendable, Hashable {
    package var period: StatementPeriod
    package var opening: Int64
    package var accrued: Int64
    package var reversed: Int64
    /// Confirmed less returned.
    package var paid: Int64
    package var repaid: Int64
    package var writtenOff: Int64
    package var transactions: Int64

    package init(
        period: StatementPeriod, opening: Int64, accrued: Int64 = 0, reversed: Int64 = 0, paid: Int64 = 0,
        repaid: Int64 = 0, writtenOff: Int64 = 0, transactions: Int64 = 0
    ) {
        self.period = period
        self.opening = opening
        self.accrued = accrued
        self.reversed = reversed
        self.paid = paid
        self.repaid = repaid
        self.writtenOff = writtenOff
        self.transactions = transactions
    }

    /// opening + accrued - reversed - paid + repaid + written_off
    package var closing: Int64 {
        // Sums on the way may be greater than what they come to.
        let earned = Int128(opening) + Int128(accrued) - Int128(reversed)
        return Int64(clamping: earned - Int128(paid) + Int128(repaid) + Int128(writtenOff))
    }

    package var hasMovement: Bool { transactions > 0 }

    mutating func count(_ transaction: LedgerTransaction) throws(LedgerTransaction.Problem) {
        let amount = transaction.postings.first?.amount ?? 0
        func add(_ sum: inout Int64, _ amount: Int64) throws(LedgerTransaction.Problem) {
            let (value, overflow) = sum.addingReportingOverflow(amount)
            guard !overflow else { throw .overflow }
            sum = value
        }
        switch transaction.rule {
        case .accrued: try add(&accrued, amount)
        case .reversedPending, .reversedPayable, .clawedBack: try add(&reversed, amount)
        case .confirmed: try add(&paid, amount)
        case .returned: try add(&paid, -amount)
        case .repaid: try add(&repaid, amount)
        case .writtenOff: try add(&writtenOff, amount)
        case .eligible, .submitted, .failed: break
        }
        transactions += 1
    }
}
