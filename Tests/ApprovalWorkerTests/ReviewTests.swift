import Contracts
import Domain
import TaskRuntime
import Testing

@Suite struct ReviewTests {
    @Test func `a proposed acceptance without conflict is accepted at once, and its claim approved`() throws {
        let world = try World()
        let result = try world.claim("a", at: "2026-01-02")
        #expect(result.deadLetter == nil)
        let settled = try #require(try result.settled().first)
        #expect(settled.outcome == .accepted)
        #expect(settled.actor == .programme)
        let registration = try #require(try world.registration("a"))
        #expect(registration.state == .approved)
        #expect(registration.window == ProtectionWindow(start: time("2026-01-02"), end: time("2026-04-02")))
        #expect(registration.terms?.id.text == "trm_ref")
        #expect(try result.messages() == ["handoff>psn_sales", "registration_approved>ptr_a"])
        let fact = try #require(try result.payloads(RegistrationFact.self).first)
        #expect(
            fact.explanation.contains {
                $0.arithmetic == "2026-01-02T00:00:00.000Z + 90 d = 2026-04-02T00:00:00.000Z"
            })
        #expect(
            try world.referral("a")?.handoff?.firstContactDue == time("2026-01-06"), "two business days from Friday")
    }

    @Test func `an introduction is accepted without a claim`() throws {
        let world = try World()
        let result = try world.evaluate("a", at: "2026-01-02")
        #expect(try result.settled().map(\.outcome) == [.accepted])
        #expect(try result.changes().isEmpty)
        #expect(try result.messages().contains("referral_accepted>ptr_a"))
    }

    @Test func `a review waits for a person, one for referral and claim`() throws {
        let world = try World()
        let opened = try world.claim("a", at: "2026-01-02", route: .review)
        #expect(try opened.settled().isEmpty)
        let review = try #require(try opened.reviews().first)
        #expect(review.kind == .claim && review.state == .open && review.due == time("2026-01-04"))
        #expect(try opened.messages() == ["referral_review_requested>psn_owner"])
        let decided = try world.decide("a", .accept, contact: "second", at: "2026-01-02T12:00:00Z")
        #expect(try decided.settled().map(\.outcome) == [.accepted])
        #expect(try decided.settled().first?.actor == person("owner"))
        #expect(try decided.messages().contains("handoff>psn_second"))
        #expect(try world.registration("a")?.state == .approved)
        #expect(try world.registration("a")?.window?.start == time("2026-01-02T12:00:00Z"))
        #expect(try decided.reviews().map(\.state) == [.closed])
        #expect(try world.advance(to: "2026-01-04").messages().isEmpty, "no reminder after the decision")
    }

    @Test func `a rejection names its reason and ends the claim`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-02", route: .review)
        #expect(try world.decide("a", .reject, at: "2026-01-03").deadLetter?.code == .refused)
        let result = try world.decide("a", .reject, reason: .territory, at: "2026-01-03")
        #expect(try result.settled().first?.reason == .territory)
        #expect(try world.registration("a")?.state == .rejected)
        #expect(try result.messages() == ["registration_rejected>ptr_a"])
    }

    @Test(arguments: [
        (person("nobody"), "no active person"), (person("other"), "no active person"), (person("pa"), "belongs to"),
        (Actor.programme, "names the person"),
    ])
    func `only an active person of the vendor's, or a policy, decides`(actor: Actor, reason: String) throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-02", route: .review)
        let refused = try world.decide("a", .accept, by: actor, at: "2026-01-03")
        #expect(refused.deadLetter?.code == .refused)
        #expect(refused.deadLetter?.reason.contains(reason) == true)
        #expect(try world.referral("a")?.state == .inReview)
        #expect(try world.decide("a", .accept, by: .policy("demo"), at: "2026-01-03").deadLetter == nil)
    }

    @Test func `a decision about nothing, twice, or with a wrong contact is refused`() throws {
        let world = try World()
        #expect(try world.decide("a", .accept, at: "2026-01-02").deadLetter?.code == .refused)
        try world.evaluate("a", at: "2026-01-02", route: .review)
        #expect(try world.decide("a", .accept, contact: "other", at: "2026-01-02").deadLetter?.code == .refused)
        #expect(try world.decide("a", .accept, at: "2026-01-02").deadLetter == nil)
        #expect(try world.decide("a", .reject, reason: .other, at: "2026-01-02").deadLetter?.code == .refused)
        #expect(try world.evaluate("a", at: "2026-01-02").deadLetter?.code == .refused, "evaluated before")
    }

    @Test func `half time reminds, the deadline escalates, the clock does not decide`() throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-02", route: .review)
        #expect(try world.advance(to: "2026-01-02T23:59:59Z").outputs.isEmpty)
        let reminded = try world.advance(to: "2026-01-03")
        #expect(try reminded.messages() == ["review_reminder>psn_owner"])
        #expect(try reminded.reviews().map(\.state) == [.reminded])
        let escalated = try world.advance(to: "2026-01-04")
        #expect(try escalated.messages() == ["review_overdue>psn_owner"])
        #expect(try escalated.reviews().map(\.state) == [.escalated])
        #expect(try world.advance(to: "2026-03-01").messages().isEmpty)
        #expect(try world.referral("a")?.state == .inReview)
    }

    @Test func `an overdue review approves where the programme says so`() throws {
        let world = try World { $0.review.onOverdue = .approve }
        try world.claim("a", at: "2026-01-02", route: .review)
        let result = try world.advance(to: "2026-01-04")
        #expect(try result.settled().map(\.outcome) == [.accepted])
        #expect(try world.registration("a")?.state == .approved)
        #expect(try world.registration("a")?.decision?.actor == .programme)
    }

    @Test func `a returned referral comes back at its first position`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-02", route: .review)
        let returned = try world.decide("a", .return, reason: .insufficientInformation, at: "2026-01-02T12:00:00Z")
        #expect(try returned.settled().map(\.outcome) == [.returned])
        #expect(try returned.messages() == ["referral_returned>ptr_a"])
        #expect(try world.registration("a")?.state == .returned)
        try world.claim("b", at: "2026-01-04", route: .review)
        try world.evaluate(
            "a", at: "2026-01-05", route: .review, claim: RegistrationRequest(stage: .beforeContact), again: true)
        let registration = try #require(try world.registration("a"))
        #expect(registration.state == .inReview)
        #expect(registration.sequence == 1)
        #expect(registration.submittedAt == time("2026-01-02"))
    }

    @Test func `a claim given back does not come back with its referral: the next one has its own position`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-02", route: .review)
        try world.decide("a", .return, at: "2026-01-03")
        let first = try #require(try world.registration("a")).id
        try world.send(
            RegistrationWithdrawn(
                account: World.account, registration: first, withdrawnBy: "x", occurredAt: time("2026-01-03")))
        try world.claim("b", at: "2026-01-04")
        #expect(try world.registration("b")?.state == .approved)
        try world.evaluate(
            "a", at: "2026-01-05", route: .review, claim: RegistrationRequest(stage: .beforeContact), again: true)
        let claims = try world.rows("registration", Registration.self).filter { $0.partner == partnerID("a") }
        #expect(claims.first { $0.id == first }?.state == .withdrawn)
        let next = try #require(claims.first { $0.id != first })
        #expect(next.state == .inReview && next.sequence == 3 && next.submittedAt == time("2026-01-05"))
        #expect(try world.referral("a")?.registration == next.id)
        let id = try #require(try world.conflict()).id
        try world.decideConflict(id, .firstValidRegistration, at: "2026-01-06")
        #expect(try world.conflict()?.decision?.winner == .partner(partnerID("b")))
        #expect(try world.registration("b")?.state == .approved)
    }

    @Test func `a referral taken back gives up at once what its claim was credited with`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-01")
        try world.deal(.qualified, created: "2026-01-05", at: "2026-01-05")
        try world.deal(.closedWon, id: "O2", created: "2026-01-06", closed: "2026-01-10", at: "2026-01-10")
        #expect(try world.attribution("O2")?.credits.map(\.partner) == [partnerID("a")])
        let withdrawn = try world.send(
            ReferralWithdrawn(
                referral: World.referralID("a"), account: World.account, withdrawnBy: "x",
                occurredAt: time("2026-01-11")))
        #expect(try withdrawn.triggers().map(\.share.value) == [0])
        #expect(try world.attribution("O2")?.credits.isEmpty == true)
    }

    @Test func `a returned referral that the referral worker ended takes its claim with it`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-02", route: .review)
        let early = ReferralRejected(
            referral: World.referralID("a"), account: World.account, reason: .insufficientInformation,
            occurredAt: time("2026-01-10"))
        #expect(try world.send(early).deadLetter?.code == .refused, "it was not returned")
        try world.decide("a", .return, at: "2026-01-10")
        var ended = early
        ended.occurredAt = time("2026-01-17")
        #expect(try world.send(ended).changes() == ["rejected"])
        #expect(try world.registration("a")?.state == .rejected)
        #expect(try world.referral("a")?.state == .rejected)
    }

    @Test func `a withdrawn referral takes its claim with it, even after a decision`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-02")
        let event = ReferralWithdrawn(
            referral: World.referralID("a"), account: World.account, withdrawnBy: "x", occurredAt: time("2026-01-03"))
        #expect(try world.send(event).changes() == ["withdrawn"])
        #expect(try world.registration("a")?.state == .withdrawn)
        #expect(try world.referral("a")?.state == .withdrawn)
        #expect(try world.advance(to: "2026-06-01").messages().isEmpty)
    }

    @Test func `an introduction of a customer or a known deal is put before a person`() throws {
        let world = try World()
        try world.deal(.closedWon, created: "2025-11-01", closed: "2025-12-01", at: "2025-12-01")
        try world.deal(.discovery, id: "O2", created: "2025-12-05", at: "2025-12-05")
        let result = try world.evaluate("a", at: "2026-01-02")
        #expect(try result.settled().isEmpty)
        #expect(try result.reviews().first?.proposedReasons == [.existingCustomer, .existingOpportunity])
        let claimed = try world.claim("b", at: "2026-01-02")
        #expect(try claimed.settled().map(\.outcome) == [.accepted, .converted], "never applied to claims")
    }

    @Test(arguments: [Partner.Status.paused, .ended])
    func `a partner that is not active brings nothing new`(status: Partner.Status) throws {
        let world = try World()
        try world.partner("a", status, at: "2026-01-01", version: 2)
        let result = try world.claim("a", at: "2026-01-02")
        #expect(try result.settled().first?.reason == .partnerNotEligible)
        #expect(try world.registration("a")?.state == .rejected)
    }

    @Test func `the first contact is due: a direct touch stops the clock, the deadline escalates`() throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-05")
        try world.evaluate("b", at: "2026-01-05")
        let other = try World()
        try other.evaluate("a", at: "2026-01-05")
        try other.touch("T1", at: "2026-01-06")
        #expect(try other.referral("a")?.handoff?.firstContactAt == time("2026-01-06"))
        #expect(try other.advance(to: "2026-01-07").messages().isEmpty)
        let overdue = try world.advance(to: "2026-01-07")
        #expect(try overdue.messages() == ["first_contact_overdue>psn_owner", "first_contact_overdue>psn_owner"])
    }

    @Test func `an accepted referral without a deal expires`() throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-05")
        let result = try world.advance(to: "2026-07-04")
        #expect(try result.settled().map(\.outcome) == [.expired])
        #expect(try result.messages().contains("referral_expired>ptr_a"))
    }

    @Test func `the day's numbers of a partner go out once`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-05")
        try world.evaluate("a", 2, at: "2026-01-05", route: .review)
        try world.decide("a", .reject, number: 2, reason: .noIntent, at: "2026-01-05T10:00:00Z")
        let activity = try world.advance(to: "2026-01-06").payloads(PartnerActivity.self)
        #expect(activity.map(\.openRegistrations) == [1])
        #expect(activity.map(\.decidedReferrals) == [2])
        #expect(activity.map(\.acceptedReferrals) == [1])
        try world.deal(.qualified, created: "2026-01-08", at: "2026-01-08")
        let moved = try world.advance(to: "2026-01-09").payloads(PartnerActivity.self)
        #expect(moved.map(\.openRegistrations) == [0], "a deal moved")
        #expect(try world.advance(to: "2026-01-20").payloads(PartnerActivity.self).isEmpty)
    }

    @Test func `a rejection gives a reason that the programme knows`() throws {
        let world = try World { $0.review.rejectReasons = [.noIntent, .other] }
        try world.evaluate("a", at: "2026-01-02", route: .review)
        let refused = try world.decide("a", .reject, reason: .territory, at: "2026-01-02")
        #expect(refused.deadLetter?.reason.contains("no_intent, other") == true)
        #expect(try world.decide("a", .reject, reason: .noIntent, at: "2026-01-02").deadLetter == nil)
    }

    @Test func `a command is answered, what a worker sends is not`() throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-02", route: .review)
        let decision = ReviewDecided(
            account: World.account, referral: World.referralID("a"), decision: .accept, actor: person("owner"),
            occurredAt: time("2026-01-02"))
        let result = try world.harness.send(decision, key: World.key, at: time("2026-01-02"), commandID: "cmd-1")
        let completed = try #require(try result.payloads(CommandCompleted.self).first)
        #expect(completed.commandID == "cmd-1" && completed.outcome == .accepted && completed.subject == "ref_a1")
        #expect(try world.touch("T1", at: "2026-01-03").payloads(CommandCompleted.self).isEmpty)
    }

    @Test func `the first contact is on the review's record`() throws {
        let world = try World()
        try world.evaluate("a", at: "2026-01-05")
        let contacted = try world.touch("T1", at: "2026-01-06")
        #expect(try contacted.reviews().first?.handoff?.firstContactAt == time("2026-01-06"))
        try world.evaluate("b", at: "2026-01-12")
        let overdue = try world.advance(to: "2026-01-14")
        #expect(try overdue.reviews().first?.explanation.first?.rule == "first_contact")
    }

    @Test func `a plain referral touches three rows of this worker`() throws {
        let world = try World()
        try world.evaluate("a", 1, at: "2026-01-05")
        func rows() throws -> [String: Int] {
            var counts: [String: Int] = [:]
            try world.harness.backend.forEachRow { table, _, _ in counts[table.name, default: 0] += 1 }
            return counts
        }
        let before = try rows()
        let submission = ReferralSubmission(
            partner: partnerID("a"), account: ProspectAccount(name: "New", domain: "new.example"),
            contact: ProspectContact(email: "x@new.example"), deal: ProspectDeal(productLine: "core"), consent: true,
            occurredAt: time("2026-01-05"))
        let assessment = ReferralAssessment(
            partnerType: .referral, tier: .silver, terms: nil, fit: Score(value: 80, contributions: []),
            intent: Score(value: 80, contributions: []), route: .accept, reasons: [], hints: [])
        try world.send(
            ReferralEvaluated(
                referral: ReferralID(unchecked: "ref_new"),
                account: AccountReference(key: AccountKey(unchecked: "new.example"), name: "New"),
                assessment: assessment, submission: submission, isResubmission: false,
                submittedAt: time("2026-01-05"), programVersion: 1, occurredAt: time("2026-01-05")), key: "new.example")
        let added = try rows().merging(before) { $0 - $1 }.filter { $0.value != 0 }
        #expect(added["account"] == 1 && added["referral_claim"] == 1 && added["timer"] == 1)
        #expect(added.values.reduce(0, +) <= 4, "the fourth is how the runtime knows a repeated event")
    }

    @Test func `acceptance says who owns what in the deal`() throws {
        let world = try World()
        try world.claim("a", at: "2026-01-02", route: .review)
        try world.send(
            ReviewDecided(
                account: World.account, referral: World.referralID("a"), decision: .accept,
                roles: [.relationship: "partner", .contract: "psn_sales"], actor: person("owner"),
                occurredAt: time("2026-01-02")))
        #expect(try world.registration("a")?.roles == [.relationship: "partner", .contract: "psn_sales"])
    }
}
