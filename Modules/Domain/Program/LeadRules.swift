/// What a referral must bring, and how far back it may be dated.
package struct IntakeRules: Sendable, Hashable {
    /// Names of `ReferralField` beyond those that the schema itself requires.
    package var requiredFields: [ReferralField]
    /// Mail providers beside the built-in list whose domains are no account.
    package var freeMailDomains: [String]
    /// How far `occurred_at` counts back for partners and for the CRM, in days.
    package var maximumBackdatingPartnerDays: Int64
    package var maximumBackdatingCRMDays: Int64
    /// A second referral of the same partner, account and product line inside this many days is a duplicate of an
    /// unsettled first.
    package var duplicateDays: Int64
    /// A returned referral that comes back within this many days keeps its first position.
    package var resubmissionDays: Int64
    /// An accepted referral without an opportunity expires after this many days.
    package var acceptanceDays: Int64

    package init(
        requiredFields: [ReferralField], freeMailDomains: [String], maximumBackdatingPartnerDays: Int64,
        maximumBackdatingCRMDays: Int64, duplicateDays: Int64, resubmissionDays: Int64, acceptanceDays: Int64
    ) {
        self.requiredFields = requiredFields
        self.freeMailDomains = freeMailDomains
        self.maximumBackdatingPartnerDays = maximumBackdatingPartnerDays
        self.maximumBackdatingCRMDays = maximumBackdatingCRMDays
        self.duplicateDays = duplicateDays
        self.resubmissionDays = resubmissionDays
        self.acceptanceDays = acceptanceDays
    }
}

/// The optional fields of a referral that a programme may require.
package enum ReferralField: String, Sendable, CaseIterable {
    case country = "account.country"
    case employees = "account.employees"
    case industry = "account.industry"
    case annualRevenue = "account.annual_revenue"
    case contactName = "contact.name"
    case contactTitle = "contact.title"
    case need
    case intent
    case firstYearValue = "deal.first_year_value"
    case totalValue = "deal.total_value"
    case expectedClose = "deal.expected_close"
}

/// Fit and intent, each 0 to 100: floor(sum of weight x points / sum of weights); a missing field gives 0 points.
package struct ScoringRules: Sendable, Hashable {
    package var fit: [ScoringCriterion]
    package var intent: [ScoringCriterion]

    package init(fit: [ScoringCriterion], intent: [ScoringCriterion]) {
        self.fit = fit
        self.intent = intent
    }
}

package struct ScoringCriterion: Sendable, Hashable {
    /// What of the referral is looked at.
    package enum Subject: String, Sendable, CaseIterable {
        case employees, industry, country, intent, timeline
        case annualRevenue = "annual_revenue"
        /// The deal's first-year value in major units of its currency.
        case budget
        case contactTitle = "contact_title"
    }

    package var name: String
    package var subject: Subject
    package var weight: Int64
    /// The first row that matches gives the points.
    package var points: [PointRow]

    package init(name: String, subject: Subject, weight: Int64, points: [PointRow]) {
        self.name = name
        self.subject = subject
        self.weight = weight
        self.points = points
    }
}

/// A row of a point table. A number matches when it is at least `from` and less than `upTo` (written `below`), where
/// given; a text when it is one of `values`, letter case ignored; `*` matches any text. For `timeline` the number is
/// days from submission to the expected close; for `contact_title` a value matches when the title contains it as a
/// word.
package struct PointRow: Sendable, Hashable {
    package var from: Int64?
    package var upTo: Int64?
    package let values: [String]
    /// The values in lower case.
    let folded: [String]
    /// The values, to be looked for in a title.
    let words: [FoldedWords]
    let takesAnyText: Bool
    /// 0 to 100.
    package var points: Int64

    package init(from: Int64?, upTo: Int64?, values: [String], points: Int64) {
        self.from = from
        self.upTo = upTo
        self.values = values
        folded = values.map { $0.lowercased() }
        words = values.map { FoldedWords($0) }
        takesAnyText = values.contains("*")
        self.points = points
    }
}

package struct RoutingRules: Sendable, Hashable {
    /// Below this fit a referral is rejected `not_icp`.
    package var rejectBelowFit: Int64
    package var acceptFit: Int64
    package var acceptIntent: Int64
    package var acceptTiers: [Tier]

    package init(rejectBelowFit: Int64, acceptFit: Int64, acceptIntent: Int64, acceptTiers: [Tier]) {
        self.rejectBelowFit = rejectBelowFit
        self.acceptFit = acceptFit
        self.acceptIntent = acceptIntent
        self.acceptTiers = acceptTiers
    }
}

package struct HandoffRules: Sendable, Hashable {
    /// The person in sales who is named where a review names none.
    package var contact: PersonID
    package var firstContactBusinessDays: Int64

    package init(contact: PersonID, firstContactBusinessDays: Int64) {
        self.contact = contact
        self.firstContactBusinessDays = firstContactBusinessDays
    }
}
