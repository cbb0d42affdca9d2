/// How fast a person has to decide on a referral or a claim.
package struct ReviewRules: Sendable, Hashable {
    /// What the clock does at the deadline: tell the owner of the area, or decide by itself.
    package enum OnOverdue: String, Sendable, CaseIterable {
        case escalate, approve
    }

    package var hours: Int64
    package var priorityHours: Int64
    package var priorityTiers: [Tier]
    package var onOverdue: OnOverdue
    /// The part of the time to the deadline after which a reminder goes out.
    package var reminderAt: BasisPoints
    /// The reasons that a person may give to reject.
    package var rejectReasons: [RejectReason]

    package init(
        hours: Int64, priorityHours: Int64, priorityTiers: [Tier], onOverdue: OnOverdue,
        reminderAt: BasisPoints = BasisPoints(5_000), rejectReasons: [RejectReason] = RejectReason.allCases
    ) {
        self.hours = hours
        self.priorityHours = priorityHours
        self.priorityTiers = priorityTiers
        self.onOverdue = onOverdue
        self.reminderAt = reminderAt
        self.rejectReasons = rejectReasons
    }
}

/// How long an approved claim keeps others off, and what contradicts a claim.
package struct ProtectionRules: Sendable, Hashable {
    package var days: Int64
    /// Deviations, the tier's before the type's.
    package var daysByTier: [Tier: Int64]
    package var daysByType: [PartnerType: Int64]
    package var reminderDays: Int64
    package var extensionDays: Int64
    package var maximumExtensions: Int64
    /// Other direct activity this many days back contradicts `before_contact`.
    package var directActivityDays: Int64
    /// A claim without registration must come within this many days after the close.
    package var unregisteredClaimDays: Int64

    package init(
        days: Int64, daysByTier: [Tier: Int64], daysByType: [PartnerType: Int64], reminderDays: Int64,
        extensionDays: Int64, maximumExtensions: Int64, directActivityDays: Int64, unregisteredClaimDays: Int64
    ) {
        self.days = days
        self.daysByTier = daysByTier
        self.daysByType = daysByType
        self.reminderDays = reminderDays
        self.extensionDays = extensionDays
        self.maximumExtensions = maximumExtensions
        self.directActivityDays = directActivityDays
        self.unregisteredClaimDays = unregisteredClaimDays
    }

    package func window(type: PartnerType, tier: Tier) -> TimeSpan {
        .days(Int(daysByTier[tier] ?? daysByType[type] ?? days))
    }
}

/// How a decided conflict may be appealed.
package struct ConflictRules: Sendable, Hashable {
    /// One appeal may come this many days after the decision; money from the decision waits as long.
    package var appealDays: Int64

    package init(appealDays: Int64) { self.appealDays = appealDays }
}

/// Which touches count for a won opportunity.
package struct AttributionRules: Sendable, Hashable {
    /// Confirmed partner touches this many days before the close influence it.
    package var influenceDays: Int64
    /// Kinds of touch after `qualified` that assist.
    package var assistingKinds: [TouchKindName]

    package init(influenceDays: Int64, assistingKinds: [TouchKindName]) {
        self.influenceDays = influenceDays
        self.assistingKinds = assistingKinds
    }
}

/// What was done on an account.
package enum TouchKindName: String, Sendable, CaseIterable {
    case introduction, meeting, demo, email, call, event, integration, implementation, proposal, workshop, other
}

/// The representative's share of the standard commission, by revenue class first.
package struct SalesCompensationRules: Sendable, Hashable {
    package var sourcedCoSold: BasisPoints
    package var sourcedPartnerClosed: BasisPoints
    package var sourcedOther: BasisPoints
    package var notSourced: BasisPoints

    package init(
        sourcedCoSold: BasisPoints, sourcedPartnerClosed: BasisPoints, sourcedOther: BasisPoints,
        notSourced: BasisPoints
    ) {
        self.sourcedCoSold = sourcedCoSold
        self.sourcedPartnerClosed = sourcedPartnerClosed
        self.sourcedOther = sourcedOther
        self.notSourced = notSourced
    }
}

/// What remains when a partner leaves.
package struct PartnerEndRules: Sendable, Hashable {
    /// Converted claims of an ended partner are kept this many days.
    package var tailDays: Int64

    package init(tailDays: Int64) { self.tailDays = tailDays }
}
