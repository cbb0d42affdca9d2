import ApprovalWorker
import Contracts
import Domain
import DomainNames
import TaskRuntime
import Testing

/// Which account a deal belongs to, and what happens when it goes to another one.
@Suite struct DealPlaceTests {
    private static let other = AccountReference(key: AccountKey(unchecked: "other.example"), name: "Other")

    /// Sends on what the worker sent itself, as its topic would, until nothing is left.
    private func settle(_ world: World, _ first: HarnessResult) throws -> [HarnessResult] {
        var results = [first]
        var next = 0
        while next < results.count {
            for output in results[next].outputs where output.topic.hasSuffix("approval.v1") {
                results.append(
                    try world.harness.send(
                        data: output.data, type: output.type, key: output.key, at: world.harness.task.time,
                        source: "/tributary/approval-worker/0"))
            }
            next += 1
        }
        return results
    }

    private func move(_ world: World, from: AccountReference = World.account, to: AccountReference = other, at: String)
        throws -> HarnessResult
    {
        try world.harness.send(
            OpportunityMoved(
                account: from, opportunity: OpportunityID(unchecked: "O1"), to: to, reason: "merged by mistake",
                occurredAt: time(at)), key: from.key.text, at: time(at))
    }

    @Test func `a moved deal takes its money along: zero where it was, the next revision where it belongs`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        _ = try settle(world, try world.deal(.qualified, created: "2026-01-05", at: "2026-01-05"))
        try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        #expect(try world.attribution()?.credits.map(\.partner) == [partnerID("a")])
        let results = try settle(world, try move(world, at: "2026-02-02"))
        let left = results[0]
        #expect(try left.payloads(AttributionFact.self).map(\.attribution.state) == [.void])
        let zero = try #require(try left.triggers().first)
        #expect(zero.revision == 2 && zero.share == BasisPoints(0) && zero.firstYear == eur(0))
        #expect(try left.payloads(OpportunityFact.self).map(\.change) == ["moved"])
        let arrived = try results.flatMap { try $0.payloads(OpportunityFact.self) }.filter { $0.change == "arrived" }
        #expect(arrived.map(\.opportunity.account) == [Self.other])
        #expect(arrived.map(\.opportunity.firstWonAt) == [time("2026-02-01")])
        // Nobody sourced it there: the win is direct, and the next revision after the void one.
        let next = try results.flatMap { try $0.payloads(AttributionFact.self) }.last?.attribution
        #expect(next?.account == Self.other && next?.revision == 3 && next?.revenueClass == .direct)
        #expect(next?.firstYearValue == eur(4_800_000))
        // Told again it changes nothing; its former account is refused from now on.
        #expect(try move(world, at: "2026-02-03").outputs.isEmpty)
        let late = try world.deal(.closedLost, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-04")
        #expect(late.deadLetter?.reason.contains("another account") == true)
    }

