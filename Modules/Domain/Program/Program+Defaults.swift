extension Program {
    /// What holds where a programme file leaves something out. The values are written into the published document, so
    /// that a published version is complete and a later change here never changes it.
    package enum Defaults {
        package static let intake = IntakeRules(
            requiredFields: [], freeMailDomains: [], maximumBackdatingPartnerDays: 0, maximumBackdatingCRMDays: 7,
            duplicateDays: 180, resubmissionDays: 7, acceptanceDays: 180)

        package static let routing = RoutingRules(
            rejectBelowFit: 30, acceptFit: 70, acceptIntent: 50, acceptTiers: Tier.allCases)

        package static let firstContactBusinessDays: Int64 = 2

        package static let review = ReviewRules(
            hours: 48, priorityHours: 24, priorityTiers: [.gold, .platinum], onOverdue: .escalate)

        package static let protection = ProtectionRules(
            days: 90, daysByTier: [:], daysByType: [:], reminderDays: 14, extensionDays: 30, maximumExtensions: 2,
            directActivityDays: 90, unregisteredClaimDays: 90)

        package static let conflict = ConflictRules(appealDays: 14)

        package static let attribution = AttributionRules(
            influenceDays: 180, assistingKinds: [.demo, .integration, .implementation])

        package static let salesCompensation = SalesCompensationRules(
            sourcedCoSold: BasisPoints(10_000), sourcedPartnerClosed: BasisPoints(5_000),
            sourcedOther: BasisPoints(8_000), notSourced: BasisPoints(10_000))

        package static let commission = CommissionRules(holdDays: 30, fxMaximumAgeDays: 7, introductionDays: 90)

        package static let fraud = FraudRules(
            maximumOpenRegistrations: 25, registrationBeforeCloseDays: 7, minimumAcceptanceRate: BasisPoints(1_000),
            minimumDecidedReferrals: 20)

        package static let partnerEnd = PartnerEndRules(tailDays: 90)

        /// Rates by registration stage, for a line that names no price and for stages that its table leaves out.
        package static let stageRates: [RegistrationStage: BasisPoints] = [
            .beforeContact: BasisPoints(2_500), .afterFirstMeeting: BasisPoints(2_000), .lateStage: BasisPoints(1_500),
            .unregisteredClaim: BasisPoints(1_000),
        ]

        package static let lineClasses: [CreditClass] = [.sourced]
        package static let lineKinds: [OpportunityType] = [.new]
        package static let rails: [PayoutRules.Rail] = [.csv]

        /// What intent is made of where a programme does not say.
        package static let intent: [ScoringCriterion] = [
            ScoringCriterion(
                name: "stated_intent", subject: .intent, weight: 2,
                points: [
                    text(["urgent"], 100), text(["budgeted"], 85), text(["evaluating"], 60), text(["researching"], 25),
                ]),
            ScoringCriterion(
                name: "timeline", subject: .timeline, weight: 1,
                points: [number(nil, 90, 100), number(90, 180, 70), number(180, 365, 40), number(365, nil, 10)]),
        ]

        /// The smallest payout: 50 units of the programme's own currency.
        package static func payoutMinimums(_ currency: Currency) -> [Currency: Int64] {
            var units: Int64 = 50
            for _ in 0..<currency.exponent { units *= 10 }
            return [currency: units]
        }

        private static func text(_ values: [String], _ points: Int64) -> PointRow {
            PointRow(from: nil, upTo: nil, values: values, points: points)
        }

        private static func number(_ from: Int64?, _ upTo: Int64?, _ points: Int64) -> PointRow {
            PointRow(from: from, upTo: upTo, values: [], points: points)
        }
    }
}
