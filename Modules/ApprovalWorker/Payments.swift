import Contracts
import Domain
import TaskRuntime

/// What goes to the payout worker: targets, reversals and disputes, each under its partner.
extension AccountFile {
    /// A partner's target by a revision; a share of 0 takes the credit back.
    func trigger(_ credit: Credit, _ attribution: Attribution, _ deal: Opportunity) throws {
        let trigger = CommissionTrigger(
            partner: credit.partner, partnerType: credit.partnerType, account: account, productLine: deal.productLine,
            opportunity: deal.id, referral: credit.referral, trigger: .closedWon, revision: attribution.revision,
            attribution: attribution.id, registration: credit.registration, creditClass: credit.creditClass,
            share: credit.share, firstYear: credit.firstYear, total: credit.total, stage: credit.stage,
            duties: deal.duties, settlement: deal.settlement, tier: credit.tier, kind: deal.kind, terms: credit.terms,
            programVersion: attribution.programVersion, registeredAt: credit.registeredAt,
            closedAt: attribution.closedAt, eligibleFrom: try notBefore(credit, deal.productLine),
            playRun: deal.playRun, flags: try hints(of: credit.referral))
        send(trigger)
    }

    /// The fee for a qualified introduction.
    func triggerIntroduction(_ earned: IntroductionRule.Earned, _ deal: Opportunity, revision: Int64) {
        send(introduction(of: earned.referral, deal, qualifiedAt: earned.qualifiedAt, revision: revision))
    }

    /// The fee falls to zero.
    func takeBackIntroduction(
        of referral: ReferralClaim, on productLine: String, _ deal: Opportunity, revision: Int64
    ) {
        var trigger = introduction(of: referral, deal, qualifiedAt: deal.qualifiedAt ?? now, revision: revision)
        trigger.productLine = productLine
        trigger.share = BasisPoints(0)
        trigger.firstYear.minor = 0
        trigger.total.minor = 0
        send(trigger)
    }

    private func introduction(
        of referral: ReferralClaim, _ deal: Opportunity, qualifiedAt: Timestamp, revision: Int64
    ) -> CommissionTrigger {
        CommissionTrigger(
            partner: referral.partner, partnerType: referral.partnerType, account: account,
            productLine: deal.productLine, opportunity: deal.id, referral: referral.id,
            trigger: .qualifiedIntroduction, revision: revision, attribution: nil, registration: referral.registration,
            creditClass: .sourced, share: .whole, firstYear: deal.firstYearValue,
            total: deal.totalValue ?? deal.firstYearValue, stage: nil, duties: deal.duties,
            settlement: deal.settlement, tier: referral.tier, kind: deal.kind, terms: referral.terms,
            programVersion: program.version, registeredAt: nil, closedAt: qualifiedAt,
            playRun: deal.playRun, flags: referral.hints)
    }

    private func send(_ trigger: CommissionTrigger) {
        turn.emit(
            CommissionTriggered(trigger, occurredAt: now), to: .payout, key: trigger.partner.text,
            subject: trigger.cause.text)
    }

    private func hints(of referral: ReferralID?) throws -> [FraudHint] {
        guard let referral else { return [] }
        return try self.referral(referral)?.hints ?? []
    }

    /// Tells each credited partner what of the whole deal is reversed by now.
    func sendReversals(of attribution: Attribution, _ deal: Opportunity, reason: String? = nil) {
        guard attribution.state == .decided else { return }
        let reversed = Money(
            minor: min(deal.reversedMinor, attribution.firstYearValue.minor),
            currency: attribution.firstYearValue.currency)
        for credit in attribution.credits {
            turn.emit(
                CommissionReversed(
                    partner: credit.partner, opportunity: deal.id, base: attribution.firstYearValue,
                    reversedTotal: reversed, reason: reason, revision: attribution.revision, occurredAt: now),
                to: .payout, key: credit.partner.text, subject: deal.id.text)
        }
    }

    // MARK: Disputes

    /// Holds what the parties have been credited of the deals that the conflict is about, until the decision.
    func placeDispute(_ conflict: inout Conflict) throws {
        let parties = conflict.partners
        for deal in try opportunities() where conflict.concerns(deal) {
            guard let attribution = try attribution(of: deal.id), attribution.state == .decided else { continue }
            for credit in attribution.credits where parties.contains(credit.partner) {
                conflict.disputedDeals.append(DisputedDeal(partner: credit.partner, opportunity: deal.id))
                turn.emit(
                    BlockPlaced(
                        partner: credit.partner, target: .opportunity(deal.id), kind: .dispute,
                        reference: conflict.id.text, evidence: conflict.parties.flatMap(\.touches).map(\.id.text),
                        owner: program.owner(of: .attribution), reviewOn: conflict.reviewDue?.date, actor: .programme,
                        occurredAt: now),
                    to: .payout, key: credit.partner.text, subject: conflict.id.text)
            }
        }
    }

    func releaseDispute(_ deal: DisputedDeal, of conflict: Conflict, by actor: Actor) {
        turn.emit(
            BlockReleased(
                partner: deal.partner, target: .opportunity(deal.opportunity), kind: .dispute,
                reference: conflict.id.text, note: conflict.decision?.note, actor: actor, occurredAt: now),
            to: .payout, key: deal.partner.text, subject: conflict.id.text)
    }
}
