/// What is known about a partner where a deal credits it without a registration: locked at the first decision.
package struct PartnerStanding: Sendable, Hashable {
    package var type: PartnerType
    package var tier: Tier
    package var terms: TermsReference?
    /// False for a partner that had left the programme, tail included, before the close.
    package var isEligible: Bool

    package init(type: PartnerType, tier: Tier, terms: TermsReference?, isEligible: Bool) {
        self.type = type
        self.tier = tier
        self.terms = terms
        self.isEligible = isEligible
    }
}

/// Everything that a decision about a won opportunity rests on.
package struct AttributionInput {
    package var opportunity: Opportunity
    package var closedAt: Timestamp
    /// All of the account, in any order.
    package var registrations: [Registration]
    package var conflicts: [Conflict]
    package var touches: [Touch]
    package var referrals: [ReferralClaim]
    package var attribution: AttributionRules
    package var salesCompensation: SalesCompensationRules
    package var plays: [CoSellingPlay]
    package var programVersion: Int64
    /// The partner as it stood at the close, or as an earlier revision locked it; `nil` for an unknown one.
    package var standing: (PartnerID) throws -> PartnerStanding?
    /// Whether the claim's terms have a line for that kind of opportunity.
    package var paysKind: (Registration, OpportunityType) throws -> Bool

    package init(
        opportunity: Opportunity, closedAt: Timestamp, registrations: [Registration], conflicts: [Conflict],
        touches: [Touch], referrals: [ReferralClaim], attribution: AttributionRules,
        salesCompensation: SalesCompensationRules, plays: [CoSellingPlay], programVersion: Int64,
        standing: @escaping (PartnerID) throws -> PartnerStanding?,
        paysKind: @escaping (Registration, OpportunityType) throws -> Bool
    ) {
        self.opportunity = opportunity
        self.closedAt = closedAt
        self.registrations = registrations
        self.conflicts = conflicts
        self.touches = touches
        self.referrals = referrals
        self.attribution = attribution
        self.salesCompensation = salesCompensation
        self.plays = plays
        self.programVersion = programVersion
        self.standing = standing
        self.paysKind = paysKind
    }
}

/// Who sourced, assisted and influenced a won opportunity: a pure function of the evidence.
package struct AttributionDecision: Sendable, Hashable {
    package var state: Attribution.State
    package var revenueClass: RevenueClass
    package var conflict: ConflictID?
    package var credits: [Credit]
    package var evidenceUsed: [EvidenceNote]
    package var evidenceRefused: [EvidenceNote]
    package var salesCompensation: SalesCompensation
    package var steps: [ExplanationStep]
}

extension AttributionInput {
    /// Decides by the rules in their order. One class per partner: sourced, else assisted, else influenced.
    package func decide() throws -> AttributionDecision {
        var draft = AttributionDraft(input: self)
        let pending = pendingConflict
        if let pending {
            draft.leaveUndecided(pending)
        } else {
            try draft.source()
        }
        try draft.creditTouches()
        return draft.decision(pending: pending)
    }

    /// Claims that may cover the deal: of its product line, approved and not taken back; for expansions and renewals only
    /// where a plan line says so.
    func coveringClaims() throws -> [Registration] {
        try registrations.filter { claim in
            guard claim.productLine == opportunity.productLine, claim.claimedStage != .unregisteredClaim,
                claim.attributes(closedAt: closedAt)
            else { return false }
            return try opportunity.kind == .new || paysKind(claim, opportunity.kind)
        }
    }

    private var pendingConflict: Conflict? {
        conflicts.filter { $0.state.isPending && $0.concerns(opportunity) }
            .min { ($0.openedAt, $0.id) < ($1.openedAt, $1.id) }
    }
}

/// The decision in the making.
struct AttributionDraft {
    let input: AttributionInput
    var credits: [Credit] = []
    var used: [EvidenceNote] = []
    var refused: [EvidenceNote] = []
    var steps: [ExplanationStep] = []
    var undecidedParties: Set<PartnerID> = []

    var opportunity: Opportunity { input.opportunity }
    var closedAt: Timestamp { input.closedAt }

    init(input: AttributionInput) { self.input = input }

    mutating func leaveUndecided(_ conflict: Conflict) {
        undecidedParties = Set(conflict.parties.compactMap(\.party.partner))
        step(
            "sourced_undecided",
            "Conflict \(conflict.id) on the account is not decided: the deal is sourced, by whom is open, nothing is paid yet."
        )
    }

    mutating func step(_ rule: String, _ text: String, arithmetic: String? = nil) {
        steps.append(
            ExplanationStep(
                rule: rule, programVersion: input.programVersion, text: text, arithmetic: arithmetic))
    }

    mutating func use(_ reference: String, _ party: Party, _ text: String) {
        used.append(EvidenceNote(reference: reference, party: party, text: text))
    }

    mutating func refuse(_ reference: String, _ party: Party, _ text: String) {
        refused.append(EvidenceNote(reference: reference, party: party, text: text))
    }

    // MARK: Assisted and influenced

