import Domain
package import JSON

extension CommissionRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let standard = Program.Defaults.commission
        self.init(
            holdDays: reader.optionalInteger("hold_days", in: ProgramBounds.days) ?? standard.holdDays,
            fxMaximumAgeDays: reader.optionalInteger("fx_max_age_days", in: ProgramBounds.days)
                ?? standard.fxMaximumAgeDays,
            introductionDays: reader.optionalInteger("introduction_days", in: ProgramBounds.days)
                ?? standard.introductionDays)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("hold_days", holdDays)
        writer.integer("fx_max_age_days", fxMaximumAgeDays)
        writer.integer("introduction_days", introductionDays)
    }
}

extension FraudRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let standard = Program.Defaults.fraud
        self.init(
            maximumOpenRegistrations: reader.optionalInteger("max_open_registrations", in: ProgramBounds.counts)
                ?? standard.maximumOpenRegistrations,
            registrationBeforeCloseDays: reader.optionalInteger(
                "registration_before_close_days", in: ProgramBounds.days) ?? standard.registrationBeforeCloseDays,
            minimumAcceptanceRate: reader.optionalBasisPoints("min_acceptance_rate_bp")
                ?? standard.minimumAcceptanceRate,
            minimumDecidedReferrals: reader.optionalInteger("min_decided_referrals", in: ProgramBounds.counts)
                ?? standard.minimumDecidedReferrals)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("max_open_registrations", maximumOpenRegistrations)
        writer.integer("registration_before_close_days", registrationBeforeCloseDays)
        writer.basisPoints("min_acceptance_rate_bp", minimumAcceptanceRate)
        writer.integer("min_decided_referrals", minimumDecidedReferrals)
    }
}

/// The section `payout`; its default minimum depends on the programme's currency.
struct PayoutFields: JSONCodable {
    private struct Debtor: JSONCodable {
        var name: String
        var account: String

        init(name: String, account: String) {
            self.name = name
            self.account = account
        }

        init(reading reader: inout ObjectReader) {
            name = reader.string("name")
            account = reader.string("account")
            reader.rejectUnknown()
        }

        func write(to writer: inout ObjectWriter) {
            writer.string("name", name)
            writer.string("account", account)
        }
    }

    private var minimums: [Currency: Int64]?
    private var rails: [PayoutRules.Rail]
    private var debtor: Debtor
    private var requiresTaxForm: Bool

    init(_ rules: PayoutRules) {
        minimums = rules.minimums
        rails = rules.rails
        debtor = Debtor(name: rules.debtorName, account: rules.debtorAccount)
        requiresTaxForm = rules.requiresTaxForm
    }

    init(reading reader: inout ObjectReader) {
        let amounts = reader.amounts("minimums")
        minimums = amounts.isEmpty && reader.json("minimums") == nil ? nil : amounts
        rails = reader.enumerations("rails", PayoutRules.Rail.self, default: Program.Defaults.rails)
        debtor = reader.object("debtor", Debtor.self)
        requiresTaxForm = reader.optionalBoolean("requires_tax_form") ?? true
        reader.rejectUnknown()
    }

    func rules(currency: Currency) -> PayoutRules {
        PayoutRules(
            minimums: minimums ?? Program.Defaults.payoutMinimums(currency), rails: rails, debtorName: debtor.name,
            debtorAccount: debtor.account, requiresTaxForm: requiresTaxForm)
    }

    func write(to writer: inout ObjectWriter) {
        writer.explicitAmounts("minimums", minimums ?? [:])
        writer.explicitEnumerations("rails", rails)
        writer.object("debtor", debtor)
        writer.boolean("requires_tax_form", requiresTaxForm)
    }
}
