import Contracts
import Domain
import Register
import TaskRuntime

/// Conflicts: how they open, are decided, appealed and lapse.
extension AccountFile {
    // MARK: Opening

    /// The claim stays in review without a clock until the conflict is decided; the first keeps its protection.
    func contest(
        _ referral: inout ReferralClaim, _ claim: Registration, check: ClaimCheck, steps: [ExplanationStep]
    ) throws {
        let rivals: [Registration]
        let cause: Conflict.Cause
        switch check.finding {
        case .openClaims(let ids):
            rivals = try ids.compactMap { try registration($0) }
            cause = .openClaim
        case .directActivity, .clear:
            rivals = []
            cause = .directActivity
        }
        var claim = claim
        claim.stage = check.stage
        if claim.state == .submitted { try claim.move(.beginReview, at: now) }
        let conflict = try open(cause, claim, against: rivals, steps: steps)
        claim.conflict = conflict.id
        referral.review = nil
        try put(referral)
        try save(claim, "contested", steps)
        try recordReview(referral, claim, .stopped, steps)
    }

    /// Opens a conflict, or joins the one that is open on the account and product line.
    @discardableResult
    func open(
        _ cause: Conflict.Cause, _ claim: Registration, against rivals: [Registration], steps: [ExplanationStep]
    ) throws -> Conflict {
        let mine = try party(of: claim)
        let closedDeal = claim.claimedStage == .unregisteredClaim ? claim.opportunity : nil
        if var pending = try pendingConflict(on: claim.productLine, about: closedDeal) {
            if !pending.parties.contains(where: { $0.registration == claim.id }) {
                let index = pending.parties.firstIndex { $0.party == .direct } ?? pending.parties.endIndex
                pending.parties.insert(mine, at: index)
            }
            pending.evidence += claim.evidence
            try put(pending)
            recordConflict(pending, "joined", steps)
            try recordReview(pending, .open, steps)
            return pending
        }
        let id = turn.deriveID(
            ConflictID.self, routingKey: key.text, parts: claim.productLine, claim.id.text, "\(row.conflicts.count)")
        var parties = try rivals.map { try party(of: $0) } + [mine]
        if cause != .openClaim { parties.append(try directParty(on: claim.productLine)) }
        var conflict = Conflict(
            id: id, account: account, productLine: claim.productLine, cause: cause, parties: parties, openedAt: now)
        conflict.evidence = claim.evidence
        conflict.opportunity = closedDeal
        conflict.reviewDue = ReviewClock(openedAt: now, rules: program.review, tier: claim.tier).due
        if cause == .lateTouch { try placeDispute(&conflict) }
        try put(conflict)
        for var rival in rivals where rival.conflict != id {
            rival.conflict = id
            try put(rival)
        }
        recordConflict(conflict, "opened", steps)
        try recordReview(conflict, .open, steps)
        try notifyConflict(conflict, cause == .lateTouch ? .disputeOpened : .conflictOpened, steps)
        return conflict
    }

    private func party(of claim: Registration) throws -> ConflictParty {
        let party = Party.partner(claim.partner)
        return ConflictParty(
            party: party, registration: claim.id, submittedAt: claim.submittedAt,
            touches: try datedTouches(of: party, on: claim.productLine))
    }

    private func directParty(on productLine: String) throws -> ConflictParty {
        ConflictParty(
            party: .direct, registration: nil, submittedAt: nil,
            touches: try datedTouches(of: .direct, on: productLine))
    }

    private func datedTouches(of party: Party, on productLine: String) throws -> [DatedTouch] {
        try touches().filter { $0.party == party && $0.concerns(productLine) }
            .sorted { ($0.occurredAt, $0.id) < ($1.occurredAt, $1.id) }.map { DatedTouch($0) }
    }

    func pendingConflict(on productLine: String, about deal: OpportunityID? = nil) throws -> Conflict? {
        try conflicts().first { $0.productLine == productLine && $0.opportunity == deal && $0.state.isPending }
    }

