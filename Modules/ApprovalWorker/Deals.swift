import Contracts
import Domain
import Register
import TaskRuntime

/// Opportunities and touches, and what they do to claims.
extension AccountFile {
    // MARK: Opportunities

    func update(_ event: OpportunityUpdated) throws {
        try validate(event)
        let previous = try opportunity(event.opportunity)
        if let previous, event.revision <= previous.revision { return try pass(event, previous) }
        if let previous { try requireCurrency(of: event, as: previous) }
        var received = Opportunity(event, account: account, now: now)
        if event.closedAt == nil, let previous, previous.stage == received.stage {
            received.closedAt = previous.closedAt
        }
        var deal = received
        deal.noteStage()
        if let previous { deal = previous.replaced(by: received) }
        try put(deal)
        if previous == nil { try claim(deal) }
        turn.record(
            OpportunityFact(
                change: change(from: previous, to: deal), opportunity: deal,
                explanation: [
                    step("crm_revision", "Revision \(deal.revision) of the CRM, stage \(deal.stage.rawValue).")
                ],
                occurredAt: now))
        if let previous, previous.productLine != deal.productLine { try payIntroduction(on: previous.productLine) }
        try take(up: deal, before: previous)
    }

    /// An older revision changes nothing, and neither does a known one that is told again. One that says something else
    /// than it did is the sender's mistake, and it is told.
    private func pass(_ event: OpportunityUpdated, _ known: Opportunity) throws(DeadLetter) {
        guard event.revision == known.revision, let field = known.contradiction(in: event) else { return }
        throw DeadLetter(
            .refused,
            "/revision: revision \(event.revision) of opportunity \(known.id) came before with another \(field); "
                + "what the CRM changes comes as a newer revision")
    }

    /// What a deal does to the account, new, changed or arrived.
    ///
    /// - Parameter before: the deal as it was here, where it was changed.
    func take(up deal: Opportunity, before: Opportunity? = nil) throws {
        if deal.kind == .new { try follow(deal) }
        try payIntroduction(on: deal.productLine)
        try attribute(deal, before: before)
    }

    private func validate(_ event: OpportunityUpdated) throws {
        if let known = try place(of: event.opportunity), known.account != key {
            throw DeadLetter(.refused, "opportunity \(event.opportunity) belongs to another account")
        }
        if event.stage == .closedLost, event.lostReason?.contains(where: { !$0.isWhitespace }) != true {
            throw DeadLetter(.refused, "/lost_reason: a lost opportunity names its reason")
        }
        guard event.firstYearValue.minor >= 0 else {
            throw DeadLetter(.refused, "/first_year_value/minor: expected an amount of at least 0")
        }
        if let total = event.totalValue {
            guard total.minor >= 0, total.currency == event.firstYearValue.currency else {
                throw DeadLetter(
                    .refused, "/total_value: expected an amount of at least 0 in the first-year value's currency")
            }
        }
        if let closedAt = event.closedAt, closedAt < event.createdAt {
            throw DeadLetter(.refused, "/closed_at: expected a time after /created_at")
        }
    }

    /// What was reversed is known in the deal's currency alone.
    private func requireCurrency(of event: OpportunityUpdated, as known: Opportunity) throws(DeadLetter) {
        let currency = known.firstYearValue.currency
        guard known.reversedMinor > 0, event.firstYearValue.currency != currency else { return }
        throw DeadLetter(
            .refused, "/first_year_value/currency: expected \(currency), in which part of the deal is reversed")
    }

    private func change(from previous: Opportunity?, to deal: Opportunity) -> String {
        guard previous?.stage != deal.stage else { return "updated" }
        if deal.stage == .closedWon { return "won" }
        if deal.stage == .closedLost { return "lost" }
        guard let previous else { return "created" }
        return previous.stage.isClosed ? "reopened" : "updated"
    }

    /// Claims and referrals of the product line follow the first deal that they cover.
    private func follow(_ deal: Opportunity) throws {
        for referral in try referrals() where referral.productLine == deal.productLine {
            try convert(referral, to: deal)
        }
        var told: Set<PartnerID> = []
        for claim in try registrations(on: deal.productLine) {
            let after = try follow(deal, with: claim)
            if after == .lost, claim.state != .lost, told.insert(claim.partner).inserted { try notifyLost(claim, deal) }
        }
    }

