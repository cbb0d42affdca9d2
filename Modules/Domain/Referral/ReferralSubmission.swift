/// A prospect as a partner hands it in: every field as it was sent, judged by no rule yet.
package struct ReferralSubmission: Sendable, Hashable {
    package var occurredAt: Timestamp
    package var partner: PartnerID
    package var account: ProspectAccount
    package var contact: ProspectContact
    /// What the prospect needs, in the partner's words.
    package var need: String?
    package var intent: StatedIntent?
    package var deal: ProspectDeal
    /// Present where the partner claims the account; without it the referral is an introduction.
    package var registration: RegistrationRequest?
    package var channel: ReferralChannel?
    /// Whether the contact agreed to be referred.
    package var consent: Bool
    /// Who handed it in, in the partner's own terms.
    package var submittedBy: String?
}

// By the memberwise initialiser, which has another order: one that sets the properties of a large structure one by one
// returns a copy of it.
extension ReferralSubmission {
    package init(
        partner: PartnerID, account: ProspectAccount, contact: ProspectContact, need: String? = nil,
        intent: StatedIntent? = nil, deal: ProspectDeal, registration: RegistrationRequest? = nil,
        channel: ReferralChannel? = nil, consent: Bool, submittedBy: String? = nil, occurredAt: Timestamp
    ) {
        self.init(
            occurredAt: occurredAt, partner: partner, account: account, contact: contact, need: need, intent: intent,
            deal: deal, registration: registration, channel: channel, consent: consent, submittedBy: submittedBy)
    }
}

/// The prospect company as the partner describes it.
package struct ProspectAccount: Sendable, Hashable {
    package var name: String
    /// As written; the account key is derived from it.
    package var domain: String
    /// ISO 3166-1 alpha-2.
    package var country: String?
    package var employees: Int64?
    package var industry: String?
    /// Revenue of a year.
    package var annualRevenue: StatedAmount?

    package init(
        name: String, domain: String, country: String? = nil, employees: Int64? = nil, industry: String? = nil,
        annualRevenue: StatedAmount? = nil
    ) {
        self.name = name
        self.domain = domain
        self.country = country
        self.employees = employees
        self.industry = industry
        self.annualRevenue = annualRevenue
    }
}

/// Whom to talk to at the prospect; the personal data of a referral, all in one place.
package struct ProspectContact: Sendable, Hashable {
    package var name: String?
    package var email: String
    package var title: String?

    package init(name: String? = nil, email: String, title: String? = nil) {
        self.name = name
        self.email = email
        self.title = title
    }
}

/// How far the prospect is, as it told the partner.
package enum StatedIntent: String, Sendable, CaseIterable {
    case researching, evaluating, budgeted, urgent
}

/// What could be sold.
package struct ProspectDeal: Sendable, Hashable {
    package var productLine: String
    package var firstYearValue: StatedAmount?
    package var totalValue: StatedAmount?
    package var expectedClose: CalendarDate?

    package init(
        productLine: String, firstYearValue: StatedAmount? = nil, totalValue: StatedAmount? = nil,
        expectedClose: CalendarDate? = nil
    ) {
        self.productLine = productLine
        self.firstYearValue = firstYearValue
        self.totalValue = totalValue
        self.expectedClose = expectedClose
    }
}

/// The partner's wish to register the account, with what supports it.
package struct RegistrationRequest: Sendable, Hashable {
    package var stage: RegistrationStage
    package var evidence: [Evidence]
    /// The closed deal that an unregistered claim is about.
    package var opportunity: OpportunityID?

    package init(stage: RegistrationStage, evidence: [Evidence] = [], opportunity: OpportunityID? = nil) {
        self.stage = stage
        self.evidence = evidence
        self.opportunity = opportunity
    }
}

/// Where the partner's referral came in, and its number there.
package struct ReferralChannel: Sendable, Hashable {
    package var name: String?
    package var reference: String?

    package init(name: String? = nil, reference: String? = nil) {
        self.name = name
        self.reference = reference
    }
}

/// An amount as a partner states it, its currency unchecked: whether it is money is a rule of intake, not of the schema.
package struct StatedAmount: Sendable, Hashable {
    /// In minor units of the currency.
    package var minor: Int64
    package var currencyCode: String

    package init(minor: Int64, currencyCode: String) {
        self.minor = minor
        self.currencyCode = currencyCode
    }

    /// `nil` where ISO 4217 lists no such money.
    package var money: Money? { Currency(code: currencyCode).map { Money(minor: minor, currency: $0) } }

    /// Whole major units, rounded down; `nil` where ISO 4217 lists no such money.
    package var majorUnits: Int64? {
        guard let currency = Currency(code: currencyCode) else { return nil }
        var units = minor
        for _ in 0..<currency.exponent { units = floorDivide(units, 10) }
        return units
    }
}
