/// The accounts of one partner in one currency. The first four are the partner's side, the last two the programme's.
package enum LedgerAccount: String, Sendable, CaseIterable {
    case pending, payable
    case inTransit = "in_transit"
    case clawbackReceivable = "clawback_receivable"
    case expense, cash

    /// Whether debits increase the balance. What is owed to the partner grows by credits.
    package var isDebitNormal: Bool { self == .clawbackReceivable || self == .expense || self == .cash }
}

/// One side of a transaction: an amount on one account. Never changed, never negative.
package struct Posting: Sendable, Hashable {
    package enum Side: String, Sendable, CaseIterable {
        case debit, credit
    }

    package let account: LedgerAccount
    package let side: Side
    /// In minor units of the transaction's currency.
    package let amount: Int64

    package init(account: LedgerAccount, side: Side, amount: Int64) {
        self.account = account
        self.side = side
        self.amount = amount
    }
}

/// Why money moved: the posting rules by name.
package enum PostingRule: String, Sendable, CaseIterable {
    /// expense -> pending
    case accrued
    /// pending -> payable
    case eligible
    /// pending -> expense
    case reversedPending = "reversed_pending"
    /// payable -> expense
    case reversedPayable = "reversed_payable"
    /// clawback_receivable -> expense
    case clawedBack = "clawed_back"
    /// payable -> in_transit (net), payable -> clawback_receivable (netted)
    case submitted
    /// in_transit -> cash
    case confirmed
    /// The opposite of submitted. With nothing transferred it makes what a payout paid twice payable out of what the
    /// partner owes: clawback_receivable -> payable.
    case failed
    /// cash -> payable
    case returned
    /// cash -> clawback_receivable
    case repaid
    /// expense -> clawback_receivable
    case writtenOff = "written_off"
}

/// A balanced set of postings in one currency.
package struct LedgerTransaction: Sendable, Hashable {
    package enum Problem: Error, Sendable, Hashable {
        case negative
        case unbalanced
        case overflow
    }

    package let rule: PostingRule
    package let currency: Currency
    package let postings: [Posting]

    /// Checks what a set of postings must be: not negative, and as much debited as credited.
    package init(rule: PostingRule, currency: Currency, postings: [Posting]) throws(Problem) {
        guard postings.allSatisfy({ $0.amount >= 0 }) else { throw .negative }
        var difference: Int128 = 0
        for posting in postings {
            difference += posting.side == .debit ? Int128(posting.amount) : -Int128(posting.amount)
        }
        guard difference == 0 else { throw .unbalanced }
        self.rule = rule
        self.currency = currency
        self.postings = postings
    }

    /// The postings of a rule.
    ///
    /// - Parameters:
    ///   - amount: in minor units; for `submitted` and `failed` what is transferred, after netting.
    ///   - netted: of `submitted` and `failed` only: clawbacks taken from the payout.
    package static func of(
        _ rule: PostingRule, amount: Money, netted: Int64 = 0
    ) throws(Problem) -> LedgerTransaction {
        let (debit, credit) = rule.accounts
        var postings = [
            Posting(account: debit, side: .debit, amount: amount.minor),
            Posting(account: credit, side: .credit, amount: amount.minor),
        ]
        if netted != 0 {
            guard rule == .submitted || rule == .failed else { throw .unbalanced }
            let receivable: Posting.Side = rule == .submitted ? .credit : .debit
            postings.append(
                Posting(account: .payable, side: receivable == .credit ? .debit : .credit, amount: netted))
            postings.append(Posting(account: .clawbackReceivable, side: receivable, amount: netted))
        }
        return try LedgerTransaction(rule: rule, currency: amount.currency, postings: postings)
    }
}

extension PostingRule {
    /// Debited and credited account.
    fileprivate var accounts: (debit: LedgerAccount, credit: LedgerAccount) {
        switch self {
        case .accrued: (.expense, .pending)
        case .eligible: (.pending, .payable)
        case .reversedPending: (.pending, .expense)
        case .reversedPayable: (.payable, .expense)
        case .clawedBack: (.clawbackReceivable, .expense)
        case .submitted: (.payable, .inTransit)
        case .confirmed: (.inTransit, .cash)
        case .failed: (.inTransit, .payable)
        case .returned: (.cash, .payable)
        case .repaid: (.cash, .clawbackReceivable)
        case .writtenOff: (.expense, .clawbackReceivable)
        }
    }
}
