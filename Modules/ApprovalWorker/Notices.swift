import Contracts
import Domain
import Register
import TaskRuntime

/// Who is told of what: one message to one recipient for one cause.
extension AccountFile {
    private func parameters(
        _ productLine: String, _ more: NotificationParameters = NotificationParameters()
    ) -> NotificationParameters {
        var all = more
        all["account"] = account.name ?? key.text
        all["domain"] = key.text
        all["product_line"] = productLine
        return all
    }

    private func tell(
        _ partner: PartnerID, _ template: NotificationTemplate, about: String, cause: String = "",
        _ parameters: NotificationParameters
    ) throws {
        guard let partner = try register.partner(partner) else { return }
        send(NotificationRequested(to: partner, template, about: about, cause: cause, parameters: parameters, at: now))
    }

    private func tell(
        _ person: PersonID, _ template: NotificationTemplate, about: String, cause: String = "",
        _ parameters: NotificationParameters
    ) throws {
        guard let person = try register.person(person), person.isActive else { return }
        send(NotificationRequested(to: person, template, about: about, cause: cause, parameters: parameters, at: now))
    }

    private func send(_ request: NotificationRequested) {
        turn.emit(request, to: .notification, key: request.recipient.text, subject: request.notification.text)
    }

    private func tellOwner(
        of area: OperatingArea.Area, _ template: NotificationTemplate, about: String, cause: String = "",
        _ parameters: NotificationParameters
    ) throws {
        guard let owner = program.owner(of: area) else { return }
        try tell(owner, template, about: about, cause: cause, parameters)
    }

    private func partnerName(_ id: PartnerID) throws -> String { try register.partner(id)?.name ?? id.text }

    // MARK: Referrals and claims

    /// The decision, to the partner: of the claim where there is one, else of the referral.
    func notifyDecision(_ referral: ReferralClaim, _ template: NotificationTemplate) throws {
        let claim = try referral.registration.flatMap { try registration($0) }
        try tell(
            referral.partner, template, about: referral.id.text, cause: referral.decision?.at.description ?? "",
            parameters(
                referral.productLine,
                [
                    "referral": referral.id.text, "registration": claim?.id.text,
                    "reason": referral.decision?.reason?.rawValue, "detail": referral.decision?.note,
                    "stage": claim?.stage.rawValue, "protected_until": claim?.window?.end.date.description,
                    "resubmit_by": referral.returnedAt.map {
                        ($0 + .days(Int(program.intake.resubmissionDays))).date.description
                    },
                ]))
    }

    /// Sales takes over.
    func notifyHandoff(_ referral: ReferralClaim) throws {
        guard let handoff = referral.handoff else { return }
        try tell(
            handoff.contact, .handoff, about: referral.id.text,
            parameters(
                referral.productLine,
                [
                    "referral": referral.id.text, "partner": try partnerName(referral.partner),
                    "due": handoff.firstContactDue.description,
                ]))
    }

    func notifyFirstContactOverdue(_ referral: ReferralClaim) throws {
        guard let handoff = referral.handoff else { return }
        let parameters = parameters(
            referral.productLine,
            [
                "referral": referral.id.text, "partner": try partnerName(referral.partner),
                "due": handoff.firstContactDue.description, "contact": handoff.contact.text,
            ])
        try tellOwner(of: .leadRules, .firstContactOverdue, about: referral.id.text, parameters)
    }

    /// To the owner of the lead rules: a review is asked for, half its time is over, or its deadline is.
    func notifyReview(_ referral: ReferralClaim, _ template: NotificationTemplate) throws {
        guard let review = referral.review else { return }
        let parameters = parameters(
            referral.productLine,
            [
                "referral": referral.id.text, "registration": referral.registration?.text,
                "partner": try partnerName(referral.partner), "due": review.due.description,
            ])
        try tellOwner(
            of: .leadRules, template, about: referral.id.text, cause: review.openedAt.description, parameters)
    }

    /// Why the partner's stage is another than the one it claimed.
    func notifyDowngrade(_ claim: Registration, _ steps: [ExplanationStep]) throws {
        let why = steps.filter { $0.rule == "registration_stage" }.map(\.text).joined(separator: " ")
        try tell(
            claim.partner, .registrationDowngraded, about: claim.id.text,
            parameters(
                claim.productLine,
                [
                    "registration": claim.id.text, "claimed_stage": claim.claimedStage.rawValue,
                    "stage": claim.stage.rawValue, "detail": why,
                ]))
    }

