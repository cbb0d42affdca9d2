import Contracts

/// The texts of all templates, in English.
enum MessageTexts {
    static let all: [NotificationTemplate: MessageText] = referrals.merging(reviews) { first, _ in first }
        .merging(registrations) { first, _ in first }.merging(conflicts) { first, _ in first }
        .merging(deals) { first, _ in first }.merging(money) { first, _ in first }
        .merging(payouts) { first, _ in first }

    private static let referrals: [NotificationTemplate: MessageText] = [
        .referralRejected: MessageText(
            "Not accepted: {account}", "Your referral was not accepted",
            paragraphs: [
                "We do not take up your referral of {account}. The reason: {reason}.", "{detail}",
                "The referral is closed. You may submit a new one when something has changed.",
            ]),
        .referralDuplicate: MessageText(
            "Already submitted: {account}", "You have already submitted this referral",
            paragraphs: [
                "You referred {account} for {product_line} before, as {original} on {submitted_at}.",
                "That referral is still open and keeps its place. This one needs nothing more from you.",
            ]),
        .referralAccepted: MessageText(
            "Accepted: {account}", "Your referral is accepted",
            paragraphs: [
                "Your referral of {account} for {product_line} is accepted. Thank you.", "{detail}",
                "Our sales team takes over and makes the first contact within the time that the programme sets.",
            ]),
        .referralReturned: MessageText(
            "More information needed: {account}", "Your referral needs more information",
            paragraphs: [
                "We cannot decide yet about your referral of {account}.", "{detail}",
                "Complete it and submit it again by {resubmit_by}; it then keeps its first place in line.",
            ]),
        .referralWithdrawn: MessageText(
            "Withdrawn: {account}", "Your referral is withdrawn",
            paragraphs: ["Your referral of {account} is withdrawn, as you asked.", "{detail}"]),
        .referralExpired: MessageText(
            "Expired: {account}", "Your referral has expired",
            paragraphs: [
                "No opportunity came of your referral of {account} in the time that the programme sets.",
                "The referral is closed. If the prospect moves again, submit it anew.",
            ]),
    ]

    private static let reviews: [NotificationTemplate: MessageText] = [
        .referralReviewRequested: MessageText(
            "Review {account} by {due}", "A referral waits for review",
            paragraphs: ["{partner} referred {account}. Please decide by {due}.", "{detail}"]),
        .reviewReminder: MessageText(
            "Reminder: review {account} by {due}", "Reminder: a review is due",
            paragraphs: ["Half of the time is over: the review of {account} is due at {due}.", "{detail}"]),
        .reviewOverdue: MessageText(
            "Overdue: review of {account}", "A review is overdue",
            paragraphs: ["The review of {account} was due at {due} and is not decided.", "{detail}"]),
        .handoff: MessageText(
            "Yours: {account}, first contact by {due}", "A referral is handed to you",
            paragraphs: [
                "{partner} brings us {account}, interested in {product_line}.",
                "You are the named contact. The first contact is due by {due}.", "{detail}",
            ]),
        .firstContactOverdue: MessageText(
            "Overdue: first contact with {account}", "A first contact is overdue",
            paragraphs: ["The first contact with {account} was due at {due} and is not recorded.", "{detail}"]),
    ]

    private static let registrations: [NotificationTemplate: MessageText] = [
        .registrationApproved: MessageText(
            "Registered: {account}, protected until {protected_until}", "Your registration is approved",
            paragraphs: [
                "Your registration of {account} for {product_line} is approved.",
                "It is protected until {protected_until}.", "{detail}",
            ]),
        .registrationDowngraded: MessageText(
            "Registered at another stage: {account}", "Your registration counts at another stage",
            paragraphs: [
                "You registered {account} as {claimed_stage}. It counts as {stage}, and so does its rate.", "{detail}",
            ]),
        .registrationRejected: MessageText(
            "Not registered: {account}", "Your registration was not approved",
            paragraphs: ["Your registration of {account} was not approved. The reason: {reason}.", "{detail}"]),
        .registrationRevoked: MessageText(
            "Registration ended: {account}", "Your registration was revoked",
            paragraphs: ["Your registration of {account} was revoked. The reason: {reason}.", "{detail}"]),
        .protectionEnding: MessageText(
            "Protection of {account} ends on {protected_until}", "The protection of your registration ends soon",
            paragraphs: [
                "The protection of {account} for {product_line} ends on {protected_until}.",
                "If you need more time, ask for an extension before that day, and say why.",
            ]),
        .protectionExpired: MessageText(
            "Protection of {account} has ended", "The protection of your registration has ended",
            paragraphs: ["The protection of {account} for {product_line} ended on {protected_until}.", "{detail}"]),
        .extensionRequested: MessageText(
            "Extension asked for: {account}", "An extension waits for your decision",
            paragraphs: [
                "{partner} asks for {days} more days of protection of {account}.", "The reason given: {reason}.",
            ]),
        .extensionGranted: MessageText(
            "Extended: {account} until {protected_until}", "Your extension is granted",
            paragraphs: ["The protection of {account} now ends on {protected_until}.", "{detail}"]),
        .extensionRefused: MessageText(
            "Not extended: {account}", "Your extension was refused",
            paragraphs: ["The protection of {account} still ends on {protected_until}.", "{detail}"]),
    ]

