import Domain
import Hashing
import Testing

struct AttributionFixture {
    static let touchRules = AttributionRules(
        influenceDays: 180, assistingKinds: [.demo, .integration, .implementation])
    static let compensation = SalesCompensationRules(
        sourcedCoSold: BasisPoints(10_000), sourcedPartnerClosed: BasisPoints(5000), sourcedOther: BasisPoints(8000),
        notSourced: BasisPoints(10_000))

    var opportunity = deal(stage: .closedWon, closed: "2026-03-01")
    var registrations: [Registration] = []
    var conflicts: [Conflict] = []
    var touches: [Touch] = []
    var referrals: [ReferralClaim] = []
    var plays: [CoSellingPlay] = []
    var isEligible = true
    var paysKind = false

    func decide() throws -> AttributionDecision {
        let terms = TermsReference(id: TermsID(unchecked: "trm_now"), version: 7)
        return try AttributionInput(
            opportunity: opportunity, closedAt: opportunity.closedAt ?? opportunity.changedAt,
            registrations: registrations,
            conflicts: conflicts, touches: touches, referrals: referrals, attribution: Self.touchRules,
            salesCompensation: Self.compensation, plays: plays, programVersion: 3,
            standing: { _ in PartnerStanding(type: .reseller, tier: .gold, terms: terms, isEligible: isEligible) },
            paysKind: { _, _ in paysKind }
        ).decide()
    }

    func attribution(after previous: Attribution? = nil) throws -> Attribution? {
        Attribution.next(
            after: previous, id: AttributionID(unchecked: "atr_1"), opportunity: opportunity,
            closedAt: opportunity.closedAt ?? opportunity.changedAt, decision: try decide(), programVersion: 3,
            at: day("2026-03-01"))
    }
}

@Suite struct AttributionTests {
    /// A decided split of Acme between the claims of `a` and `b`.
    static func split(_ a: Int64, _ b: Int64, _ registrations: [Registration]) -> Conflict {
        var conflict = Conflict(
            id: ConflictID(unchecked: "cnf_1"), account: acme, productLine: "core", cause: .openClaim,
            parties: registrations.map {
                ConflictParty(party: .partner($0.partner), registration: $0.id, submittedAt: nil, touches: [])
            }, openedAt: day("2026-01-02"))
        conflict.state = .decided
        conflict.decision = ConflictDecision(
            outcome: .split, winner: nil,
            shares: zip(registrations, [a, b]).map {
                ConflictShare(party: .partner($0.partner), share: BasisPoints($1))
            },
            evidence: ["x"], note: nil, actor: .programme, at: day("2026-01-03"), appealUntil: day("2026-01-17"))
        return conflict
    }

    @Test func `rule 1: a split shares the deal, each by its own stage`() throws {
        let claims = [
            claim("a", sequence: 1, stage: .beforeContact, approved: "2026-01-01"),
            claim("b", sequence: 2, stage: .lateStage, approved: "2026-01-03"),
        ]
        var fixture = AttributionFixture(registrations: claims)
        fixture.opportunity.firstYearValue = eur(100_001)
        fixture.conflicts = [Self.split(3333, 6667, claims)]
        let decision = try fixture.decide()
        #expect(decision.credits.map(\.firstYear.minor) == [33_330, 66_671])
        #expect(decision.credits.map(\.stage) == [.beforeContact, .lateStage])
        #expect(decision.credits.allSatisfy { $0.reason == .conflictSplit && $0.creditClass == .sourced })
        #expect(decision.steps.contains { $0.arithmetic == "floor(100001 x 6667 / 10000) + 1 = 66671" })
    }

    @Test(arguments: [
        ("2026-01-03", RegistrationStage.lateStage), ("2026-03-02", .lateStage), ("2025-11-01", .unregisteredClaim),
    ])
    func `rule 1: only a window that ended before the close costs a part its locked rate`(
        approved: String, stage: RegistrationStage
    ) throws {
        let claims = [
            claim("a", sequence: 1, approved: "2026-01-01"),
            claim("b", sequence: 2, stage: .lateStage, approved: approved),
        ]
        let fixture = AttributionFixture(registrations: claims, conflicts: [Self.split(4000, 6000, claims)])
        #expect(try fixture.decide().credits.map(\.stage) == [.beforeContact, stage])
    }

    @Test func `a claim that was won is the partner's no more when the deal closed after the tail`() throws {
        var registration = claim("a", approved: "2026-01-01")
        registration.state = .won
        var fixture = AttributionFixture(registrations: [registration])
        fixture.isEligible = false
        let decision = try fixture.decide()
        #expect(decision.credits.isEmpty)
        #expect(decision.evidenceRefused.map(\.text) == ["the partner left the programme"])
        registration.tailUntil = day("2026-04-01")
        fixture.registrations = [registration]
        #expect(try fixture.decide().credits.count == 1, "a tail of its own counts")
    }

