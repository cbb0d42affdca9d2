import Contracts
import Domain
import DomainSamples
import JSON
import Testing

@testable import ReferralWorker

@Suite struct ReferralHistoryTests {
    private func referral(_ id: String, _ state: ReferralState, at time: Timestamp) -> Referral {
        var referral = Referral(
            id: ReferralID(id)!, account: AccountKey(unchecked: "acme.example"),
            submission: ReferralSamples.submission(), origin: ReferralOrigin(source: "/s", eventID: id),
            submittedAt: time, programVersion: 1)
        referral.state = state
        return referral
    }

    @Test(arguments: ReferralState.allCases) func `forgets what ended longer ago than any rule looks back`(
        state: ReferralState
    ) {
        let hasEnded = [.rejected, .duplicate, .withdrawn, .converted].contains(state)
        for (days, isKept) in [(180, true), (181, !hasEnded)] {
            var history = ReferralHistory()
            history.referrals = [referral("ref_old", state, at: ReferralSamples.start)]
            history.append(
                referral("ref_new", .inReview, at: ReferralSamples.start + .days(days)), rules: Program.Defaults.intake)
            #expect(history.referrals.map(\.id.text) == (isKept ? ["ref_old", "ref_new"] : ["ref_new"]))
        }
    }

    @Test func `is stored as it is`() throws {
        var history = ReferralHistory()
        history.referrals = [referral("ref_1", .accepted, at: ReferralSamples.start)]
        let read = try JSONDocument.decode(ReferralHistory.self, from: JSONEncoding.encode(history))
        #expect(read.referrals == history.referrals)
    }
}
