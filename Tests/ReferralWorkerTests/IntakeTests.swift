import Contracts
import Domain
import DomainNames
import DomainSamples
import Testing

@testable import ReferralWorker
@testable import TaskRuntime

@Suite struct IntakeTests {
    private let bench: ReferralBench

    init() throws { bench = try ReferralBench() }

    @Test func `hands a good referral on with everything that the decision needs`() throws {
        let result = try bench.submit(ReferralSamples.submission(domain: "https://WWW.Acme.example/about"))
        let evaluated = try #require(try result.payloads(ReferralEvaluated.self).first)
        let output = try #require(result.outputs.first { $0.type == ReferralEvaluated.type })
        #expect(output.topic == "tributary.approval.v1")
        #expect(output.key == "acme.example")
        #expect(evaluated.account == AccountReference(key: AccountKey(unchecked: "acme.example"), name: "Acme"))
        #expect(evaluated.partnerType == .referral)
        #expect(evaluated.tier == .silver)
        #expect(evaluated.terms == TermsReference(id: ReferralSamples.terms.id, version: 1))
        #expect(evaluated.fit == 100)
        #expect(evaluated.intent == 100)
        #expect(evaluated.route == .accept)
        #expect(evaluated.hints == [])
        #expect(evaluated.submittedAt == ReferralSamples.submission().occurredAt)
        #expect(!evaluated.isResubmission)
        #expect(evaluated.programVersion == 1)

        let fact = try #require(try result.payloads(ReferralFact.self).first)
        #expect(fact.referral.id == evaluated.referral)
        #expect(fact.referral.state == .inReview)
        #expect(fact.explanation.map(\.rule) == ["fit_score", "intent_score", "route"])
        #expect(fact.explanation.allSatisfy { $0.programVersion == 1 && $0.arithmetic != nil })
        #expect(try result.payloads(NotificationRequested.self).isEmpty)
        #expect(result.deadLetter == nil)
    }

    @Test func `carries the claim and the fraud hints`() throws {
        var submission = ReferralSamples.submission()
        submission.registration = RegistrationRequest(stage: .beforeContact)
        submission.contact.email = "friend@partner.example"
        let evaluated = try #require(try bench.submit(submission).payloads(ReferralEvaluated.self).first)
        #expect(evaluated.registration?.stage == .beforeContact)
        #expect(evaluated.hints == [.contactDomainDiffers, .contactAtPartner])
    }

    @Test func `sends to review what is not good enough to accept at once`() throws {
        var submission = ReferralSamples.submission()
        submission.intent = .researching
        let result = try bench.submit(submission)
        let fact = try #require(try result.payloads(ReferralFact.self).first)
        #expect(try result.payloads(ReferralEvaluated.self).map(\.route) == [.review])
        #expect(fact.referral.assessment?.reasons == [.intentBelowAcceptance])
    }

    @Test func `rejects who is no ideal customer, and tells the partner`() throws {
        var submission = ReferralSamples.submission()
        submission.account.employees = 3
        submission.account.industry = nil
        let result = try bench.submit(submission)
        let fact = try #require(try result.payloads(ReferralFact.self).first)
        #expect(fact.referral.state == .rejected)
        #expect(fact.referral.reason == .notICP)
        #expect(fact.referral.assessment?.fit.value == 0)
        #expect(try result.payloads(ReferralEvaluated.self).isEmpty)
        let message = try #require(try result.payloads(NotificationRequested.self).first)
        #expect(message.template == .referralRejected)
        #expect(message.recipient.text == "ptr_one")
        #expect(message.address.email == "pat@partner.example")
        #expect(message.parameters["reason"] == "not_icp")
        #expect(try bench.rowCount() == 0)
    }

    @Test func `rejects an invalid referral with every failing field, and tells the partner`() throws {
        var submission = ReferralSamples.submission()
        submission.account.country = "XX"
        submission.contact.email = "nowhere"
        submission.consent = false
        let result = try bench.submit(submission)
        let fact = try #require(try result.payloads(ReferralFact.self).first)
        #expect(fact.referral.state == .rejected)
        #expect(fact.referral.reason == .invalid)
        #expect(fact.referral.problems.map(\.pointer) == ["/account/country", "/contact/email", "/consent"])
        #expect(fact.explanation.map(\.rule) == ["validation"])
        #expect(result.outputs.allSatisfy { $0.topic != "tributary.approval.v1" })
        #expect(try result.payloads(NotificationRequested.self).map(\.template) == [.referralRejected])
    }

    @Test(arguments: ["gmail.com", "co.uk", "not a domain", "10.0.0.1", ""])
    func `rejects what is no company's domain where it arrived`(domain: String) throws {
        let result = try bench.submit(ReferralSamples.submission(domain: domain), key: "anything")
        let fact = try #require(try result.payloads(ReferralFact.self).first)
        #expect(fact.referral.reason == .invalid)
        #expect(fact.referral.problems.map(\.pointer) == ["/account/domain"])
        #expect(result.outputs.allSatisfy { $0.topic != "tributary.approval.v1" })
    }

    @Test func `rejects an unknown partner's referral and tells nobody`() throws {
        let result = try bench.submit(ReferralSamples.submission(partner: "ptr_nobody"))
        #expect(try result.payloads(ReferralFact.self).first?.referral.problems.map(\.pointer) == ["/partner_id"])
        #expect(try result.payloads(NotificationRequested.self).isEmpty)
    }

