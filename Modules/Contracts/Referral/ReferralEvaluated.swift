package import Domain
package import JSON

/// A valid, scored referral on its way to the approval worker: what a decision needs of it, and no more. Company, contact
/// and the shares of each score stand in the fact of the same moment, `referral.changed`.
package struct ReferralEvaluated: EventPayload, Hashable {
    package static let type = "io.tributary.referral.evaluated.v1"

    package var referral: ReferralID
    package var account: AccountReference
    package var partner: PartnerID
    /// Type and tier of the partner at submission.
    package var partnerType: PartnerType
    package var tier: Tier
    /// The partner's terms in force at submission; `nil` where there were none.
    package var terms: TermsReference?
    package var productLine: String
    /// `nil` for an introduction.
    package var registration: RegistrationRequest?
    /// Scores, 0 to 100.
    package var fit: Int64
    package var intent: Int64
    /// What the scores propose.
    package var route: ReferralRoute
    package var hints: [FraudHint]
    /// Comes back after it was returned: it keeps the position of its first submission.
    package var isResubmission: Bool
    /// Judging time of the first submission.
    package var submittedAt: Timestamp
    package var programVersion: Int64
    package var occurredAt: Timestamp

    /// - Parameter submission: what the partner handed in.
    package init(
        referral: ReferralID, account: AccountReference, assessment: borrowing ReferralAssessment,
        submission: borrowing ReferralSubmission, isResubmission: Bool, submittedAt: Timestamp, programVersion: Int64,
        occurredAt: Timestamp
    ) {
        self.referral = referral
        self.account = account
        partner = submission.partner
        partnerType = assessment.partnerType
        tier = assessment.tier
        terms = assessment.terms
        productLine = submission.deal.productLine
        registration = submission.registration
        fit = assessment.fit.value
        intent = assessment.intent.value
        route = assessment.route
        hints = assessment.hints
        self.isResubmission = isResubmission
        self.submittedAt = submittedAt
        self.programVersion = programVersion
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        referral = reader.value("referral_id", as: ReferralID.self)
        account = reader.object("account", AccountReference.self)
        partner = reader.value("partner_id", as: PartnerID.self)
        partnerType = reader.enumeration("partner_type", PartnerType.self)
        tier = reader.enumeration("tier", Tier.self)
        terms = reader.optionalObject("terms", TermsReference.self)
        productLine = reader.string("product_line")
        registration = reader.optionalObject("registration", RegistrationRequest.self)
        fit = reader.integer("fit", in: 0...100)
        intent = reader.integer("intent", in: 0...100)
        route = reader.enumeration("route", ReferralRoute.self)
        hints = reader.enumerations("hints", FraudHint.self)
        isResubmission = reader.optionalBoolean("resubmission") ?? false
        submittedAt = reader.value("submitted_at", as: Timestamp.self)
        programVersion = reader.integer("program_version")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("referral_id", referral)
        writer.object("account", account)
        writer.value("partner_id", partner)
        writer.enumeration("partner_type", partnerType)
        writer.enumeration("tier", tier)
        writer.object("terms", terms)
        writer.string("product_line", productLine)
        writer.object("registration", registration)
        writer.integer("fit", fit)
        writer.integer("intent", intent)
        writer.enumeration("route", route)
        writer.enumerations("hints", hints)
        writer.boolean("resubmission", isResubmission ? true : nil)
        writer.value("submitted_at", submittedAt)
        writer.integer("program_version", programVersion)
        writer.value("occurred_at", occurredAt)
    }
}
