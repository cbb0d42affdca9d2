/// The dated decision who sourced, assisted or influenced a won opportunity. A correction makes the next revision.
package struct Attribution: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        case decided
        /// A conflict is open: the deal is sourced, by whom is not known yet, and nothing is triggered.
        case undecided
        /// The win was taken back: every target is zero.
        case void
    }

    package var id: AttributionID
    package var opportunity: OpportunityID
    package var account: AccountReference
    package var productLine: String
    package var kind: OpportunityType
    package var motion: SalesMotion
    package var revision: Int64
    package var state: State
    package var revenueClass: RevenueClass
    package var firstYearValue: Money
    package var totalValue: Money
    package var closedAt: Timestamp
    /// The rules of this programme version decided, now and in every later revision.
    package var programVersion: Int64
    package var decidedAt: Timestamp
    package var conflict: ConflictID?
    package var credits: [Credit]
    package var evidenceUsed: [EvidenceNote]
    package var evidenceRefused: [EvidenceNote]
    package var salesCompensation: SalesCompensation
    /// What was reversed of the first-year value, in its currency.
    package var reversedMinor: Int64
    /// What prices the deal beside its value; `nil` where it is not known, in revisions from before it was kept.
    package var conditions: DealConditions?
    /// What the win credited before it was taken back: its terms hold if it comes again.
    package var lockedCredits: [Credit]

    package init(
        id: AttributionID, opportunity: OpportunityID, account: AccountReference, productLine: String,
        kind: OpportunityType, motion: SalesMotion, revision: Int64, state: State, revenueClass: RevenueClass,
        firstYearValue: Money, totalValue: Money, closedAt: Timestamp, programVersion: Int64, decidedAt: Timestamp,
        conflict: ConflictID?, credits: [Credit], evidenceUsed: [EvidenceNote], evidenceRefused: [EvidenceNote],
        salesCompensation: SalesCompensation, reversedMinor: Int64, conditions: DealConditions? = nil,
        lockedCredits: [Credit] = []
    ) {
        self.id = id
        self.opportunity = opportunity
        self.account = account
        self.productLine = productLine
        self.kind = kind
        self.motion = motion
        self.revision = revision
        self.state = state
        self.revenueClass = revenueClass
        self.firstYearValue = firstYearValue
        self.totalValue = totalValue
        self.closedAt = closedAt
        self.programVersion = programVersion
        self.decidedAt = decidedAt
        self.conflict = conflict
        self.credits = credits
        self.evidenceUsed = evidenceUsed
        self.evidenceRefused = evidenceRefused
        self.salesCompensation = salesCompensation
        self.reversedMinor = reversedMinor
        self.conditions = conditions
        self.lockedCredits = lockedCredits
    }
}

/// What a deal counts as: exactly one, so that the three add up to the won total.
package enum RevenueClass: String, Sendable, CaseIterable {
    case sourced, influenced, direct
}

/// One partner's part in a won deal: its only class, whether it pays or not.
package struct Credit: Sendable, Hashable {
    package enum Reason: String, Sendable, CaseIterable {
        case conflictSplit = "conflict_split"
        case registration
        /// The registration covered the day the deal was created, but not the close.
        case windowEnded = "window_ended"
        /// The partner closed or resold the deal itself.
        case motion
        case unregisteredClaim = "unregistered_claim"
        case touch
    }

    package var partner: PartnerID
    package var partnerType: PartnerType
    package var tier: Tier
    package var creditClass: CreditClass
    package var reason: Reason
    /// The stage that fixes the rate; `nil` where the class has none.
    package var stage: RegistrationStage?
    package var share: BasisPoints
    /// The partner's part of the deal, by its share.
    package var firstYear: Money
    package var total: Money
    package var registration: RegistrationID?
    package var registeredAt: Timestamp?
    package var referral: ReferralID?
    /// `nil` where the partner had no terms in force.
    package var terms: TermsReference?

    package init(
        partner: PartnerID, partnerType: PartnerType, tier: Tier, creditClass: CreditClass, reason: Reason,
        stage: RegistrationStage?, share: BasisPoints, firstYear: Money, total: Money, registration: RegistrationID?,
        registeredAt: Timestamp?, referral: ReferralID?, terms: TermsReference?
    ) {
        self.partner = partner
        self.partnerType = partnerType
        self.tier = tier
        self.creditClass = creditClass
        self.reason = reason
        self.stage = stage
        self.share = share
        self.firstYear = firstYear
        self.total = total
        self.registration = registration
        self.registeredAt = registeredAt
        self.referral = referral
        self.terms = terms
    }
}

/// A piece of evidence and why it counted, or why not.
package struct EvidenceNote: Sendable, Hashable {
    /// A registration, touch, referral or conflict id, or `motion`.
    package var reference: String
    package var party: Party
    package var text: String

    package init(reference: String, party: Party, text: String) {
        self.reference = reference
        self.party = party
        self.text = text
    }
}

/// The representative's share of the standard commission on the deal.
package struct SalesCompensation: Sendable, Hashable {
    package enum Rule: String, Sendable, CaseIterable {
        case sourcedCoSold = "sourced_co_sold"
        case sourcedPartnerClosed = "sourced_partner_closed"
        case sourcedOther = "sourced_other"
        case notSourced = "not_sourced"
    }

    package var salesRep: String?
    package var rule: Rule
    package var share: BasisPoints
    /// The first-year value that the standard commission is taken of, weighted by the share.
    package var credited: Money
    /// The play that gave the share; `nil` where it is the programme's standard one.
    package var play: String?

    package init(salesRep: String?, rule: Rule, share: BasisPoints, credited: Money, play: String? = nil) {
        self.salesRep = salesRep
        self.rule = rule
        self.share = share
        self.credited = credited
        self.play = play
    }
}
