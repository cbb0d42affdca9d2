import Contracts
import Domain
import Register
import TaskRuntime

/// What the referral worker found becomes a decision, a review or a conflict.
extension AccountFile {
    func evaluate(_ event: ReferralEvaluated) throws {
        guard let partner = try register.partner(event.partner) else {
            throw DeadLetter(.refused, "partner \(event.partner) is not in the register")
        }
        var referral = try admit(event, partner: partner)
        var claim = try admitClaim(event, referral: &referral, partner: partner)
        var steps: [ExplanationStep] = []
        guard partner.status == .active else {
            steps.append(
                step("partner_status", "The partner is \(partner.status.rawValue): no new referrals and claims."))
            return try reject(referral, claim, .partnerNotEligible, actor: .programme, note: nil, steps: steps)
        }
        if let refused = try refusal(of: claim) {
            steps.append(step("unregistered_claim", "Refused: \(refused)."))
            return try reject(
                referral, claim, refused.reason, actor: .programme, note: refused.description, steps: steps)
        }
        if let pending = claim {
            let check = try check(pending)
            claim?.stage = check.stage
            steps += check.steps
            if try check.finding != .clear || isContested(pending) {
                return try contest(&referral, pending, check: check, steps: steps)
            }
        } else {
            referral.proposedReasons = try proposals(for: referral)
        }
        let isDecidedByRoute =
            event.route == .accept && referral.proposedReasons.isEmpty
            && claim?.claimedStage != .unregisteredClaim
        if isDecidedByRoute {
            try accept(referral, claim, Acceptance(actor: .programme), steps: steps)
        } else {
            try openReview(referral, claim, steps: steps)
        }
    }

    /// The referral as it enters; one that was returned keeps its position and its day of submission.
    private func admit(_ event: ReferralEvaluated, partner: Partner) throws -> ReferralClaim {
        if var known = try referral(event.referral) {
            guard known.state == .returned else {
                throw DeadLetter(.refused, "referral \(event.referral) was evaluated before")
            }
            known.state = .inReview
            known.returnedAt = nil
            known.decision = nil
            known.hints = event.hints
            return known
        }
        var referral = ReferralClaim(
            id: event.referral, account: account, productLine: event.productLine, partner: partner.id,
            partnerType: event.partnerType, tier: event.tier, registration: nil, state: .inReview,
            sequence: nextSequence(), submittedAt: event.submittedAt, programVersion: event.programVersion,
            terms: event.terms)
        referral.hints = event.hints
        return referral
    }

    /// The claim that goes with the referral, if the partner registered one. One that was returned keeps its position; one
    /// that was given back does not come back: what the partner claims then is another claim, at a position of its own.
    private func admitClaim(
        _ event: ReferralEvaluated, referral: inout ReferralClaim, partner: Partner
    ) throws -> Registration? {
        if let known = try referral.registration.flatMap({ try registration($0) }), known.state == .returned {
            var again = known
            try again.move(.resubmit, at: now)
            again.decision = nil
            if let request = event.registration {
                again.claimedStage = request.stage
                again.stage = request.stage
                again.evidence = request.evidence
                again.opportunity = request.opportunity
                again.terms = try terms(
                    of: request, partner: partner, type: again.partnerType, atSubmission: referral.terms)
            }
            return again
        }
        guard let request = event.registration else { return nil }
        guard referral.registration == nil else {
            return try anotherClaim(request, event, referral: &referral, partner: partner)
        }
        let id = turn.deriveID(RegistrationID.self, routingKey: key.text, parts: event.referral.text)
        referral.registration = id
        return Registration(
            id: id, referral: referral.id, account: account, productLine: referral.productLine, partner: partner.id,
            partnerType: referral.partnerType, tier: referral.tier, sequence: referral.sequence,
            submittedAt: referral.submittedAt, claimedStage: request.stage, programVersion: referral.programVersion,
            terms: try terms(
                of: request, partner: partner, type: referral.partnerType, atSubmission: referral.terms),
            evidence: request.evidence, opportunity: request.opportunity)
    }

