package import Domain
package import JSON

/// A partner hands in a prospect.
package struct ReferralSubmitted: EventPayload, Hashable {
    package static let type = "io.tributary.referral.submitted.v1"

    package var submission: ReferralSubmission

    package var occurredAt: Timestamp { submission.occurredAt }

    package init(_ submission: ReferralSubmission) { self.submission = submission }

    package init(reading reader: inout ObjectReader) {
        submission = ReferralSubmission(reading: &reader)
    }

    package func write(to writer: inout ObjectWriter) { submission.write(to: &writer) }
}

/// A partner completes a referral that was returned to it: the whole submission again.
package struct ReferralResubmitted: EventPayload, Hashable {
    package static let type = "io.tributary.referral.resubmitted.v1"

    package var referral: ReferralID
    /// Partner, account and product line must be those of the first submission.
    package var submission: ReferralSubmission

    package var occurredAt: Timestamp { submission.occurredAt }

    package init(referral: ReferralID, submission: ReferralSubmission) {
        self.referral = referral
        self.submission = submission
    }

    package init(reading reader: inout ObjectReader) {
        referral = reader.value("referral_id", as: ReferralID.self)
        submission = ReferralSubmission(reading: &reader)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("referral_id", referral)
        submission.write(to: &writer)
    }
}

/// A partner takes back a referral that is not decided yet. Goes on to `approval.v1` as it is.
package struct ReferralWithdrawn: EventPayload, Hashable {
    package static let type = "io.tributary.referral.withdrawn.v1"

    package var referral: ReferralID
    package var account: AccountReference
    package var reason: String?
    package var withdrawnBy: String
    package var occurredAt: Timestamp

    package init(
        referral: ReferralID, account: AccountReference, reason: String? = nil, withdrawnBy: String,
        occurredAt: Timestamp
    ) {
        self.referral = referral
        self.account = account
        self.reason = reason
        self.withdrawnBy = withdrawnBy
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        referral = reader.value("referral_id", as: ReferralID.self)
        account = reader.object("account", AccountReference.self)
        reason = reader.optionalString("reason")
        withdrawnBy = reader.string("withdrawn_by")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("referral_id", referral)
        writer.object("account", account)
        writer.string("reason", reason)
        writer.string("withdrawn_by", withdrawnBy)
        writer.value("occurred_at", occurredAt)
    }
}

/// The referral worker rejects a referral that it has already handed on: it was returned, and did not come back in time, came
/// back invalid, or came back as no ideal customer. The approval worker ends the claim that goes with it.
package struct ReferralRejected: EventPayload, Hashable {
    package static let type = "io.tributary.referral.rejected.v1"

    package var referral: ReferralID
    package var account: AccountReference
    package var reason: RejectReason
    package var occurredAt: Timestamp

    package init(referral: ReferralID, account: AccountReference, reason: RejectReason, occurredAt: Timestamp) {
        self.referral = referral
        self.account = account
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        referral = reader.value("referral_id", as: ReferralID.self)
        account = reader.object("account", AccountReference.self)
        reason = reader.enumeration("reason", RejectReason.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("referral_id", referral)
        writer.object("account", account)
        writer.enumeration("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}

/// What the approval worker decided about a referral, so that the referral worker can record it.
package struct ReferralSettled: EventPayload, Hashable {
    /// What a decision makes of a referral.
    package enum Outcome: String, Sendable, CaseIterable {
        case accepted, rejected, returned, withdrawn, converted, expired
    }

    package static let type = "io.tributary.referral.settled.v1"

    package var referral: ReferralID
    package var account: AccountReference
    package var partner: PartnerID
    package var productLine: String
    package var outcome: Outcome
    /// Required on `rejected`.
    package var reason: RejectReason?
    package var note: String?
    package var actor: Actor
    /// The opportunity that a converted referral became.
    package var opportunity: OpportunityID?
    /// The decided conflict, where that is why.
    package var conflict: ConflictID?
    /// When the decision took effect; a returned referral's time to come back runs from here.
    package var effectiveAt: Timestamp
    package var occurredAt: Timestamp

    package init(
        referral: ReferralID, account: AccountReference, partner: PartnerID, productLine: String, outcome: Outcome,
        reason: RejectReason? = nil, note: String? = nil, actor: Actor, opportunity: OpportunityID? = nil,
        conflict: ConflictID? = nil, effectiveAt: Timestamp, occurredAt: Timestamp
    ) {
        self.referral = referral
        self.account = account
        self.partner = partner
        self.productLine = productLine
        self.outcome = outcome
        self.reason = reason
        self.note = note
        self.actor = actor
        self.opportunity = opportunity
        self.conflict = conflict
        self.effectiveAt = effectiveAt
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        referral = reader.value("referral_id", as: ReferralID.self)
        account = reader.object("account", AccountReference.self)
        partner = reader.value("partner_id", as: PartnerID.self)
        productLine = reader.string("product_line")
        outcome = reader.enumeration("outcome", Outcome.self)
        reason = reader.optionalEnumeration("reason", RejectReason.self)
        note = reader.optionalString("note")
        actor = reader.value("actor", as: Actor.self)
        opportunity = reader.optionalValue("opportunity_id", as: OpportunityID.self)
        conflict = reader.optionalValue("conflict_id", as: ConflictID.self)
        effectiveAt = reader.value("effective_at", as: Timestamp.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("referral_id", referral)
        writer.object("account", account)
        writer.value("partner_id", partner)
        writer.string("product_line", productLine)
        writer.enumeration("outcome", outcome)
        writer.enumeration("reason", reason)
        writer.string("note", note)
        writer.value("actor", actor)
        writer.value("opportunity_id", opportunity)
        writer.value("conflict_id", conflict)
        writer.value("effective_at", effectiveAt)
        writer.value("occurred_at", occurredAt)
    }
}
