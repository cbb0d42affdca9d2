/// Two or more parties on one account and product line, until a person decides; and what was decided.
package struct Conflict: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        case open, decided, appealed
        /// Only one party had a claim left before anybody decided.
        case lapsed

        /// A decision, the first or the one on an appeal, is missing.
        package var isPending: Bool { self == .open || self == .appealed }
    }

    package enum Cause: String, Sendable, CaseIterable {
        /// Another partner holds an open claim.
        case openClaim = "open_claim"
        /// Direct activity contradicts a claim of `before_contact`.
        case directActivity = "direct_activity"
        /// A touch recorded after a claim's decision contradicts its stage.
        case lateTouch = "late_touch"
    }

    package var id: ConflictID
    package var account: AccountReference
    package var productLine: String
    /// The closed deal that is contested; `nil` for the account and product line as a whole.
    package var opportunity: OpportunityID?
    package var cause: Cause
    package var state: State
    /// In order of their claims' submission, one entry for each claim; the direct team last.
    package var parties: [ConflictParty]
    package var openedAt: Timestamp
    package var evidence: [Evidence]
    package var decision: ConflictDecision?
    package var appeal: ConflictAppeal?
    /// Counts the decisions: 0 while open, 1 by the first, 2 by the one on an appeal.
    package var revision: Int64
    package var reviewDue: Timestamp?
    /// Money that a dispute holds until the decision is final: no appeal came in time, or the appeal is decided.
    package var disputedDeals: [DisputedDeal]
    /// The owner was told that the decision is late.
    package var isEscalated: Bool
    /// The time for an appeal is over, or the appeal is decided.
    package var isFinal: Bool
    package var timerDue: Timestamp?

    package init(
        id: ConflictID, account: AccountReference, productLine: String, cause: Cause, parties: [ConflictParty],
        openedAt: Timestamp
    ) {
        self.id = id
        self.account = account
        self.productLine = productLine
        self.cause = cause
        state = .open
        self.parties = parties
        self.openedAt = openedAt
        evidence = []
        revision = 0
        isEscalated = false
        isFinal = false
        disputedDeals = []
    }

    /// What happens next by the clock alone; `nil` where nothing does.
    package var nextDue: Timestamp? {
        switch state {
        case .open, .appealed: isEscalated ? nil : reviewDue
        case .decided: isFinal || appeal != nil ? nil : decision?.appealUntil
        case .lapsed: nil
        }
    }

    /// Whether the decision may change who sourced a deal.
    package func concerns(_ deal: Opportunity) -> Bool {
        guard productLine == deal.productLine else { return false }
        if let opportunity { return opportunity == deal.id }
        return deal.kind == .new
    }

    /// The partners among the parties, each once.
    package var partners: [PartnerID] {
        var partners: [PartnerID] = []
        for partner in parties.compactMap(\.party.partner) where !partners.contains(partner) {
            partners.append(partner)
        }
        return partners
    }

    package func party(_ party: Party) -> ConflictParty? { parties.first { $0.party == party } }
}

/// A partner's money from a deal, held by a dispute.
package struct DisputedDeal: Sendable, Hashable {
    package var partner: PartnerID
    package var opportunity: OpportunityID

    package init(partner: PartnerID, opportunity: OpportunityID) {
        self.partner = partner
        self.opportunity = opportunity
    }
}

/// One side: its claim, and what it did on the account, dated.
package struct ConflictParty: Sendable, Hashable {
    package var party: Party
    package var registration: RegistrationID?
    package var submittedAt: Timestamp?
    package var touches: [DatedTouch]

    package init(party: Party, registration: RegistrationID?, submittedAt: Timestamp?, touches: [DatedTouch]) {
        self.party = party
        self.registration = registration
        self.submittedAt = submittedAt
        self.touches = touches
    }
}

package struct DatedTouch: Sendable, Hashable {
    package var id: TouchID
    package var kind: TouchKindName
    package var occurredAt: Timestamp
    package var isConfirmed: Bool

    package init(_ touch: Touch) {
        self.init(id: touch.id, kind: touch.kind, occurredAt: touch.occurredAt, isConfirmed: touch.isEvidence)
    }

    package init(id: TouchID, kind: TouchKindName, occurredAt: Timestamp, isConfirmed: Bool) {
        self.id = id
        self.kind = kind
        self.occurredAt = occurredAt
        self.isConfirmed = isConfirmed
    }
}

package enum ConflictOutcome: String, Sendable, CaseIterable {
    case firstValidRegistration = "first_valid_registration"
    case priorDirectActivity = "prior_direct_activity"
    case split
    case customerChoice = "customer_choice"
    case bothRejected = "both_rejected"
}

/// A party's part of a split.
package struct ConflictShare: Sendable, Hashable {
    package var party: Party
    package var share: BasisPoints

    package init(party: Party, share: BasisPoints) {
        self.party = party
        self.share = share
    }
}

package struct ConflictDecision: Sendable, Hashable {
    package var outcome: ConflictOutcome
    /// Who keeps the account; `nil` for a split and where nobody does.
    package var winner: Party?
    /// Of a split, largest first.
    package var shares: [ConflictShare]
    /// What the decision rests on: touch, registration or document references.
    package var evidence: [String]
    package var note: String?
    package var actor: Actor
    package var at: Timestamp
    /// Money that comes from the decision waits until then.
    package var appealUntil: Timestamp

    package init(
        outcome: ConflictOutcome, winner: Party?, shares: [ConflictShare], evidence: [String], note: String?,
        actor: Actor, at: Timestamp, appealUntil: Timestamp
    ) {
        self.outcome = outcome
        self.winner = winner
        self.shares = shares
        self.evidence = evidence
        self.note = note
        self.actor = actor
        self.at = at
        self.appealUntil = appealUntil
    }
}

package struct ConflictAppeal: Sendable, Hashable {
    package var party: Party
    package var by: String
    package var at: Timestamp
    package var reason: String
    /// The decider of the first decision, who may not decide again.
    package var against: Actor

    package init(party: Party, by: String, at: Timestamp, reason: String, against: Actor) {
        self.party = party
        self.by = by
        self.at = at
        self.reason = reason
        self.against = against
    }
}
