import Contracts
import Domain
import Hashing
import TaskRuntime
import Testing

/// Random histories of one account, with a seed: whatever happens in whatever order, the rules' laws hold after each step.
@Suite struct RandomHistoryTests {
    @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 130])
    func `the laws hold after every step, and a replay gives the same rows`(seed: Int) throws {
        let first = try RandomHistory(seed: UInt64(seed))
        try first.run(steps: 120)
        let second = try RandomHistory(seed: UInt64(seed))
        try second.run(steps: 120)
        #expect(try first.rows() == second.rows())
    }
}

private final class RandomHistory {
    private let world: World
    private var random: SplitMix64
    private var now = time("2026-01-01")
    private var numbers = 0
    /// What the payout worker would hold: the last target of each partner and deal.
    private var targets: [String: (share: Int64, value: Int64, revision: Int64)] = [:]

    init(seed: UInt64) throws {
        world = try World { program in
            program.protection.days = 30
            program.protection.reminderDays = 5
            program.conflict.appealDays = 5
        }
        random = SplitMix64(seed: seed)
    }

    func rows() throws -> [String] {
        var rows: [String] = []
        try world.harness.backend.forEachRow { table, key, value in
            rows.append("\(table.name) \(key) \(String(decoding: value, as: UTF8.self))")
        }
        return rows
    }

    func run(steps: Int) throws {
        for _ in 0..<steps {
            now = now + .hours(Int.random(in: 0...40, using: &random))
            let result = try step()
            if let refused = result.deadLetter {
                #expect(refused.code == .refused, "\(refused)")
            }
            try note(result)
            try checkLaws()
        }
    }

    private func step() throws -> HarnessResult {
        let partner = ["a", "b", "c"].randomElement(using: &random)!
        let at = now.description
        switch Int.random(in: 0..<16, using: &random) {
        case 0, 1:
            numbers += 1
            let stage = [RegistrationStage.beforeContact, .afterFirstMeeting, .lateStage].randomElement(using: &random)!
            return try world.claim(
                partner, numbers, at: at, stage: stage, route: Bool.random(using: &random) ? .accept : .review)
        case 2:
            numbers += 1
            return try world.evaluate(partner, numbers, at: at, route: .review)
        case 3:
            numbers += 1
            let proof = Evidence(kind: .meeting, occurredAt: time("2025-12-01"), reference: "mail")
            return try world.claim(
                partner, numbers, at: at, stage: .unregisteredClaim, evidence: [proof],
                opportunity: "O\(Int.random(in: 1...4, using: &random))")
        case 4, 5, 6:
            guard
                let referral = try world.rows("referral_claim", ReferralClaim.self).filter({ $0.state == .inReview })
                    .randomElement(using: &random)
            else { return try world.advance(to: at) }
            let decision = ReviewDecided.Decision.allCases.randomElement(using: &random)!
            return try world.send(
                ReviewDecided(
                    account: World.account, referral: referral.id, decision: decision, reason: .other,
                    actor: person("owner"), occurredAt: now))
        case 7, 8, 9:
            let id = "O\(Int.random(in: 1...4, using: &random))"
            let stage = OpportunityStage.allCases.randomElement(using: &random)!
            let motion = SalesMotion.allCases.randomElement(using: &random)!
            return try world.deal(
                stage, id: id, motion: motion, partner: partner, value: Int64.random(in: 0...100_000, using: &random),
                created: "2026-01-01", at: at)
        case 10:
            numbers += 1
            let party = Bool.random(using: &random) ? "direct" : "ptr_\(partner)"
            let kind = [TouchKindName.meeting, .call, .demo].randomElement(using: &random)!
            let occurred = now - .days(Int.random(in: 0...6, using: &random))
            return try world.touch("T\(numbers)", party, kind, at: at, occurred: occurred.description)
        case 11, 12: return try decideConflict()
        case 13: return try changeClaim()
        case 14:
            return try world.send(
                RevenueReversed(
                    account: World.account, opportunity: OpportunityID(unchecked: "O1"),
                    amount: eur(Int64.random(in: 1...20_000, using: &random)), reason: "refund", occurredAt: now))
        default: return try world.advance(to: at)
        }
    }

    private func decideConflict() throws -> HarnessResult {
        let conflicts = try world.rows("conflict", Conflict.self)
        guard let conflict = conflicts.filter({ $0.state != .lapsed }).randomElement(using: &random) else {
            return try world.advance(to: now.description)
        }
        let party = conflict.parties.randomElement(using: &random)!.party
        if conflict.state == .decided {
            return try world.send(
                ConflictAppealed(
                    account: World.account, conflict: conflict.id, party: party, appealedBy: "x", reason: "no",
                    occurredAt: now))
        }
        let outcome = ConflictOutcome.allCases.randomElement(using: &random)!
        let shares = outcome == .split ? conflict.parties.prefix(2).map { ($0.party.text, Int64(5000)) } : []
        return try world.decideConflict(
            conflict.id, outcome, winner: party, shares: shares,
            by: person(conflict.state == .appealed ? "second" : "owner"), at: now.description)
    }

