package import Domain
package import JSON

/// A valid, scored referral on its way to the approval worker; the registration request as well, where it claims the account.
package struct ReferralEvaluated: EventPayload, Hashable {
    package static let type = "io.tributary.referral.evaluated.v1"

    package var referral: ReferralID
    package var account: AccountReference
    /// Type and tier of the partner at submission and its terms in force, scores, proposed route and fraud hints.
    package var assessment: ReferralAssessment
    /// What the partner handed in: company, contact, deal and claim.
    package var submission: ReferralSubmission
    /// Comes back after it was returned: it keeps the position of its first submission.
    package var isResubmission: Bool
    /// Judging time of the first submission.
    package var submittedAt: Timestamp
    package var programVersion: Int64
    package var occurredAt: Timestamp

    package var partner: PartnerID { submission.partner }
    package var productLine: String { submission.deal.productLine }
    /// `nil` for an introduction.
    package var registration: RegistrationRequest? { submission.registration }

    package init(
        referral: ReferralID, account: AccountReference, assessment: ReferralAssessment,
        submission: ReferralSubmission, isResubmission: Bool, submittedAt: Timestamp, programVersion: Int64,
        occurredAt: Timestamp
    ) {
        self.referral = referral
        self.account = account
        self.assessment = assessment
        self.submission = submission
        self.isResubmission = isResubmission
        self.submittedAt = submittedAt
        self.programVersion = programVersion
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        referral = reader.value("referral_id", as: ReferralID.self)
        account = reader.object("account", AccountReference.self)
        assessment = reader.object("assessment", ReferralAssessment.self)
        submission = reader.object("submission", ReferralSubmission.self)
        isResubmission = reader.optionalBoolean("resubmission") ?? false
        submittedAt = reader.value("submitted_at", as: Timestamp.self)
        programVersion = reader.integer("program_version")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("referral_id", referral)
        writer.object("account", account)
        writer.object("assessment", assessment)
        writer.object("submission", submission)
        writer.boolean("resubmission", isResubmission ? true : nil)
        writer.value("submitted_at", submittedAt)
        writer.integer("program_version", programVersion)
        writer.value("occurred_at", occurredAt)
    }
}
