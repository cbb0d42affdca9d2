/// Every event that somebody is told of. The raw value names the template's texts and never changes once released.
package enum NotificationTemplate: String, Sendable, CaseIterable {
    // Referrals.
    case referralRejected = "referral_rejected"
    case referralDuplicate = "referral_duplicate"
    case referralAccepted = "referral_accepted"
    case referralReturned = "referral_returned"
    case referralWithdrawn = "referral_withdrawn"
    case referralExpired = "referral_expired"

    // Reviews and the handoff to sales.
    case referralReviewRequested = "referral_review_requested"
    case reviewReminder = "review_reminder"
    case reviewOverdue = "review_overdue"
    case handoff
    case firstContactOverdue = "first_contact_overdue"

    // Registrations and their protection.
    case registrationApproved = "registration_approved"
    case registrationDowngraded = "registration_downgraded"
    case registrationRejected = "registration_rejected"
    case registrationRevoked = "registration_revoked"
    case protectionEnding = "protection_ending"
    case protectionExpired = "protection_expired"
    case extensionRequested = "extension_requested"
    case extensionGranted = "extension_granted"
    case extensionRefused = "extension_refused"

    // Conflicts and disputes.
    case conflictOpened = "conflict_opened"
    case conflictDecided = "conflict_decided"
    case appealReceived = "appeal_received"
    case appealDecided = "appeal_decided"
    case disputeOpened = "dispute_opened"

    // Deals.
    case opportunityWon = "opportunity_won"
    case opportunityLost = "opportunity_lost"

    // Money.
    case commissionAccrued = "commission_accrued"
    case commissionReversed = "commission_reversed"
    case commissionEligible = "commission_eligible"
    case commissionBlocked = "commission_blocked"
    case blockReleased = "block_released"
    case clawbackRaised = "clawback_raised"
    case payoutPlanned = "payout_planned"
    case payoutSubmitted = "payout_submitted"
    case payoutConfirmed = "payout_confirmed"
    case payoutFailed = "payout_failed"
    case payoutReturned = "payout_returned"
    case payoutDisputed = "payout_disputed"
    case statementIssued = "statement_issued"
}
