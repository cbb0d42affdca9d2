import Contracts
import Domain
import Register
import TaskRuntime

/// What happens by the clock alone. Windows are decided by arithmetic; a timer only tells that one is over.
extension AccountFile {
    func fire(_ kind: TimerKind, id: String, due: Timestamp) throws {
        switch kind {
        case .referral:
            guard let referral = try referral(ReferralID(unchecked: id)), referral.timerDue == due else { return }
            try fire(referral)
        case .registration:
            guard let claim = try registration(RegistrationID(unchecked: id)), claim.timerDue == due else { return }
            try fire(claim)
        case .conflict:
            guard let conflict = try conflict(ConflictID(unchecked: id)), conflict.timerDue == due else { return }
            try fire(conflict)
        case .activity, .partner: return
        }
    }

    private func fire(_ referral: ReferralClaim) throws {
        switch referral.state {
        case .inReview: try remindOrEscalate(referral)
        case .accepted, .converted:
            if let handoff = referral.handoff, handoff.firstContactAt == nil, !referral.isEscalated,
                handoff.firstContactDue <= now
            {
                try escalateFirstContact(referral)
            } else if referral.state == .accepted {
                try expire(referral)
            }
        case .returned, .rejected, .withdrawn, .expired: return
        }
    }

    /// At half time a reminder, at the deadline the area's owner; the clock decides only where the programme says so.
    private func remindOrEscalate(_ referral: ReferralClaim) throws {
        guard let review = referral.review else { return }
        var referral = referral
        let claim = try referral.registration.flatMap { try registration($0) }
        if !referral.isReminded {
            referral.isReminded = true
            try put(referral)
            let steps = [step("review_reminder", "The decision is due at \(review.due).")]
            try recordReview(referral, claim, .reminded, steps)
            return try notifyReview(referral, .reviewReminder)
        }
        if program.review.onOverdue == .approve {
            let steps = [step("review_overdue", "Nobody decided until \(review.due): the programme approves.")]
            let acceptance = Acceptance(actor: .programme, note: "overdue")
            return try accept(referral, claim.flatMap { $0.state.isUndecided ? $0 : nil }, acceptance, steps: steps)
        }
        referral.isEscalated = true
        try put(referral)
        let steps = [step("review_overdue", "Nobody decided until \(review.due): the owner of the area is told.")]
        try recordReview(referral, claim, .escalated, steps)
        try notifyReview(referral, .reviewOverdue)
    }

    private func escalateFirstContact(_ referral: ReferralClaim) throws {
        var referral = referral
        referral.isEscalated = true
        try put(referral)
        let due = referral.handoff?.firstContactDue.description ?? ""
        let steps = [step("first_contact", "Nobody in sales made the first contact until \(due).")]
        try recordReview(referral, nil, .closed, steps, decision: "accept", actor: referral.decision?.actor)
        try notifyFirstContactOverdue(referral)
    }

    /// No opportunity came of an accepted referral in time.
    private func expire(_ referral: ReferralClaim) throws {
        var referral = referral
        referral.state = .expired
        try put(referral)
        try settle(referral, .expired)
        try notifyDecision(referral, .referralExpired)
    }

    private func fire(_ claim: Registration) throws {
        var claim = claim
        if let pending = claim.pendingExtension, !pending.isEscalated, pending.due <= now {
            claim.extensions[claim.extensions.count - 1].isEscalated = true
            try put(claim)
            let steps = [step("review_overdue", "Nobody decided about the extension until \(pending.due).")]
            try recordExtension(claim, .escalated, steps)
            return try notifyExtensionOverdue(claim)
        }
        if let tail = claim.tailUntil, claim.state == .converted, tail <= now {
            let decision = ClaimDecision(actor: .programme, at: now, reason: .partnerNotEligible)
            return try revoke(
                claim, decision, [step("partner_end", "The tail after the partner's end is over (\(tail)).")])
        }
        guard let window = claim.window else { return }
        if claim.state == .approved, window.end <= now { return try expire(claim) }
        guard !claim.isReminded else { return }
        claim.isReminded = true
        try save(
            claim, "protection_ending",
            [
                step(
                    "protection_reminder", "The protection ends at \(window.end).",
                    arithmetic: "\(window.end) - \(program.protection.reminderDays) d = "
                        + "\(window.end - .days(Int(program.protection.reminderDays)))")
            ])
        try notifyProtection(claim, .protectionEnding)
    }

    private func fire(_ conflict: Conflict) throws {
        var conflict = conflict
        if conflict.state.isPending {
            conflict.isEscalated = true
            try put(conflict)
            let steps = [
                step("review_overdue", "Nobody decided the conflict until \(conflict.reviewDue?.description ?? "").")
            ]
            try recordReview(conflict, .escalated, steps, isAppeal: conflict.state == .appealed)
            return try notifyConflictOverdue(conflict)
        }
        try conclude(conflict)
    }
}
