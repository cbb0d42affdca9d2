/// When a commission becomes money.
package struct CommissionRules: Sendable, Hashable {
    /// Days from `closed_at` until an unblocked commission is eligible.
    package var holdDays: Int64
    /// The oldest exchange rate that may be used, in days before the close.
    package var fxMaximumAgeDays: Int64
    /// An introduction earns its fee when the opportunity qualifies within this many days.
    package var introductionDays: Int64

    package init(holdDays: Int64, fxMaximumAgeDays: Int64, introductionDays: Int64) {
        self.holdDays = holdDays
        self.fxMaximumAgeDays = fxMaximumAgeDays
        self.introductionDays = introductionDays
    }
}

/// What one partner or one partner type is paid and promised, from a date on.
package struct TermsVersion: Sendable, Hashable {
    package var id: TermsID
    package var version: Int64
    package var effectiveFrom: Timestamp
    /// Exactly one of the two is set.
    package var partnerType: PartnerType?
    package var partner: PartnerID?
    package var rounding: RoundingMode
    package var lines: [PlanLine]
    /// Whether claims need the partner's recorded acceptance of this exact version.
    package var acceptanceRequired: Bool

    package init(
        id: TermsID, version: Int64, effectiveFrom: Timestamp, partnerType: PartnerType?, partner: PartnerID?,
        rounding: RoundingMode, lines: [PlanLine], acceptanceRequired: Bool
    ) {
        self.id = id
        self.version = version
        self.effectiveFrom = effectiveFrom
        self.partnerType = partnerType
        self.partner = partner
        self.rounding = rounding
        self.lines = lines
        self.acceptanceRequired = acceptanceRequired
    }
}

/// The stage at which a claim was registered; it fixes the rate.
package enum RegistrationStage: String, Sendable, CaseIterable {
    case beforeContact = "before_contact"
    case afterFirstMeeting = "after_first_meeting"
    case lateStage = "late_stage"
    case unregisteredClaim = "unregistered_claim"
}

/// One line of a commission plan: a trigger, a base and a price.
package struct PlanLine: Sendable, Hashable {
    package enum Trigger: String, Sendable, CaseIterable {
        case closedWon = "closed_won"
        case qualifiedIntroduction = "qualified_introduction"
    }

    package enum Base: String, Sendable, CaseIterable {
        case firstYear = "first_year"
        case total
    }

    package enum Settlement: String, Sendable, CaseIterable {
        case payout
        /// The margin is taken as a discount on the invoice: recorded, nothing is posted.
        case discount
    }

    /// How the amount comes about. Exactly one way per line.
    package enum Price: Sendable, Hashable {
        /// Rate by registration stage.
        case stageRates([RegistrationStage: BasisPoints])
        /// One rate.
        case rate(BasisPoints)
        /// Rate by the duties that the partner took over (`implementation`, `support`): `base` plus one addition per
        /// duty.
        case dutyRates(base: BasisPoints, perDuty: [String: BasisPoints])
        /// A tier's bonus: a rate on top, by the tier locked in with the credit; a tier that is not named adds nothing.
        case tierRates([Tier: BasisPoints])
        /// A fixed amount in minor units per currency.
        case flat([Currency: Int64])
    }

    /// Stable name within the plan; part of the commission's unique key.
    package var name: String
    package var trigger: Trigger
    package var base: Base
    package var price: Price
    package var settlement: Settlement
    /// Which classes of credit the line pays.
    package var classes: [CreditClass]
    /// Which kinds of opportunity the line pays.
    package var kinds: [OpportunityType]
    /// The rate must lie in this range; checked when the programme is published.
    package var range: ClosedRange<BasisPoints>?
    /// Cap and minimum of the line's amount in minor units per currency of the partner; empty means none.
    package var caps: [Currency: Int64]
    package var minimums: [Currency: Int64]
    /// For a win without a registration of the partner (introductions): the rate; `nil` uses the `unregistered_claim`
    /// rate.
    package var onWinWithoutRegistration: BasisPoints?
    /// Whether an introduction fee already earned on the account and product line is deducted from the win's
    /// commission; see `FeeCreditRule`.
    package var creditsFee: Bool

    package init(
        name: String, trigger: Trigger, base: Base, price: Price, settlement: Settlement, classes: [CreditClass],
        kinds: [OpportunityType], range: ClosedRange<BasisPoints>?, caps: [Currency: Int64],
        minimums: [Currency: Int64],
        onWinWithoutRegistration: BasisPoints?, creditsFee: Bool
    ) {
        self.name = name
        self.trigger = trigger
        self.base = base
        self.price = price
        self.settlement = settlement
        self.classes = classes
        self.kinds = kinds
        self.range = range
        self.caps = caps
        self.minimums = minimums
        self.onWinWithoutRegistration = onWinWithoutRegistration
        self.creditsFee = creditsFee
    }
}

/// A partner's part in a won opportunity.
package enum CreditClass: String, Sendable, CaseIterable {
    case sourced, assisted, influenced
}

/// What kind of business an opportunity is.
package enum OpportunityType: String, Sendable, CaseIterable {
    case new, expansion, renewal
}

/// What is paid out, how, and by whom.
package struct PayoutRules: Sendable, Hashable {
    package enum Rail: String, Sendable, CaseIterable {
        case csv
    }

    /// The smallest payout in minor units per currency; a partner below it rolls over.
    package var minimums: [Currency: Int64]
    package var rails: [Rail]
    /// Who pays: printed in the payout file.
    package var debtorName: String
    package var debtorAccount: String
    /// Whether a partner without a tax form on file is blocked with `missing_tax_form`.
    package var requiresTaxForm: Bool

    package init(
        minimums: [Currency: Int64], rails: [Rail], debtorName: String, debtorAccount: String,
        requiresTaxForm: Bool = true
    ) {
        self.requiresTaxForm = requiresTaxForm
        self.minimums = minimums
        self.rails = rails
        self.debtorName = debtorName
        self.debtorAccount = debtorAccount
    }
}

/// When a commission is held for `fraud_review`.
package struct FraudRules: Sendable, Hashable {
    /// More open registrations than this without stage movement is "register everything".
    package var maximumOpenRegistrations: Int64
    /// A registration this many days before the close or less is suspicious.
    package var registrationBeforeCloseDays: Int64
    /// An acceptance rate below this (of at least `minimumDecidedReferrals`) is suspicious.
    package var minimumAcceptanceRate: BasisPoints
    package var minimumDecidedReferrals: Int64

    package init(
        maximumOpenRegistrations: Int64, registrationBeforeCloseDays: Int64, minimumAcceptanceRate: BasisPoints,
        minimumDecidedReferrals: Int64
    ) {
        self.maximumOpenRegistrations = maximumOpenRegistrations
        self.registrationBeforeCloseDays = registrationBeforeCloseDays
        self.minimumAcceptanceRate = minimumAcceptanceRate
        self.minimumDecidedReferrals = minimumDecidedReferrals
    }
}
