import Contracts
package import Domain
package import JSON
import TaskRuntime

/// The tables of a payout partition. Keys begin with the partner where a row is a partner's.
enum PayoutTable {
    /// (partner): exists from the partner's first money on.
    static let partner = StateTable("partner_account")
    /// (partner, sender)
    static let activity = StateTable("partner_activity")
    /// (partner, cause)
    static let cause = StateTable("commission_cause")
    /// (partner, cause, line)
    static let target = StateTable("commission_target")
    /// (partner, commission)
    static let commission = StateTable("commission")
    /// (partner, currency, eligible at, commission): what the next run may pay.
    static let eligible = StateTable("eligible_line")
    /// (partner, commission): hold over, but blocked.
    static let held = StateTable("held_line")
    /// (partner, currency, raised at, clawback): what is still to be recovered and in no payout.
    static let clawback = StateTable("open_clawback")
    /// (from, to, closing day, partner, cause)
    static let rateWaiting = StateTable("rate_waiting")
    /// (partner, account, product line)
    static let fee = StateTable("introduction_fee")
    /// (partner, target, kind, reference)
    static let block = StateTable("block")
    /// (partner, currency)
    static let balance = StateTable("ledger_balance")
    /// (partner, payout)
    static let payout = StateTable("payout")
    /// (partner, payout): planned or approved.
    static let unsubmitted = StateTable("unsubmitted_payout")
    /// (run)
    static let run = StateTable("payout_run")
    /// (run, payout)
    static let runPayout = StateTable("run_payout")

    static let all = [
        partner, activity, cause, target, commission, eligible, held, clawback, rateWaiting, fee, block, balance,
        payout, unsubmitted, run, runPayout,
    ]
}

/// What is known of a partner as a whole.
struct PartnerRow: JSONCodable {
    var partner: PartnerID
    /// Kinds of the open blocks on everything of the partner.
    var blocks: [BlockKind] = []
    /// When the running statement period ends; `nil` while there is nothing to state.
    var statementDue: Timestamp?

    init(partner: PartnerID) { self.partner = partner }

    init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        blocks = reader.enumerations("blocks", BlockKind.self)
        statementDue = reader.optionalValue("statement_due", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.enumerations("blocks", blocks)
        writer.value("statement_due", statementDue)
    }
}

extension ActivityCount: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            openRegistrations: reader.integer("open_registrations"),
            decidedReferrals: reader.integer("decided_referrals"),
            acceptedReferrals: reader.integer("accepted_referrals"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("open_registrations", openRegistrations)
        writer.integer("decided_referrals", decidedReferrals)
        writer.integer("accepted_referrals", acceptedReferrals)
    }
}

/// The latest revision of a credit, and what was reversed of its deal.
struct CauseRow: JSONCodable {
    var credit: CommissionTrigger
    /// Of the whole deal, in minor units of its currency; 0 while nothing was reversed.
    var dealBase: Int64 = 0
    var reversedTotal: Int64 = 0
    /// The attribution's count that the reversal was told with; `nil` where its event did not say.
    var reversalRevision: Int64?
    /// Every target there ever was: a plan line's name, with `:discount` where it is taken on the invoice.
    var lines: [String] = []
    /// Findings that a person has looked at and released.
    var cleared: [FraudFinding] = []

    /// Nothing is earned by it any more: the credit was taken back, or all of the deal's revenue.
    var isVoid: Bool { credit.share.value == 0 || dealBase > 0 && reversedTotal >= dealBase }

    init(credit: CommissionTrigger) { self.credit = credit }

    init(reading reader: inout ObjectReader) {
        credit = reader.object("credit", CommissionTrigger.self)
        dealBase = reader.integer("deal_base")
        reversedTotal = reader.integer("reversed_total")
        reversalRevision = reader.optionalInteger("reversal_revision")
        lines = reader.strings("lines")
        cleared = reader.enumerations("cleared", FraudFinding.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.object("credit", credit)
        writer.integer("deal_base", dealBase)
        writer.integer("reversed_total", reversedTotal)
        writer.integer("reversal_revision", reversalRevision)
        writer.strings("lines", lines)
        writer.enumerations("cleared", cleared)
    }

    /// Whether what is known of the deal's reversals was said later than an event: with a later revision, or with more of
    /// it taken back, which within a revision never falls. An event that does not say its revision is taken as it comes.
    func isAhead(of event: CommissionReversed) -> Bool {
        guard let known = reversalRevision, let revision = event.revision else { return false }
        return revision < known || revision == known && event.reversedTotal.minor < reversedTotal
    }
}

/// What one plan line owes for a cause, and what was posted for it.
struct TargetRow: JSONCodable {
    /// The partner's at the first accrual; kept ever after.
    var currency: Currency
    /// Converted once: corrections and reversals reuse it.
    var fx: FXRate?
    /// In minor units: what all entries add up to.
    var posted: Int64 = 0
    /// Entries made so far; numbers their ids.
    var entries: Int64 = 0
    /// Earnings, oldest first.
    var earnings: [CommissionID] = []
    /// The earning that has no amount yet for lack of an exchange rate.
    var waiting: CommissionID?