    /// An accepted referral is converted by the first deal of the account and product line.
    private func convert(_ referral: ReferralClaim, to deal: Opportunity) throws {
        guard referral.state == .accepted, deal.stage != .closedLost, deal.isOpen(after: referral.submittedAt) else {
            return
        }
        var referral = referral
        referral.state = .converted
        referral.opportunity = deal.id
        try put(referral)
        try settle(referral, .converted)
    }

    /// - Returns: the claim's state afterwards.
    @discardableResult
    private func follow(_ deal: Opportunity, with claim: Registration) throws -> RegistrationState {
        guard claim.claimedStage != .unregisteredClaim, !claim.isForfeited else { return claim.state }
        var claim = claim
        if claim.state == .approved || claim.state == .expired, let window = claim.window {
            let isRunning =
                claim.state == .approved && window.covers(now) && deal.stage != .closedLost
                && deal.isOpen(after: window.start)
            guard isRunning || window.covers(deal.createdAt) else { return claim.state }
            try claim.move(.convert, at: now)
            claim.opportunity = deal.id
            claim.convertedAt = now
            try save(
                claim, "converted",
                [
                    step(
                        "converted", "Opportunity \(deal.id), created on \(deal.createdAt.date), is covered.",
                        arithmetic:
                            "\(window.start.date) <= \(isRunning ? now.date : deal.createdAt.date) <= \(window.end.date)"
                    )
                ])
        }
        guard claim.state == .converted, claim.opportunity == deal.id, deal.stage.isClosed else { return claim.state }
        let isWon = deal.stage == .closedWon
        try claim.move(isWon ? .win : .lose, at: now)
        let text =
            isWon ? "Opportunity \(deal.id) was won." : "Opportunity \(deal.id) was lost: \(deal.lostReason ?? "")."
        try save(claim, claim.state.rawValue, [step("opportunity_closed", text)])
        return claim.state
    }

    /// A newly accepted referral and its claim cover the deals that are already there.
    func linkDeals(to referral: ReferralClaim) throws {
        let deals = try opportunities()
            .filter { $0.productLine == referral.productLine && $0.kind == .new && !$0.stage.isClosed }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        guard let deal = deals.first else { return }
        if let current = try self.referral(referral.id) { try convert(current, to: deal) }
        if let claim = try referral.registration.flatMap({ try registration($0) }) { try follow(deal, with: claim) }
    }

    func reverse(_ event: RevenueReversed) throws {
        guard var deal = try opportunity(event.opportunity) else {
            throw DeadLetter(.refused, "opportunity \(event.opportunity) is not known on this account")
        }
        let counted: Int64
        do throws(RevenueReversalRule.Refusal) {
            counted = try RevenueReversalRule.counted(event.amount, of: deal)
        } catch {
            throw DeadLetter(.refused, "opportunity \(deal.id): \(error)")
        }
        guard event.period == .firstYear else {
            let text = "\(event.amount) reversed after the first year (\(event.reason)): commissions stay as they are."
            return turn.record(
                OpportunityFact(
                    change: "reversed_later", opportunity: deal, explanation: [step("revenue_reversed", text)],
                    occurredAt: now))
        }
        let before = deal.reversedMinor
        deal.reversedMinor += counted
        try put(deal)
        let limit = deal.firstYearValue.minor - before
        let text = "\(event.amount) reversed (\(event.reason)); of it counts what remains of the first-year value."
        let steps = [
            step(
                "revenue_reversed", text,
                arithmetic:
                    "min(\(event.amount.minor), \(limit)) = \(counted); \(before) + \(counted) = \(deal.reversedMinor)")
        ]
        turn.record(OpportunityFact(change: "reversed", opportunity: deal, explanation: steps, occurredAt: now))
        guard var attribution = try attribution(of: deal.id) else { return }
        attribution.reversedMinor = deal.reversedMinor
        try put(attribution)
        turn.record(AttributionFact(attribution: attribution, explanation: steps, occurredAt: now))
        sendReversals(of: attribution, deal, reason: event.reason)
    }

    // MARK: Touches

