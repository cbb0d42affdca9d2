import Contracts
import Domain
import Register
import TaskRuntime

/// Approved claims: their window, its extensions and its end.
extension AccountFile {
    /// Gives an approved claim its window, replaces the partner's older one and links the deals that it covers.
    func approve(_ claim: Registration, decision: ClaimDecision, steps: [ExplanationStep]) throws {
        var claim = claim
        var steps = steps
        claim.decision = decision
        if claim.window == nil {
            let window = ProtectionWindow(
                approvedAt: now, rules: program.protection, type: claim.partnerType, tier: claim.tier)
            claim.window = window
            let days = (window.end - window.start).milliseconds / 86_400_000
            if claim.claimedStage != .unregisteredClaim {
                steps.append(
                    step(
                        "protection", "Protected for \(days) days, until \(window.end).",
                        arithmetic: "\(window.start) + \(days) d = \(window.end)"))
            }
        }
        steps.append(
            step(
                "terms_locked",
                claim.terms.map { "Paid by \($0.id) version \($0.version), stage \(claim.stage.rawValue)." }
                    ?? "The partner has accepted no terms in force: nothing is paid."))
        try save(claim, "approved", steps)
        if claim.stage != claim.claimedStage { try notifyDowngrade(claim, steps) }
        try supersedeOlder(than: claim)
        if claim.claimedStage == .unregisteredClaim, let id = claim.opportunity {
            try claim.move(.convert, at: now)
            claim.convertedAt = now
            try claim.move(.win, at: now)
            try save(claim, "won", [step("converted", "The claim names opportunity \(id), which is won.")])
        }
    }

    /// A newer approved claim of the same partner takes the place of the older one.
    private func supersedeOlder(than claim: Registration) throws {
        guard claim.claimedStage != .unregisteredClaim else { return }
        for var older in try registrations(on: claim.productLine)
        where older.partner == claim.partner && older.id != claim.id && older.state == .approved
            && older.claimedStage != .unregisteredClaim && older.sequence < claim.sequence
        {
            try older.move(.supersede, at: now)
            try save(
                older, "superseded",
                [step("superseded", "Registration \(claim.id) of the same partner takes its place.")])
        }
    }

    /// Writes a claim and tells readers.
    func save(_ claim: Registration, _ change: String, _ steps: [ExplanationStep]) throws {
        try put(claim)
        turn.record(RegistrationFact(change: change, registration: claim, explanation: steps, occurredAt: now))
    }

    private func known(_ id: RegistrationID) throws -> Registration {
        guard let claim = try registration(id) else {
            throw DeadLetter(.refused, "registration \(id) is not known on this account")
        }
        return claim
    }

    // MARK: Extensions

    func requestExtension(_ event: RegistrationExtensionRequested) throws {
        var claim = try known(event.registration)
        let due = ReviewClock(openedAt: now, rules: program.review, tier: claim.tier).due
        do throws(ExtensionRefusal) {
            try claim.requestExtension(
                at: now, by: event.requestedBy, reason: event.reason, rules: program.protection, due: due)
        } catch {
            throw DeadLetter(.refused, "registration \(claim.id): \(error)")
        }
        let steps = [step("extension_requested", "Asked for before the end: \(event.reason)")]
        try save(claim, "extension_requested", steps)
        try recordExtension(claim, .open, steps)
        try notifyExtensionRequest(claim)
    }

