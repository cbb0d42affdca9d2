/// The stories that a sample is made of. How often each one happens is the table `counts`: to have more of something in a
/// demonstration, change its number there.
package enum SampleScenario: String, Sendable, CaseIterable {
    // Claims that end in a deal.
    /// A registration before any contact, and a win inside its window.
    case registeredWin = "registered_win"
    case registeredLoss = "registered_loss"
    /// The deal is still open at the year's end.
    case registeredOpen = "registered_open"
    /// The deal was created inside the window and closed after it, unless an extension came.
    case windowEnded = "window_ended"
    /// A direct demo had been before: `before_contact` becomes `after_first_meeting`.
    case downgrade
    /// Won in a currency for which the register has no rate.
    case missingRate = "missing_rate"
    /// The contact's mail is not at the account.
    case strangeContact = "strange_contact"
    /// Registered in the days before the close.
    case lateRegistration = "late_registration"
    /// So small a deal, of a partner that has no other, that its payout stays below the minimum.
    case smallPayout = "small_payout"

    // Accounts that two want.
    /// Two partners claim one account within days, and it is won.
    case contestedWin = "contested_win"
    /// Two partners claim one account within days; no deal comes of it.
    case contested
    /// Direct sales had written and called before: the claim is contested by them; some are won.
    case contestedByDirect = "contested_by_direct"

    // Deals without a registration.
    /// A referral without a claim, and an opportunity that qualifies soon.
    case introduction
    /// A direct win that a partner claims afterwards, with evidence.
    case unregisteredClaim = "unregistered_claim"
    /// Closed or resold by the partner itself.
    case partnerMotion = "partner_motion"
    /// A direct deal that a partner touched, confirmed.
    case influenced
    /// A direct deal in which a partner gave the demo or the integration.
    case assisted
    /// Nobody but the direct team; as many as the number of deals leaves room for.
    case direct

    /// How often each happens; `direct` fills up the rest.
    package static let counts: [SampleScenario: Int] = [
        .registeredWin: 430, .registeredLoss: 240, .registeredOpen: 140, .windowEnded: 100, .downgrade: 50,
        .missingRate: 8, .strangeContact: 12, .lateRegistration: 8, .smallPayout: 4,
        .contestedWin: 240, .contested: 260, .contestedByDirect: 90,
        .introduction: 220, .unregisteredClaim: 45, .partnerMotion: 90, .influenced: 160, .assisted: 90,
    ]
}

/// Sizes and dates of a sample.
package struct SampleSize: Sendable, Hashable {
    /// Rows of referrals, the repeated, invalid and broken ones included.
    package var referrals = 20_600
    package var opportunities = 3_000
    /// Of a hundred referrals, how many come again under the same event id.
    package var repeatedPercent = 3
    package var invalidPercent = 1
    package var brokenLines = 24
    /// Revenue taken back before a payout can hold it, and after one did.
    package var earlyReversals = 40
    package var lateReversals = 6
    package var disputes = 6
    /// Every scenario's count goes by this in a hundred: a small sample for tests.
    package var percent = 100

    package init() {}

    /// For tests: every kind of story, few of each.
    package static var small: SampleSize {
        var size = SampleSize()
        size.percent = 5
        size.referrals = 900
        size.opportunities = 160
        size.brokenLines = 6
        size.earlyReversals = 4
        size.lateReversals = 2
        size.disputes = 2
        return size
    }
}

/// What the generator leaves to the demonstration that runs its files.
package enum SamplePlan {
    /// First and last day of the year.
    package static let firstDay = "2025-01-01"
    package static let lastDay = "2025-12-31"
    /// When every hold of the year is over: the payout run's cut-off.
    package static let payoutDay = "2026-02-05"
    /// When the revenue of paid deals is taken back.
    package static let lateReversalDay = "2026-02-20"

    /// Their payouts come back from the bank, with these reasons.
    package static let failedPayouts: [(partner: String, reason: String)] = [
        ("ptr_005", "AC04 closed account"), ("ptr_016", "AC01 account number unknown"),
        ("ptr_026", "AC06 account blocked"), ("ptr_031", "AC04 closed account"),
    ]
    /// They get one small deal each, and nothing else.
    package static let smallPartners = ["ptr_009", "ptr_017", "ptr_024", "ptr_033"]
    /// They are paused late in the year, on this day.
    package static let pauseDay = "2025-12-10"
    package static let pausedPartners = ["ptr_012", "ptr_020", "ptr_030", "ptr_032"]
    /// Agencies that accept the second version of their terms.
    package static let acceptingPartners = ["ptr_001", "ptr_005", "ptr_008", "ptr_011", "ptr_023", "ptr_037"]
    /// Nothing stands against a payout to them: their revenue is taken back afterwards.
    package static let cleanPartners = ["ptr_002", "ptr_004", "ptr_006", "ptr_007", "ptr_010", "ptr_013", "ptr_019"]
}
