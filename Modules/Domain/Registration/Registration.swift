/// A partner's claim on an account for a product line.
package struct Registration: Sendable, Hashable {
    package var id: RegistrationID
    package var referral: ReferralID
    package var account: AccountReference
    package var productLine: String
    package var partner: PartnerID
    /// Type and tier of the partner at submission: they fix the window and the terms.
    package var partnerType: PartnerType
    package var tier: Tier
    package var state: RegistrationState
    /// Position among the submissions of the account: the first valid one wins, whatever a sender's clock says.
    package var sequence: Int64
    /// Judging time of the first submission.
    package var submittedAt: Timestamp
    /// What the partner claimed, and what the checks left of it. Fixed by the decision.
    package var claimedStage: RegistrationStage
    package var stage: RegistrationStage
    /// The programme version in force at submission.
    package var programVersion: Int64
    /// The terms version that the partner is paid by, locked at submission; `nil` where none was in force.
    package var terms: TermsReference?
    package var evidence: [Evidence]
    package var decision: ClaimDecision?
    /// From approval; `nil` before.
    package var window: ProtectionWindow?
    package var extensions: [ProtectionExtension]
    package var conflict: ConflictID?
    /// Part of the deal by a conflict's split; the whole otherwise.
    package var share: BasisPoints
    /// A decided conflict took the account from a claim that had already ended: it attributes nothing any more.
    package var isForfeited: Bool
    /// The opportunity that an unregistered claim names, or the first one that the claim covered.
    package var opportunity: OpportunityID?
    package var convertedAt: Timestamp?
    /// After the partner left the programme: closes after this time are not its own any more.
    package var tailUntil: Timestamp?
    package var roles: [RegistrationRole: String]
    /// When the state last changed.
    package var changedAt: Timestamp
    /// The partner was told that the window ends soon.
    package var isReminded: Bool
    /// Due time of the timer that stands in the store for this claim, if any.
    package var timerDue: Timestamp?

    package init(
        id: RegistrationID, referral: ReferralID, account: AccountReference, productLine: String, partner: PartnerID,
        partnerType: PartnerType, tier: Tier, sequence: Int64, submittedAt: Timestamp, claimedStage: RegistrationStage,
        programVersion: Int64, terms: TermsReference?, evidence: [Evidence], opportunity: OpportunityID?
    ) {
        self.id = id
        self.referral = referral
        self.account = account
        self.productLine = productLine
        self.partner = partner
        self.partnerType = partnerType
        self.tier = tier
        state = .submitted
        self.sequence = sequence
        self.submittedAt = submittedAt
        self.claimedStage = claimedStage
        stage = claimedStage
        self.programVersion = programVersion
        self.terms = terms
        self.evidence = evidence
        extensions = []
        share = .whole
        isForfeited = false
        self.opportunity = opportunity
        roles = [:]
        changedAt = submittedAt
        isReminded = false
    }

    /// Whether the claim excludes others at a time: undecided, or approved with a running window. A window that ran out
    /// while an extension asked for in time is undecided still runs.
    package func isOpen(at time: Timestamp) -> Bool {
        guard !isForfeited else { return false }
        if state.isUndecided { return true }
        guard state == .approved || state == .converted, let window else { return false }
        return time < window.end || pendingExtension != nil
    }

    /// The extension that waits for a decision.
    package var pendingExtension: ProtectionExtension? {
        extensions.last.flatMap { $0.decision == nil ? $0 : nil }
    }

    /// Was approved, and is not revoked, withdrawn, superseded or forfeited; after the partner's end, up to the tail.
    package func attributes(closedAt: Timestamp) -> Bool {
        guard !isForfeited else { return false }
        guard let tailUntil else { return state.isApproval }
        let endedWithPartner = state == .revoked && decision?.reason == .partnerNotEligible
        return closedAt <= tailUntil && (state.isApproval || endedWithPartner)
    }

    /// What happens next by the clock alone; `nil` where nothing does.
    package func nextDue(protection: ProtectionRules) -> Timestamp? {
        var dues: [Timestamp] = []
        if state == .approved || state == .converted, let window {
            if !isReminded, tailUntil == nil, let reminder = window.reminder(rules: protection) {
                dues.append(reminder)
            } else if state == .approved, pendingExtension == nil {
                dues.append(window.end)
            }
        }
        if state == .converted, let tailUntil { dues.append(tailUntil) }
        if let pending = pendingExtension, !pending.isEscalated { dues.append(pending.due) }
        return dues.min()
    }

    /// Moves to the state after a transition.
    package mutating func apply(
        _ transition: RegistrationTransition, at time: Timestamp
    ) throws(IllegalRegistrationTransition) {
        state = try state.after(transition)
        changedAt = time
    }
}

/// One exact version of terms.
package struct TermsReference: Sendable, Hashable {
    package var id: TermsID
    package var version: Int64

    package init(id: TermsID, version: Int64) {
        self.id = id
        self.version = version
    }
}

extension TermsVersion {
    package var reference: TermsReference { TermsReference(id: id, version: version) }
}

/// Who decided about a claim, when and why.
package struct ClaimDecision: Sendable, Hashable {
    package var actor: Actor
    package var at: Timestamp
    package var reason: RejectReason?
    package var note: String?

    package init(actor: Actor, at: Timestamp, reason: RejectReason? = nil, note: String? = nil) {
        self.actor = actor
        self.at = at
        self.reason = reason
        self.note = note
    }
}

/// What there is to own in a deal that a partner registered.
package enum RegistrationRole: String, Sendable, CaseIterable {
    case relationship, demo, pricing, contract, implementation
}