    @Test func `asks a claim for accepted terms where acceptance is required`() throws {
        var program = ReferralSamples.program()
        program.terms[0].acceptanceRequired = true
        let bench = try ReferralBench(program: program)
        var submission = ReferralSamples.submission()
        submission.registration = RegistrationRequest(stage: .beforeContact)
        let refused = try bench.submit(submission)
        #expect(try refused.payloads(ReferralFact.self).first?.referral.problems.map(\.pointer) == ["/registration"])
        try bench.register(
            TermsAccepted(
                acceptance: TermsAcceptance(
                    partner: submission.partner, terms: program.terms[0].id, version: 1, acceptedBy: "pat",
                    acceptedAt: ReferralSamples.start)),
            at: submission.occurredAt + .minutes(1))
        submission.occurredAt = submission.occurredAt + .minutes(2)
        #expect(try bench.submit(submission).payloads(ReferralEvaluated.self).count == 1)
    }

    @Test func `marks a repeated referral as duplicate of the first, and tells the partner`() throws {
        let first = try #require(try bench.submit(ReferralSamples.submission()).payloads(ReferralEvaluated.self).first)
        let later = ReferralSamples.submission().occurredAt + .days(10)
        let result = try bench.submit(ReferralSamples.submission(domain: "www.acme.example", at: later))
        let fact = try #require(try result.payloads(ReferralFact.self).first)
        #expect(fact.referral.state == .duplicate)
        #expect(fact.referral.duplicateOf == first.referral)
        #expect(fact.referral.id != first.referral)
        #expect(try result.payloads(ReferralEvaluated.self).isEmpty)
        let message = try #require(try result.payloads(NotificationRequested.self).first)
        #expect(message.template == .referralDuplicate)
        #expect(message.parameters["original"] == first.referral.text)
    }

    @Test func `takes another product line, another partner and a late repetition as referrals of their own`() throws {
        try bench.register(
            PartnerUpdated(partner: ReferralSamples.partner("ptr_two"), occurredAt: ReferralSamples.start),
            at: ReferralSamples.start)
        let time = ReferralSamples.submission().occurredAt
        #expect(try bench.submit(ReferralSamples.submission()).payloads(ReferralEvaluated.self).count == 1)
        let others = [
            ReferralSamples.submission(productLine: "analytics", at: time + .hours(1)),
            ReferralSamples.submission(partner: "ptr_two", at: time + .hours(2)),
            ReferralSamples.submission(at: time + .days(181)),
        ]
        for other in others { #expect(try bench.submit(other).payloads(ReferralEvaluated.self).count == 1) }
    }

    @Test func `gives ids that carry the account's hash and are the same again`() throws {
        let one = try bench.submit(ReferralSamples.submission(), id: "m-77")
        let other = try ReferralBench().submit(ReferralSamples.submission(), id: "m-77")
        let id = try #require(try one.payloads(ReferralEvaluated.self).first?.referral.text)
        #expect(try other.payloads(ReferralEvaluated.self).first?.referral.text == id)
        #expect(id.hasPrefix(DerivedID.text(prefix: "ref_", routingKey: "acme.example", parts: []).prefix(12)))
    }

    @Test func `forgets a register entry whose turn is taken back`() throws {
        let bench = try ReferralBench()
        // Read once, it is kept in memory.
        _ = try bench.handedOn()
        var gone = ReferralSamples.partner()
        gone.version += 1
        gone.status = .ended
        try bench.harness.takeBack(
            PartnerUpdated(partner: gone, occurredAt: ReferralSamples.start), key: "", at: ReferralSamples.start,
            isBroadcast: true)
        let next = try bench.submit(ReferralSamples.submission(productLine: "analytics"))
        #expect(try next.payloads(ReferralEvaluated.self).count == 1)
    }

    @Test func `refuses what comes before the first programme`() throws {
        let bench = try ReferralBench(program: nil)
        let result = try bench.submit(ReferralSamples.submission())
        #expect(result.deadLetter?.code == .refused)
        #expect(result.deadLetter?.reason.contains("no programme in force at 2026-03-10T09:00:00.000Z") == true)
    }

    @Test func `judges by the programme version in force`() throws {
        var stricter = ReferralSamples.program(version: 2, effectiveFrom: ReferralSamples.time("2026-04-01T00:00:00Z"))
        stricter.routing.acceptTiers = [.platinum]
        try bench.register(
            ProgramPublished(program: stricter, actor: .programme, occurredAt: ReferralSamples.start),
            at: ReferralSamples.start)
        let before = try bench.submit(
            ReferralSamples.submission(at: ReferralSamples.time("2026-03-31T23:59:59Z")))
        let after = try bench.submit(
            ReferralSamples.submission(productLine: "analytics", at: ReferralSamples.time("2026-04-01T00:00:00Z")))
        #expect(try before.payloads(ReferralEvaluated.self).first?.route == .accept)
        let evaluated = try #require(try after.payloads(ReferralEvaluated.self).first)
        #expect(evaluated.route == .review)
        #expect(evaluated.programVersion == 2)
    }

    @Test func `refuses data of a wrong shape and types that it does not know`() throws {
        let time = ReferralSamples.submission().occurredAt
        let shape = try bench.harness.send(
            data: Array(#"{"partner_id": "ptr_one"}"#.utf8), type: ReferralSubmitted.type, key: "k", at: time)
        #expect(shape.deadLetter?.code == .schema)
        let type = try bench.harness.send(data: Array("{}".utf8), type: "io.tributary.nonsense.v1", key: "k", at: time)
        #expect(type.deadLetter?.code == .unknownType)
    }
}
