import Contracts
import Domain
import JSON
import Testing

@Suite struct ReferralCodecTests {
    static let time = Timestamp(rfc3339: "2026-02-03T04:05:06.789Z")!
    static let account = AccountReference(key: AccountKey(unchecked: "acme.example"), name: "Acme")
    static let id = ReferralID("ref_1a2b3c4d0123456789abcdef")!

    static let full = ReferralSubmission(
        partner: PartnerID("ptr_one")!,
        account: ProspectAccount(
            name: "Ümlaut \"& Co", domain: "www.acme.example", country: "DE", employees: 250, industry: "software",
            annualRevenue: StatedAmount(minor: 1, currencyCode: "nonsense")),
        contact: ProspectContact(name: "Jo", email: "jo@acme.example", title: "CTO"), need: "a need", intent: .budgeted,
        deal: ProspectDeal(
            productLine: "core", firstYearValue: StatedAmount(minor: 4_800_000, currencyCode: "EUR"),
            totalValue: StatedAmount(minor: 9_600_000, currencyCode: "EUR"),
            expectedClose: CalendarDate(iso8601: "2026-06-01")),
        registration: RegistrationRequest(
            stage: .unregisteredClaim,
            evidence: [Evidence(kind: .email, occurredAt: time, reference: "mail-1", note: "n")],
            opportunity: OpportunityID("opp-1")), channel: ReferralChannel(name: "m", reference: "77"), consent: true,
        submittedBy: "pat", occurredAt: time)

    static let minimal = ReferralSubmission(
        partner: PartnerID("ptr_one")!, account: ProspectAccount(name: "", domain: ""),
        contact: ProspectContact(email: ""), deal: ProspectDeal(productLine: ""), consent: false, occurredAt: time)

    static let assessment = ReferralAssessment(
        partnerType: .referral, tier: .gold, terms: TermsReference(id: TermsID("trm_a")!, version: 3),
        fit: Score(
            value: 84,
            contributions: [
                .init(criterion: "size", weight: 30, points: 100, found: "250"),
                .init(criterion: "sector", weight: 20, points: 0, found: nil),
            ]), intent: Score(value: 0, contributions: []), route: .review, reasons: [.intentBelowAcceptance],
        hints: [.contactDomainDiffers])

    static var referral: Referral {
        var referral = Referral(
            id: id, account: account.key, submission: full, origin: ReferralOrigin(source: "/m", eventID: "77"),
            submittedAt: time, programVersion: 3)
        referral.state = .rejected
        referral.changedAt = time + .days(1)
        referral.assessment = assessment
        referral.reason = .invalid
        referral.problems = [FieldProblem("/consent", expected: "true", found: "false")]
        referral.duplicateOf = ReferralID("ref_2")
        referral.actor = .policy("demo")
        referral.note = "n"
        referral.resubmitBy = time + .days(8)
        referral.opportunity = OpportunityID("opp-1")
        return referral
    }

    private func roundTrip<Payload: EventPayload & Equatable>(_ payload: Payload) throws -> Bool {
        try JSONDocument.decode(Payload.self, from: JSONEncoding.encode(payload)) == payload
    }

    @Test(arguments: [full, minimal]) func `a submission is read back as it was written`(
        _ submission: ReferralSubmission
    )
        throws
    {
        #expect(try roundTrip(ReferralSubmitted(submission)))
        #expect(try roundTrip(ReferralResubmitted(referral: Self.id, submission: submission)))
    }

    @Test func `every event and fact of a referral is read back as it was written`() throws {
        #expect(
            try roundTrip(
                ReferralWithdrawn(
                    referral: Self.id, account: Self.account, reason: "r", withdrawnBy: "pat", occurredAt: Self.time)))
        #expect(
            try roundTrip(
                ReferralRejected(
                    referral: Self.id, account: Self.account, reason: .insufficientInformation, occurredAt: Self.time)))
        #expect(
            try roundTrip(
                ReferralSettled(
                    referral: Self.id, account: Self.account, partner: Self.full.partner, productLine: "core",
                    outcome: .rejected, reason: .noIntent, note: "n", actor: .programme,
                    opportunity: OpportunityID("opp-1"), conflict: ConflictID("cnf_1"), effectiveAt: Self.time,
                    occurredAt: Self.time)))
        #expect(
            try roundTrip(
                ReferralEvaluated(
                    referral: Self.id, account: Self.account, assessment: Self.assessment, submission: Self.full,
                    isResubmission: true, submittedAt: Self.time, programVersion: 3, occurredAt: Self.time)))
        #expect(
            try roundTrip(
                ReferralFact(
                    referral: Self.referral,
                    explanation: [ExplanationStep(rule: "route", programVersion: 3, text: "t", arithmetic: "1 < 2")],
                    occurredAt: Self.time)))
    }

    @Test func `a submission needs what the interface marks as required, and names what is missing`() throws {
        let failure = #expect(throws: JSONFailure.self) {
            try JSONDocument.decode(ReferralSubmitted.self, from: Array(#"{"account":{},"contact":{},"deal":{}}"#.utf8))
        }
        #expect(
            failure?.problems.map(\.pointer) == [
                "/partner_id", "/account/name", "/account/domain", "/contact/email", "/deal/product_line", "/consent",
                "/occurred_at",
            ])
    }

    @Test func `the schema lists the same fields`() throws {
        let schema = JSONSchema.of(ReferralSubmitted.self, title: "ReferralSubmitted")
        guard case .object(let properties)? = schema["properties"] else {
            Issue.record("no properties")
            return
        }
        #expect(
            properties.map(\.0) == [
                "partner_id", "account", "contact", "need", "intent", "deal", "registration", "channel", "consent",
                "submitted_by", "occurred_at",
            ])
    }
}