    /// A claim with a referral whose first claim was given back: submitted when the referral came back, by what holds then.
    private func anotherClaim(
        _ request: RegistrationRequest, _ event: ReferralEvaluated, referral: inout ReferralClaim, partner: Partner
    ) throws -> Registration {
        let sequence = nextSequence()
        let id = turn.deriveID(
            RegistrationID.self, routingKey: key.text, parts: event.referral.text, "\(sequence)")
        referral.registration = id
        return Registration(
            id: id, referral: referral.id, account: account, productLine: referral.productLine, partner: partner.id,
            partnerType: event.partnerType, tier: event.tier, sequence: sequence, submittedAt: event.occurredAt,
            claimedStage: request.stage, programVersion: event.programVersion,
            terms: try terms(of: request, partner: partner, type: event.partnerType, atSubmission: event.terms),
            evidence: request.evidence, opportunity: request.opportunity)
    }

    /// A claim is paid by the terms at its submission; one on a deal that is closed already, by those at the close.
    private func terms(
        of request: RegistrationRequest, partner: Partner, type: PartnerType, atSubmission: TermsReference?
    ) throws -> TermsReference? {
        guard request.stage == .unregisteredClaim,
            let closedAt = try request.opportunity.flatMap({ try opportunity($0) })?.closedAt
        else { return atSubmission }
        return try termsReference(of: partner, type: type, at: closedAt)
    }

    /// Why a claim on a closed deal is refused at once.
    private func refusal(of claim: Registration?) throws -> UnregisteredClaimRule.Refusal? {
        guard let claim, claim.claimedStage == .unregisteredClaim else { return nil }
        let current = try claim.opportunity.flatMap { try attribution(of: $0) }
        let deals = try opportunities()
        do throws(UnregisteredClaimRule.Refusal) {
            try UnregisteredClaimRule.check(
                claim, opportunities: deals, attribution: current, rules: program.protection)
            return nil
        } catch {
            return error
        }
    }

    /// Whether a conflict or an appeal on the account and product line is undecided: a new claim waits for it, too.
    private func isContested(_ claim: Registration) throws -> Bool {
        let closedDeal = claim.claimedStage == .unregisteredClaim ? claim.opportunity : nil
        return try pendingConflict(on: claim.productLine, about: closedDeal) != nil
    }

    func check(_ claim: Registration) throws -> ClaimCheck {
        ClaimCheck(
            claim, others: try registrations(on: claim.productLine), touches: try touches(),
            opportunities: try opportunities(), rules: program.protection, programVersion: program.version, now: now)
    }

    /// What the reviewer of an introduction is pointed at.
    private func proposals(for referral: ReferralClaim) throws -> [RejectReason] {
        var reasons: [RejectReason] = []
        let deals = try opportunities()
        if deals.contains(where: { $0.stage == .closedWon }) { reasons.append(.existingCustomer) }
        if deals.contains(where: { !$0.stage.isClosed && $0.productLine == referral.productLine }) {
            reasons.append(.existingOpportunity)
        }
        let others = try registrations(on: referral.productLine)
        if others.contains(where: { $0.partner != referral.partner && $0.isOpen(at: now) }) {
            reasons.append(.protectedByOther)
        }
        return reasons
    }

    /// The first of the partner's types that the programme knows.
    func partnerType(of partner: Partner) -> PartnerType {
        partner.types.first { program.partnerTypes.contains($0) } ?? partner.types.first ?? .referral
    }

    func termsReference(of partner: Partner, type: PartnerType, at time: Timestamp) throws -> TermsReference? {
        try register.terms(for: partner.id, type: type, at: time)?.reference
    }

    func step(_ rule: String, _ text: String, arithmetic: String? = nil) -> ExplanationStep {
        ExplanationStep(rule: rule, programVersion: program.version, text: text, arithmetic: arithmetic)
    }
}

extension Registration {
    /// As `apply`; what the state does not allow refuses the record.
    mutating func move(_ transition: RegistrationTransition, at time: Timestamp) throws(DeadLetter) {
        do throws(IllegalRegistrationTransition) {
            try apply(transition, at: time)
        } catch {
            throw DeadLetter(.refused, "registration \(id): \(error)")
        }
    }
}
