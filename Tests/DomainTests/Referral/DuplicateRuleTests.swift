import DomainSamples
import Testing

@testable import Domain

@Suite struct DuplicateRuleTests {
    private func referral(_ id: String, _ state: ReferralState, at time: Timestamp) -> Referral {
        var referral = Referral(
            id: ReferralID(id)!, account: AccountKey(unchecked: "acme.example"),
            submission: ReferralSamples.submission(),
            origin: ReferralOrigin(source: "/s", eventID: id), submittedAt: time, programVersion: 1)
        referral.state = state
        return referral
    }

    @Test(arguments: ReferralState.allCases)
    func `a settled first is no obstacle`(state: ReferralState) {
        let first = referral("ref_1", state, at: ReferralSamples.start)
        let original = DuplicateRule.original(
            among: [first], at: ReferralSamples.start + .days(1), rules: Program.Defaults.intake)
        #expect((original != nil) == !state.isSettled)
    }

    @Test func `looks back 180 days and not a moment longer`() {
        let first = referral("ref_1", .inReview, at: ReferralSamples.start)
        let rules = Program.Defaults.intake
        let end = ReferralSamples.start + .days(180)
        #expect(DuplicateRule.original(among: [first], at: end, rules: rules)?.id == first.id)
        #expect(
            DuplicateRule.original(among: [first], at: end + TimeSpan(milliseconds: 1), rules: rules) == nil)
    }

    @Test func `points at the first that is not settled`() {
        let earlier = [
            referral("ref_1", .rejected, at: ReferralSamples.start),
            referral("ref_2", .returned, at: ReferralSamples.start + .days(1)),
        ]
        let time = ReferralSamples.start + .days(5)
        let original = DuplicateRule.original(among: earlier, at: time, rules: Program.Defaults.intake)
        #expect(original?.id.text == "ref_2")
        let step = DuplicateRule.step(
            original: earlier[1], at: time, rules: Program.Defaults.intake, programVersion: 1)
        #expect(step.arithmetic == "4 <= 180")
        #expect(step.text.contains("ref_2"))
    }
}
