import Contracts
import Domain
import TaskRuntime

/// The review list: what a person must decide, due when.
extension AccountFile {
    func recordReview(
        _ referral: ReferralClaim, _ claim: Registration?, _ state: ReviewFact.State, _ steps: [ExplanationStep],
        decision: String? = nil, actor: Actor? = nil
    ) throws {
        turn.record(
            ReviewFact(
                id: referral.id.text, kind: referral.registration == nil ? .introduction : .claim, state: state,
                account: account, productLine: referral.productLine, partner: referral.partner, referral: referral.id,
                registration: referral.registration, conflict: claim?.conflict, claimedStage: claim?.claimedStage,
                stage: claim?.stage, openedAt: referral.review?.openedAt ?? referral.submittedAt,
                due: referral.review?.due, proposedReasons: referral.proposedReasons, decision: decision, actor: actor,
                handoff: referral.handoff, explanation: steps, occurredAt: now))
    }

    func recordReview(
        _ conflict: Conflict, _ state: ReviewFact.State, _ steps: [ExplanationStep], isAppeal: Bool = false
    ) throws {
        turn.record(
            ReviewFact(
                id: conflict.id.text, kind: isAppeal ? .appeal : .conflict, state: state, account: account,
                productLine: conflict.productLine, conflict: conflict.id, parties: conflict.parties.map(\.party),
                openedAt: conflict.appeal?.at ?? conflict.openedAt, due: conflict.reviewDue,
                decision: state == .closed ? (conflict.decision?.outcome.rawValue ?? conflict.state.rawValue) : nil,
                actor: state == .closed ? conflict.decision?.actor : nil, explanation: steps, occurredAt: now))
    }

    func recordExtension(
        _ claim: Registration, _ state: ReviewFact.State, _ steps: [ExplanationStep], actor: Actor? = nil
    ) throws {
        guard let asked = claim.extensions.last else { return }
        turn.record(
            ReviewFact(
                id: "\(claim.id):extension", kind: .extension, state: state, account: account,
                productLine: claim.productLine, partner: claim.partner, referral: claim.referral,
                registration: claim.id,
                openedAt: asked.requestedAt, due: asked.decision == nil ? asked.due : nil,
                decision: asked.decision.map { $0.isApproved ? "approve" : "reject" }, actor: actor, explanation: steps,
                occurredAt: now))
    }

    /// Tells the referral worker what became of the referral.
    func settle(_ referral: ReferralClaim, _ outcome: ReferralSettled.Outcome, conflict: ConflictID? = nil) throws {
        turn.emit(
            ReferralSettled(
                referral: referral.id, account: account, partner: referral.partner, productLine: referral.productLine,
                outcome: outcome, reason: outcome == .rejected ? referral.decision?.reason : nil,
                note: referral.decision?.note, actor: referral.decision?.actor ?? .programme,
                opportunity: referral.opportunity, conflict: conflict, effectiveAt: now, occurredAt: now),
            to: .referral, key: key.text, subject: referral.id.text)
    }
}