    func notifyProtection(_ claim: Registration, _ template: NotificationTemplate) throws {
        try tell(
            claim.partner, template, about: claim.id.text, cause: claim.window?.end.description ?? "",
            parameters(
                claim.productLine,
                [
                    "registration": claim.id.text, "protected_until": claim.window?.end.date.description,
                    "reason": claim.decision?.reason?.rawValue, "detail": claim.decision?.note,
                ]))
    }

    func notifyExtensionRequest(_ claim: Registration) throws {
        guard let asked = claim.extensions.last else { return }
        try tellOwner(
            of: .leadRules, .extensionRequested, about: claim.id.text, cause: "\(claim.extensions.count)",
            parameters(
                claim.productLine,
                [
                    "registration": claim.id.text, "partner": try partnerName(claim.partner), "reason": asked.reason,
                    "due": asked.due.description, "days": "\(asked.days)",
                    "protected_until": claim.window?.end.date.description,
                ]))
    }

    func notifyExtensionOverdue(_ claim: Registration) throws {
        guard let asked = claim.extensions.last else { return }
        try tellOwner(
            of: .leadRules, .reviewOverdue, about: claim.id.text, cause: "extension \(claim.extensions.count)",
            parameters(
                claim.productLine,
                [
                    "registration": claim.id.text, "referral": claim.referral.text,
                    "partner": try partnerName(claim.partner), "due": asked.due.description,
                ]))
    }

    func notifyExtension(_ claim: Registration, isApproved: Bool) throws {
        try tell(
            claim.partner, isApproved ? .extensionGranted : .extensionRefused, about: claim.id.text,
            cause: "\(claim.extensions.count)",
            parameters(
                claim.productLine,
                [
                    "registration": claim.id.text, "protected_until": claim.window?.end.date.description,
                    "detail": claim.extensions.last?.decision?.note,
                ]))
    }

    // MARK: Conflicts

    /// To each partner that is a party, and to the owner of attribution, who decides or has it decided.
    func notifyConflict(
        _ conflict: Conflict, _ template: NotificationTemplate, _ steps: [ExplanationStep]
    ) throws {
        let parameters = try conflictParameters(conflict, steps)
        let cause = "\(conflict.revision)"
        for partner in conflict.partners {
            try tell(partner, template, about: conflict.id.text, cause: cause, parameters)
        }
        try tellOwner(of: .attribution, template, about: conflict.id.text, cause: cause, parameters)
    }

    func notifyConflictOverdue(_ conflict: Conflict) throws {
        try tellOwner(
            of: .attribution, .reviewOverdue, about: conflict.id.text, cause: "\(conflict.revision)",
            try conflictParameters(conflict, []))
    }

    private func conflictParameters(_ conflict: Conflict, _ steps: [ExplanationStep]) throws -> NotificationParameters {
        parameters(
            conflict.productLine,
            [
                "conflict": conflict.id.text, "due": conflict.reviewDue?.description,
                "parties": conflict.parties.map(\.party.text).joined(separator: ", "),
                "outcome": conflict.decision?.outcome.rawValue, "winner": conflict.decision?.winner?.text,
                "detail": steps.map(\.text).joined(separator: " "),
                "appeal_until": conflict.decision?.appealUntil.date.description, "reason": conflict.appeal?.reason,
            ])
    }

    // MARK: Deals

    func notifyWon(_ credit: Credit, _ attribution: Attribution) throws {
        try tell(
            credit.partner, .opportunityWon, about: attribution.opportunity.text, cause: credit.creditClass.rawValue,
            parameters(
                attribution.productLine,
                [
                    "opportunity": attribution.opportunity.text, "class": credit.creditClass.rawValue,
                    "amount": credit.firstYear.description, "registration": credit.registration?.text,
                ]))
    }

    func notifyLost(_ claim: Registration, _ deal: Opportunity) throws {
        try tell(
            claim.partner, .opportunityLost, about: deal.id.text,
            parameters(
                claim.productLine,
                [
                    "opportunity": deal.id.text, "registration": claim.id.text, "reason": deal.lostReason,
                ]))
    }
}