    @Test func `a moved deal is credited by the claims of the account where it arrives`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        let other = AccountReference(key: AccountKey(unchecked: World.key), name: nil)
        _ = try world.harness.send(
            OpportunityUpdated(
                account: Self.other, opportunity: OpportunityID(unchecked: "O1"), revision: 1, productLine: "core",
                stage: .closedWon, motion: .direct, firstYearValue: eur(1_000), createdAt: time("2026-01-05"),
                occurredAt: time("2026-01-10")), key: "other.example", at: time("2026-01-10"))
        let results = try settle(world, try move(world, from: Self.other, to: other, at: "2026-01-11"))
        #expect(try results.flatMap { try $0.triggers() }.map(\.revision) == [3])
        #expect(try results.flatMap { try $0.changes() } == ["converted", "won"])
    }

    @Test func `a deal that is unknown, or there already, is not moved`() throws {
        let world = try World()
        #expect(try move(world, at: "2026-01-05").deadLetter?.reason.contains("not known") == true)
        try world.deal(.proposal, created: "2026-01-05", at: "2026-01-05")
        #expect(try move(world, to: World.account, at: "2026-01-06").deadLetter?.reason.contains("/to/domain") == true)
        let nowhere = AccountReference(key: AccountKey(unchecked: "nowhere"), name: nil)
        #expect(try move(world, to: nowhere, at: "2026-01-07").deadLetter?.reason.contains("/to/domain") == true)
    }

    /// Three partitions: of the two accounts, and of the deal's id.
    private func place(_ deal: String, _ account: AccountReference, moved: Bool = false, in home: ProcessorHarness)
        throws -> [OpportunityRefused]
    {
        try home.send(
            OpportunityPlaced(
                opportunity: OpportunityID(unchecked: deal), account: account, isMoved: moved,
                occurredAt: time("2026-01-05")), key: deal, at: time("2026-01-05"),
            source: "/tributary/approval-worker/1"
        ).payloads(OpportunityRefused.self)
    }

    @Test func `the partition of a deal's id gives it to the first account, and to the one that it was moved to`()
        throws
    {
        let home = try World().harness
        #expect(try place("O1", World.account, in: home).isEmpty)
        #expect(try place("O1", World.account, in: home).isEmpty)
        let refused = try place("O1", Self.other, in: home)
        #expect(refused.map(\.account) == [Self.other, World.account])
        #expect(refused.allSatisfy { $0.owner == World.account && $0.refused == Self.other })
        #expect(try place("O1", Self.other, moved: true, in: home).isEmpty)
        #expect(try place("O1", Self.other, in: home).isEmpty)
        #expect(try place("O1", World.account, in: home).map(\.owner) == [Self.other, Self.other])
    }

    private func refuse(_ world: World, owner: AccountReference, refused: AccountReference, at: String) throws
        -> HarnessResult
    {
        try world.harness.send(
            OpportunityRefused(
                account: World.account, opportunity: OpportunityID(unchecked: "O1"), owner: owner, refused: refused,
                occurredAt: time(at)), key: World.key, at: time(at), source: "/tributary/approval-worker/1")
    }

    @Test func `another account's deal is given up with everything that it earned`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        let won = try world.deal(.closedWon, created: "2026-01-05", closed: "2026-01-06", at: "2026-01-06")
        #expect(try won.payloads(OpportunityPlaced.self).map(\.account) == [World.account])
        let result = try refuse(world, owner: Self.other, refused: World.account, at: "2026-01-07")
        #expect(try result.triggers().map(\.share) == [BasisPoints(0)])
        #expect(try world.attribution()?.state == .void)
        #expect(try world.rows("opportunity", Opportunity.self).isEmpty)
        #expect(try refuse(world, owner: Self.other, refused: World.account, at: "2026-01-08").outputs.isEmpty)
        let again = try world.deal(.closedWon, created: "2026-01-05", closed: "2026-01-06", at: "2026-01-09")
        #expect(again.deadLetter?.reason.contains("another account") == true)
    }

    @Test func `the account that has the deal tells readers so again, and keeps one that was moved to it`() throws {
        let world = try World()
        try world.deal(.proposal, created: "2026-01-05", at: "2026-01-05")
        let kept = try refuse(world, owner: World.account, refused: Self.other, at: "2026-01-06")
        #expect(try kept.payloads(OpportunityFact.self).map(\.change) == ["kept"])
        _ = try settle(world, try move(world, at: "2026-01-07"))
        _ = try settle(world, try move(world, from: Self.other, to: World.account, at: "2026-01-08"))
        // A refusal from before the move.
        #expect(try refuse(world, owner: Self.other, refused: World.account, at: "2026-01-09").outputs.isEmpty)
        #expect(try world.rows("opportunity", Opportunity.self).map(\.account.key.text) == [World.key])
    }

    // MARK: One deal under two accounts

    /// Sends what one account's partition told another one's, and gives back what came of it.
    private func carry(_ events: [OpportunityRefused], to world: World, at: String) throws -> [HarnessResult] {
        try events.map {
            let result = try world.harness.send(
                $0, key: $0.account.key.text, at: time(at), source: "/tributary/approval-worker/1")
            #expect(result.deadLetter == nil)
            return result
        }
    }

    /// A deal that both accounts have as won by the same reseller, in partitions of their own.
    private func wonTwice(_ ours: World, _ theirs: World) throws -> [CommissionTrigger] {
        let first = try ours.deal(
            .closedWon, motion: .resold, partner: "r", created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        let second = try theirs.deal(
            .closedWon, motion: .resold, partner: "r", created: "2026-01-05", closed: "2026-02-01", revision: 2,
            domain: Self.other.key.text, at: "2026-02-02")
        return try first.triggers() + second.triggers()
    }

    /// What the other account says when it gives the deal up.
    private func giveUp(
        _ theirs: World, at: String
    ) throws -> (targets: [CommissionTrigger], told: [OpportunityRefused]) {
        let refused = OpportunityRefused(
            account: Self.other, opportunity: OpportunityID(unchecked: "O1"), owner: World.account,
            refused: Self.other, occurredAt: time(at))
        let result = try carry([refused], to: theirs, at: at)[0]
        return (targets: try result.triggers(), told: try result.payloads(OpportunityRefused.self))
    }

    /// The target that counts, as the payout worker takes them: an older or equal revision changes nothing.
    private func counting(_ targets: [CommissionTrigger]) -> CommissionTrigger? {
        targets.reduce(nil as CommissionTrigger?) { last, next in
            last.map { $0.revision >= next.revision } == true ? last : next
        }
    }

    @Test func `the account that has the deal pays what it owes when another one gives the deal up`() throws {
        let ours = try World()
        let theirs = try World()
        var targets = try wonTwice(ours, theirs)
        #expect(targets.map(\.revision) == [1, 1])
        let (zero, told) = try giveUp(theirs, at: "2026-02-03")
        targets += zero
        #expect(counting(targets)?.share == BasisPoints(0), "the other account's last word")
        #expect(told.map(\.account) == [World.account] && told.first?.attribution?.state == .void)
        let kept = try carry(told, to: ours, at: "2026-02-04")[0]
        #expect(try kept.payloads(AttributionFact.self).map(\.attribution.revision) == [3])
        #expect(try kept.payloads(OpportunityFact.self).map(\.change) == ["kept"])
        #expect(try kept.messages().isEmpty, "nobody is told of the win again")
        targets += try kept.triggers()
        #expect(counting(targets)?.share == .whole && counting(targets)?.firstYear == eur(4_800_000))
        targets += try ours.deal(
            .closedWon, motion: .resold, partner: "r", value: 5_000_000, created: "2026-01-05", closed: "2026-02-01",
            revision: 3, at: "2026-02-05"
        ).triggers()
        #expect(counting(targets)?.firstYear == eur(5_000_000))
        let again = try carry(told, to: ours, at: "2026-02-06")[0]
        #expect(try again.triggers().isEmpty && again.payloads(AttributionFact.self).isEmpty, "its own count is higher")
    }

    @Test func `a deal that another account had as won is won here in a later revision`() throws {
        let ours = try World()
        let theirs = try World()
        try ours.deal(.proposal, motion: .resold, partner: "r", created: "2026-01-05", at: "2026-01-05")
        try theirs.deal(
            .closedWon, motion: .resold, partner: "r", created: "2026-01-05", closed: "2026-02-01", revision: 2,
            domain: Self.other.key.text, at: "2026-02-02")
        let told = try giveUp(theirs, at: "2026-02-03").told
        #expect(try carry(told, to: ours, at: "2026-02-04")[0].triggers().isEmpty)
        let won = try ours.deal(
            .closedWon, motion: .resold, partner: "r", created: "2026-01-05", closed: "2026-02-01", revision: 3,
            at: "2026-02-05")
        #expect(try won.triggers().map(\.revision) == [3])
    }

    @Test func `what the other account told as reversed is put right`() throws {
        let ours = try World()
        let theirs = try World()
        _ = try wonTwice(ours, theirs)
        _ = try theirs.harness.send(
            RevenueReversed(
                account: Self.other, opportunity: OpportunityID(unchecked: "O1"), amount: eur(1000), reason: "refund",
                occurredAt: time("2026-02-02")), key: Self.other.key.text, at: time("2026-02-02"))
        let told = try giveUp(theirs, at: "2026-02-03").told
        let kept = try carry(told, to: ours, at: "2026-02-04")[0]
        #expect(try kept.payloads(CommissionReversed.self).map(\.reversedTotal) == [eur(0)])
    }

    @Test func `an account whose deal was moved on passes on what it is told`() throws {
        let ours = try World()
        let theirs = try World()
        _ = try wonTwice(ours, theirs)
        let told = try giveUp(theirs, at: "2026-02-03").told
        let third = AccountReference(key: AccountKey(unchecked: "third.example"), name: nil)
        _ = try move(ours, to: third, at: "2026-02-03")
        let passed = try carry(told, to: ours, at: "2026-02-04")[0].payloads(OpportunityRefused.self)
        #expect(passed.map(\.account) == [third] && passed.map(\.owner) == [third])
        #expect(passed.map(\.attribution?.revision) == [2])
    }

    // MARK: Introduction fees

    @Test func `a fee goes with the deal that earned it, and another deal may earn it`() throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-01")
        let earned = try world.deal(.qualified, created: "2026-01-05", at: "2026-01-05")
        #expect(try earned.introductions().map(\.revision) == [1])
        let left = try move(world, at: "2026-01-06")
        let zero = try #require(try left.introductions().first)
        #expect(zero.revision == 2 && zero.share == BasisPoints(0) && zero.firstYear == eur(0))
        #expect(zero.referral == World.referralID("a"))
        let next = try world.deal(.qualified, id: "O2", created: "2026-01-07", at: "2026-01-07")
        #expect(try next.introductions().map(\.revision) == [3])
        #expect(try next.introductions().map(\.share) == [.whole])
        let refused = try world.harness.send(
            OpportunityRefused(
                account: World.account, opportunity: OpportunityID(unchecked: "O2"), owner: Self.other,
                refused: World.account, occurredAt: time("2026-01-08")), key: World.key, at: time("2026-01-08"),
            source: "/tributary/approval-worker/1")
        #expect(try refused.introductions().map(\.revision) == [4])
        #expect(try refused.introductions().map(\.share) == [BasisPoints(0)])
    }

    @Test func `a fee that another deal earned stays`() throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-01")
        try world.deal(.qualified, id: "O2", created: "2026-01-05", at: "2026-01-05")
        try world.deal(.qualified, created: "2026-01-06", at: "2026-01-06")
        #expect(try move(world, at: "2026-01-07").introductions().isEmpty)
    }
}
