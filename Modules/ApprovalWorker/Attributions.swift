import Contracts
import Domain
import Register
import TaskRuntime

/// Won deals: who is credited, what is sent to the payout worker, and the next revision when something changes.
extension AccountFile {
    /// Decides every won deal of a product line again; where nothing changes, nothing happens.
    func reattribute(_ productLine: String) throws {
        guard !row.opportunities.isEmpty else { return }
        for deal in try opportunities() where deal.productLine == productLine && deal.firstWonAt != nil {
            try attribute(deal)
        }
    }

    /// - Parameter before: the deal as it was, where the CRM changed it.
    func attribute(_ deal: Opportunity, before: Opportunity? = nil) throws {
        let previous = try lastAttribution(of: deal.id, before: before)
        guard deal.stage == .closedWon, let closedAt = deal.closedAt, let firstWonAt = deal.firstWonAt else {
            return try takeBack(previous, deal)
        }
        // A decision that is contested waits for the next one: what it triggered stands, blocked.
        if previous?.state == .decided, try conflicts().contains(where: { $0.state.isPending && $0.concerns(deal) }) {
            return
        }
        guard let rules = try register.program(at: firstWonAt) else {
            throw DeadLetter(.refused, "no programme version was in force at \(firstWonAt)")
        }
        let decision = try AttributionInput(
            opportunity: deal, closedAt: closedAt, registrations: try registrations(), conflicts: try conflicts(),
            touches: try touches(), referrals: try referrals(), attribution: rules.attribution,
            salesCompensation: rules.salesCompensation, plays: rules.plays, programVersion: rules.version,
            standing: { try self.standing(of: $0, deal: deal, closedAt: closedAt, previous: previous, rules: rules) },
            paysKind: { try self.pays($1, claim: $0) }
        ).decide()
        let id = previous?.id ?? turn.deriveID(AttributionID.self, routingKey: key.text, parts: deal.id.text)
        guard
            let next = Attribution.next(
                after: previous, id: id, opportunity: deal, closedAt: closedAt, decision: decision,
                programVersion: rules.version, at: now)
        else { return }
        try put(next)
        turn.record(AttributionFact(attribution: next, explanation: decision.steps, occurredAt: now))
        try retarget(from: previous, to: next, deal)
    }

    /// The last revision. One from before conditions were kept learns those that the deal had until now: else the first
    /// correction of them would not be seen.
    private func lastAttribution(of id: OpportunityID, before: Opportunity?) throws -> Attribution? {
        guard var last = try attribution(of: id) else { return nil }
        if let before, last.conditions == nil {
            last.conditions = DealConditions(before)
            try put(last)
        }
        return last
    }

    /// The deal is won no more: every target falls to zero.
    private func takeBack(_ previous: Attribution?, _ deal: Opportunity) throws {
        try takeBack(
            previous, deal,
            step("win_taken_back", "The CRM says \(deal.stage.rawValue): the win and its credits are taken back."))
    }

    /// Every target of the deal falls to zero.
    func takeBack(_ previous: Attribution?, _ deal: Opportunity, _ why: ExplanationStep) throws {
        guard let previous, previous.state != .void else { return }
        let void = previous.voided(at: now)
        try put(void)
        let steps = [why]
        turn.record(AttributionFact(attribution: void, explanation: steps, occurredAt: now))
        try retarget(from: previous, to: void, deal)
    }

    /// The targets that another account sent of this one's deal, which it gave up, may count for more than this account's
    /// own: those are sent again, in the revision after both.
    ///
    /// - Parameter last: the other account's last revision, which counts as nothing.
    func outrun(_ last: Attribution, of deal: Opportunity, _ why: ExplanationStep) throws {
        guard let own = try attribution(of: deal.id) else { return try takeOver(last, of: deal.id) }
        var next = own
        if last.revision >= own.revision {
            next.revision = own.state == .decided ? last.revision + 1 : last.revision
            if own.state == .decided { next.decidedAt = now }
            try put(next)
        }
        guard own.state == .decided else { return }
        if next.revision != own.revision {
            turn.record(AttributionFact(attribution: next, explanation: [why], occurredAt: now))
            try retarget(from: own, to: next, deal)
        }
        // What was told there as reversed was not told here.
        if last.reversedMinor > 0, deal.reversedMinor == 0 || next.revision == own.revision {
            sendReversals(of: next, deal)
        }
    }

    /// Goes on counting where another account's revisions of the deal end.
    func takeOver(_ last: Attribution, of id: OpportunityID) throws {
        var last = last
        last.revision = max(last.revision, try attribution(of: id)?.revision ?? 0)
        last.id = turn.deriveID(AttributionID.self, routingKey: key.text, parts: id.text)
        last.account = account
        try put(last)
    }