    init(currency: Currency) { self.currency = currency }

    init(reading reader: inout ObjectReader) {
        currency = reader.value("currency", as: Currency.self)
        fx = reader.optionalObject("fx", FXRate.self)
        posted = reader.integer("posted")
        entries = reader.integer("entries")
        earnings = reader.values("earnings", as: CommissionID.self)
        waiting = reader.optionalValue("waiting", as: CommissionID.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.value("currency", currency)
        writer.object("fx", fx)
        writer.integer("posted", posted)
        writer.integer("entries", entries)
        writer.values("earnings", earnings)
        writer.value("waiting", waiting)
    }
}

/// What introductions of a partner on an account and product line earned, and which wins deduct it.
struct FeeRow: JSONCodable, Equatable {
    var currency: Currency
    /// Minor units by the introduction's cause.
    var fees: [String: Int64] = [:]
    /// Causes of wins that deduct of the sum, in the order in which they came.
    var wins: [String] = []
    /// What their lines would pay without a fee.
    var credits: [FeeCredit] = []

    /// No line deducts more than its own price: where the sum is beyond what can be counted, the most that can is enough.
    var total: Int64 { fees.values.reduce(0) { $0.saturatingAdding($1) } }

    init(currency: Currency) { self.currency = currency }

    /// A line's price without a fee is known, or another than it was.
    mutating func count(_ credit: FeeCredit) {
        if !wins.contains(credit.cause) { wins.append(credit.cause) }
        if let index = credits.firstIndex(where: { $0.cause == credit.cause && $0.line == credit.line }) {
            credits[index] = credit
        } else {
            credits.append(credit)
        }
    }

    /// The win deducts nothing here any more. What it deducted is left to the others.
    mutating func leave(_ cause: String) {
        wins.removeAll { $0 == cause }
        credits.removeAll { $0.cause == cause }
    }

    /// Wins without a price, of a version in which every one deducted all of the sum: the first of them has it.
    var unpriced: [String] { wins.filter { win in !credits.contains { $0.cause == win } } }

    /// What a line deducts.
    func deduction(of cause: String, line: String) -> Int64 {
        let index = credits.firstIndex { $0.cause == cause && $0.line == line }
        return index.map { FeeCreditRule.deductions(of: known, from: credits)[$0] } ?? 0
    }

    /// What every win deducts.
    func deductions() -> [String: Int64] {
        var sums: [String: Int64] = [:]
        if let first = unpriced.first { sums[first] = total }
        for (credit, amount) in zip(credits, FeeCreditRule.deductions(of: known, from: credits)) {
            sums[credit.cause, default: 0] += amount
        }
        return sums
    }

    /// What the priced wins may deduct: nothing where one without a price has it all.
    private var known: Money { Money(minor: unpriced.isEmpty ? total : 0, currency: currency) }

    init(reading reader: inout ObjectReader) {
        currency = reader.value("currency", as: Currency.self)
        fees = reader.integerMap("fees")
        wins = reader.strings("wins")
        credits = reader.objects("credits", FeeCredit.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.value("currency", currency)
        writer.integerMap("fees", fees)
        writer.strings("wins", wins)
        writer.objects("credits", credits)
    }
}

extension FeeCredit: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            cause: reader.string("cause"), line: reader.string("line"),
            closedAt: reader.value("closed_at", as: Timestamp.self), price: reader.object("price", Money.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("cause", cause)
        writer.string("line", line)
        writer.value("closed_at", closedAt)
        writer.object("price", price)
    }
}

extension Int64 {
    /// The sum, or the greatest number where it is beyond.
    func saturatingAdding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// A row of an index: which entity the key stands for.
struct ReferenceRow: JSONCodable {
    var partner: PartnerID
    /// A commission, a payout or a cause.
    var id: String
    /// How old, in days, the exchange rate may be that is waited for; 0 elsewhere.
    var maximumAgeDays: Int64

    init(partner: PartnerID, id: String, maximumAgeDays: Int64 = 0) {
        self.partner = partner
        self.id = id
        self.maximumAgeDays = maximumAgeDays
    }

    init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        id = reader.string("id")
        maximumAgeDays = reader.optionalInteger("maximum_age_days") ?? 0
    }

    func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.string("id", id)
        if maximumAgeDays != 0 { writer.integer("maximum_age_days", maximumAgeDays) }
    }
}