    private static let conflicts: [NotificationTemplate: MessageText] = [
        .conflictOpened: MessageText(
            "Two claims on {account}", "A conflict was opened",
            paragraphs: [
                "More than one party works on {account} for {product_line}.", "{detail}",
                "Until it is decided, the first registration keeps its protection.",
            ]),
        .conflictDecided: MessageText(
            "Decided: {account}", "A conflict is decided",
            paragraphs: [
                "The conflict on {account} is decided: {outcome}.", "{detail}",
                "An appeal may come until {appeal_until}.",
            ]),
        .appealReceived: MessageText(
            "Appeal: {account}", "An appeal was received",
            paragraphs: [
                "The decision on {account} is appealed. Another person decides.", "The reason given: {reason}.",
            ]),
        .appealDecided: MessageText(
            "Appeal decided: {account}", "An appeal is decided",
            paragraphs: ["The appeal on {account} is decided: {outcome}. This decision is final.", "{detail}"]),
        .disputeOpened: MessageText(
            "In dispute: {account}", "A dispute was opened",
            paragraphs: ["Money from {account} waits until a dispute is decided.", "{detail}"]),
    ]

    private static let deals: [NotificationTemplate: MessageText] = [
        .opportunityWon: MessageText(
            "Won: {account}", "A deal is won",
            paragraphs: [
                "{account} signed. Your part in the deal counts as {class}.",
                "First-year value that your part is counted from: {amount}.", "{detail}",
            ]),
        .opportunityLost: MessageText(
            "Lost: {account}", "A deal is lost",
            paragraphs: ["The deal with {account} is lost. The reason: {reason}.", "{detail}"]),
    ]

    private static let money: [NotificationTemplate: MessageText] = [
        .commissionAccrued: MessageText(
            "Commission: {amount} from {account}", "A commission was recorded",
            paragraphs: [
                "A commission of {amount} from {account} was recorded for you.", "{detail}",
                "It can be paid from {hold_until} on, unless something blocks it.",
            ]),
        .commissionReversed: MessageText(
            "Commission from {account} reduced by {amount}", "A commission was reduced",
            paragraphs: ["A commission from {account} was reduced by {amount}.", "{detail}"]),
        .commissionEligible: MessageText(
            "Ready to be paid: {amount} from {account}", "A commission is ready to be paid",
            paragraphs: ["A commission of {amount} from {account} can go into the next payout.", "{detail}"]),
        .commissionBlocked: MessageText(
            "On hold: {target}", "A commission is on hold",
            paragraphs: ["Money of yours cannot be paid at present. The reason: {kind}.", "{detail}"]),
        .blockReleased: MessageText(
            "Released: {target}", "A hold was released",
            paragraphs: ["What was held back ({kind}) is released.", "{detail}"]),
        .clawbackRaised: MessageText(
            "To be settled: {amount} from {account}", "A paid commission was reversed",
            paragraphs: [
                "A commission from {account} that was paid or on its way already is reversed by {amount}.",
                "The amount is taken off your next payouts; you need not transfer anything.", "{detail}",
            ]),
    ]

    private static let payouts: [NotificationTemplate: MessageText] = [
        .payoutPlanned: MessageText(
            "Payout planned: {net}", "A payout is planned",
            paragraphs: ["A payout of {net} is planned and waits for approval.", "{detail}"]),
        .payoutSubmitted: MessageText(
            "Payout on its way: {net}", "A payout is on its way",
            paragraphs: ["A payout of {net} is on its way to you, to be carried out on {execution_date}.", "{detail}"]),
        .payoutConfirmed: MessageText(
            "Paid: {net}", "A payout is confirmed", paragraphs: ["{net} was paid to you.", "{detail}"]),
        .payoutFailed: MessageText(
            "Payout failed: {net}", "A payout failed",
            paragraphs: [
                "The payout of {net} was refused. The reason: {reason}.",
                "Nothing is lost: the amount goes into a later payout.", "{detail}",
            ]),
        .payoutReturned: MessageText(
            "Payout returned: {net}", "A payout was returned",
            paragraphs: ["The bank returned {net}. The reason: {reason}.", "{detail}"]),
        .payoutDisputed: MessageText(
            "Payout unclear: {net}", "The answers about a payout contradict each other",
            paragraphs: [
                "There are contradicting answers about the payout {payout} of {net}: {reason}.",
                "The partner is blocked until somebody has looked into it.", "{detail}",
            ]),
        .statementIssued: MessageText(
            "Your statement for {period}", "Your statement",
            paragraphs: ["Your statement for {period} is issued. It closes at {closing}.", "{detail}"]),
    ]
}