    @Test func `rule 2: the window covers the close`() throws {
        let fixture = AttributionFixture(registrations: [claim("a", stage: .afterFirstMeeting, approved: "2026-01-01")])
        let credit = try #require(try fixture.decide().credits.first)
        #expect(credit.reason == .registration)
        #expect(credit.stage == .afterFirstMeeting)
        #expect(credit.firstYear == eur(4_800_000))
        #expect(credit.terms?.id.text == "trm_a")
        #expect(credit.partnerType == .referral)
    }

    @Test func `rule 2: the first submitted of two that cover it`() throws {
        let fixture = AttributionFixture(registrations: [
            claim("b", sequence: 2, approved: "2026-01-01"), claim("a", sequence: 1, approved: "2026-01-02"),
        ])
        #expect(try fixture.decide().credits.map(\.partner) == [ptr("a")])
    }

    @Test func `rule 3: the window covers only the creation`() throws {
        let fixture = AttributionFixture(registrations: [
            claim("a", sequence: 1, approved: "2026-01-01", until: "2026-02-01"),
            claim("b", sequence: 2, approved: "2026-01-05", until: "2026-02-01"),
        ])
        let credit = try #require(try fixture.decide().credits.first)
        #expect(credit.partner == ptr("b"), "the latest")
        #expect(credit.reason == .windowEnded)
        #expect(credit.stage == .unregisteredClaim)
    }

    @Test func `a window that covers neither is refused evidence`() throws {
        let fixture = AttributionFixture(registrations: [claim("a", approved: "2025-01-01")])
        let decision = try fixture.decide()
        #expect(decision.credits.isEmpty)
        #expect(decision.revenueClass == .direct)
        #expect(decision.evidenceRefused.map(\.reference) == ["reg_a1"])
    }

    @Test(arguments: [RegistrationState.rejected, .revoked, .withdrawn, .superseded, .inReview])
    func `a claim that is not approved any more does not count`(state: RegistrationState) throws {
        var registration = claim("a", approved: "2026-01-01")
        registration.state = state
        let decision = try AttributionFixture(registrations: [registration]).decide()
        #expect(decision.credits.isEmpty)
        #expect(decision.evidenceRefused.count == 1)
    }

    @Test(arguments: [SalesMotion.partnerClosed, .resold])
    func `rule 4: the partner closed or resold it`(motion: SalesMotion) throws {
        var fixture = AttributionFixture()
        fixture.opportunity = deal(stage: .closedWon, motion: motion, partner: "r", closed: "2026-03-01")
        let credit = try #require(try fixture.decide().credits.first)
        #expect(credit.reason == .motion)
        #expect(credit.partnerType == .reseller)
        #expect(credit.terms?.version == 7)
        fixture.isEligible = false
        #expect(try fixture.decide().credits.isEmpty)
    }

    @Test func `rule 4 gives way to a registration`() throws {
        var fixture = AttributionFixture(registrations: [claim("a", approved: "2026-01-01")])
        fixture.opportunity = deal(stage: .closedWon, motion: .resold, partner: "r", closed: "2026-03-01")
        #expect(try fixture.decide().credits.map(\.partner) == [ptr("a")])
    }

    @Test func `motion partner_sourced alone is refused evidence`() throws {
        var fixture = AttributionFixture()
        fixture.opportunity = deal(stage: .closedWon, motion: .partnerSourced, partner: "r", closed: "2026-03-01")
        let decision = try fixture.decide()
        #expect(decision.credits.isEmpty)
        #expect(decision.evidenceRefused.map(\.reference) == ["motion"])
    }

    @Test func `rule 5: an approved claim after the close`() throws {
        var late = claim("a", submitted: "2026-03-10", stage: .unregisteredClaim, opportunity: "O1")
        var fixture = AttributionFixture(registrations: [late])
        #expect(try fixture.decide().credits.isEmpty, "not approved yet")
        late.state = .won
        fixture.registrations = [late]
        let credit = try #require(try fixture.decide().credits.first)
        #expect(credit.reason == .unregisteredClaim)
        #expect(credit.stage == .unregisteredClaim)
        late.opportunity = OpportunityID(unchecked: "O2")
        fixture.registrations = [late]
        #expect(try fixture.decide().credits.isEmpty, "another deal")
    }

