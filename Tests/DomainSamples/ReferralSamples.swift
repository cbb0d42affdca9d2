package import Domain

/// A programme, partners and submissions that every rule accepts; tests change what they are about.
package enum ReferralSamples {
    package static let start = Timestamp(rfc3339: "2026-03-01T00:00:00Z")!

    package static func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

    package static let terms = TermsVersion(
        id: TermsID("trm_referral")!, version: 1, effectiveFrom: start, partnerType: .referral, partner: nil,
        rounding: .halfEven, lines: [], acceptanceRequired: false)

    package static let fit = [
        ScoringCriterion(
            name: "size", subject: .employees, weight: 30,
            points: [row(from: 200, upTo: 1000, 100), row(from: 50, upTo: 200, 60)]),
        ScoringCriterion(
            name: "sector", subject: .industry, weight: 20, points: [row(["software"], 100), row(["*"], 40)]),
    ]
    package static let intent = [
        ScoringCriterion(
            name: "stated", subject: .intent, weight: 1, points: [row(["urgent"], 100), row(["researching"], 20)])
    ]

    package static func row(from: Int64? = nil, upTo: Int64? = nil, _ points: Int64) -> PointRow {
        PointRow(from: from, upTo: upTo, values: [], points: points)
    }

    package static func row(_ values: [String], _ points: Int64) -> PointRow {
        PointRow(from: nil, upTo: nil, values: values, points: points)
    }

    package static func program(version: Int64 = 1, effectiveFrom: Timestamp = start) -> Program {
        let owner = PersonID("psn_owner")!
        return Program(
            id: ProgramID("prg_test")!, version: version, name: "Test", effectiveFrom: effectiveFrom,
            currency: Currency(code: "EUR")!,
            hypothesis: PartnershipHypothesis(partnerType: .referral, sends: "", why: "", gets: ""),
            areas: OperatingArea.Area.allCases.map { OperatingArea(area: $0, owner: owner, definition: "") },
            partnerTypes: [.referral, .reseller], productLines: ["core", "analytics"],
            intake: Program.Defaults.intake, scoring: ScoringRules(fit: fit, intent: intent),
            routing: Program.Defaults.routing, handoff: HandoffRules(contact: owner, firstContactBusinessDays: 2),
            review: Program.Defaults.review, protection: Program.Defaults.protection,
            conflict: Program.Defaults.conflict, attribution: Program.Defaults.attribution,
            salesCompensation: Program.Defaults.salesCompensation, commission: Program.Defaults.commission,
            terms: [terms],
            payout: PayoutRules(minimums: [:], rails: [.csv], debtorName: "Vendor", debtorAccount: "DE00"),
            fraud: Program.Defaults.fraud, partnerEnd: Program.Defaults.partnerEnd)
    }

    package static func partner(
        _ id: String = "ptr_one", status: Partner.Status = .active, types: [PartnerType] = [.referral]
    )
        -> Partner
    {
        Partner(
            id: PartnerID(id)!, version: 1, name: "Partner One", domain: "partner.example", types: types, tier: .silver,
            status: status, currency: Currency(code: "EUR")!, locale: "en",
            contact: ContactAddress(name: "Pat", email: "pat@partner.example"), isTaxFormOnFile: true, vatID: nil,
            effectiveAt: start)
    }

    package static func submission(
        partner: String = "ptr_one", domain: String = "acme.example", productLine: String = "core",
        at time: Timestamp = time("2026-03-10T09:00:00Z")
    ) -> ReferralSubmission {
        ReferralSubmission(
            partner: PartnerID(partner)!,
            account: ProspectAccount(
                name: "Acme", domain: domain, country: "DE", employees: 250, industry: "Software",
                annualRevenue: StatedAmount(minor: 5_000_000_00, currencyCode: "EUR")),
            contact: ProspectContact(name: "Jo", email: "jo@acme.example", title: "Head of IT"), need: "Reports",
            intent: .urgent,
            deal: ProspectDeal(
                productLine: productLine, firstYearValue: StatedAmount(minor: 48_000_00, currencyCode: "EUR"),
                totalValue: StatedAmount(minor: 96_000_00, currencyCode: "EUR"),
                expectedClose: CalendarDate(iso8601: "2026-06-01")),
            channel: ReferralChannel(name: "marketplace", reference: "m-1"), consent: true, submittedBy: "pat",
            occurredAt: time)
    }
}
