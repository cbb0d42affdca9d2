/// A referral from its evaluation on: its review, its handoff to sales, its opportunity. A claim goes with it where the
/// partner registered one; both are decided together.
package struct ReferralClaim: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        case inReview = "in_review"
        case returned, accepted, rejected, withdrawn, converted, expired

        package var isUndecided: Bool { self == .inReview || self == .returned }
        package var isAcceptance: Bool { self == .accepted || self == .converted || self == .expired }
    }

    package var id: ReferralID
    package var account: AccountReference
    package var productLine: String
    package var partner: PartnerID
    package var partnerType: PartnerType
    package var tier: Tier
    package var registration: RegistrationID?
    package var state: State
    /// Position among the submissions of the account.
    package var sequence: Int64
    package var submittedAt: Timestamp
    package var programVersion: Int64
    package var terms: TermsReference?
    /// What the reviewer is pointed at; never applied by itself.
    package var proposedReasons: [RejectReason]
    /// What looked like gaming at intake; travels with the money.
    package var hints: [FraudHint]
    /// `nil` while nothing waits for a person.
    package var review: ReviewClock?
    package var isReminded: Bool
    package var isEscalated: Bool
    package var decision: ClaimDecision?
    /// The named person in sales, and until when the first contact is due; `nil` before acceptance.
    package var handoff: Handoff?
    package var returnedAt: Timestamp?
    package var opportunity: OpportunityID?
    package var timerDue: Timestamp?

    package init(
        id: ReferralID, account: AccountReference, productLine: String, partner: PartnerID, partnerType: PartnerType,
        tier: Tier, registration: RegistrationID?, state: State, sequence: Int64, submittedAt: Timestamp,
        programVersion: Int64, terms: TermsReference?
    ) {
        self.id = id
        self.account = account
        self.productLine = productLine
        self.partner = partner
        self.partnerType = partnerType
        self.tier = tier
        self.registration = registration
        self.state = state
        self.sequence = sequence
        self.submittedAt = submittedAt
        self.programVersion = programVersion
        self.terms = terms
        proposedReasons = []
        hints = []
        isReminded = false
        isEscalated = false
    }
}

extension ReferralClaim {
    /// What happens next by the clock alone; `nil` where nothing does.
    package func nextDue(intake: IntakeRules) -> Timestamp? {
        switch state {
        case .inReview:
            guard let review else { return nil }
            if !isReminded { return review.reminder }
            return isEscalated ? nil : review.due
        case .accepted:
            guard let handoff else { return nil }
            let expiry = handoff.acceptedAt + .days(Int(intake.acceptanceDays))
            guard handoff.firstContactAt == nil, !isEscalated else { return expiry }
            return min(handoff.firstContactDue, expiry)
        case .converted:
            guard let handoff, handoff.firstContactAt == nil, !isEscalated else { return nil }
            return handoff.firstContactDue
        case .returned, .rejected, .withdrawn, .expired:
            return nil
        }
    }
}

/// Sales' part after acceptance. A direct touch stops the clock; the deadline escalates.
package struct Handoff: Sendable, Hashable {
    package var contact: PersonID
    package var acceptedAt: Timestamp
    package var firstContactDue: Timestamp
    package var firstContactAt: Timestamp?

    package init(contact: PersonID, acceptedAt: Timestamp, firstContactDue: Timestamp, firstContactAt: Timestamp? = nil)
    {
        self.contact = contact
        self.acceptedAt = acceptedAt
        self.firstContactDue = firstContactDue
        self.firstContactAt = firstContactAt
    }

    package init(contact: PersonID, acceptedAt: Timestamp, rules: HandoffRules) {
        self.init(
            contact: contact, acceptedAt: acceptedAt,
            firstContactDue: acceptedAt.adding(businessDays: Int(rules.firstContactBusinessDays)))
    }
}