    @Test(arguments: [OpportunityType.expansion, .renewal])
    func `a registration covers expansions and renewals only by a plan line`(kind: OpportunityType) throws {
        var fixture = AttributionFixture(registrations: [claim("a", approved: "2026-01-01")])
        fixture.opportunity = deal(stage: .closedWon, kind: kind, closed: "2026-03-01")
        #expect(try fixture.decide().credits.isEmpty)
        fixture.paysKind = true
        #expect(try fixture.decide().credits.count == 1)
    }

    @Test(arguments: [Conflict.State.open, .appealed])
    func `a win while a conflict is pending is sourced by nobody yet`(state: Conflict.State) throws {
        let claims = [claim("a", sequence: 1, approved: "2026-01-01"), claim("b", sequence: 2)]
        var conflict = Self.split(5000, 5000, claims)
        conflict.state = state
        var fixture = AttributionFixture(registrations: claims, conflicts: [conflict])
        fixture.touches = [
            touch("T1", "ptr_b", .call, on: "2026-02-01"), touch("T2", "ptr_c", .call, on: "2026-02-01"),
        ]
        let decision = try fixture.decide()
        #expect(decision.state == .undecided)
        #expect(decision.revenueClass == .sourced)
        #expect(decision.conflict == conflict.id)
        #expect(decision.credits.map(\.partner) == [ptr("c")], "a party of the conflict has no class yet")
        #expect(decision.salesCompensation.rule == .sourcedOther)
    }

