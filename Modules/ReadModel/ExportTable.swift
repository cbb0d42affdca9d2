/// What an export of one kind shows: a stable list of columns, each a place in the entity's image. No offset, partition or
/// append time is among them, so that two runs of the same input on different logs give equal tables.
package struct ExportTable: Sendable {
    package struct Column: Sendable {
        package var name: String
        /// SQLite's JSON path into the image.
        package var path: String

        init(_ name: String, _ path: String? = nil) {
            self.name = name
            self.path = path ?? "$.\(name)"
        }
    }

    /// As the command line calls it: `registrations`.
    package var name: String
    package var kind: EntityKind
    package var columns: [Column]

    package static func named(_ name: String) -> ExportTable? { all.first { $0.name == name } }

    private static func inside(_ object: String, _ names: String...) -> [Column] {
        names.map { Column($0, "$.\(object).\($0)") }
    }

    private static func money(_ name: String, _ path: String) -> [Column] {
        [Column("\(name)_minor", "\(path).minor"), Column("\(name)_currency", "\(path).currency")]
    }

    package static let all: [ExportTable] = [
        ExportTable(
            name: "referrals", kind: .referral,
            columns: inside("referral", "referral_id", "account_key", "state", "reason") + [
                Column("partner_id", "$.referral.submission.partner_id"),
                Column("product_line", "$.referral.submission.deal.product_line"),
                Column("submitted_at", "$.referral.submitted_at"),
                Column("fit", "$.referral.assessment.fit.value"),
                Column("intent", "$.referral.assessment.intent.value"),
                Column("route", "$.referral.assessment.route"), Column("duplicate_of", "$.referral.duplicate_of"),
                Column("opportunity_id", "$.referral.opportunity_id"), Column("changed_at", "$.referral.changed_at"),
                Column("source", "$.referral.origin.source"), Column("event_id", "$.referral.origin.event_id"),
            ]),
        ExportTable(
            name: "registrations", kind: .registration,
            columns: inside(
                "registration", "registration_id", "referral_id", "partner_id", "product_line", "state",
                "claimed_stage",
                "stage", "submitted_at", "share_bp", "conflict_id", "opportunity_id", "converted_at", "changed_at")
                + [
                    Column("account", "$.registration.account.domain"),
                    Column("window_start", "$.registration.window.start"),
                    Column("window_end", "$.registration.window.end"),
                    Column("terms_id", "$.registration.terms.id"),
                    Column("terms_version", "$.registration.terms.version"),
                ]),
        ExportTable(
            name: "conflicts", kind: .conflict,
            columns: inside("conflict", "conflict_id", "product_line", "cause", "state", "opened_at", "revision") + [
                Column("account", "$.conflict.account.domain"), Column("parties", "$.conflict.parties"),
                Column("outcome", "$.conflict.decision.outcome"), Column("winner", "$.conflict.decision.winner"),
                Column("shares", "$.conflict.decision.shares"), Column("decided_by", "$.conflict.decision.actor"),
                Column("decided_at", "$.conflict.decision.at"),
            ]),
        ExportTable(
            name: "opportunities", kind: .opportunity,
            columns: inside(
                "opportunity", "opportunity_id", "revision", "product_line", "stage", "motion", "kind", "partner_id",
                "created_at", "closed_at", "lost_reason", "sales_rep", "reversed_minor")
                + [Column("account", "$.opportunity.account.domain"), Column("play", "$.opportunity.play")]
                + money("first_year_value", "$.opportunity.first_year_value")
                + money("total_value", "$.opportunity.total_value")),
        ExportTable(
            name: "attributions", kind: .attribution,
            columns: inside(
                "attribution", "attribution_id", "opportunity_id", "revision", "state", "revenue_class", "closed_at",
                "decided_at", "credits", "evidence_used", "evidence_refused")
                + money("first_year_value", "$.attribution.first_year_value") + [
                    Column("account", "$.attribution.account.domain"),
                    Column("sales_rule", "$.attribution.sales_compensation.rule"),
                    Column("sales_share_bp", "$.attribution.sales_compensation.share_bp"),
                    Column("sales_play", "$.attribution.sales_compensation.play"),
                ]),
        ExportTable(
            name: "commissions", kind: .commission,
            columns: inside(
                "commission", "commission_id", "entry", "partner_id", "cause", "line", "revision", "state",
                "opportunity_id",
                "registration_id", "referral_id", "class", "share_bp", "rate_bp", "terms_version",
                "hold_until",
                "payout_id", "reverses")
                + money("amount", "$.commission.amount") + money("base", "$.commission.base")),
        ExportTable(
            name: "ledger", kind: .ledger,
            columns: [
                Column("ledger_id"), Column("rule"), Column("partner_id"), Column("currency"), Column("commission_id"),
                Column("payout_id"), Column("postings"), Column("balance"), Column("period"), Column("occurred_at"),
            ]),
        ExportTable(
            name: "payouts", kind: .payout,
            columns: inside(
                "payout", "payout_id", "run_id", "partner_id", "state", "gross", "net", "currency", "lines",
                "clawbacks", "planned_at", "settled_at", "value_date", "reason")),
        ExportTable(
            name: "statements", kind: .statement,
            columns: inside("statement", "statement_id", "partner_id", "currency")
                + inside(
                    "statement.movement", "period", "opening", "accrued", "reversed", "paid", "repaid", "written_off")
                + inside(
                    "statement", "closing", "pending", "payable", "in_transit", "clawback_receivable", "issued_at",
                    "sha256")),
        ExportTable(
            name: "notifications", kind: .notification,
            columns: [
                Column("notification_id"), Column("recipient"), Column("template"), Column("about"), Column("state"),
                Column("effective_at"),
            ]),
    ]
}
