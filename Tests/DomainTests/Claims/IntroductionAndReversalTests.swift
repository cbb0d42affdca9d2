import Domain
import Testing

@Suite struct IntroductionAndReversalTests {
    static let late = deal(created: "2026-01-10", seen: "2026-04-03")
    static let qualified = deal(created: "2026-01-10", seen: "2026-01-20")

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var referrals: [ReferralClaim]
        var opportunity: Opportunity = qualified
        var earned: String?
    }

    @Test(arguments: [
        Row(
            testDescription: "accepted and qualified in time",
            referrals: [referral("a", sequence: 1, submitted: "2026-01-01", state: .accepted, accepted: "2026-01-02")],
            earned: "ref_a1"),
        Row(
            testDescription: "the first submitted of two",
            referrals: [
                referral("b", sequence: 2, submitted: "2026-01-02", state: .accepted, accepted: "2026-01-02"),
                referral("a", sequence: 1, submitted: "2026-01-01", state: .converted, accepted: "2026-01-05"),
            ], earned: "ref_a1"),
        Row(
            testDescription: "the first is undecided",
            referrals: [
                referral("a", sequence: 1, submitted: "2026-01-01", state: .inReview),
                referral("b", sequence: 2, submitted: "2026-01-02", state: .accepted, accepted: "2026-01-02"),
            ]),
        Row(
            testDescription: "the first is rejected",
            referrals: [
                referral("a", sequence: 1, submitted: "2026-01-01", state: .rejected),
                referral("b", sequence: 2, submitted: "2026-01-02", state: .accepted, accepted: "2026-01-02"),
            ], earned: "ref_b2"),
        Row(
            testDescription: "qualified before the submission",
            referrals: [referral("a", sequence: 1, submitted: "2026-01-21", state: .accepted, accepted: "2026-01-22")]),
        Row(
            testDescription: "qualified on the last day",
            referrals: [referral("a", sequence: 1, submitted: "2026-01-01", state: .accepted, accepted: "2026-01-03")],
            opportunity: late, earned: "ref_a1"),
        Row(
            testDescription: "qualified a day too late",
            referrals: [referral("a", sequence: 1, submitted: "2026-01-01", state: .accepted, accepted: "2026-01-02")],
            opportunity: late),
        Row(
            testDescription: "an expansion",
            referrals: [referral("a", sequence: 1, submitted: "2026-01-01", state: .accepted, accepted: "2026-01-02")],
            opportunity: deal(kind: .expansion, seen: "2026-01-20")),
    ])
    func `a qualified introduction is earned once, by the first submitted`(row: Row) {
        let earned = IntroductionRule.earned(
            by: row.referrals, productLine: "core", opportunities: [row.opportunity], days: 90)
        #expect(earned?.referral.id.text == row.earned)
        #expect(
            IntroductionRule.earned(by: row.referrals, productLine: "other", opportunities: [row.opportunity], days: 90)
                == nil)
    }

    @Test func `a reversal counts in the deal's currency and never above what remains`() throws {
        var opportunity = deal(stage: .closedWon, value: 1000, closed: "2026-03-01")
        #expect(try RevenueReversalRule.counted(eur(400), of: opportunity) == 400)
        opportunity.reversedMinor = 400
        #expect(try RevenueReversalRule.counted(eur(900), of: opportunity) == 600)
        opportunity.reversedMinor = 1000
        #expect(throws: RevenueReversalRule.Refusal.nothingLeft) {
            try RevenueReversalRule.counted(eur(1), of: opportunity)
        }
        let dollars = Currency(code: "USD")!
        #expect(throws: RevenueReversalRule.Refusal.otherCurrency(dollars, deal: eur(0).currency)) {
            try RevenueReversalRule.counted(Money(minor: 1, currency: dollars), of: opportunity)
        }
        #expect(throws: RevenueReversalRule.Refusal.notPositive) {
            try RevenueReversalRule.counted(eur(0), of: opportunity)
        }
        #expect(throws: RevenueReversalRule.Refusal.notWon) { try RevenueReversalRule.counted(eur(1), of: deal()) }
    }

    @Test func `a newer revision keeps what was reached`() {
        var opportunity = deal(stage: .proposal, seen: "2026-02-01")
        opportunity.reversedMinor = 5
        let next = opportunity.replaced(by: deal(stage: .closedWon, closed: "2026-03-01"))
        #expect(next.qualifiedAt == day("2026-02-01"))
        #expect(next.proposalAt == day("2026-02-01"))
        #expect(next.firstWonAt == day("2026-03-01"))
        #expect(next.reversedMinor == 5)
        #expect(deal(stage: .closedLost, closed: "2026-03-01").qualifiedAt == nil)
    }

    @Test func `the first contact is due after business days`() {
        let handoff = Handoff(
            contact: PersonID(unchecked: "psn_s"), acceptedAt: day("2026-01-02"),
            rules: HandoffRules(contact: PersonID(unchecked: "psn_s"), firstContactBusinessDays: 2))
        #expect(handoff.firstContactDue == day("2026-01-06"), "from Friday over the weekend")
    }
}
