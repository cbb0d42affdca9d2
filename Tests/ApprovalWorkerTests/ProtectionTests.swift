import Contracts
import Domain
import TaskRuntime
import Testing

@Suite struct ProtectionTests {
    func request(_ world: World, at: String, reason: String = "slow buyer") throws -> HarnessResult {
        try world.send(
            RegistrationExtensionRequested(
                account: World.account, registration: try #require(try world.registration("a")).id, reason: reason,
                requestedBy: "psn_pa", occurredAt: time(at)))
    }

    func decide(
        _ world: World, _ decision: RegistrationExtensionDecided.Decision, by actor: Actor = person("owner"), at: String
    ) throws -> HarnessResult {
        try world.send(
            RegistrationExtensionDecided(
                account: World.account, registration: try #require(try world.registration("a")).id, decision: decision,
                actor: actor, occurredAt: time(at)))
    }

    @Test func `the partner is reminded before the end, and told of it`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        #expect(try world.advance(to: "2026-03-17").messages().contains("protection_ending>ptr_a") == false)
        let reminded = try world.advance(to: "2026-03-18")
        #expect(try reminded.messages() == ["protection_ending>ptr_a"])
        let ended = try world.advance(to: "2026-04-01")
        #expect(try ended.changes() == ["expired"])
        #expect(try ended.messages().contains("protection_expired>ptr_a"))
        #expect(try world.registration("a")?.state == .expired)
    }

    @Test func `an extension moves the end, its reminder and its expiry`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.advance(to: "2026-03-18")
        let asked = try request(world, at: "2026-03-31")
        #expect(try asked.reviews().map(\.kind) == [.extension])
        #expect(try asked.messages() == ["extension_requested>psn_owner"])
        #expect(try world.advance(to: "2026-04-01").changes().isEmpty, "asked for in time: it does not expire yet")
        #expect(try world.advance(to: "2026-04-02").messages().contains("review_overdue>psn_owner"))
        #expect(try decide(world, .approve, by: person("pa"), at: "2026-04-03").deadLetter?.code == .refused)
        let granted = try decide(world, .approve, at: "2026-04-03")
        #expect(try granted.changes() == ["extended"])
        #expect(try granted.messages() == ["extension_granted>ptr_a"])
        #expect(try world.registration("a")?.window?.end == time("2026-05-01"))
        #expect(try world.advance(to: "2026-04-17").messages().contains("protection_ending>ptr_a"))
        #expect(try world.advance(to: "2026-05-01").changes() == ["expired"])
    }

    @Test func `an extension refused after the end lets the claim expire`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        _ = try request(world, at: "2026-03-31")
        let refused = try decide(world, .reject, at: "2026-04-03")
        #expect(try refused.changes() == ["extension_refused", "expired"])
        #expect(try refused.messages().contains("extension_refused>ptr_a"))
    }

    @Test func `an extension is refused late and without a reason`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        #expect(try request(world, at: "2026-02-01", reason: " ").deadLetter?.code == .refused)
        #expect(try decide(world, .approve, at: "2026-02-01").deadLetter?.code == .refused)
        #expect(try request(world, at: "2026-04-01").deadLetter?.code == .refused)
    }

    @Test func `a newer approved claim of the same partner takes the older one's place`() throws {
        let world = try World()
        try world.claim("a", 1, at: "2026-01-01")
        try world.claim("a", 2, at: "2026-02-01")
        #expect(try world.registration("a", 1)?.state == .superseded)
        #expect(try world.registration("a", 2)?.state == .approved)
    }

    @Test func `a claim is given back, or revoked by a person`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.claim("b", at: "2026-05-01")
        let a = try #require(try world.registration("a")).id
        let b = try #require(try world.registration("b")).id
        let withdrawn = try world.send(
            RegistrationWithdrawn(
                account: World.account, registration: b, withdrawnBy: "x", occurredAt: time("2026-05-02")))
        #expect(try withdrawn.changes() == ["withdrawn"])
        #expect(
            try world.send(
                RegistrationWithdrawn(
                    account: World.account, registration: b, withdrawnBy: "x", occurredAt: time("2026-05-03"))
            ).deadLetter?.code == .refused)
        func revoke(_ id: RegistrationID, by actor: Actor) throws -> HarnessResult {
            try world.send(
                RegistrationRevoked(
                    account: World.account, registration: id, reason: .conflictOfInterest, actor: actor,
                    occurredAt: time("2026-05-04")))
        }
        #expect(try revoke(a, by: person("owner")).deadLetter?.code == .refused, "it is expired")
        try world.claim("c", at: "2026-05-05")
        let c = try #require(try world.registration("c")).id
        #expect(try revoke(c, by: person("pa")).deadLetter?.code == .refused)
        let revoked = try revoke(c, by: person("owner"))
        #expect(try revoked.changes() == ["revoked"])
        #expect(try revoked.messages() == ["registration_revoked>ptr_c"])
        #expect(try world.registration("c")?.decision?.reason == .conflictOfInterest)
    }

    @Test func `a claim withdrawn in review leaves the introduction to be decided`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01", route: .review)
        let id = try #require(try world.registration("a")).id
        try world.send(
            RegistrationWithdrawn(
                account: World.account, registration: id, withdrawnBy: "x", occurredAt: time("2026-01-02")))
        let accepted = try world.decide("a", .accept, at: "2026-01-02")
        #expect(try accepted.settled().map(\.outcome) == [.accepted])
        #expect(try world.registration("a")?.state == .withdrawn)
        let won = try world.deal(.closedWon, created: "2026-01-05", closed: "2026-02-01", at: "2026-02-01")
        #expect(try won.triggers().map(\.creditClass) == [.influenced], "an introduction is a confirmed touch")
    }

    @Test func `an extension is not granted to a claim that ended meanwhile`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        _ = try request(world, at: "2026-02-01")
        try world.send(
            RegistrationRevoked(
                account: World.account, registration: try #require(try world.registration("a")).id,
                reason: .conflictOfInterest, actor: person("owner"), occurredAt: time("2026-02-02")))
        let end = try world.registration("a")?.window?.end
        let approved = try decide(world, .approve, at: "2026-02-02T12:00:00Z")
        #expect(approved.deadLetter?.reason.contains("revoked") == true)
        #expect(try approved.messages().isEmpty)
        #expect(try world.registration("a")?.window?.end == end)
        #expect(try decide(world, .reject, at: "2026-02-02T13:00:00Z").deadLetter == nil, "nobody waits any more")
    }

    @Test func `the end of a partner takes back at once what a claim without a deal was credited with`() throws {
        let world = try World { $0.terms[0].lines[0].kinds = [.new, .expansion] }
        try world.claim("a", at: "2026-01-01")
        try world.deal(.closedWon, kind: .expansion, created: "2026-01-05", closed: "2026-01-10", at: "2026-01-10")
        #expect(try world.attribution()?.credits.map(\.partner) == [partnerID("a")])
        #expect(try world.registration("a")?.state == .approved)
        let ended = try world.partner("a", .ended, at: "2026-02-01", version: 2)
        #expect(try ended.changes() == ["revoked"])
        #expect(try ended.triggers().map(\.share.value) == [0])
    }

    @Test func `a claim whose deal was won before the partner's end is credited up to the tail and no further`() throws
    {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.deal(.closedWon, created: "2026-01-05", closed: "2026-01-10", at: "2026-01-10")
        try world.partner("a", .ended, at: "2026-02-01", version: 2)
        let within = try world.deal(
            .closedWon, id: "O2", created: "2026-03-01", closed: "2026-03-20", at: "2026-03-20")
        #expect(try within.triggers().map(\.partner) == [partnerID("a")])
        let after = try world.deal(.closedWon, id: "O3", created: "2026-03-01", closed: "2026-06-01", at: "2026-06-01")
        #expect(try after.triggers().isEmpty)
        #expect(try world.attribution("O3")?.evidenceRefused.map(\.text) == ["the partner left the programme"])
        #expect(try world.attribution()?.credits.map(\.partner) == [partnerID("a")], "what it had earned stays")
    }

    @Test(arguments: [(Partner.Status.endedForCause, false), (.active, true)])
    func `the tail counts from the end of the membership, not from the latest entry`(
        between: Partner.Status, isCredited: Bool
    ) throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.deal(.closedWon, created: "2026-01-05", closed: "2026-01-10", at: "2026-01-10")
        try world.partner("a", .ended, at: "2026-02-01", version: 2)
        try world.partner("a", between, at: "2026-03-20", version: 3)
        try world.partner("a", .ended, at: "2026-04-20", version: 4)
        let last = try world.deal(.closedWon, id: "O2", created: "2026-03-01", closed: "2026-05-02", at: "2026-05-02")
        #expect(try last.triggers().map(\.partner) == [partnerID("a")])
        let after = try world.deal(.closedWon, id: "O3", created: "2026-03-01", closed: "2026-05-03", at: "2026-05-03")
        #expect(try after.triggers().isEmpty == !isCredited)
    }

    @Test(arguments: [Partner.Status.ended, .endedForCause])
    func `the end of a partner ends its open claims and keeps converted ones for the tail`(status: Partner.Status)
        throws
    {
        let world = try World()
        try world.claim("a", 1, at: "2026-01-01")
        try world.deal(.qualified, created: "2026-01-05", at: "2026-01-05")
        try world.claim("a", 2, at: "2026-01-06")
        try world.claim("a", 3, at: "2026-01-07", route: .review)
        let ended = try world.partner("a", status, at: "2026-01-08", version: 2)
        #expect(try world.registration("a", 1)?.tailUntil == time("2026-04-08"))
        #expect(try world.registration("a", 2)?.tailUntil == time("2026-04-08"), "it was converted by the open deal")
        #expect(try world.registration("a", 3)?.state == .rejected)
        #expect(try ended.settled().first?.reason == .partnerNotEligible)
        let over = try world.advance(to: "2026-04-08")
        #expect(try over.changes() == ["revoked", "revoked"])
        let late = try world.deal(.closedWon, created: "2026-01-05", closed: "2026-04-05", at: "2026-04-10")
        #expect(try late.triggers().first?.partner == partnerID("a"), "closed within the tail")
    }

    @Test func `an approved claim without a deal ends with its partner, from the day the entry counts`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        _ = try world.register(
            PartnerUpdated(
                partner: Partner(
                    id: partnerID("a"), version: 2, name: "A", domain: "a.example", types: [.referral], tier: .silver,
                    status: .ended, currency: eur(0).currency, locale: "en",
                    contact: ContactAddress(name: "a", email: "x@a.example"), isTaxFormOnFile: true, vatID: nil,
                    effectiveAt: time("2026-02-01")), occurredAt: time("2026-01-15")))
        #expect(try world.registration("a")?.state == .approved)
        #expect(try world.advance(to: "2026-02-01").changes() == ["revoked"])
    }

    @Test func `a register entry whose turn is taken back is forgotten`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.harness.takeBack(
            PartnerUpdated(
                partner: Partner(
                    id: partnerID("a"), version: 2, name: "Partner a", domain: "a.example", types: [.referral],
                    tier: .silver, status: .ended, currency: Currency(code: "EUR")!, locale: "en",
                    contact: ContactAddress(name: "a", email: "x@a.example"), isTaxFormOnFile: true, vatID: nil,
                    effectiveAt: time("2026-01-02")), occurredAt: time("2026-01-02")),
            key: "", at: time("2026-01-02"), isBroadcast: true)
        #expect(try world.registration("a")?.state == .approved)
        try world.evaluate("a", 2, at: "2026-01-03")
        #expect(try world.referral("a", 2)?.state == .accepted)
    }

    @Test func `a paused partner keeps its claims`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.partner("a", .paused, at: "2026-01-08", version: 2)
        #expect(try world.registration("a")?.state == .approved)
    }
}
