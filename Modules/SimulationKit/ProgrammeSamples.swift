import Contracts
import Domain

/// A programme, three partners and three people that the rules accept.
enum ProgrammeSamples {
    static let start = Timestamp(rfc3339: "2026-01-05T00:00:00Z")!
    static let partners = ["one", "two", "three"]
    static let people = ["owner", "second", "sales"]
    private static let euro = Currency(code: "EUR")!

    static func euros(_ whole: Int64) -> Money { Money(minor: whole * 100, currency: euro) }

    static func partner(_ name: String) -> PartnerUpdated {
        PartnerUpdated(
            partner: Partner(
                id: PartnerID("ptr_\(name)")!, version: 1, name: "Partner \(name)", domain: "\(name).example",
                types: [.referral], tier: .silver, status: .active, currency: euro, locale: "en",
                contact: ContactAddress(name: name, email: "x@\(name).example"), isTaxFormOnFile: true, vatID: nil,
                effectiveAt: start - .days(1)), occurredAt: start - .days(1))
    }

    static func payee(_ name: String) -> PayeeUpdated {
        PayeeUpdated(
            payee: Payee(
                partner: PartnerID("ptr_\(name)")!, version: 1, isVerified: true, accountFingerprint: "of \(name)",
                effectiveAt: start - .days(1)), account: nil, occurredAt: start - .days(1))
    }

    static func person(_ name: String) -> PersonUpdated {
        PersonUpdated(
            person: Person(
                id: PersonID("psn_\(name)")!, version: 1,
                contact: ContactAddress(name: name, email: "\(name)@vendor.example"),
                roles: [.operations, .finance], partner: nil, isActive: true, effectiveAt: start - .days(1)),
            occurredAt: start - .days(1))
    }

    static func submission(_ partner: String, domain: String, claims: Bool, at time: Timestamp) -> ReferralSubmission {
        ReferralSubmission(
            partner: PartnerID("ptr_\(partner)")!,
            account: ProspectAccount(
                name: domain, domain: domain, country: "DE", employees: 250, industry: "Software",
                annualRevenue: StatedAmount(minor: 5_000_000_00, currencyCode: "EUR")),
            contact: ProspectContact(name: "Jo", email: "jo@\(domain)", title: "Head of IT"), need: "Reports",
            intent: .urgent,
            deal: ProspectDeal(
                productLine: "core", firstYearValue: StatedAmount(minor: 48_000_00, currencyCode: "EUR"),
                totalValue: StatedAmount(minor: 96_000_00, currencyCode: "EUR"),
                expectedClose: CalendarDate(iso8601: "2026-09-01")),
            registration: claims
                ? RegistrationRequest(stage: .beforeContact, evidence: [], opportunity: nil) : nil,
            channel: ReferralChannel(name: "marketplace", reference: "m-1"), consent: true, submittedBy: "pat",
            occurredAt: time)
    }

    static let program: Program = {
        let owner = PersonID("psn_owner")!
        let terms = TermsVersion(
            id: TermsID("trm_ref")!, version: 1, effectiveFrom: start - .days(1), partnerType: .referral,
            partner: nil, rounding: .halfEven,
            lines: [
                PlanLine(
                    name: "referral", trigger: .closedWon, base: .firstYear,
                    price: .stageRates(Program.Defaults.stageRates), settlement: .payout, classes: [.sourced],
                    kinds: [.new], range: nil, caps: [:], minimums: [:], onWinWithoutRegistration: nil,
                    creditsFee: false)
            ], acceptanceRequired: false)
        let fit = [
            ScoringCriterion(
                name: "size", subject: .employees, weight: 1,
                points: [PointRow(from: 200, upTo: 999, values: [], points: 100)])
        ]
        let intent = [
            ScoringCriterion(
                name: "stated", subject: .intent, weight: 1,
                points: [PointRow(from: nil, upTo: nil, values: ["urgent"], points: 100)])
        ]
        return Program(
            id: ProgramID("prg_sim")!, version: 1, name: "Simulated", effectiveFrom: start - .days(1), currency: euro,
            hypothesis: PartnershipHypothesis(partnerType: .referral, sends: "s", why: "w", gets: "g"),
            areas: OperatingArea.Area.allCases.map { OperatingArea(area: $0, owner: owner, definition: "d") },
            partnerTypes: [.referral], productLines: ["core"], intake: Program.Defaults.intake,
            scoring: ScoringRules(fit: fit, intent: intent), routing: Program.Defaults.routing,
            handoff: HandoffRules(contact: PersonID("psn_sales")!, firstContactBusinessDays: 2),
            review: Program.Defaults.review, protection: Program.Defaults.protection,
            conflict: Program.Defaults.conflict, attribution: Program.Defaults.attribution,
            salesCompensation: Program.Defaults.salesCompensation, commission: Program.Defaults.commission,
            terms: [terms],
            payout: PayoutRules(
                minimums: Program.Defaults.payoutMinimums(euro), rails: [.csv], debtorName: "Vendor",
                debtorAccount: "DE00"),
            fraud: Program.Defaults.fraud, partnerEnd: Program.Defaults.partnerEnd)
    }()
}
