import DomainSamples
import Testing

@testable import Domain

@Suite struct ReferralValidationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var pointers: [String]
        var change: @Sendable (inout Input) -> Void
        var testDescription: String { name }

        init(_ name: String, _ pointers: String..., change: @escaping @Sendable (inout Input) -> Void) {
            self.name = name
            self.pointers = pointers
            self.change = change
        }
    }

    struct Input {
        var submission = ReferralSamples.submission()
        var names = ResolvedNames(
            accountKey: AccountKey(unchecked: "acme.example"), domainFound: "", isFreeMail: false,
            isEmailWellFormed: true, contactDomain: "acme.example", isCountryKnown: true)
        var program = ReferralSamples.program()
        var partner: Partner? = ReferralSamples.partner()
        var unacceptedTerms: TermsReference?

        var problems: [FieldProblem] {
            ReferralValidation(
                of: submission, names: names, program: program, partner: partner, unacceptedTerms: unacceptedTerms,
                at: submission.occurredAt
            ).problems
        }

        mutating func claim(
            _ stage: RegistrationStage, evidence: [Evidence] = [], opportunity: OpportunityID? = nil
        ) {
            submission.registration = RegistrationRequest(stage: stage, evidence: evidence, opportunity: opportunity)
        }
    }

    static let evidence = Evidence(
        kind: .email, occurredAt: ReferralSamples.time("2026-03-01T10:00:00Z"), reference: "mail-1")

    static let valid: [Case] = [
        Case("as it is") { _ in },
        Case("without anything optional") {
            $0.submission = ReferralSubmission(
                partner: PartnerID("ptr_one")!, account: ProspectAccount(name: "Acme", domain: "acme.example"),
                contact: ProspectContact(email: "jo@acme.example"), deal: ProspectDeal(productLine: "core"),
                consent: true, occurredAt: ReferralSamples.start)
        },
        Case("any product line where the programme lists none") {
            $0.program.productLines = []
            $0.submission.deal.productLine = "whatever"
        },
        Case("a second type that the programme runs") { $0.partner?.types = [.technology, .reseller] },
        Case("an introduction whose partner has terms to accept") {
            $0.unacceptedTerms = TermsReference(id: TermsID("trm_x")!, version: 1)
        },
        Case("a claim with evidence") { $0.claim(.beforeContact, evidence: [evidence]) },
        Case("an unregistered claim, complete") {
            $0.claim(.unregisteredClaim, evidence: [evidence], opportunity: OpportunityID("opp-1"))
        },
    ]

    static let invalid: [Case] = [
        Case("an unknown partner", "/partner_id") { $0.partner = nil },
        Case("a paused partner", "/partner_id") { $0.partner?.status = .paused },
        Case("an ended partner", "/partner_id") { $0.partner?.status = .ended },
        Case("a type that the programme does not run", "/partner_id") { $0.partner?.types = [.technology] },
        Case("no company name", "/account/name") { $0.submission.account.name = "  " },
        Case("no account key", "/account/domain") {
            $0.names.accountKey = nil
            $0.names.domainFound = "a malformed domain"
        },
        Case("a mail provider's domain", "/account/domain") { $0.names.isFreeMail = true },
        Case("an unknown country", "/account/country") { $0.names.isCountryKnown = false },
        Case("negative employees", "/account/employees") { $0.submission.account.employees = -1 },
        Case("revenue in no currency", "/account/annual_revenue/currency") {
            $0.submission.account.annualRevenue = StatedAmount(minor: 1, currencyCode: "EURO")
        },
        Case("a malformed e-mail address", "/contact/email") { $0.names.isEmailWellFormed = false },
        Case("an unknown product line", "/deal/product_line") { $0.submission.deal.productLine = "moon" },
        Case("a blank product line", "/deal/product_line") {
            $0.program.productLines = []
            $0.submission.deal.productLine = ""
        },
        Case("a negative amount", "/deal/first_year_value/minor") { $0.submission.deal.firstYearValue?.minor = -1 },
        Case("two currencies in one deal", "/deal/total_value/currency") {
            $0.submission.deal.totalValue?.currencyCode = "USD"
        },
        Case("no consent", "/consent") { $0.submission.consent = false },
        Case("a claim under terms that were not accepted", "/registration") {
            $0.claim(.beforeContact)
            $0.unacceptedTerms = TermsReference(id: TermsID("trm_x")!, version: 2)
        },
        Case("evidence of the future", "/registration/evidence/0/occurred_at") {
            var late = evidence
            late.occurredAt = $0.submission.occurredAt + .seconds(1)
            $0.claim(.beforeContact, evidence: [late])
        },
        Case(
            "an unregistered claim about nothing", "/registration/opportunity_id", "/registration/evidence"
        ) { $0.claim(.unregisteredClaim) },
        Case("several fields at once", "/account/name", "/contact/email", "/consent") {
            $0.submission.account.name = ""
            $0.names.isEmailWellFormed = false
            $0.submission.consent = false
        },
    ]

    @Test(arguments: valid) func `accepts`(_ example: Case) {
        var input = Input()
        example.change(&input)
        #expect(input.problems == [])
    }

    @Test(arguments: invalid) func `names every failing field`(_ example: Case) {
        var input = Input()
        example.change(&input)
        #expect(input.problems.map(\.pointer) == example.pointers)
        #expect(input.problems.allSatisfy { !$0.expected.isEmpty && !$0.found.isEmpty })
    }

    @Test(arguments: ReferralField.allCases) func `requires what the programme requires`(field: ReferralField) {
        var input = Input()
        input.program.intake.requiredFields = [field]
        #expect(input.problems == [])
        input.submission.account = ProspectAccount(name: "Acme", domain: "acme.example")
        input.submission.contact = ProspectContact(email: "jo@acme.example")
        input.submission.deal = ProspectDeal(productLine: "core")
        input.submission.need = nil
        input.submission.intent = nil
        #expect(input.problems.map(\.pointer) == ["/" + field.rawValue.split(separator: ".").joined(separator: "/")])
    }

    @Test func `says what would be right, and repeats no address`() {
        var input = Input()
        input.submission.contact.email = "jo at acme"
        input.names.isEmailWellFormed = false
        input.submission.deal.productLine = "moon"
        #expect(
            input.problems.map(\.description) == [
                "/contact/email: expected an e-mail address such as `jo@acme.com`, found a malformed address",
                "/deal/product_line: expected one of `core`, `analytics`, found `moon`",
            ])
    }

    @Test func `takes the first type that the programme runs`() {
        let partner = ReferralSamples.partner(types: [.technology, .reseller, .referral])
        #expect(ReferralValidation.referringType(of: partner, program: ReferralSamples.program()) == .reseller)
    }

    @Test(arguments: [
        ("acme.example", "acme.example", [FraudHint]()),
        ("acme.example", "other.example", [.contactDomainDiffers]),
        ("acme.example", "partner.example", [.contactDomainDiffers, .contactAtPartner]),
        ("partner.example", "partner.example", [.contactAtPartner, .accountIsPartner]),
    ])
    func `hints at self-dealing`(account: String, contact: String, hints: [FraudHint]) {
        let found = FraudHint.all(
            account: AccountKey(unchecked: account), contactDomain: contact, partnerDomain: "partner.example")
        #expect(found == hints)
    }
}