    struct TouchCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var touch: Touch
        var creditClass: CreditClass?
        var isRefused = false
    }

    @Test(arguments: [
        TouchCase(
            testDescription: "confirmed call", touch: touch("T", "ptr_c", .call, on: "2026-02-01"),
            creditClass: .influenced),
        TouchCase(
            testDescription: "demo after qualified", touch: touch("T", "ptr_c", .demo, on: "2026-03-01"),
            creditClass: .assisted),
        TouchCase(
            testDescription: "demo before qualified", touch: touch("T", "ptr_c", .demo, on: "2026-01-09"),
            creditClass: .influenced),
        TouchCase(
            testDescription: "first day of the 180", touch: touch("T", "ptr_c", .call, on: "2025-09-02"),
            creditClass: .influenced),
        TouchCase(
            testDescription: "a day earlier", touch: touch("T", "ptr_c", .call, on: "2025-09-01"), isRefused: true),
        TouchCase(
            testDescription: "after the close", touch: touch("T", "ptr_c", .call, on: "2026-03-02"), isRefused: true),
        TouchCase(
            testDescription: "unconfirmed", touch: touch("T", "ptr_c", .demo, on: "2026-02-01", confirmed: nil),
            isRefused: true),
        TouchCase(testDescription: "direct", touch: touch("T", "direct", .call, on: "2026-02-01")),
        TouchCase(testDescription: "another line", touch: touch("T", "ptr_c", .call, on: "2026-02-01", line: "other")),
    ])
    func `a confirmed touch assists or influences`(row: TouchCase) throws {
        var fixture = AttributionFixture(touches: [row.touch])
        fixture.opportunity.qualifiedAt = day("2026-01-10")
        let decision = try fixture.decide()
        #expect(decision.credits.first?.creditClass == row.creditClass)
        #expect(decision.evidenceRefused.isEmpty == !row.isRefused)
        #expect(decision.revenueClass == (row.creditClass == nil ? .direct : .influenced))
    }

    @Test func `each partner has one class, the highest`() throws {
        var fixture = AttributionFixture(registrations: [claim("a", approved: "2026-01-01")])
        fixture.opportunity.qualifiedAt = day("2026-01-10")
        fixture.touches = [
            touch("T1", "ptr_a", .demo, on: "2026-02-01"), touch("T2", "ptr_c", .call, on: "2026-02-01"),
            touch("T3", "ptr_c", .demo, on: "2026-02-02"), touch("T4", "ptr_c", .email, on: "2026-02-03"),
        ]
        let credits = try fixture.decide().credits
        #expect(credits.map(\.partner) == [ptr("a"), ptr("c")])
        #expect(credits.map(\.creditClass) == [.sourced, .assisted])
    }

    @Test func `an accepted introduction is a confirmed touch`() throws {
        var fixture = AttributionFixture(referrals: [
            referral("c", sequence: 1, submitted: "2026-01-02", state: .accepted, accepted: "2026-01-03")
        ])
        let credit = try #require(try fixture.decide().credits.first)
        #expect(credit.creditClass == .influenced)
        #expect(credit.referral?.text == "ref_c1")
        fixture.referrals[0].state = .rejected
        #expect(try fixture.decide().credits.isEmpty)
    }

    @Test(arguments: [
        (RevenueClass.sourced, SalesMotion.coSold, Int64(10_000)), (.sourced, .partnerClosed, 5000),
        (.sourced, .resold, 5000),
        (.sourced, .direct, 8000), (.sourced, .partnerSourced, 8000), (.influenced, .partnerClosed, 10_000),
        (.direct, .direct, 10_000),
    ])
    func `sales compensation goes by class first, then motion`(
        revenueClass: RevenueClass, motion: SalesMotion, share: Int64
    ) {
        let result = AttributionFixture.compensation.compensation(
            for: revenueClass, motion: motion, salesRep: "Sam", firstYearValue: eur(1001))
        #expect(result.share.value == share)
        #expect(result.credited.minor == RoundingMode.halfEven.divide(Int128(1001 * share), by: 10_000))
        #expect(result.play == nil)
        let steps = result.steps(firstYearValue: eur(1001), programVersion: 1)
        #expect(steps.map(\.rule) == ["sales_compensation"])
        #expect(steps[0].arithmetic?.contains("1001 x \(share)") == true)
    }

    /// A play that names shares for two of the rules.
    static let displacement = CoSellingPlay(
        id: "displacement", name: "Displacement",
        salesCompensation: [.sourcedPartnerClosed: BasisPoints(7000), .notSourced: BasisPoints(0)])

    @Test(arguments: [
        (RevenueClass.sourced, SalesMotion.partnerClosed, Int64(7000), true), (.sourced, .resold, 7000, true),
        (.sourced, .coSold, 10_000, false), (.sourced, .direct, 8000, false), (.influenced, .partnerClosed, 0, true),
        (.direct, .direct, 0, true),
    ])
    func `a play's own share comes before the programme's, class first`(
        revenueClass: RevenueClass, motion: SalesMotion, share: Int64, isOwn: Bool
    ) {
        let result = AttributionFixture.compensation.compensation(
            for: revenueClass, motion: motion, play: Self.displacement, salesRep: "Sam", firstYearValue: eur(1001))
        #expect(result.share.value == share)
        #expect(result.credited.minor == RoundingMode.halfEven.divide(Int128(1001 * share), by: 10_000))
        #expect(result.play == (isOwn ? "displacement" : nil))
        let steps = result.steps(
            firstYearValue: eur(1001), named: "displacement", plays: [Self.displacement], programVersion: 1)
        #expect(steps.count == 1)
        #expect(
            steps[0].text.contains(
                isOwn ? "as play displacement splits it" : "play displacement names no share of its own"))
    }

    @Test func `a play that the programme does not have leaves the standard split, and is said`() throws {
        var fixture = AttributionFixture()
        fixture.plays = [Self.displacement]
        let plain = try #require(try fixture.attribution())
        fixture.opportunity.play = "spring_push"
        let decision = try fixture.decide()
        #expect(decision.salesCompensation.share.value == 10_000 && decision.salesCompensation.play == nil)
        #expect(
            decision.steps.suffix(2).map(\.text) == [
                "Version 3 has no play spring_push, which the deal names: the standard split holds.",
                "The representative gets 100% of the standard commission (not_sourced).",
            ])
        #expect(try fixture.attribution(after: plain) == nil, "nothing changed that anybody is paid by")
        fixture.opportunity.play = "displacement"
        let corrected = try #require(try fixture.attribution(after: plain))
        #expect(corrected.revision == 2 && corrected.salesCompensation.play == "displacement")
        #expect(corrected.salesCompensation.credited.isZero)
    }

    @Test func `a revision comes only with a change`() throws {
        var fixture = AttributionFixture(registrations: [claim("a", approved: "2026-01-01")])
        let first = try #require(try fixture.attribution())
        #expect(first.revision == 1)
        #expect(try fixture.attribution(after: first) == nil)
        fixture.opportunity.firstYearValue = eur(5_000_000)
        let second = try #require(try fixture.attribution(after: first))
        #expect(second.revision == 2)
        #expect(second.id == first.id)
        let void = second.voided(at: day("2026-04-01"))
        #expect(void.revision == 3)
        #expect(void.state == .void)
        #expect(void.credits.isEmpty)
        #expect(RevenueClass.allCases.allSatisfy { void.value(of: $0).isZero })
    }

    @Test func `a win taken back keeps what it credited, which makes no revision by itself`() throws {
        var fixture = AttributionFixture(registrations: [claim("a", approved: "2026-01-01")])
        let first = try #require(try fixture.attribution())
        #expect(first.lockedCredits.isEmpty)
        let void = first.voided(at: day("2026-04-01"))
        #expect(void.credits.isEmpty && void.lockedCredits == first.credits)
        let again = try #require(try fixture.attribution(after: void))
        #expect(again.revision == 3 && again.credits == first.credits && again.lockedCredits == first.credits)
        var plain = again
        plain.lockedCredits = []
        #expect(try fixture.attribution(after: again) == nil)
        #expect(try fixture.attribution(after: plain) == nil)
        fixture.registrations = []
        let direct = try #require(try fixture.attribution(after: void))
        #expect(direct.credits.isEmpty)
        #expect(direct.voided(at: day("2026-05-01")).lockedCredits == first.credits)
    }

    @Test func `what prices the deal is part of a revision, and what is not known is taken for the same`() throws {
        var fixture = AttributionFixture(registrations: [claim("a", approved: "2026-01-01")])
        fixture.opportunity.duties = ["support", "implementation"]
        let first = try #require(try fixture.attribution())
        #expect(first.conditions?.duties == ["implementation", "support"])
        fixture.opportunity.duties = ["implementation", "support"]
        #expect(try fixture.attribution(after: first) == nil, "their order says nothing")
        var old = first
        old.conditions = nil
        var changed = fixture
        changed.opportunity.duties = ["support"]
        #expect(try changed.attribution(after: first)?.revision == 2)
        #expect(try changed.attribution(after: old) == nil)
        changed = fixture
        changed.opportunity.settlement = .discount
        #expect(try changed.attribution(after: first)?.conditions?.settlement == .discount)
        changed = fixture
        changed.opportunity.playRun = "run-1"
        #expect(try changed.attribution(after: first)?.conditions?.playRun == "run-1")
        changed = fixture
        changed.paysKind = true
        changed.opportunity.kind = .renewal
        #expect(try changed.attribution(after: old)?.kind == .renewal)
    }

    @Test func `sourced, influenced and direct add up to the won total`() throws {
        var generator = SplitMix64(seed: 42)
        var sums: [RevenueClass: Int64] = [:]
        var total: Int64 = 0
        for _ in 0..<300 {
            var fixture = AttributionFixture()
            let claims = [
                claim("a", sequence: 1, approved: "2026-01-01"), claim("b", sequence: 2, approved: "2026-01-02"),
            ]
            if Bool.random(using: &generator) { fixture.registrations = claims }
            if Bool.random(using: &generator) {
                let share = Int64.random(in: 1...9999, using: &generator)
                fixture.conflicts = [Self.split(share, 10_000 - share, claims)]
            }
            if Bool.random(using: &generator) { fixture.touches = [touch("T", "ptr_c", .call, on: "2026-02-01")] }
            fixture.opportunity.firstYearValue = eur(Int64.random(in: 0...10_000_000, using: &generator))
            let attribution = try #require(try fixture.attribution())
            for revenueClass in RevenueClass.allCases {
                sums[revenueClass, default: 0] += attribution.value(of: revenueClass).minor
            }
            total += fixture.opportunity.firstYearValue.minor
            let sourced = attribution.credits.filter { $0.creditClass == .sourced }
            if !sourced.isEmpty {
                #expect(sourced.reduce(0) { $0 + $1.firstYear.minor } == fixture.opportunity.firstYearValue.minor)
            }
            #expect(Set(attribution.credits.map(\.partner)).count == attribution.credits.count)
        }
        #expect(sums.values.reduce(0, +) == total)
        #expect(sums.count == 3 && sums.values.allSatisfy { $0 > 0 })
    }

    @Test func `parts of a split add up, by largest remainder, ties by id`() {
        #expect(
            SplitParts.of(1, shares: [("b", BasisPoints(5000)), ("a", BasisPoints(5000))]).map(\.amount) == [0, 1])
        #expect(
            SplitParts.of(100, shares: [("a", BasisPoints(3333)), ("b", BasisPoints(3333)), ("c", BasisPoints(3334))])
                .map(\.amount) == [33, 33, 34])
        var generator = SplitMix64(seed: 7)
        for _ in 0..<500 {
            var left: Int64 = 10_000
            var shares: [(key: String, share: BasisPoints)] = []
            while left > 0 {
                let share = Int64.random(in: 1...left, using: &generator)
                shares.append(("ptr_\(shares.count)", BasisPoints(share)))
                left -= share
            }
            let amount = Int64.random(in: 0...Int64.max, using: &generator)
            let parts = SplitParts.of(amount, shares: shares)
            #expect(parts.reduce(into: Int128(0)) { $0 += Int128($1.amount) } == Int128(amount))
            #expect(parts.allSatisfy { $0.rounding == 0 || $0.rounding == 1 })
        }
    }
}