    /// A touch that is new on the account stands in the timeline of the conflict that is pending.
    func noteInConflict(_ touch: Touch) throws {
        for var conflict in try conflicts() where conflict.state.isPending && touch.concerns(conflict.productLine) {
            guard let index = conflict.parties.firstIndex(where: { $0.party == touch.party }) else { continue }
            conflict.parties[index].touches = try datedTouches(of: touch.party, on: conflict.productLine)
            try put(conflict)
            recordConflict(
                conflict, "touch_noted", [step("timeline", "Touch \(touch.id) of \(touch.party) was recorded.")])
        }
    }

    // MARK: Deciding

    private func known(_ id: ConflictID) throws -> Conflict {
        guard let conflict = try conflict(id) else {
            throw DeadLetter(.refused, "conflict \(id) is not known on this account")
        }
        return conflict
    }

    func decide(_ event: ConflictDecided) throws {
        var conflict = try known(event.conflict)
        let isAppeal = conflict.state == .appealed
        try requireDecider(event.actor, about: conflict.parties.compactMap(\.party.partner))
        let claims = try conflict.parties.compactMap(\.registration).compactMap { try registration($0) }
        let verdicts: [(registration: RegistrationID, verdict: ConflictVerdict)]
        do throws(ConflictRefusal) {
            verdicts = try conflict.decide(
                event.outcome, winner: event.winner, shares: event.shares, evidence: event.evidence, note: event.note,
                actor: event.actor, at: now, registrations: claims, rules: program.conflict)
        } catch {
            throw DeadLetter(.refused, "conflict \(conflict.id): \(error)")
        }
        let steps = explain(conflict)
        // After the first decision the money stays held: an appeal may still come.
        let released = conflict.isFinal ? takeDisputedDeals(of: &conflict) : []
        try put(conflict)
        recordConflict(conflict, "decided", steps)
        try recordReview(conflict, .closed, steps, isAppeal: isAppeal)
        for (id, verdict) in verdicts {
            guard let claim = try registration(id) else { continue }
            switch verdict {
            case .award(let share): try award(claim, share: share, conflict, steps)
            case .forfeit: try forfeit(claim, conflict, steps)
            }
        }
        try notifyConflict(conflict, isAppeal ? .appealDecided : .conflictDecided, steps)
        try reattribute(conflict.productLine)
        for deal in released { releaseDispute(deal, of: conflict, by: event.actor) }
    }

    /// The time for an appeal is over: what the decision left with its partner is held no more.
    func conclude(_ conflict: Conflict) throws {
        var conflict = conflict
        conflict.isFinal = true
        let released = takeDisputedDeals(of: &conflict)
        try put(conflict)
        recordConflict(conflict, "final", [step("appeal_window", "The time for an appeal is over.")])
        guard let decision = conflict.decision else { return }
        for deal in released { releaseDispute(deal, of: conflict, by: decision.actor) }
    }

    /// What the dispute holds, each once: an appeal holds again what is held already.
    private func takeDisputedDeals(of conflict: inout Conflict) -> [DisputedDeal] {
        var taken: [DisputedDeal] = []
        for deal in conflict.disputedDeals where !taken.contains(deal) { taken.append(deal) }
        conflict.disputedDeals = []
        return taken
    }

    private func explain(_ conflict: Conflict) -> [ExplanationStep] {
        guard let decision = conflict.decision else { return [] }
        var steps = [
            step(
                "conflict_decided",
                "\(decision.actor) decided \(decision.outcome.rawValue)"
                    + (decision.winner.map { ": \($0) keeps the account" } ?? "") + ", resting on "
                    + decision.evidence.joined(separator: ", ") + ".")
        ]
        if !decision.shares.isEmpty {
            steps.append(
                step(
                    "conflict_split",
                    decision.shares.map { "\($0.party): \($0.share)" }.joined(separator: ", "),
                    arithmetic: decision.shares.map { "\($0.share.value)" }.joined(separator: " + ") + " = 10000"))
        }
        steps.append(
            step(
                "appeal_window", "An appeal may come before \(decision.appealUntil); money waits until then.",
                arithmetic: "\(decision.at) + \(program.conflict.appealDays) d = \(decision.appealUntil)"))
        return steps
    }

