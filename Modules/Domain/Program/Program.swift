/// One version of a partner programme: every limit, rate and rule that the workers apply. Published as an event and
/// never changed afterwards; a record is judged by the version in force at its judging time.
package struct Program: Sendable, Hashable {
    package var id: ProgramID
    package var version: Int64
    package var name: String
    package var effectiveFrom: Timestamp
    /// The programme's own currency: tiers and reports are counted in it.
    package var currency: Currency
    package var hypothesis: PartnershipHypothesis
    /// Exactly one owner for each of the five operating areas.
    package var areas: [OperatingArea]
    package var partnerTypes: [PartnerType]
    /// Product lines that may be referred; empty allows any.
    package var productLines: [String]
    package var intake: IntakeRules
    package var scoring: ScoringRules
    package var routing: RoutingRules
    package var handoff: HandoffRules
    package var review: ReviewRules
    package var protection: ProtectionRules
    package var conflict: ConflictRules
    package var attribution: AttributionRules
    package var salesCompensation: SalesCompensationRules
    /// Ways of selling together that a deal may name.
    package var plays: [CoSellingPlay]
    package var commission: CommissionRules
    package var terms: [TermsVersion]
    package var payout: PayoutRules
    package var fraud: FraudRules
    package var partnerEnd: PartnerEndRules
    package var agreement: Agreement
    /// SHA-256 (hex) of the public suffix list by which this version's account keys are computed; set when it is
    /// published. An upgrade of the list would move domains, so another list needs another version.
    package var suffixListHash: String?

    package init(
        id: ProgramID, version: Int64, name: String, effectiveFrom: Timestamp, currency: Currency,
        hypothesis: PartnershipHypothesis, areas: [OperatingArea], partnerTypes: [PartnerType], productLines: [String],
        intake: IntakeRules, scoring: ScoringRules, routing: RoutingRules, handoff: HandoffRules, review: ReviewRules,
        protection: ProtectionRules, conflict: ConflictRules, attribution: AttributionRules,
        salesCompensation: SalesCompensationRules, plays: [CoSellingPlay] = [], commission: CommissionRules,
        terms: [TermsVersion], payout: PayoutRules, fraud: FraudRules, partnerEnd: PartnerEndRules,
        agreement: Agreement = Agreement(), suffixListHash: String? = nil
    ) {
        self.id = id
        self.version = version
        self.name = name
        self.effectiveFrom = effectiveFrom
        self.currency = currency
        self.hypothesis = hypothesis
        self.areas = areas
        self.partnerTypes = partnerTypes
        self.productLines = productLines
        self.intake = intake
        self.scoring = scoring
        self.routing = routing
        self.handoff = handoff
        self.review = review
        self.protection = protection
        self.conflict = conflict
        self.attribution = attribution
        self.salesCompensation = salesCompensation
        self.plays = plays
        self.commission = commission
        self.terms = terms
        self.payout = payout
        self.fraud = fraud
        self.partnerEnd = partnerEnd
        self.agreement = agreement
        self.suffixListHash = suffixListHash
    }

    package func owner(of area: OperatingArea.Area) -> PersonID? {
        areas.first { $0.area == area }?.owner
    }
}

package enum PartnerType: String, Sendable, CaseIterable {
    case referral, technology, reseller, strategic, agency, distribution
    case systemIntegrator = "system_integrator"
}

package enum Tier: String, Sendable, CaseIterable {
    case registered, silver, gold, platinum
}

/// Why a partner of this type would send qualified buyers.
package struct PartnershipHypothesis: Sendable, Hashable {
    package var partnerType: PartnerType
    package var sends: String
    package var why: String
    package var gets: String

    package init(partnerType: PartnerType, sends: String, why: String, gets: String) {
        self.partnerType = partnerType
        self.sends = sends
        self.why = why
        self.gets = gets
    }
}

package struct OperatingArea: Sendable, Hashable {
    package enum Area: String, Sendable, CaseIterable {
        case partnerFit = "partner_fit"
        case programPromise = "program_promise"
        case leadRules = "lead_rules"
        case attribution
        case reviewCadence = "review_cadence"
    }

    package var area: Area
    package var owner: PersonID
    package var definition: String

    package init(area: Area, owner: PersonID, definition: String) {
        self.area = area
        self.owner = owner
        self.definition = definition
    }
}
