import Domain

/// A programme with every optional thing in it.
enum SamplePrograms {
    static let start = Timestamp(rfc3339: "2026-01-01T00:00:00Z")!
    static let euro = Currency(code: "EUR")!
    static let yen = Currency(code: "JPY")!
    static let owner = PersonID("psn_owner")!

    static let full: Program = {
        let line = PlanLine(
            name: "win", trigger: .closedWon, base: .firstYear, price: .stageRates(Program.Defaults.stageRates),
            settlement: .payout, classes: [.sourced], kinds: [.new, .expansion],
            range: BasisPoints(1_000)...BasisPoints(2_500), caps: [euro: 5_000_000, yen: 8_000_000],
            minimums: [euro: 100], onWinWithoutRegistration: BasisPoints(900), creditsFee: true)
        var fee = line
        fee.name = "fee"
        fee.trigger = .qualifiedIntroduction
        fee.price = .flat([euro: 50_000, yen: 80_000])
        fee.range = nil
        var margin = line
        margin.name = "margin"
        margin.base = .total
        margin.settlement = .discount
        margin.price = .dutyRates(
            base: BasisPoints(2_000), perDuty: ["implementation": BasisPoints(1_000), "support": BasisPoints(500)])
        var share = line
        share.name = "share"
        share.price = .rate(BasisPoints(500))
        share.classes = []
        share.kinds = []
        func terms(_ id: String, _ type: PartnerType?, _ partner: String?, _ lines: [PlanLine]) -> TermsVersion {
            TermsVersion(
                id: TermsID(id)!, version: 2, effectiveFrom: start + .days(1), partnerType: type,
                partner: partner.flatMap { PartnerID($0) }, rounding: .halfUp, lines: lines, acceptanceRequired: true)
        }
        return Program(
            id: ProgramID("prg_acme")!, version: 3, name: "Acme", effectiveFrom: start, currency: euro,
            hypothesis: PartnershipHypothesis(partnerType: .agency, sends: "a", why: "b", gets: "c"),
            areas: OperatingArea.Area.allCases.map { OperatingArea(area: $0, owner: owner, definition: $0.rawValue) },
            partnerTypes: [.agency, .reseller], productLines: ["platform", "analytics"],
            intake: IntakeRules(
                requiredFields: [.country, .need], freeMailDomains: ["mail.example"], maximumBackdatingPartnerDays: 1,
                maximumBackdatingCRMDays: 8, duplicateDays: 100, resubmissionDays: 6, acceptanceDays: 90),
            scoring: ScoringRules(
                fit: [
                    ScoringCriterion(
                        name: "size", subject: .employees, weight: 3,
                        points: [
                            PointRow(from: nil, upTo: 50, values: [], points: 10),
                            PointRow(from: 50, upTo: nil, values: [], points: 100),
                        ]),
                    ScoringCriterion(
                        name: "where", subject: .country, weight: 1,
                        points: [PointRow(from: nil, upTo: nil, values: ["DE", "AT"], points: 100)]),
                ], intent: Program.Defaults.intent),
            routing: RoutingRules(rejectBelowFit: 20, acceptFit: 80, acceptIntent: 60, acceptTiers: []),
            handoff: HandoffRules(contact: PersonID("psn_sales")!, firstContactBusinessDays: 3),
            review: ReviewRules(
                hours: 40, priorityHours: 20, priorityTiers: [.platinum], onOverdue: .approve,
                reminderAt: BasisPoints(6_000), rejectReasons: [.noIntent, .other]),
            protection: ProtectionRules(
                days: 60, daysByTier: [.gold: 120], daysByType: [.reseller: 45], reminderDays: 10, extensionDays: 20,
                maximumExtensions: 1, directActivityDays: 80, unregisteredClaimDays: 70),
            conflict: ConflictRules(appealDays: 10),
            attribution: AttributionRules(influenceDays: 100, assistingKinds: []),
            salesCompensation: SalesCompensationRules(
                sourcedCoSold: BasisPoints(9_000), sourcedPartnerClosed: BasisPoints(4_000),
                sourcedOther: BasisPoints(7_500), notSourced: BasisPoints(9_900)),
            plays: [
                CoSellingPlay(
                    id: "displacement", name: "Displacement",
                    salesCompensation: [.sourcedOther: BasisPoints(7_800), .notSourced: BasisPoints(0)]),
                CoSellingPlay(id: "expansion", name: "Expansion"),
            ],
            commission: CommissionRules(holdDays: 20, fxMaximumAgeDays: 5, introductionDays: 60),
            terms: [
                terms("trm_agency", .agency, nil, [line, fee]), terms("trm_reseller", .reseller, nil, [margin, share]),
                terms("trm_own", nil, "ptr_001", []),
            ],
            payout: PayoutRules(
                minimums: [euro: 6_000, yen: 6_000], rails: [.csv], debtorName: "Acme GmbH",
                debtorAccount: "DE02120300000000202051", requiresTaxForm: false),
            fraud: FraudRules(
                maximumOpenRegistrations: 5, registrationBeforeCloseDays: 3, minimumAcceptanceRate: BasisPoints(200),
                minimumDecidedReferrals: 10),
            partnerEnd: PartnerEndRules(tailDays: 30),
            agreement: Agreement(
                title: "t", paymentTiming: "p", exclusivity: "e", intellectualProperty: "i", permittedClaims: "c",
                termination: "x", referralProcess: "r"),
            suffixListHash: "00ff")
    }()

    /// The least that a programme file must say.
    static let minimalText = #"""
        {"program_id":"prg_acme","version":1,"name":"Acme","effective_from":"2026-01-01T00:00:00.000Z","currency":"JPY",
         "hypothesis":{"partner_type":"referral","sends":"a","why":"b","gets":"c"},
         "areas":[{"area":"partner_fit","owner":"psn_owner","definition":"d"}],
         "partner_types":["referral"],
         "scoring":{"fit":[{"name":"size","subject":"employees","weight":1,"points":[{"from":50,"points":100}]}]},
         "handoff":{"contact":"psn_sales"},
         "terms":[{"terms_id":"trm_referral","version":1,"partner_type":"referral",
                   "lines":[{"name":"win","stage_rates_bp":{"late_stage":1400}}]}],
         "payout":{"debtor":{"name":"Acme","account":"DE02120300000000202051"}}}
        """#
}