    private func changeClaim() throws -> HarnessResult {
        guard let claim = try world.rows("registration", Registration.self).randomElement(using: &random) else {
            return try world.advance(to: now.description)
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            return try world.send(
                RegistrationWithdrawn(
                    account: World.account, registration: claim.id, withdrawnBy: "x", occurredAt: now))
        case 1:
            return try world.send(
                RegistrationRevoked(
                    account: World.account, registration: claim.id, reason: .other, actor: person("owner"),
                    occurredAt: now))
        case 2:
            return try world.send(
                RegistrationExtensionRequested(
                    account: World.account, registration: claim.id, reason: "slow", requestedBy: "x", occurredAt: now))
        default:
            return try world.send(
                RegistrationExtensionDecided(
                    account: World.account, registration: claim.id,
                    decision: Bool.random(using: &random) ? .approve : .reject,
                    actor: person("owner"), occurredAt: now))
        }
    }

    // MARK: Laws

    private func note(_ result: HarnessResult) throws {
        for trigger in try result.triggers() {
            let key = "\(trigger.partner) \(trigger.opportunity!)"
            if let known = targets[key] { #expect(trigger.revision > known.revision, "revisions only grow") }
            targets[key] = (trigger.share.value, trigger.firstYear.minor, trigger.revision)
        }
        for settled in try result.settled() where settled.outcome == .rejected {
            #expect(settled.reason != nil)
        }
        let messages = try result.payloads(NotificationRequested.self)
        for (id, same) in Dictionary(grouping: messages, by: \.notification) {
            #expect(same.count == 1, "\(id): \(same[0].template) about \(same[0].about) to \(same[0].recipient)")
        }
    }

    private func checkLaws() throws {
        let claims = try world.rows("registration", Registration.self)
        let referrals = try world.rows("referral_claim", ReferralClaim.self)
        let conflicts = try world.rows("conflict", Conflict.self)
        let deals = try world.rows("opportunity", Opportunity.self)
        let attributions = try world.rows("attribution", Attribution.self)
        checkProtection(claims)
        for referral in referrals where referral.state == .inReview {
            let claim = claims.first { $0.id == referral.registration }
            let isContested = conflicts.contains { $0.id == claim?.conflict && $0.state.isPending }
            #expect(referral.review != nil || isContested, "\(referral.id) waits for nobody")
        }
        for referral in referrals where !referral.state.isUndecided {
            let claim = claims.first { $0.id == referral.registration }
            #expect(claim?.state.isUndecided != true, "\(referral.id) is \(referral.state), its claim \(claim!.state)")
        }
        for deal in deals {
            let attribution = attributions.first { $0.opportunity == deal.id }
            #expect((deal.stage == .closedWon) == (attribution.map { $0.state != .void } ?? false))
            #expect(deal.reversedMinor >= 0)
        }
        let pending = conflicts.filter { $0.state.isPending }
        for attribution in attributions { checkTargets(of: attribution, pending: pending) }
    }

    /// Never two partners with a running window, unless a conflict's decision gave both a share or has yet to come.
    private func checkProtection(_ claims: [Registration]) {
        let running = claims.filter {
            $0.claimedStage != .unregisteredClaim && ($0.state == .approved || $0.state == .converted)
                && $0.isOpen(at: world.harness.task.time)
        }
        for claim in running {
            for other in running where other.partner != claim.partner {
                #expect(
                    claim.conflict != nil && claim.conflict == other.conflict
                        || claim.share != .whole || other.share != .whole,
                    "\(claim) \n and \(other) are both protected at \(world.harness.task.time)")
            }
        }
    }

    private func checkTargets(of attribution: Attribution, pending: [Conflict]) {
        #expect(Set(attribution.credits.map(\.partner)).count == attribution.credits.count)
        let sourced = attribution.credits.filter { $0.creditClass == .sourced }
        #expect(sourced.reduce(0) { $0 + $1.firstYear.minor } <= attribution.firstYearValue.minor)
        guard attribution.state != .undecided else { return }
        for partner in ["ptr_a", "ptr_b", "ptr_c"] {
            let target = targets["\(partner) \(attribution.opportunity)"]
            let credit = attribution.credits.first { $0.partner.text == partner }
            #expect(target?.share ?? 0 == credit?.share.value ?? 0, "\(partner) on \(attribution.opportunity)")
            #expect(target?.value ?? 0 == credit?.firstYear.minor ?? 0)
        }
    }
}
