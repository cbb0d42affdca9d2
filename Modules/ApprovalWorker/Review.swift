import Contracts
import Domain
import Register
import TaskRuntime

/// How a referral, and the claim with it, are accepted.
struct Acceptance {
    var actor: Actor
    var note: String?
    /// The programme's own contact where it is absent.
    var contact: PersonID?
    var roles: [RegistrationRole: String] = [:]
}

/// One review for referral and claim.
extension AccountFile {
    /// Puts the decision before a person, and starts the clock.
    func openReview(_ referral: ReferralClaim, _ claim: Registration?, steps: [ExplanationStep]) throws {
        var referral = referral
        let clock = ReviewClock(openedAt: now, rules: program.review, tier: referral.tier)
        referral.review = clock
        referral.isReminded = false
        referral.isEscalated = false
        if var claim {
            if claim.state == .submitted { try claim.move(.beginReview, at: now) }
            try save(claim, "in_review", steps)
        }
        try put(referral)
        let hours = (clock.due - clock.openedAt).milliseconds / 3_600_000
        let review = step(
            "review_due", "A person decides until \(clock.due).",
            arithmetic: "\(clock.openedAt) + \(hours) h = \(clock.due)")
        try recordReview(referral, claim, .open, steps + [review])
        try notifyReview(referral, .referralReviewRequested)
    }

    func decideReview(_ event: ReviewDecided) throws {
        guard var referral = try referral(event.referral) else {
            throw DeadLetter(.refused, "referral \(event.referral) is not known on this account")
        }
        guard referral.state == .inReview else {
            throw DeadLetter(
                .refused, "referral \(referral.id) is \(referral.state.rawValue): nothing is left to decide")
        }
        if let named = event.registration, named != referral.registration {
            throw DeadLetter(.refused, "registration \(named) does not belong to referral \(referral.id)")
        }
        try requireDecider(event.actor, about: [referral.partner])
        let claim = try referral.registration.flatMap { try registration($0) }
        let pending = claim.flatMap { $0.state.isUndecided ? $0 : nil }
        let steps = [step("review", "\(event.actor) decided: \(event.decision.rawValue).")]
        switch event.decision {
        case .accept:
            try requireUncontested(pending)
            let acceptance = Acceptance(
                actor: event.actor, note: event.note, contact: event.contactInSales, roles: event.roles)
            try accept(referral, pending, acceptance, steps: steps)
        case .reject:
            guard let reason = event.reason, program.review.rejectReasons.contains(reason) else {
                let known = program.review.rejectReasons.map(\.rawValue).joined(separator: ", ")
                throw DeadLetter(.refused, "/reason: a rejection names one of \(known)")
            }
            try reject(referral, pending, reason, actor: event.actor, note: event.note, steps: steps)
        case .return:
            try requireUncontested(pending)
            referral.state = .returned
            referral.review = nil
            referral.returnedAt = now
            referral.decision = ClaimDecision(actor: event.actor, at: now, reason: event.reason, note: event.note)
            if var pending {
                try pending.move(.return, at: now)
                pending.decision = referral.decision
                try save(pending, "returned", steps)
            }
            try put(referral)
            let until = now + .days(Int(program.intake.resubmissionDays))
            let due = step(
                "resubmission", "Resubmitted until \(until.date), it keeps its position.",
                arithmetic: "\(now.date) + \(program.intake.resubmissionDays) d = \(until.date)")
            try recordReview(referral, pending, .stopped, steps + [due], decision: "return", actor: event.actor)
            try settle(referral, .returned)
            try notifyDecision(referral, .referralReturned)
        }
    }

    private func requireUncontested(_ claim: Registration?) throws {
        guard let id = claim?.conflict, let conflict = try conflict(id), conflict.state.isPending else { return }
        if conflict.parties.first(where: { $0.party != .direct })?.registration == claim?.id,
            conflict.cause == .openClaim
        {
            return
        }
        throw DeadLetter(.refused, "conflict \(id) on the account is decided first")
    }

    // MARK: Decisions