    func decideExtension(_ event: RegistrationExtensionDecided) throws {
        var claim = try known(event.registration)
        try requireDecider(event.actor, about: [claim.partner])
        let before = claim.window?.end
        let decision = ExtensionDecision(
            isApproved: event.decision == .approve, actor: event.actor, at: now, note: event.note)
        do throws(ExtensionRefusal) {
            try claim.decideExtension(decision)
        } catch {
            throw DeadLetter(.refused, "registration \(claim.id): \(error)")
        }
        let days = claim.extensions.last?.days ?? 0
        var steps = [step("extension", "\(event.actor) refused the extension.")]
        if decision.isApproved, let before, let end = claim.window?.end {
            steps = [
                step(
                    "extension", "\(event.actor) extended the protection to \(end).",
                    arithmetic: "\(before) + \(days) d = \(end)")
            ]
        }
        try save(claim, decision.isApproved ? "extended" : "extension_refused", steps)
        try recordExtension(claim, .closed, steps, actor: event.actor)
        try notifyExtension(claim, isApproved: decision.isApproved)
        if claim.state == .approved, let end = claim.window?.end, end <= now { try expire(claim) }
        if decision.isApproved { try reattribute(claim.productLine) }
    }

    // MARK: Ends

    func expire(_ claim: Registration) throws {
        var claim = claim
        try claim.move(.expire, at: now)
        let end = claim.window?.end ?? now
        try save(claim, "expired", [step("protection_end", "The protection ended at \(end) without an opportunity.")])
        try notifyProtection(claim, .protectionExpired)
    }

    func withdraw(_ event: RegistrationWithdrawn) throws {
        var claim = try known(event.registration)
        let wasUndecided = claim.state.isUndecided
        try claim.move(.withdraw, at: now)
        try save(claim, "withdrawn", [step("withdrawn", "\(event.withdrawnBy) gave the claim back.")])
        try lapseConflict(of: claim)
        if wasUndecided {
            try continueAsIntroduction(claim)
        } else {
            try reattribute(claim.productLine)
        }
    }

    /// The referral of a withdrawn claim stays to be decided; its clock runs again if a conflict had stopped it.
    private func continueAsIntroduction(_ claim: Registration) throws {
        guard let referral = try referral(claim.referral), referral.state == .inReview, referral.review == nil else {
            return
        }
        try openReview(referral, nil, steps: [step("withdrawn", "The claim was withdrawn; the referral stays.")])
    }

    func revoke(_ event: RegistrationRevoked) throws {
        let claim = try known(event.registration)
        try requireDecider(event.actor, about: [claim.partner])
        try revoke(
            claim, ClaimDecision(actor: event.actor, at: now, reason: event.reason, note: event.note),
            [step("revoked", "\(event.actor) revoked the claim: \(event.reason.rawValue).")])
        try reattribute(claim.productLine)
    }

    func revoke(_ claim: Registration, _ decision: ClaimDecision, _ steps: [ExplanationStep]) throws {
        var claim = claim
        try claim.move(.revoke, at: now)
        claim.decision = decision
        try save(claim, "revoked", steps)
        try notifyProtection(claim, .registrationRevoked)
        try lapseConflict(of: claim)
    }

    /// The partner left the programme.
    func endMembership(of partner: Partner, claim id: RegistrationID) throws {
        guard var claim = try registration(id) else { return }
        let effect = PartnerEndRule.effect(
            on: claim.state, of: partner.status, endedAt: now, rules: program.partnerEnd)
        let decision = ClaimDecision(actor: .programme, at: now, reason: .partnerNotEligible)
        let ended = "The partner left the programme on \(now.date)"
        switch effect {
        case .none: return
        case .reject:
            guard let referral = try referral(claim.referral), referral.state.isUndecided else { return }
            let steps = [step("partner_end", "\(ended): open claims end.")]
            try reject(referral, claim, .partnerNotEligible, actor: .programme, note: nil, steps: steps)
        case .revoke:
            try revoke(claim, decision, [step("partner_end", "\(ended): claims without a deal end.")])
            try reattribute(claim.productLine)
        case .keepUntil(let tail):
            guard claim.tailUntil == nil else { return }
            claim.tailUntil = tail
            let steps = [
                step(
                    "partner_end", "\(ended): a deal that closes until \(tail) is still the partner's.",
                    arithmetic: "\(now) + \(program.partnerEnd.tailDays) d = \(tail)")
            ]
            try save(claim, "partner_ended", steps)
        }
    }
}