    private func award(
        _ claim: Registration, share: BasisPoints, _ conflict: Conflict, _ steps: [ExplanationStep]
    ) throws {
        var claim = claim
        guard let decided = conflict.decision else { return }
        let wasApproved = claim.state.isApproval
        guard claim.state != .withdrawn && claim.state != .superseded else { return }
        try claim.move(.award, at: now)
        if try !(share == .whole && wasApproved && sharesWithStrangers(claim, conflict)) { claim.share = share }
        claim.conflict = conflict.id
        claim.isForfeited = false
        guard !wasApproved else { return try save(claim, "conflict_won", steps) }
        guard var referral = try referral(claim.referral) else { return }
        let needsHandoff = referral.handoff == nil
        if referral.state == .inReview || referral.state == .returned || referral.state == .rejected {
            referral.state = .accepted
            referral.review = nil
            referral.decision = ClaimDecision(actor: decided.actor, at: now, note: decided.note)
            referral.handoff =
                referral.handoff ?? Handoff(contact: program.handoff.contact, acceptedAt: now, rules: program.handoff)
            try put(referral)
            try countActivity(of: referral.partner) {
                $0.decided += 1
                $0.accepted += 1
            }
            try recordReview(referral, claim, .closed, steps, decision: "accept", actor: decided.actor)
            try settle(referral, .accepted, conflict: conflict.id)
            if needsHandoff { try notifyHandoff(referral) }
            try notifyDecision(referral, .registrationApproved)
        }
        try approve(claim, decision: ClaimDecision(actor: decided.actor, at: now, note: decided.note), steps: steps)
        try contestAgain(claim.id, after: conflict)
        try linkDeals(to: referral)
        try payIntroduction(on: claim.productLine)
    }

    /// Whether an earlier split gave part of the account to a claim that this conflict is not about.
    private func sharesWithStrangers(_ claim: Registration, _ conflict: Conflict) throws -> Bool {
        try registrations(on: claim.productLine).contains { other in
            other.partner != claim.partner && other.share != .whole && other.state.isApproval && !other.isForfeited
                && !conflict.parties.contains { $0.registration == other.id }
        }
    }

    /// A claim that an appeal gives back may meet one that was approved in between: the next conflict.
    private func contestAgain(_ id: RegistrationID, after conflict: Conflict) throws {
        guard var claim = try registration(id) else { return }
        let check = try check(claim)
        guard case .openClaims(let ids) = check.finding else { return }
        let strangers = ids.filter { id in !conflict.parties.contains { $0.registration == id } }
        guard !strangers.isEmpty else { return }
        let rivals = try strangers.compactMap { try registration($0) }
        let next = try open(.openClaim, claim, against: rivals, steps: check.steps)
        claim.conflict = next.id
        try save(claim, "contested", check.steps)
    }

    private func forfeit(_ claim: Registration, _ conflict: Conflict, _ steps: [ExplanationStep]) throws {
        var claim = claim
        guard let decided = conflict.decision, claim.state != .withdrawn, claim.state != .superseded else { return }
        let wasUndecided = claim.state.isUndecided
        try claim.move(.forfeit, at: now)
        claim.conflict = conflict.id
        claim.isForfeited = true
        claim.decision = ClaimDecision(actor: decided.actor, at: now, reason: .protectedByOther, note: decided.note)
        try save(claim, "conflict_lost", steps)
        guard wasUndecided, var referral = try referral(claim.referral), referral.state.isUndecided else { return }
        referral.state = .rejected
        referral.review = nil
        referral.decision = claim.decision
        try put(referral)
        try countActivity(of: referral.partner) { $0.decided += 1 }
        try recordReview(referral, claim, .closed, steps, decision: "reject", actor: decided.actor)
        try settle(referral, .rejected, conflict: conflict.id)
        try notifyDecision(referral, .registrationRejected)
        try payIntroduction(on: claim.productLine)
    }