    func accept(
        _ referral: ReferralClaim, _ claim: Registration?, _ acceptance: Acceptance, steps: [ExplanationStep]
    ) throws {
        var referral = referral
        var steps = steps
        let decision = ClaimDecision(actor: acceptance.actor, at: now, note: acceptance.note)
        let contact = try contactInSales(acceptance.contact)
        referral.state = .accepted
        referral.review = nil
        referral.decision = decision
        referral.isEscalated = false
        // One whose claim was given back in review is an introduction.
        if claim == nil { referral.registration = nil }
        referral.handoff = Handoff(contact: contact, acceptedAt: now, rules: program.handoff)
        if let handoff = referral.handoff {
            steps.append(
                step(
                    "handoff",
                    "\(contact) makes the first contact within \(program.handoff.firstContactBusinessDays) business days.",
                    arithmetic: "\(now) + \(handoff.firstContactDue.date.dayNumber - now.date.dayNumber) d = "
                        + "\(handoff.firstContactDue)"))
        }
        try put(referral)
        if var claim {
            if claim.state.isUndecided { try claim.move(.approve, at: now) }
            claim.roles = acceptance.roles
            try approve(claim, decision: decision, steps: steps)
        }
        try countActivity(of: referral.partner) {
            $0.decided += 1
            $0.accepted += 1
        }
        try recordReview(referral, claim, .closed, steps, decision: "accept", actor: acceptance.actor)
        try settle(referral, .accepted)
        try notifyHandoff(referral)
        try notifyDecision(referral, claim == nil ? .referralAccepted : .registrationApproved)
        try linkDeals(to: referral)
        try payIntroduction(on: referral.productLine)
        if !row.opportunities.isEmpty { try reattribute(referral.productLine) }
    }

    /// The person that acceptance names: active, and not a partner's.
    private func contactInSales(_ named: PersonID?) throws -> PersonID {
        guard let named else { return program.handoff.contact }
        guard let person = try register.person(named), person.isActive, person.partner == nil else {
            throw DeadLetter(.refused, "the contact in sales \(named) is no active person of the register")
        }
        return named
    }

    func reject(
        _ referral: ReferralClaim, _ claim: Registration?, _ reason: RejectReason, actor: Actor, note: String?,
        steps: [ExplanationStep]
    ) throws {
        var referral = referral
        let decision = ClaimDecision(actor: actor, at: now, reason: reason, note: note)
        referral.state = .rejected
        referral.review = nil
        referral.decision = decision
        try put(referral)
        if var claim, claim.state.isUndecided {
            try claim.move(.reject, at: now)
            claim.decision = decision
            try save(claim, "rejected", steps)
            try lapseConflict(of: claim)
        }
        try countActivity(of: referral.partner) { $0.decided += 1 }
        try recordReview(referral, claim, .closed, steps, decision: "reject", actor: actor)
        try settle(referral, .rejected)
        try notifyDecision(referral, claim == nil ? .referralRejected : .registrationRejected)
        try payIntroduction(on: referral.productLine)
    }

    /// The partner took the referral back; the claim goes with it, even where a decision crossed it on its way.
    func withdraw(_ event: ReferralWithdrawn) throws {
        guard var referral = try referral(event.referral) else {
            throw DeadLetter(.refused, "referral \(event.referral) is not known on this account")
        }
        guard referral.state != .rejected, referral.state != .withdrawn else { return }
        let steps = [step("withdrawn", "\(event.withdrawnBy) took the referral back.")]
        referral.state = .withdrawn
        referral.review = nil
        try put(referral)
        let claim = try referral.registration.flatMap { try registration($0) }
        if var claim, claim.state.isOpen {
            try claim.move(.withdraw, at: now)
            try save(claim, "withdrawn", steps)
            try lapseConflict(of: claim)
        }
        try recordReview(referral, claim, .closed, steps, decision: "withdrawn")
        try payIntroduction(on: referral.productLine)
        try reattribute(referral.productLine)
    }

    /// The referral worker rejected a referral that was returned: it did not come back in time, or not good enough.
    func end(_ event: ReferralRejected) throws {
        guard var referral = try referral(event.referral), referral.state == .returned else {
            throw DeadLetter(.refused, "referral \(event.referral) is not with its partner")
        }
        let decision = ClaimDecision(actor: .programme, at: now, reason: event.reason)
        let steps = [
            step("resubmission", "It did not come back in time, or not good enough: \(event.reason.rawValue).")
        ]
        referral.state = .rejected
        referral.decision = decision
        try put(referral)
        let claim = try referral.registration.flatMap { try registration($0) }
        if var claim, claim.state.isUndecided {
            try claim.move(.reject, at: now)
            claim.decision = decision
            try save(claim, "rejected", steps)
            try lapseConflict(of: claim)
        }
        try countActivity(of: referral.partner) { $0.decided += 1 }
        try recordReview(referral, claim, .closed, steps, decision: "reject", actor: .programme)
        try payIntroduction(on: referral.productLine)
    }

    // MARK: Who may decide

    /// An active person of the vendor's, or a policy; nobody decides about the partner he or she belongs to.
    func requireDecider(_ actor: Actor, about partners: [PartnerID]) throws {
        switch actor {
        case .policy: return
        case .programme: throw DeadLetter(.refused, "a decision names the person or the policy that made it")
        case .person(let id):
            guard let person = try register.person(id), person.isActive else {
                throw DeadLetter(.refused, "\(id) is no active person of the register")
            }
            if let partner = person.partner {
                let whose = partners.contains(partner) ? "the partner concerned" : "a partner"
                throw DeadLetter(.refused, "\(id) belongs to \(whose) and does not decide")
            }
        }
    }
}
