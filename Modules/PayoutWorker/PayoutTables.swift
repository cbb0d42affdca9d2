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
    /// Every target there ever was: a plan line's name, with `:discount` where it is taken on the invoice.
    var lines: [String] = []
    /// Findings that a person has looked at and released.
    var cleared: [FraudFinding] = []

    init(credit: CommissionTrigger) { self.credit = credit }

    init(reading reader: inout ObjectReader) {
        credit = reader.object("credit", CommissionTrigger.self)
        dealBase = reader.integer("deal_base")
        reversedTotal = reader.integer("reversed_total")
        lines = reader.strings("lines")
        cleared = reader.enumerations("cleared", FraudFinding.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.object("credit", credit)
        writer.integer("deal_base", dealBase)
        writer.integer("reversed_total", reversedTotal)
        writer.strings("lines", lines)
        writer.enumerations("cleared", cleared)
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
struct FeeRow: JSONCodable {
    var currency: Currency
    /// Minor units by the introduction's cause.
    var fees: [String: Int64] = [:]
    /// Causes of wins that deduct the sum.
    var wins: [String] = []

    var total: Int64 { fees.values.reduce(0, +) }

    init(currency: Currency) { self.currency = currency }

    init(reading reader: inout ObjectReader) {
        currency = reader.value("currency", as: Currency.self)
        fees = reader.integerMap("fees")
        wins = reader.strings("wins")
    }

    func write(to writer: inout ObjectWriter) {
        writer.value("currency", currency)
        writer.integerMap("fees", fees)
        writer.strings("wins", wins)
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