    // MARK: Appeal and lapse

    func appeal(_ event: ConflictAppealed) throws {
        var conflict = try known(event.conflict)
        do throws(ConflictRefusal) {
            try conflict.appeal(by: event.party, person: event.appealedBy, reason: event.reason, at: now)
        } catch {
            throw DeadLetter(.refused, "conflict \(conflict.id): \(error)")
        }
        conflict.reviewDue = ReviewClock(openedAt: now, rules: program.review, tier: .registered).due
        let steps = [
            step(
                "appeal",
                "\(event.party) appeals: \(event.reason) Another person than \(conflict.appeal?.against.text ?? "the first") decides."
            )
        ]
        try placeDispute(&conflict)
        try put(conflict)
        recordConflict(conflict, "appealed", steps)
        try recordReview(conflict, .open, steps, isAppeal: true)
        try notifyConflict(conflict, .appealReceived, steps)
    }

    /// A conflict that nobody decided ends by itself when only one party has a claim left; its review goes on. A claim
    /// whose deal is won or lost, or whose window ended, still stands: what it is paid by is what the conflict is about.
    func lapseConflict(of claim: Registration) throws {
        guard let id = claim.conflict, var conflict = try conflict(id), conflict.state == .open else { return }
        let left = try conflict.parties.filter { party in
            guard let id = party.registration else { return true }
            guard let claim = try registration(id) else { return false }
            return !claim.state.isVoid && !claim.isForfeited
        }
        guard Set(left.map(\.party)).count <= 1 else { return }
        conflict.state = .lapsed
        conflict.reviewDue = nil
        var steps = [step("conflict_lapsed", "Only one party is left: there is nothing to decide any more.")]
        let released = try releaseAtLapse(&conflict)
        for deal in conflict.disputedDeals {
            steps.append(
                step(
                    "dispute_kept",
                    "Nobody decided about what \(deal.partner) earned of \(deal.opportunity): a named person ends its block."
                ))
        }
        try put(conflict)
        recordConflict(conflict, "lapsed", steps)
        try recordReview(conflict, .closed, steps)
        for id in left.compactMap(\.registration) {
            guard var last = try registration(id) else { continue }
            last.conflict = nil
            try save(last, "uncontested", steps)
            if last.state.isUndecided, let referral = try referral(last.referral), referral.state == .inReview,
                referral.review == nil
            {
                try openReview(referral, last, steps: steps)
            }
        }
        try reattribute(conflict.productLine)
        for (deal, actor) in released { releaseDispute(deal, of: conflict, by: actor) }
    }

    /// Takes the disputed deals whose partner's claim a person or a policy ended, with who it was. The others stay held: a
    /// partner that gives its claim back sets nothing free.
    private func releaseAtLapse(_ conflict: inout Conflict) throws -> [(deal: DisputedDeal, by: Actor)] {
        var released: [(deal: DisputedDeal, by: Actor)] = []
        for deal in takeDisputedDeals(of: &conflict) {
            let claims = try conflict.parties.filter { $0.party == .partner(deal.partner) }.compactMap(\.registration)
                .compactMap { try registration($0) }
            let ended = claims.last { $0.state == .revoked || $0.state == .rejected }
            if let actor = ended?.decision?.actor, actor != .programme {
                released.append((deal: deal, by: actor))
            } else {
                conflict.disputedDeals.append(deal)
            }
        }
        return released
    }

    func recordConflict(_ conflict: Conflict, _ change: String, _ steps: [ExplanationStep]) {
        turn.record(ConflictFact(change: change, conflict: conflict, explanation: steps, occurredAt: now))
    }
}
