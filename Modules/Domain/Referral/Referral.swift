/// A referral as it stands: what the partner handed in, what became of it, and why.
package struct Referral: Sendable, Hashable {
    package var id: ReferralID
    /// `nil` where no account key can be derived; such a referral is rejected where it arrived.
    package var account: AccountKey?
    package var submission: ReferralSubmission
    package var origin: ReferralOrigin
    package var state: ReferralState
    /// Judging time of the first submission; a resubmission keeps it.
    package var submittedAt: Timestamp
    /// When the state last changed.
    package var changedAt: Timestamp
    /// The programme version in force at the last submission.
    package var programVersion: Int64
    /// `nil` until it is scored: invalid and duplicate referrals never are.
    package var assessment: ReferralAssessment?
    /// Why it was rejected.
    package var reason: RejectReason?
    /// Every field that failed a rule; empty unless the reason is `invalid`.
    package var problems: [FieldProblem]
    /// The unsettled referral that this one repeats.
    package var duplicateOf: ReferralID?
    /// Who decided last; `nil` before any decision.
    package var actor: Actor?
    package var note: String?
    /// Until when a returned referral may come back.
    package var resubmitBy: Timestamp?
    package var opportunity: OpportunityID?
}

// By the memberwise initialiser: one that sets the properties of a large structure one by one returns a copy of it.
extension Referral {
    package init(
        id: ReferralID, account: AccountKey?, submission: ReferralSubmission, origin: ReferralOrigin,
        submittedAt: Timestamp, programVersion: Int64
    ) {
        self.init(
            id: id, account: account, submission: submission, origin: origin, state: .submitted,
            submittedAt: submittedAt, changedAt: submittedAt, programVersion: programVersion, problems: [])
    }

    /// Moves to the state after a transition.
    package mutating func apply(
        _ transition: ReferralTransition, at time: Timestamp
    ) throws(IllegalReferralTransition) {
        state = try state.after(transition)
        changedAt = time
    }
}

/// Which event brought a referral.
package struct ReferralOrigin: Sendable, Hashable {
    package var source: String
    package var eventID: String

    package init(source: String, eventID: String) {
        self.source = source
        self.eventID = eventID
    }
}

/// What the referral worker found out about a valid referral.
package struct ReferralAssessment: Sendable, Hashable {
    /// Type and tier of the partner at submission, and the terms in force for it then.
    package var partnerType: PartnerType
    package var tier: Tier
    /// `nil` where no terms are in force.
    package var terms: TermsReference?
    package var fit: Score
    package var intent: Score
    package var route: ReferralRoute
    package var reasons: [RouteReason]
    package var hints: [FraudHint]

    package init(
        partnerType: PartnerType, tier: Tier, terms: TermsReference?, fit: Score, intent: Score, route: ReferralRoute,
        reasons: [RouteReason], hints: [FraudHint]
    ) {
        self.partnerType = partnerType
        self.tier = tier
        self.terms = terms
        self.fit = fit
        self.intent = intent
        self.route = route
        self.reasons = reasons
        self.hints = hints
    }
}

extension ReferralAssessment {
    private static let fitRule = "fit_score"
    private static let intentRule = "intent_score"

    /// The scores as steps of an explanation, without their texts: these say what the assessment itself holds, in every
    /// fact that carries it, and `spelledOut` makes them of it.
    package static func scoreSteps(programVersion: Int64) -> [ExplanationStep] {
        [fitRule, intentRule].map { ExplanationStep(rule: $0, programVersion: programVersion, text: "") }
    }

    /// The steps with the texts of the scores.
    package func spelledOut(_ steps: [ExplanationStep]) -> [ExplanationStep] {
        steps.map { step in
            guard step.text.isEmpty else { return step }
            return switch step.rule {
            case ReferralAssessment.fitRule: fit.step(rule: step.rule, programVersion: step.programVersion)
            case ReferralAssessment.intentRule: intent.step(rule: step.rule, programVersion: step.programVersion)
            default: step
            }
        }
    }
}
