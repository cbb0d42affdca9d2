import Contracts
import Domain
import TaskRuntime
import Testing

@Suite struct DealTests {
    @Test func `a claim and its referral follow the first deal`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        let opened = try world.deal(.qualified, created: "2026-01-05", at: "2026-01-05")
        #expect(try opened.changes() == ["converted"])
        #expect(try opened.settled().map(\.outcome) == [.converted])
        #expect(try opened.payloads(OpportunityFact.self).map(\.change) == ["created", "introduction_qualified"])
        let won = try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        #expect(try won.changes() == ["won"])
        let trigger = try #require(try won.triggers().first)
        #expect(trigger.stage == .beforeContact && trigger.revision == 1 && trigger.creditClass == .sourced)
        #expect(trigger.firstYear == eur(4_800_000) && trigger.terms?.version == 1)
        #expect(trigger.registeredAt == time("2026-01-01") && trigger.closedAt == time("2026-02-01"))
        #expect(try won.messages() == ["opportunity_won>ptr_a"])
        let fact = try #require(try won.payloads(AttributionFact.self).first)
        #expect(fact.attribution.salesCompensation.share.value == 8000)
        #expect(fact.explanation.contains { $0.arithmetic == "round_half_even(4800000 x 8000 / 10000) = 3840000" })
        #expect(fact.explanation.contains { $0.arithmetic == "4800000 + 0 + 0 = 4800000" })
    }

    @Test func `a lost deal names its reason, and ends the claim but not its cover`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.deal(.qualified, created: "2026-01-05", at: "2026-01-05")
        let bad = try world.deal(.closedLost, created: "2026-01-05", closed: "2026-02-01", lost: nil, at: "2026-02-01")
        #expect(bad.deadLetter?.code == .refused)
        let lost = try world.deal(.closedLost, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        #expect(try lost.changes() == ["lost"])
        #expect(try lost.messages() == ["opportunity_lost>ptr_a"])
        let second = try world.deal(.closedWon, id: "O2", created: "2026-02-05", closed: "2026-02-06", at: "2026-02-06")
        #expect(try second.triggers().map(\.partner) == [partnerID("a")])
    }

    /// The append time is the later one; the judging time counts back as far as the programme allows.
    @Test(arguments: [("2026-02-07", "2026-02-07"), ("2026-02-03", "2026-02-03"), ("2026-01-20", "2026-02-03")])
    func `the CRM's date counts back seven days and no further`(occurred: String, judged: String) throws {
        let world = try World()
        let deal = OpportunityUpdated(
            account: World.account, opportunity: OpportunityID(unchecked: "O1"), revision: 1, productLine: "core",
            stage: .qualified, motion: .direct, kind: .new, firstYearValue: eur(100), createdAt: time("2026-01-01"),
            occurredAt: time(occurred))
        let result = try world.harness.send(deal, key: World.key, at: time("2026-02-10"))
        #expect(try result.payloads(OpportunityFact.self).map(\.opportunity.changedAt) == [time(judged)])
        // Direct touches come from the CRM, too; a partner's date counts from the day it came.
        let direct = try world.touch("T1", at: "2026-02-10", occurred: occurred)
        #expect(try direct.payloads(TouchFact.self).map(\.touch.occurredAt) == [time(judged)])
        let own = try world.touch("T2", "ptr_a", at: "2026-02-10", occurred: occurred)
        #expect(try own.payloads(TouchFact.self).map(\.touch.occurredAt) == [time("2026-02-10")])
    }

    @Test func `an older revision changes nothing, another account is refused`() throws {
        let world = try World()
        try world.deal(.proposal, created: "2026-01-05", revision: 5, at: "2026-01-05")
        #expect(try world.deal(.closedWon, created: "2026-01-05", revision: 4, at: "2026-01-06").outputs.isEmpty)
        let moved = try world.harness.send(
            OpportunityUpdated(
                account: AccountReference(key: AccountKey(unchecked: "other.example"), name: nil),
                opportunity: OpportunityID(unchecked: "O1"), revision: 6, productLine: "core", stage: .proposal,
                motion: .direct, firstYearValue: eur(1), createdAt: time("2026-01-05"), occurredAt: time("2026-01-06")),
            key: "other.example", at: time("2026-01-06"))
        #expect(moved.deadLetter?.reason.contains("another account") == true)
    }

    @Test func `a known revision told again changes nothing, one that says something else is refused`() throws {
        let world = try World()
        try world.deal(.qualified, created: "2026-01-05", revision: 1, at: "2026-01-05")
        try world.deal(
            .closedWon, created: "2026-01-05", closed: "2026-02-01", revision: 2, duties: ["a", "b"], at: "2026-02-01")
        for revision: Int64 in [1, 2] {
            let again = try world.deal(
                .closedWon, created: "2026-01-05", closed: "2026-02-01", revision: revision, duties: ["b", "a"],
                at: "2026-02-02")
            #expect(again.outputs.isEmpty && again.deadLetter == nil)
        }
        let withoutClose = try world.deal(
            .closedWon, created: "2026-01-05", revision: 2, duties: ["a", "b"], at: "2026-02-02")
        #expect(withoutClose.outputs.isEmpty && withoutClose.deadLetter == nil, "it says nothing of the close")
        let corrected = try world.deal(
            .closedWon, value: 1, created: "2026-01-05", closed: "2026-02-01", revision: 2, duties: ["a", "b"],
            at: "2026-02-03")
        #expect(corrected.deadLetter?.code == .refused)
        #expect(corrected.deadLetter?.reason.contains("/revision") == true)
        #expect(corrected.deadLetter?.reason.contains("first_year_value") == true)
        let reopened = try world.deal(.negotiation, created: "2026-01-05", revision: 2, at: "2026-02-03")
        #expect(reopened.deadLetter?.reason.contains("another stage") == true)
        #expect(try world.attribution()?.firstYearValue == eur(4_800_000))
    }

    /// The dates of an event are kept no later than the day on which it came.
    @Test func `a revision whose dates lay ahead is still the same when it is told again`() throws {
        let world = try World()
        for day in ["2026-01-05", "2026-01-20"] {
            let told = try world.deal(
                .closedWon, created: "2026-01-10", closed: "2026-01-15", revision: 1, at: day)
            #expect(told.deadLetter == nil)
            #expect(told.outputs.isEmpty == (day == "2026-01-20"))
        }
    }

    @Test func `a touch told again with another content is refused`() throws {
        let world = try World()
        func tell(_ party: Party, minutes: Int64?, line: String? = nil, source: String? = nil) throws -> HarnessResult {
            try world.send(
                TouchRecorded(
                    account: World.account, touch: TouchID(unchecked: "T\(party.text)"), party: party, kind: .meeting,
                    productLine: line, source: source, confirmedBy: "psn_owner", minutes: minutes,
                    occurredAt: time("2026-01-05")))
        }
        let partner = Party.partner(partnerID("a"))
        for party in [Party.direct, partner] {
            #expect(try tell(party, minutes: 30, source: "mail").deadLetter == nil)
            #expect(try tell(party, minutes: 30, source: "mail").outputs.isEmpty)
            #expect(try tell(party, minutes: nil).outputs.isEmpty, "what is left out is not changed")
            #expect(try tell(party, minutes: 60).deadLetter?.reason.contains("/minutes") == true)
            #expect(try tell(party, minutes: 30, line: "core").deadLetter?.reason.contains("/product_line") == true)
        }
        #expect(try tell(.direct, minutes: 30, source: "calendar").deadLetter?.reason.contains("/source") == true)
        #expect(try tell(partner, minutes: 30, source: "console").outputs.isEmpty)
    }

    @Test(arguments: [
        ("/first_year_value", Int64(-1), "2026-01-05", Optional<String>.none),
        ("/closed_at", 1, "2026-01-05", "2026-01-04"),
    ])
    func `a deal that cannot be is refused by field`(field: String, value: Int64, created: String, closed: String?)
        throws
    {
        let world = try World()
        let result = try world.deal(.closedWon, value: value, created: created, closed: closed, at: "2026-01-06")
        #expect(result.deadLetter?.reason.contains(field) == true)
    }

    @Test func `an expired claim is converted by a deal created in its window, at the rate of an unregistered claim`()
        throws
    {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.advance(to: "2026-04-02")
        #expect(try world.registration("a")?.state == .expired)
        try world.deal(.closedWon, id: "O9", created: "2026-04-02", closed: "2026-04-03", at: "2026-04-03")
        #expect(try world.registration("a")?.state == .expired)
        let won = try world.deal(.closedWon, created: "2026-03-31", closed: "2026-04-03", at: "2026-04-03")
        #expect(try won.changes() == ["converted", "won"])
        #expect(try won.triggers().map(\.stage) == [.unregisteredClaim])
        #expect(try world.attribution()?.credits.map(\.reason) == [.windowEnded])
    }

    @Test func `a deal that was there at approval is covered`() throws {
        let world = try World()
        try world.deal(.proposal, created: "2025-12-01", at: "2025-12-20")
        let result = try world.claim("a", at: "2026-01-01")
        #expect(try result.changes() == ["approved", "converted"])
        #expect(try world.registration("a")?.stage == .lateStage)
    }

    @Test func `a changed value is a new target, a win taken back is zero`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        #expect(
            try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-02").triggers().isEmpty
        )
        let changed = try world.deal(
            .closedWon, value: 5_000_000, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-03")
        #expect(try changed.triggers().map(\.revision) == [2])
        #expect(try changed.triggers().map(\.firstYear) == [eur(5_000_000)])
        let back = try world.deal(.negotiation, created: "2026-01-05", at: "2026-02-04")
        #expect(try back.triggers().map(\.share.value) == [0])
        #expect(try back.triggers().map(\.revision) == [3])
        #expect(try world.attribution()?.state == .void)
        let again = try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-05", at: "2026-02-05")
        #expect(try again.triggers().map(\.revision) == [4])
    }

    @Test func `a win that comes again goes by what the first one locked`() throws {
        let world = try World()
        try world.touch("T1", "ptr_b", .call, at: "2026-01-03")
        let won = try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        #expect(try won.triggers().map(\.tier) == [.silver])
        try world.partner("b", .active, tier: .gold, at: "2026-02-02", version: 2)
        for day in ["2026-02-03", "2026-02-06"] {
            try world.deal(.negotiation, created: "2026-01-05", at: day)
            #expect(try world.attribution()?.credits.isEmpty == true)
            #expect(try world.attribution()?.lockedCredits.map(\.tier) == [.silver])
            let again = try world.deal(.closedWon, created: "2026-01-05", closed: day, at: day)
            #expect(try again.triggers().map(\.tier) == [.silver])
            #expect(try world.deal(.closedWon, created: "2026-01-05", closed: day, at: day).triggers().isEmpty)
        }
        let other = try world.deal(.closedWon, id: "O2", created: "2026-01-05", closed: "2026-02-07", at: "2026-02-07")
        #expect(try other.triggers().map(\.tier) == [.gold])
    }

    @discardableResult
    private static func resold(
        _ world: World, revision: Int64, kind: OpportunityType = .new, duties: [String] = [],
        settlement: PlanLine.Settlement = .payout, playRun: String? = nil
    ) throws -> HarnessResult {
        try world.deal(
            .closedWon, motion: .resold, kind: kind, partner: "r", created: "2026-01-05", closed: "2026-02-01",
            revision: revision, duties: duties, settlement: settlement, playRun: playRun, at: "2026-02-0\(revision)")
    }

    @Test(arguments: ["duties", "settlement", "kind", "play run"])
    func `a correction of what prices a won deal is a new target`(corrected: String) throws {
        let world = try World()
        let kind: OpportunityType = corrected == "kind" ? .renewal : .new
        let duties = corrected == "duties" ? ["support", "implementation"] : []
        let settlement: PlanLine.Settlement = corrected == "settlement" ? .discount : .payout
        let playRun = corrected == "play run" ? "run-1" : nil
        try Self.resold(world, revision: 1)
        func correct() throws -> HarnessResult {
            try Self.resold(
                world, revision: 2, kind: kind, duties: duties, settlement: settlement, playRun: playRun)
        }
        let trigger = try #require(try correct().triggers().first)
        #expect(trigger.revision == 2 && trigger.firstYear == eur(4_800_000))
        #expect(trigger.duties == duties && trigger.settlement == settlement)
        #expect(trigger.kind == kind && trigger.playRun == playRun)
        #expect(try correct().outputs.isEmpty, "told again")
    }

    /// A row from before the conditions were kept: only a change of them is one, and the first one is seen.
    @Test func `an old attribution gets no revision by itself, and does not miss the first correction`() throws {
        let world = try World()
        try Self.resold(world, revision: 1, duties: ["support"])
        var old = try #require(try world.attribution())
        old.conditions = nil
        try world.harness.state.put(StateTable("attribution"), StateKey(World.key, "O1"), old)
        #expect(try world.touch("T1", at: "2026-02-01").triggers().isEmpty)
        #expect(try Self.resold(world, revision: 2, duties: ["support"]).triggers().isEmpty)
        try world.harness.state.put(StateTable("attribution"), StateKey(World.key, "O1"), old)
        #expect(try Self.resold(world, revision: 3).triggers().map(\.duties) == [[]])
        #expect(try world.attribution()?.revision == 2)
    }

    @Test func `every revision goes by the rules in force at the first win`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        var later = World.program
        later.version = 2
        later.effectiveFrom = time("2026-02-10")
        later.salesCompensation.sourcedOther = BasisPoints(7500)
        _ = try world.register(ProgramPublished(program: later, actor: .programme, occurredAt: time("2026-02-09")))
        try world.deal(.closedWon, value: 100, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-12")
        #expect(try world.attribution()?.programVersion == 1)
        #expect(try world.attribution()?.salesCompensation.share.value == 8000)
    }

    @Test func `a deal's play splits the sales compensation, by the rules in force at the first win`() throws {
        let world = try World {
            $0.plays = [
                CoSellingPlay(
                    id: "displacement", name: "Displacement", salesCompensation: [.sourcedOther: BasisPoints(7600)])
            ]
        }
        try world.claim("a", at: "2026-01-01")
        let opened = try world.deal(.qualified, created: "2026-01-05", play: "displacement", at: "2026-01-05")
        #expect(try opened.payloads(OpportunityFact.self).allSatisfy { $0.opportunity.play == "displacement" })
        let won = try world.deal(
            .closedWon, created: "2026-01-05", closed: "2026-02-01", play: "displacement", at: "2026-02-01")
        let fact = try #require(try won.payloads(AttributionFact.self).first)
        #expect(fact.attribution.salesCompensation.share.value == 7600)
        #expect(fact.attribution.salesCompensation.credited == eur(3_648_000))
        #expect(fact.attribution.salesCompensation.play == "displacement")
        #expect(fact.explanation.contains { $0.text.hasSuffix("(sourced_other), as play displacement splits it.") })

        var later = World.program
        later.version = 2
        later.effectiveFrom = time("2026-02-10")
        later.plays = [CoSellingPlay(id: "spring_push", name: "Spring push")]
        _ = try world.register(ProgramPublished(program: later, actor: .programme, occurredAt: time("2026-02-09")))
        let changed = try world.deal(
            .closedWon, value: 100, created: "2026-01-05", closed: "2026-02-01", play: "displacement",
            at: "2026-02-12")
        #expect(try changed.payloads(AttributionFact.self).map(\.attribution.revision) == [2])
        #expect(try world.attribution()?.salesCompensation.play == "displacement")
        #expect(try world.attribution()?.salesCompensation.credited == eur(76))

        let retagged = try world.deal(
            .closedWon, value: 100, created: "2026-01-05", closed: "2026-02-01", play: "spring_push", at: "2026-02-13")
        #expect(retagged.deadLetter == nil, "a tag of the CRM that the version of the first win does not have")
        let standard = try #require(try retagged.payloads(AttributionFact.self).first)
        #expect(standard.attribution.salesCompensation.share.value == 8000)
        #expect(standard.attribution.salesCompensation.play == nil)
        #expect(standard.explanation.contains { $0.rule == "unknown_play" && $0.text.contains("spring_push") })
    }

    @Test func `a resold deal without a registration is the reseller's`() throws {
        let world = try World()
        let won = try world.deal(
            .closedWon, motion: .resold, partner: "r", created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        let trigger = try #require(try won.triggers().first)
        #expect(trigger.partner == partnerID("r") && trigger.partnerType == .reseller && trigger.registration == nil)
    }

    @Test func `confirmed touches credit partners without sourcing, also when they come late`() throws {
        let world = try World()
        try world.touch("T1", "ptr_b", .call, at: "2026-01-03")
        try world.touch("T2", "ptr_c", .call, confirmed: nil, at: "2026-01-03")
        try world.deal(.qualified, created: "2026-01-05", at: "2026-01-05")
        let won = try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        #expect(try won.triggers().map(\.creditClass) == [.influenced])
        #expect(try world.attribution()?.evidenceRefused.map(\.reference) == ["T2"])
        let confirmed = try world.touch("T2", "ptr_c", .call, confirmed: "psn_owner", at: "2026-02-02")
        #expect(try confirmed.triggers().map(\.partner) == [partnerID("b"), partnerID("c")])
        #expect(try confirmed.triggers().map(\.revision) == [2, 2])
        #expect(try world.touch("T2", "ptr_c", .call, at: "2026-02-03").outputs.isEmpty, "known already")
        #expect(try world.touch("T2", "ptr_b", .call, at: "2026-02-03").deadLetter?.code == .refused)
    }

    @Test func `a claim after the close is reviewed, approved and paid`() throws {
        let world = try World()
        try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        let proof = Evidence(kind: .meeting, occurredAt: time("2026-01-20"), reference: "mail")
        let bad = try world.claim("b", at: "2026-02-10", stage: .unregisteredClaim, opportunity: "O1")
        #expect(try bad.settled().first?.reason == .insufficientInformation)
        let opened = try world.claim(
            "a", at: "2026-02-10", stage: .unregisteredClaim, evidence: [proof], opportunity: "O1")
        #expect(try opened.reviews().first?.state == .open, "never without a person")
        let approved = try world.decide("a", .accept, at: "2026-02-11")
        #expect(try world.registration("a")?.state == .won)
        #expect(try approved.triggers().map(\.stage) == [.unregisteredClaim])
        #expect(try approved.triggers().map(\.revision) == [2])
        let late = try world.claim(
            "c", at: "2026-02-12", stage: .unregisteredClaim, evidence: [proof], opportunity: "O1")
        #expect(try late.settled().first?.reason == .alreadyAttributed)
    }

    @Test func `a claim after the close is paid by the terms at the close`() throws {
        let world = try World {
            var later = World.terms
            later.version = 2
            later.effectiveFrom = time("2026-01-15")
            $0.terms.append(later)
        }
        try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        let proof = Evidence(kind: .meeting, occurredAt: time("2026-01-20"), reference: "mail")
        // What the referral worker sends names another version.
        try world.claim("a", at: "2026-02-10", stage: .unregisteredClaim, evidence: [proof], opportunity: "O1")
        #expect(try world.registration("a")?.terms?.version == 2)
        try world.claim("b", at: "2026-02-10")
        #expect(try world.registration("b")?.terms?.version == 1, "locked at submission")
    }

    @Test func `a reversal reaches every credited partner, up to what remains`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        func reverse(_ minor: Int64, _ period: RevenueReversed.Period = .firstYear, at: String) throws -> HarnessResult
        {
            try world.send(
                RevenueReversed(
                    account: World.account, opportunity: OpportunityID(unchecked: "O1"), amount: eur(minor),
                    period: period,
                    reason: "refund", occurredAt: time(at)))
        }
        #expect(try reverse(1, at: "2026-01-02").deadLetter?.code == .refused, "unknown deal")
        try world.deal(.closedWon, value: 1000, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        let first = try #require(try reverse(400, at: "2026-02-02").payloads(CommissionReversed.self).first)
        #expect(first.base == eur(1000) && first.reversedTotal == eur(400) && first.partner == partnerID("a"))
        let later = try reverse(400, .later, at: "2026-02-03")
        #expect(try later.payloads(CommissionReversed.self).isEmpty)
        #expect(try later.payloads(OpportunityFact.self).map(\.change) == ["reversed_later"])
        let rest = try reverse(900, at: "2026-02-04")
        #expect(try rest.payloads(CommissionReversed.self).map(\.reversedTotal) == [eur(1000)])
        #expect(
            try rest.payloads(OpportunityFact.self).first?.explanation.first?.arithmetic
                == "min(900, 600) = 600; 400 + 600 = 1000")
        #expect(try reverse(1, at: "2026-02-05").deadLetter?.code == .refused)
        #expect(try world.attribution()?.reversedMinor == 1000)
    }

    @Test func `a deal keeps its currency while part of it is reversed`() throws {
        let world = try World()
        func tell(_ revision: Int64, _ code: String, _ minor: Int64 = 1000) throws -> HarnessResult {
            try world.send(
                OpportunityUpdated(
                    account: World.account, opportunity: OpportunityID(unchecked: "O1"), revision: revision,
                    productLine: "core", stage: .closedWon, motion: .direct,
                    firstYearValue: Money(minor: minor, currency: Currency(code: code)!),
                    createdAt: time("2026-01-05"), closedAt: time("2026-02-01"), occurredAt: time("2026-02-01")))
        }
        #expect(try tell(1, "EUR").deadLetter == nil)
        #expect(try tell(2, "USD").deadLetter == nil)
        #expect(try tell(3, "EUR").deadLetter == nil)
        let reversed = try world.send(
            RevenueReversed(
                account: World.account, opportunity: OpportunityID(unchecked: "O1"), amount: eur(400), reason: "refund",
                occurredAt: time("2026-02-01")))
        #expect(reversed.deadLetter == nil)
        let refused = try tell(4, "USD")
        #expect(refused.deadLetter?.code == .refused)
        #expect(refused.deadLetter?.reason.contains("/first_year_value/currency") == true)
        #expect(try tell(2, "USD").deadLetter == nil, "an older one changes nothing")
        #expect(try tell(4, "EUR", 2000).deadLetter == nil)
    }

    @Test func `a qualified introduction is triggered once, by the first submitted`() throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-01", route: .review)
        try world.evaluate("b", at: "2026-01-02", hints: [.contactDomainDiffers])
        #expect(
            try world.deal(.qualified, created: "2026-01-05", at: "2026-01-05").introductions().isEmpty,
            "a is undecided")
        let decided = try world.decide("a", .reject, reason: .noIntent, at: "2026-01-06")
        let trigger = try #require(try decided.introductions().first)
        #expect(trigger.trigger == .qualifiedIntroduction && trigger.referral == World.referralID("b"))
        #expect(trigger.flags == [.contactDomainDiffers])
        #expect(trigger.closedAt == time("2026-01-05"))
        #expect(try world.deal(.discovery, created: "2026-01-05", at: "2026-01-07").introductions().isEmpty, "once")
    }

    @Test func `the CRM's domain is reduced to the account key`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        let opened = try world.deal(.qualified, created: "2026-01-05", domain: "WWW.Acme.example", at: "2026-01-05")
        #expect(try opened.changes() == ["converted"])
        let none = try world.harness.send(
            data: Array(#"{"touch_id":"T1","party":"direct","kind":"call","occurred_at":"2026-01-05T00:00:00Z"}"#.utf8),
            type: TouchRecorded.type, key: World.key, at: time("2026-01-06"))
        #expect(none.deadLetter?.code == .schema, "every event names its account")
        let unknown = try world.harness.send(
            data: Array("{}".utf8), type: "io.tributary.nothing.v1", key: World.key, at: time("2026-01-06"))
        #expect(unknown.deadLetter?.code == .unknownType)
    }

    @Test func `a deal that was closed before does not convert what came later`() throws {
        let world = try World()
        try world.deal(.closedWon, created: "2025-10-05", closed: "2025-11-01", at: "2025-11-01")
        try world.claim("a", at: "2026-01-01")
        let touched = try world.deal(
            .closedWon, value: 5, created: "2025-10-05", closed: "2025-11-01", at: "2026-01-05")
        #expect(try touched.changes().isEmpty && touched.settled().isEmpty)
        #expect(try world.registration("a")?.state == .approved)
    }

    @Test func `a revision without a close keeps the close that was known`() throws {
        let world = try World()
        try world.deal(.closedWon, created: "2026-01-05", at: "2026-02-01")
        try world.deal(.closedWon, value: 7, created: "2026-01-05", at: "2026-02-05")
        #expect(try world.attribution()?.closedAt == time("2026-02-01"))
        #expect(try world.attribution()?.revision == 2)
    }

    @Test func `an appeal about a closed expansion holds that deal, and no other of the product line`() throws {
        let world = try World()
        try world.deal(.closedWon, kind: .expansion, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        let proof = Evidence(kind: .meeting, occurredAt: time("2026-01-20"), reference: "mail")
        try world.claim("a", at: "2026-02-10", stage: .unregisteredClaim, evidence: [proof], opportunity: "O1")
        try world.claim("b", at: "2026-02-11", stage: .unregisteredClaim, evidence: [proof], opportunity: "O1")
        let own = try world.deal(
            .closedWon, id: "O2", motion: .partnerClosed, partner: "a", created: "2026-02-12", closed: "2026-02-13",
            at: "2026-02-13")
        #expect(try own.triggers().map(\.partner) == [partnerID("a")])
        let id = try #require(try world.conflict()).id
        let decided = try world.decideConflict(id, .customerChoice, winner: .partner(partnerID("a")), at: "2026-02-14")
        #expect(try decided.triggers().map(\.opportunity) == [OpportunityID(unchecked: "O1")])
        let appealed = try world.send(
            ConflictAppealed(
                account: World.account, conflict: id, party: .partner(partnerID("b")), appealedBy: "psn_x",
                reason: "we met them first", occurredAt: time("2026-02-15")))
        let blocks = try appealed.payloads(BlockPlaced.self)
        #expect(blocks.map(\.target) == [.opportunity(OpportunityID(unchecked: "O1"))])
        #expect(blocks.map(\.partner) == [partnerID("a")])
    }

    @Test func `claims that contest one closed deal leave the others alone`() throws {
        let world = try World()
        try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        let proof = Evidence(kind: .meeting, occurredAt: time("2026-01-20"), reference: "mail")
        try world.claim("a", at: "2026-02-10", stage: .unregisteredClaim, evidence: [proof], opportunity: "O1")
        let second = try world.claim(
            "b", at: "2026-02-11", stage: .unregisteredClaim, evidence: [proof], opportunity: "O1")
        #expect(try second.payloads(ConflictFact.self).first?.conflict.opportunity?.text == "O1")
        try world.deal(.closedWon, id: "O2", created: "2026-02-12", closed: "2026-02-13", at: "2026-02-13")
        #expect(try world.attribution("O2")?.state == .decided)
        let id = try #require(try world.conflict()).id
        let decided = try world.decideConflict(id, .customerChoice, winner: .partner(partnerID("b")), at: "2026-02-14")
        #expect(try decided.triggers().map(\.partner) == [partnerID("b")])
        #expect(try world.registration("b")?.state == .won)
        #expect(try world.registration("a")?.state == .rejected)
    }
}