    func note(_ event: TouchRecorded) throws {
        let known = try touch(event.touch)
        var touch = Touch(event, account: account, now: now)
        if let known {
            guard known.party == touch.party, known.kind == touch.kind else {
                throw DeadLetter(.refused, "touch \(event.touch) was recorded as another one")
            }
            guard known.confirmedBy == nil, touch.confirmedBy != nil else {
                guard let field = known.contradiction(in: event) else { return }
                throw DeadLetter(.refused, "/\(field): touch \(event.touch) was recorded with another \(field)")
            }
            touch = known
            touch.confirmedBy = event.confirmedBy
        }
        try put(touch, isNew: known == nil)
        let text =
            touch.isEvidence
            ? "Dated \(touch.occurredAt) by judging time."
            : "Nobody confirmed it: refused as evidence until somebody does."
        turn.record(TouchFact(touch: touch, explanation: [step("touch", text)], occurredAt: now))
        try noteInConflict(touch)
        if touch.party == .direct {
            try stopFirstContact(touch)
            for claim in try registrations() where touch.concerns(claim.productLine) { try hold(touch, against: claim) }
        }
        for deal in try opportunities() where deal.firstWonAt != nil && touch.concerns(deal.productLine) {
            try attribute(deal)
        }
    }

    /// A direct touch is the first contact that the handoff waits for.
    private func stopFirstContact(_ touch: Touch) throws {
        for var referral in try referrals() where touch.concerns(referral.productLine) && referral.state.isAcceptance {
            guard referral.handoff?.firstContactAt == nil, let accepted = referral.handoff?.acceptedAt,
                touch.occurredAt >= accepted
            else { continue }
            referral.handoff?.firstContactAt = touch.occurredAt
            try put(referral)
            let steps = [step("first_contact", "Direct \(touch.kind.rawValue) \(touch.id) stopped the clock.")]
            try recordReview(referral, nil, .closed, steps, decision: "accept", actor: referral.decision?.actor)
        }
    }

    /// Direct activity from before a claim: until the decision it corrects the stage or opens a conflict; afterwards the
    /// rate stays, and a dispute opens.
    private func hold(_ touch: Touch, against claim: Registration) throws {
        guard touch.occurredAt < claim.submittedAt, claim.state.isOpen || claim.state == .won, !claim.isForfeited
        else { return }
        let found = try check(claim)
        guard claim.state.isUndecided else {
            let contradicts: Bool
            switch found.finding {
            case .directActivity(let ids): contradicts = found.stage != claim.stage || ids.contains(touch.id)
            case .clear, .openClaims: contradicts = found.stage != claim.stage
            }
            guard contradicts, try pendingConflict(on: claim.productLine) == nil else { return }
            let steps = [
                step(
                    "late_touch",
                    "Direct \(touch.kind.rawValue) \(touch.id) of \(touch.occurredAt.date) was recorded after the decision about "
                        + "\(claim.id): the rate stays, a dispute opens.")
            ]
            var disputed = claim
            let conflict = try open(.lateTouch, claim, against: [], steps: steps)
            disputed.conflict = conflict.id
            return try save(disputed, "disputed", steps)
        }
        if found.stage != claim.stage {
            var corrected = claim
            corrected.stage = found.stage
            try save(corrected, "stage_corrected", found.steps)
        }
        if case .directActivity = found.finding, claim.conflict == nil, var referral = try referral(claim.referral),
            referral.state == .inReview
        {
            try contest(&referral, claim, check: found, steps: found.steps)
        }
    }
}

extension Opportunity {
    /// Not closed before a time.
    fileprivate func isOpen(after time: Timestamp) -> Bool { closedAt.map { $0 >= time } ?? true }

    /// The deal as an event brings it, its close never later than the judging time.
    init(_ event: OpportunityUpdated, account: AccountReference, now: Timestamp) {
        let closedAt = event.stage.isClosed ? min(event.closedAt ?? now, now) : nil
        self.init(
            id: event.opportunity, revision: event.revision, account: account, productLine: event.productLine,
            stage: event.stage, motion: event.motion, kind: event.kind, partner: event.partner, duties: event.duties,
            settlement: event.settlement, play: event.play, playRun: event.playRun,
            firstYearValue: event.firstYearValue, totalValue: event.totalValue, createdAt: min(event.createdAt, now),
            closedAt: closedAt, lostReason: event.lostReason, salesRep: event.salesRep, changedAt: now)
    }
}

extension Touch {
    init(_ event: TouchRecorded, account: AccountReference, now: Timestamp) {
        self.init(
            id: event.touch, account: account, party: event.party, kind: event.kind, productLine: event.productLine,
            source: event.source, confirmedBy: event.confirmedBy, minutes: event.minutes, note: event.note,
            occurredAt: now)
    }
}
