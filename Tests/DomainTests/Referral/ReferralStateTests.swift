import DomainSamples
import Testing

@testable import Domain

@Suite struct ReferralStateTests {
    /// Every transition that is allowed; whatever is not listed is refused by name.
    static let allowed: [ReferralState: [ReferralTransition: ReferralState]] = [
        .submitted: [
            .beginReview: .inReview, .accept: .accepted, .reject: .rejected, .markDuplicate: .duplicate,
            .withdraw: .withdrawn,
        ],
        .inReview: [
            .accept: .accepted, .reject: .rejected, .markDuplicate: .duplicate, .return: .returned,
            .withdraw: .withdrawn,
        ],
        .returned: [.accept: .accepted, .reject: .rejected, .resubmit: .submitted, .withdraw: .withdrawn],
        .accepted: [.convert: .converted, .expire: .expired, .overturn: .rejected],
        .rejected: [.overturn: .accepted],
        .expired: [.convert: .converted],
        .duplicate: [:], .withdrawn: [:], .converted: [:],
    ]

    @Test(arguments: ReferralState.allCases, ReferralTransition.allCases)
    func `moves only as the table says`(state: ReferralState, transition: ReferralTransition) throws {
        if let next = Self.allowed[state]?[transition] {
            #expect(try state.after(transition) == next)
        } else {
            #expect(throws: IllegalReferralTransition(state: state, transition: transition)) {
                try state.after(transition)
            }
        }
    }

    @Test func `names what is refused`() {
        let refusal = IllegalReferralTransition(state: .converted, transition: .beginReview)
        #expect(refusal.description == "a referral that is converted cannot begin_review")
    }

    @Test(arguments: ReferralState.allCases)
    func `is settled once a decision or an end was applied`(state: ReferralState) {
        #expect(state.isSettled == ![.submitted, .inReview, .returned].contains(state))
    }

    @Test(arguments: ReferralState.allCases, ReferralState.allCases)
    func `finds the transition to a state wherever one leads there`(from: ReferralState, to: ReferralState) throws {
        guard from != to, let found = from.transition(to: to) else { return }
        if Self.allowed[from]?.values.contains(to) == true { #expect(try from.after(found) == to) }
    }

    @Test func `keeps the time of a change`() throws {
        var referral = Referral(
            id: ReferralID("ref_1")!, account: nil, submission: ReferralSamples.submission(),
            origin: ReferralOrigin(source: "/s", eventID: "1"), submittedAt: ReferralSamples.start, programVersion: 1)
        try referral.apply(.beginReview, at: ReferralSamples.start + .hours(1))
        #expect(referral.changedAt == ReferralSamples.start + .hours(1))
        #expect(referral.submittedAt == ReferralSamples.start)
    }
}