    /// The partner as it stood at the close, or as the first revision that credited it locked it.
    private func standing(
        of id: PartnerID, deal: Opportunity, closedAt: Timestamp, previous: Attribution?, rules: Program
    ) throws -> PartnerStanding? {
        guard let partner = try register.partner(id) else { return nil }
        // The tail counts from the end itself, whatever was entered of the partner since.
        let end = try register.membershipEnd(of: id)
        let isEligible = end.map { closedAt <= $0 + .days(Int(rules.partnerEnd.tailDays)) } ?? true
        let credits = (previous?.credits ?? []) + (previous?.lockedCredits ?? [])
        if let locked = credits.first(where: { $0.partner == id && $0.registration == nil }) {
            return PartnerStanding(
                type: locked.partnerType, tier: locked.tier, terms: locked.terms, isEligible: isEligible)
        }
        let type = partnerType(of: partner, motion: deal.motion)
        return PartnerStanding(
            type: type, tier: partner.tier, terms: try termsReference(of: partner, type: type, at: closedAt),
            isEligible: isEligible)
    }

    /// The type in which the partner took part: one that resells where the deal was resold, else its first.
    private func partnerType(of partner: Partner, motion: SalesMotion) -> PartnerType {
        let known = partner.types.filter { program.partnerTypes.contains($0) }
        if motion == .resold, let reseller = known.first(where: { $0 == .reseller || $0 == .distribution }) {
            return reseller
        }
        return known.first ?? partner.types.first ?? .referral
    }

    private func pays(_ kind: OpportunityType, claim: Registration) throws -> Bool {
        guard let reference = claim.terms, let terms = try register.terms(reference.id, version: reference.version)
        else {
            return false
        }
        return terms.lines.contains {
            $0.trigger == .closedWon && $0.kinds.contains(kind) && $0.classes.contains(.sourced)
        }
    }

    // MARK: Targets

    /// Sends each partner its target by the new revision, and zero to those that are credited no more.
    private func retarget(from previous: Attribution?, to next: Attribution, _ deal: Opportunity) throws {
        guard next.state != .undecided else { return }
        let before = previous?.state == .decided ? previous?.credits ?? [] : []
        for credit in next.credits {
            try trigger(credit, next, deal)
            if !before.contains(where: { $0.partner == credit.partner }) { try notifyWon(credit, next) }
        }
        for var credit in before where !next.credits.contains(where: { $0.partner == credit.partner }) {
            credit.share = BasisPoints(0)
            credit.firstYear.minor = 0
            credit.total.minor = 0
            try trigger(credit, next, deal)
        }
        if deal.reversedMinor > 0 { sendReversals(of: next, deal) }
    }

    /// Until when money that comes from a conflict's decision waits; `nil` where none decided about the partner.
    func notBefore(_ credit: Credit, _ productLine: String) throws -> Timestamp? {
        guard !row.conflicts.isEmpty else { return nil }
        return try conflicts()
            .filter { conflict in
                conflict.productLine == productLine && conflict.state == .decided && conflict.appeal == nil
                    && conflict.party(.partner(credit.partner)) != nil
            }
            .compactMap { $0.decision?.appealUntil }.max()
    }

    // MARK: Introductions

    /// Triggers the fee for a qualified introduction, once per account and product line.
    func payIntroduction(on productLine: String) throws {
        guard row.introductions[productLine] == nil, !row.opportunities.isEmpty, !row.referrals.isEmpty else { return }
        guard
            let earned = IntroductionRule.earned(
                by: try referrals(), productLine: productLine, opportunities: try opportunities(),
                days: program.commission.introductionDays),
            let deal = try opportunity(earned.opportunity)
        else { return }
        change {
            $0.introductions[productLine] = earned.referral.id.text
            $0.introducedDeals[productLine] = deal.id.text
        }
        let steps = [
            step(
                "qualified_introduction",
                "\(earned.referral.id) of \(earned.referral.partner) was submitted first, accepted, and its opportunity "
                    + "\(deal.id) qualified in time.",
                arithmetic: "\(earned.qualifiedAt) <= \(earned.until)")
        ]
        turn.record(
            OpportunityFact(change: "introduction_qualified", opportunity: deal, explanation: steps, occurredAt: now))
        let takenBack = row.introductionsTakenBack[earned.referral.id.text] ?? 0
        triggerIntroduction(earned, deal, revision: takenBack + 1)
    }

    /// The fees that the deal earned here fall to zero: it is this account's no more, and may earn one where it belongs.
    ///
    /// - Returns: their product lines; another deal may earn the fee there.
    func takeBackIntroductions(of deal: Opportunity) throws -> [String] {
        var lines: [String] = []
        for (line, id) in row.introductions.sorted(by: { $0.key < $1.key }) {
            guard let referral = try referral(ReferralID(unchecked: id)),
                row.introducedDeals[line] ?? referral.opportunity?.text == deal.id.text
            else { continue }
            // The one that it earned in, and this one.
            let revision = (row.introductionsTakenBack[id] ?? 0) + 2
            change {
                $0.introductions[line] = nil
                $0.introducedDeals[line] = nil
                $0.introductionsTakenBack[id] = revision
            }
            takeBackIntroduction(of: referral, on: line, deal, revision: revision)
            lines.append(line)
        }
        return lines
    }
}
