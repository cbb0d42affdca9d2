package import Domain
package import JSON

/// Something that a person must decide, or had to: the open ones are the review list.
package struct ReviewFact: Fact {
    package enum Kind: String, Sendable, CaseIterable {
        /// A referral without a claim.
        case introduction
        /// A referral together with its claim.
        case claim
        case `extension`
        case conflict, appeal
    }

    package enum State: String, Sendable, CaseIterable {
        case open
        /// Half of the time is over.
        case reminded
        /// The deadline is over; the area's owner was told.
        case escalated
        /// Waits for the partner, or for the decision of a conflict.
        case stopped
        case closed

        package var isOpen: Bool { self != .closed }
    }

    package static let type = "io.tributary.review.changed.v1"

    /// The referral's or conflict's id; an extension's is the registration's with `:extension`.
    package var id: String
    package var kind: Kind
    package var state: State
    package var account: AccountReference
    package var productLine: String
    package var partner: PartnerID?
    package var referral: ReferralID?
    package var registration: RegistrationID?
    package var conflict: ConflictID?
    /// Both sides of a conflict.
    package var parties: [Party]
    package var claimedStage: RegistrationStage?
    package var stage: RegistrationStage?
    package var openedAt: Timestamp
    /// `nil` while the clock is stopped.
    package var due: Timestamp?
    package var proposedReasons: [RejectReason]
    /// How it ended; `nil` while open.
    package var decision: String?
    package var actor: Actor?
    /// After acceptance: who in sales makes the first contact, until when, and when it came.
    package var handoff: Handoff?
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { id }

    package init(
        id: String, kind: Kind, state: State, account: AccountReference, productLine: String, partner: PartnerID? = nil,
        referral: ReferralID? = nil, registration: RegistrationID? = nil, conflict: ConflictID? = nil,
        parties: [Party] = [], claimedStage: RegistrationStage? = nil, stage: RegistrationStage? = nil,
        openedAt: Timestamp, due: Timestamp?, proposedReasons: [RejectReason] = [], decision: String? = nil,
        actor: Actor? = nil, handoff: Handoff? = nil, explanation: [ExplanationStep], occurredAt: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.state = state
        self.account = account
        self.productLine = productLine
        self.partner = partner
        self.referral = referral
        self.registration = registration
        self.conflict = conflict
        self.parties = parties
        self.claimedStage = claimedStage
        self.stage = stage
        self.openedAt = openedAt
        self.due = due
        self.proposedReasons = proposedReasons
        self.decision = decision
        self.actor = actor
        self.handoff = handoff
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        id = reader.string("review_id")
        kind = reader.enumeration("kind", Kind.self)
        state = reader.enumeration("state", State.self)
        account = reader.object("account", AccountReference.self)
        productLine = reader.string("product_line")
        partner = reader.optionalValue("partner_id", as: PartnerID.self)
        referral = reader.optionalValue("referral_id", as: ReferralID.self)
        registration = reader.optionalValue("registration_id", as: RegistrationID.self)
        conflict = reader.optionalValue("conflict_id", as: ConflictID.self)
        parties = reader.values("parties", as: Party.self)
        claimedStage = reader.optionalEnumeration("claimed_stage", RegistrationStage.self)
        stage = reader.optionalEnumeration("stage", RegistrationStage.self)
        openedAt = reader.value("opened_at", as: Timestamp.self)
        due = reader.optionalValue("due", as: Timestamp.self)
        proposedReasons = reader.enumerations("proposed_reasons", RejectReason.self)
        decision = reader.optionalString("decision")
        actor = reader.optionalValue("actor", as: Actor.self)
        handoff = reader.optionalObject("handoff", Handoff.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("review_id", id)
        writer.enumeration("kind", kind)
        writer.enumeration("state", state)
        writer.object("account", account)
        writer.string("product_line", productLine)
        writer.value("partner_id", partner)
        writer.value("referral_id", referral)
        writer.value("registration_id", registration)
        writer.value("conflict_id", conflict)
        writer.values("parties", parties)
        writer.enumeration("claimed_stage", claimedStage)
        writer.enumeration("stage", stage)
        writer.value("opened_at", openedAt)
        writer.value("due", due)
        writer.enumerations("proposed_reasons", proposedReasons)
        writer.string("decision", decision)
        writer.value("actor", actor)
        writer.object("handoff", handoff)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}