    /// Confirmed touches of partners that did not source the deal.
    mutating func creditTouches() throws {
        let since = closedAt - .days(Int(input.attribution.influenceDays))
        var classes: [PartnerID: (creditClass: CreditClass, referral: ReferralID?)] = [:]
        for touch in input.touches.sorted(by: { ($0.occurredAt, $0.id) < ($1.occurredAt, $1.id) }) {
            guard let partner = touch.party.partner, touch.concerns(opportunity.productLine) else { continue }
            guard let creditClass = judge(touch, since: since) else { continue }
            let best = classes[partner]?.creditClass == .assisted ? .assisted : creditClass
            classes[partner] = (best, classes[partner]?.referral)
        }
        for referral in input.referrals.sorted(by: { $0.sequence < $1.sequence })
        where referral.productLine == opportunity.productLine && referral.state.isAcceptance
            && referral.registration == nil
        {
            guard referral.submittedAt >= since, referral.submittedAt <= closedAt else { continue }
            use(
                referral.id.text, .partner(referral.partner),
                "an accepted introduction of \(referral.submittedAt.date) is a confirmed touch")
            classes[referral.partner] = (classes[referral.partner]?.creditClass ?? .influenced, referral.id)
        }
        let sourced = Set(credits.map(\.partner))
        for (partner, credit) in classes.sorted(by: { $0.key < $1.key }) where !sourced.contains(partner) {
            guard !undecidedParties.contains(partner) else { continue }
            try append(partner, class: credit.creditClass, referral: credit.referral)
        }
        if let last = steps.indices.last, credits.contains(where: { $0.creditClass == .influenced }) {
            steps[last].arithmetic =
                steps[last].arithmetic ?? "\(closedAt.date) - \(input.attribution.influenceDays) d = \(since.date)"
        }
    }

    /// The class that one touch gives; `nil` where it is refused or too old.
    private mutating func judge(_ touch: Touch, since: Timestamp) -> CreditClass? {
        guard touch.isEvidence else {
            refuse(
                touch.id.text, touch.party, "nobody confirmed the \(touch.kind.rawValue) of \(touch.occurredAt.date)")
            return nil
        }
        guard touch.occurredAt <= closedAt else {
            refuse(
                touch.id.text, touch.party, "the \(touch.kind.rawValue) of \(touch.occurredAt.date) is after the close")
            return nil
        }
        if input.attribution.assistingKinds.contains(touch.kind), let qualifiedAt = opportunity.qualifiedAt,
            touch.occurredAt >= qualifiedAt
        {
            use(
                touch.id.text, touch.party,
                "\(touch.kind.rawValue) of \(touch.occurredAt.date), after the deal qualified on \(qualifiedAt.date)")
            return .assisted
        }
        guard touch.occurredAt >= since else {
            refuse(
                touch.id.text, touch.party,
                "the \(touch.kind.rawValue) of \(touch.occurredAt.date) is more than "
                    + "\(input.attribution.influenceDays) days before the close on \(closedAt.date)")
            return nil
        }
        use(touch.id.text, touch.party, "\(touch.kind.rawValue) of \(touch.occurredAt.date), confirmed")
        return .influenced
    }

    private mutating func append(_ partner: PartnerID, class creditClass: CreditClass, referral: ReferralID?) throws {
        guard let standing = try input.standing(partner), standing.isEligible else {
            refuse(partner.text, .partner(partner), "the partner is not in the programme")
            return
        }
        credits.append(
            Credit(
                partner: partner, partnerType: standing.type, tier: standing.tier, creditClass: creditClass,
                reason: .touch, stage: nil, share: .whole, firstYear: opportunity.firstYearValue,
                total: opportunity.totalValue ?? opportunity.firstYearValue, registration: nil, registeredAt: nil,
                referral: referral, terms: standing.terms))
        step(creditClass.rawValue, "\(partner) \(creditClass.rawValue) the deal by its confirmed touches.")
    }

    // MARK: The whole

    func decision(pending: Conflict?) -> AttributionDecision {
        let isSourced = pending != nil || credits.contains { $0.creditClass == .sourced }
        let revenueClass: RevenueClass = isSourced ? .sourced : (credits.isEmpty ? .direct : .influenced)
        let compensation = input.salesCompensation.compensation(
            for: revenueClass, motion: opportunity.motion, play: input.plays.first { $0.id == opportunity.play },
            salesRep: opportunity.salesRep, firstYearValue: opportunity.firstYearValue)
        var all = steps
        all.append(revenueStep(revenueClass))
        all += compensation.steps(
            firstYearValue: opportunity.firstYearValue, named: opportunity.play, plays: input.plays,
            programVersion: input.programVersion)
        return AttributionDecision(
            state: pending == nil ? .decided : .undecided, revenueClass: revenueClass, conflict: pending?.id,
            credits: credits, evidenceUsed: used, evidenceRefused: refused, salesCompensation: compensation, steps: all)
    }

    private func revenueStep(_ revenueClass: RevenueClass) -> ExplanationStep {
        let value = opportunity.firstYearValue.minor
        let parts = RevenueClass.allCases.map { $0 == revenueClass ? "\(value)" : "0" }
        return ExplanationStep(
            rule: "revenue_class", programVersion: input.programVersion,
            text: "The deal counts once, as \(revenueClass.rawValue): sourced + influenced + direct is its value.",
            arithmetic: "\(parts.joined(separator: " + ")) = \(value)")
    }
}
