import Contracts
import Domain
import TaskRuntime
import Testing

@Suite struct ConflictTests {
    /// `a` is protected; `b` claims the same account.
    func contested(_ alter: (inout Program) -> Void = { _ in }) throws -> (world: World, conflict: ConflictID) {
        let world = try World(alter)
        try world.claim("a", at: "2026-01-01")
        try world.claim("b", at: "2026-01-05")
        return (world, try #require(try world.conflict()).id)
    }

    @Test func `a second claim opens a conflict and waits without a clock`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        let result = try world.claim("b", at: "2026-01-05")
        let fact = try #require(try result.payloads(ConflictFact.self).first)
        #expect(fact.change == "opened" && fact.conflict.cause == .openClaim)
        #expect(fact.conflict.parties.map(\.party.text) == ["ptr_a", "ptr_b"])
        #expect(try result.settled().isEmpty)
        #expect(try world.registration("b")?.state == .inReview)
        #expect(try world.registration("b")?.conflict == fact.conflict.id)
        #expect(try world.registration("a")?.state == .approved, "the first keeps its protection")
        #expect(
            Set(try result.messages()).isSuperset(of: [
                "conflict_opened>ptr_a", "conflict_opened>ptr_b", "conflict_opened>psn_owner",
            ]))
        #expect(try world.referral("b")?.review == nil)
        #expect(try world.decide("b", .accept, at: "2026-01-05").deadLetter?.code == .refused)
        #expect(try world.advance(to: "2026-01-07").messages().contains("review_overdue>psn_owner"))
    }

    @Test func `a third claim joins the conflict`() throws {
        let (world, id) = try contested()
        let result = try world.claim("c", at: "2026-01-06")
        #expect(try result.payloads(ConflictFact.self).map(\.change) == ["joined"])
        #expect(try world.conflict()?.parties.count == 3)
        #expect(try world.registration("c")?.conflict == id)
    }

    @Test func `the first valid registration wins, the other is protected_by_other`() throws {
        let (world, id) = try contested()
        let result = try world.decideConflict(id, .firstValidRegistration, at: "2026-01-06")
        #expect(result.deadLetter == nil)
        #expect(try world.registration("a")?.state == .approved)
        #expect(try world.registration("b")?.state == .rejected)
        let settled = try #require(try result.settled().first)
        #expect(
            settled.referral == World.referralID("b") && settled.reason == .protectedByOther && settled.conflict == id)
        #expect(
            Set(try result.messages()).isSuperset(of: [
                "conflict_decided>ptr_a", "conflict_decided>ptr_b", "registration_rejected>ptr_b",
            ]))
        #expect(try world.advance(to: "2026-01-20").payloads(ConflictFact.self).map(\.change) == ["final"])
    }

    @Test func `the customer's choice moves the protection`() throws {
        let (world, id) = try contested()
        let result = try world.decideConflict(id, .customerChoice, winner: .partner(partnerID("b")), at: "2026-01-06")
        #expect(try world.registration("a")?.state == .revoked)
        #expect(try world.registration("b")?.state == .approved)
        #expect(try world.registration("b")?.window?.start == time("2026-01-06"))
        #expect(try result.settled().map(\.outcome) == [.accepted])
        #expect(try result.messages().contains("handoff>psn_sales"))
    }

    @Test func `both are rejected`() throws {
        let (world, id) = try contested()
        try world.decideConflict(id, .bothRejected, at: "2026-01-06")
        #expect(try world.registration("a")?.state == .revoked)
        #expect(try world.registration("b")?.state == .rejected)
    }

    @Test func `a split approves both, and each is credited its part`() throws {
        let (world, id) = try contested()
        try world.decideConflict(id, .split, shares: [("ptr_a", 4000), ("ptr_b", 6000)], at: "2026-01-06")
        #expect(try world.registration("a")?.share == BasisPoints(4000))
        #expect(try world.registration("b")?.state == .approved)
        let won = try world.deal(
            .closedWon, value: 100_001, created: "2026-01-08", closed: "2026-01-10", at: "2026-01-10")
        let triggers = try won.triggers().sorted { $0.partner < $1.partner }
        #expect(triggers.map(\.firstYear.minor) == [40_000, 60_001])
        #expect(triggers.map(\.share.value) == [4000, 6000])
        #expect(triggers.allSatisfy { $0.eligibleFrom == time("2026-01-20") }, "not before an appeal is impossible")
        let fact = try #require(try won.payloads(AttributionFact.self).first)
        #expect(fact.explanation.contains { $0.arithmetic == "floor(100001 x 6000 / 10000) + 1 = 60001" })
    }

    @Test func `a wrong decision is refused and changes nothing`() throws {
        let (world, id) = try contested()
        #expect(
            try world.decideConflict(id, .split, shares: [("ptr_a", 1), ("ptr_b", 2)], at: "2026-01-06").deadLetter
                != nil)
        #expect(try world.decideConflict(id, .bothRejected, by: person("pa"), at: "2026-01-06").deadLetter != nil)
        let unknown = ConflictID(unchecked: "cnf_x")
        #expect(try world.decideConflict(unknown, .bothRejected, at: "2026-01-06").deadLetter != nil)
        #expect(try world.conflict()?.state == .open)
    }

    @Test func `direct activity against before_contact is a conflict with the direct team`() throws {
        let world = try World()
        try world.touch("T1", "direct", .email, at: "2025-12-20")
        let result = try world.claim("a", at: "2026-01-01")
        let conflict = try #require(try result.payloads(ConflictFact.self).first?.conflict)
        #expect(conflict.cause == .directActivity)
        #expect(conflict.party(.direct)?.touches.map(\.id.text) == ["T1"])
        let decided = try world.decideConflict(conflict.id, .priorDirectActivity, at: "2026-01-02")
        #expect(try decided.settled().map(\.reason) == [.protectedByOther])
    }

    @Test func `a touch recorded before the decision corrects the stage or opens a conflict`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-05", route: .review)
        let corrected = try world.touch("T1", at: "2026-01-06", occurred: "2026-01-03")
        #expect(try corrected.changes() == ["stage_corrected"])
        #expect(try world.registration("a")?.stage == .afterFirstMeeting)
        let contested = try world.touch("T2", "direct", .call, at: "2026-01-06", occurred: "2026-01-04")
        #expect(try contested.payloads(ConflictFact.self).map(\.change) == ["opened"])
        #expect(try world.referral("a")?.review == nil)
        let noted = try world.touch("T3", "direct", .call, at: "2026-01-06T01:00:00Z")
        #expect(try noted.payloads(ConflictFact.self).map(\.change) == ["touch_noted"])
        #expect(try world.conflict()?.party(.direct)?.touches.count == 3)
    }

    @Test func `a downgrade is told with its reason`() throws {
        let world = try World()
        try world.touch("T1", at: "2025-12-20")
        let result = try world.claim("a", at: "2026-01-01")
        #expect(try world.registration("a")?.stage == .afterFirstMeeting)
        #expect(try world.registration("a")?.claimedStage == .beforeContact)
        let message = try #require(
            try result.payloads(NotificationRequested.self).first { $0.template == .registrationDowngraded })
        #expect(message.parameters["detail"]?.contains("2025-12-20") == true)
    }

    @Test func `a touch recorded after the decision opens a dispute, and never changes the rate`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-05")
        try world.deal(.closedWon, created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        let result = try world.touch("T1", at: "2026-01-08", occurred: "2026-01-04")
        let conflict = try #require(try result.payloads(ConflictFact.self).first?.conflict)
        #expect(conflict.cause == .lateTouch)
        #expect(try world.registration("a")?.stage == .beforeContact)
        let block = try #require(try result.payloads(BlockPlaced.self).first)
        #expect(
            block.partner == partnerID("a") && block.kind == .dispute
                && block.target == .opportunity(.init(unchecked: "O1")))
        #expect(try result.messages().contains("dispute_opened>ptr_a"))
        #expect(try world.touch("T2", at: "2026-01-08", occurred: "2026-01-04").payloads(BlockPlaced.self).isEmpty)
        let decided = try world.decideConflict(conflict.id, .firstValidRegistration, at: "2026-01-09")
        #expect(try decided.payloads(BlockReleased.self).isEmpty, "an appeal may still come")
        #expect(try decided.triggers().isEmpty, "nothing changed")
        #expect(try world.registration("a")?.state == .won)
        #expect(try world.advance(to: "2026-01-22T23:59:59Z").payloads(BlockReleased.self).isEmpty)
        let released = try world.advance(to: "2026-01-23").payloads(BlockReleased.self)
        #expect(released.map(\.reference) == [conflict.id.text])
        #expect(released.map(\.actor) == [person("owner")], "who decided")
    }

    @Test func `an appeal finds the money of a dispute still held, and its decision ends the block once`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-05")
        try world.deal(.closedWon, created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        try world.touch("T1", at: "2026-01-08", occurred: "2026-01-04")
        let id = try #require(try world.conflict()).id
        var released = try world.decideConflict(id, .firstValidRegistration, at: "2026-01-09")
            .payloads(BlockReleased.self)
        let appealed = try world.send(
            ConflictAppealed(
                account: World.account, conflict: id, party: .direct, appealedBy: "psn_x", reason: "we met them first",
                occurredAt: time("2026-01-19")))
        #expect(appealed.deadLetter == nil)
        released += try appealed.payloads(BlockReleased.self)
        #expect(released.isEmpty)
        let decided = try world.decideConflict(
            id, .firstValidRegistration, by: person("second"), at: "2026-01-20")
        #expect(try decided.payloads(BlockReleased.self).map(\.actor) == [person("second")])
        #expect(try world.advance(to: "2026-01-30").payloads(BlockReleased.self).isEmpty)
    }

    @Test func `a dispute that the direct team wins takes the credit back`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-05")
        try world.deal(.closedWon, created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        try world.touch("T1", at: "2026-01-08", occurred: "2026-01-04")
        let id = try #require(try world.conflict()).id
        let decided = try world.decideConflict(id, .priorDirectActivity, at: "2026-01-09")
        let trigger = try #require(try decided.triggers().first)
        #expect(trigger.share.value == 0 && trigger.firstYear.isZero && trigger.revision == 2)
        #expect(try world.attribution()?.revenueClass == .direct)
    }

    @Test func `a win while a conflict is open is undecided, and triggered by the decision`() throws {
        let (world, id) = try contested()
        let won = try world.deal(.closedWon, created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        #expect(try won.triggers().isEmpty)
        #expect(try world.attribution()?.state == .undecided)
        #expect(try world.attribution()?.revenueClass == .sourced)
        let decided = try world.decideConflict(id, .firstValidRegistration, at: "2026-01-08")
        let trigger = try #require(try decided.triggers().first)
        #expect(trigger.partner == partnerID("a") && trigger.revision == 2)
        #expect(trigger.eligibleFrom == time("2026-01-22"))
    }

    @Test func `an appeal blocks the money, another person decides, and a new revision pays`() throws {
        let (world, id) = try contested()
        try world.decideConflict(id, .firstValidRegistration, at: "2026-01-06")
        try world.deal(.closedWon, created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        func appeal(_ party: String, at: String) throws -> HarnessResult {
            try world.send(
                ConflictAppealed(
                    account: World.account, conflict: id, party: Party(text: party)!, appealedBy: "psn_x",
                    reason: "we met them first", occurredAt: time(at)))
        }
        #expect(try appeal("ptr_c", at: "2026-01-08").deadLetter?.code == .refused)
        let appealed = try appeal("ptr_b", at: "2026-01-08")
        #expect(try appealed.payloads(BlockPlaced.self).map(\.partner) == [partnerID("a")])
        #expect(try appealed.reviews().map(\.kind) == [.appeal])
        #expect(try appealed.messages().contains("appeal_received>ptr_a"))
        #expect(
            try world.decideConflict(id, .bothRejected, at: "2026-01-09").deadLetter?.code == .refused, "same person")
        let decided = try world.decideConflict(
            id, .customerChoice, winner: .partner(partnerID("b")), by: person("second"), at: "2026-01-09")
        #expect(decided.deadLetter == nil)
        #expect(try world.registration("b")?.state == .approved)
        #expect(try decided.settled().map(\.outcome) == [.accepted])
        #expect(try decided.payloads(BlockReleased.self).map(\.partner) == [partnerID("a")])
        let triggers = try decided.triggers()
        #expect(triggers.map(\.partner) == [partnerID("a")])
        #expect(triggers.map(\.share.value) == [0], "its window opened after the close: nobody sourced the deal")
        #expect(try appeal("ptr_a", at: "2026-01-10").deadLetter?.code == .refused, "once")
    }

    @Test func `a late appeal is refused`() throws {
        let (world, id) = try contested()
        try world.decideConflict(id, .firstValidRegistration, at: "2026-01-06")
        let late = try world.send(
            ConflictAppealed(
                account: World.account, conflict: id, party: .partner(partnerID("b")), appealedBy: "x", reason: "r",
                occurredAt: time("2026-01-20")))
        #expect(late.deadLetter?.code == .refused)
    }

    @Test func `a conflict with one party left lapses, and its review goes on`() throws {
        let (world, _) = try contested()
        let id = try #require(try world.registration("a")).id
        let result = try world.send(
            RegistrationWithdrawn(
                account: World.account, registration: id, withdrawnBy: "x", occurredAt: time("2026-01-06")))
        #expect(try result.payloads(ConflictFact.self).map(\.change) == ["lapsed"])
        #expect(try world.referral("b")?.review?.due == time("2026-01-08"))
        #expect(try world.decide("b", .accept, at: "2026-01-06").deadLetter == nil)
        #expect(try world.registration("b")?.state == .approved)
    }

    func withdraw(_ partner: String, from world: World, at: String) throws -> HarnessResult {
        let id = try #require(try world.registration(partner)).id
        return try world.send(
            RegistrationWithdrawn(
                account: World.account, registration: id, withdrawnBy: "x", occurredAt: time(at)))
    }

    @Test func `a conflict with a claim whose deal is won does not lapse while another party is left`() throws {
        let (world, id) = try contested()
        try world.deal(.closedWon, created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        #expect(try world.registration("a")?.state == .won)
        try world.claim("c", at: "2026-01-08")
        let withdrawn = try withdraw("c", from: world, at: "2026-01-09")
        #expect(try withdrawn.payloads(ConflictFact.self).isEmpty)
        #expect(try withdrawn.triggers().isEmpty)
        #expect(try world.conflict()?.state == .open)
        let decided = try world.decideConflict(id, .firstValidRegistration, at: "2026-01-10")
        #expect(try decided.triggers().map(\.partner) == [partnerID("a")])
        #expect(try decided.triggers().map(\.eligibleFrom) == [time("2026-01-24")])
    }

    @Test func `a dispute stays to be decided when a claim that joined it is given back`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-05")
        try world.deal(.closedWon, created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        try world.touch("T1", at: "2026-01-08", occurred: "2026-01-04")
        let id = try #require(try world.conflict()).id
        try world.claim("c", at: "2026-01-09")
        #expect(try world.conflict()?.parties.count == 3)
        _ = try withdraw("c", from: world, at: "2026-01-10")
        #expect(try world.decideConflict(id, .firstValidRegistration, at: "2026-01-11").deadLetter == nil)
    }

    /// `a` holds the account by `O1` and is credited with `O2`, which a late touch disputes.
    func disputed() throws -> World {
        let world = try World()
        try world.claim("a", at: "2026-01-05")
        try world.deal(.qualified, created: "2026-01-06", at: "2026-01-06")
        let won = try world.deal(.closedWon, id: "O2", created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        #expect(try won.triggers().map(\.partner) == [partnerID("a")])
        let disputed = try world.touch("T1", at: "2026-01-08", occurred: "2026-01-04")
        #expect(try disputed.payloads(BlockPlaced.self).map(\.target) == [.opportunity(.init(unchecked: "O2"))])
        return world
    }

    @Test func `a dispute that lapses because a person revoked the claim ends its block`() throws {
        let world = try disputed()
        let revoked = try world.send(
            RegistrationRevoked(
                account: World.account, registration: try #require(try world.registration("a")).id,
                reason: .conflictOfInterest, actor: person("owner"), occurredAt: time("2026-01-09")))
        #expect(try revoked.payloads(ConflictFact.self).map(\.change) == ["lapsed"])
        #expect(try revoked.payloads(BlockReleased.self).map(\.actor) == [person("owner")])
        #expect(try revoked.triggers().map(\.share.value) == [0])
        #expect(try world.conflict()?.disputedDeals.isEmpty == true)
    }

    @Test func `a partner that gives its claim back sets nothing of a dispute free`() throws {
        let world = try disputed()
        let withdrawn = try withdraw("a", from: world, at: "2026-01-09")
        #expect(try withdrawn.payloads(ConflictFact.self).map(\.change) == ["lapsed"])
        #expect(try withdrawn.payloads(BlockReleased.self).isEmpty)
        #expect(try withdrawn.triggers().map(\.share.value) == [0])
        #expect(try world.conflict()?.disputedDeals.map(\.opportunity.text) == ["O2"])
    }

    @Test func `a decision for a party whose claim was given back is refused by field`() throws {
        let (world, id) = try contested()
        try world.claim("c", at: "2026-01-06")
        _ = try withdraw("a", from: world, at: "2026-01-07")
        let chosen = try world.decideConflict(id, .customerChoice, winner: .partner(partnerID("a")), at: "2026-01-08")
        #expect(chosen.deadLetter?.reason.contains("/winner") == true)
        let split = try world.decideConflict(id, .split, shares: [("ptr_b", 4000), ("ptr_a", 6000)], at: "2026-01-08")
        #expect(split.deadLetter?.reason.contains("/shares/1/party") == true)
        #expect(try world.registration("b")?.state == .inReview)
        let first = try world.decideConflict(id, .firstValidRegistration, at: "2026-01-08")
        #expect(first.deadLetter == nil)
        #expect(try world.registration("b")?.state == .approved)
        #expect(try world.registration("a")?.state == .withdrawn)
    }

    @Test func `a split of a deal that was won before the decision pays each its locked rate`() throws {
        let (world, id) = try contested()
        try world.deal(.closedWon, created: "2026-01-06", closed: "2026-01-07", at: "2026-01-07")
        let decided = try world.decideConflict(
            id, .split, shares: [("ptr_a", 4000), ("ptr_b", 6000)], at: "2026-01-08")
        let triggers = try decided.triggers().sorted { $0.partner < $1.partner }
        #expect(triggers.map(\.share.value) == [4000, 6000])
        #expect(triggers.map(\.stage) == [.beforeContact, .beforeContact])
    }

    @Test func `a claim that comes while an appeal is pending waits for it`() throws {
        let (world, id) = try contested()
        try world.decideConflict(id, .bothRejected, at: "2026-01-06")
        try world.send(
            ConflictAppealed(
                account: World.account, conflict: id, party: .partner(partnerID("a")), appealedBy: "x", reason: "r",
                occurredAt: time("2026-01-07")))
        let third = try world.claim("c", at: "2026-01-08")
        #expect(try third.settled().isEmpty)
        #expect(try world.registration("c")?.conflict == id)
        try world.decideConflict(id, .firstValidRegistration, by: person("second"), at: "2026-01-09")
        #expect(try world.registration("a")?.state == .approved, "given back by the appeal")
        #expect(try world.registration("c")?.state == .rejected)
    }

    @Test func `a claim given back by an appeal contests one that was approved in between`() throws {
        let (world, id) = try contested()
        try world.decideConflict(id, .bothRejected, at: "2026-01-06")
        try world.claim("c", at: "2026-01-07")
        #expect(try world.registration("c")?.state == .approved)
        try world.send(
            ConflictAppealed(
                account: World.account, conflict: id, party: .partner(partnerID("a")), appealedBy: "x", reason: "r",
                occurredAt: time("2026-01-08")))
        let decided = try world.decideConflict(id, .firstValidRegistration, by: person("second"), at: "2026-01-09")
        let next = try #require(try decided.payloads(ConflictFact.self).last { $0.change == "opened" }?.conflict)
        #expect(next.partners == [partnerID("c"), partnerID("a")])
        #expect(try world.registration("a")?.conflict == next.id)
        #expect(try world.registration("c")?.conflict == next.id)
    }
}
