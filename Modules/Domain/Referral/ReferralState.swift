/// Where a referral stands.
package enum ReferralState: String, Sendable, CaseIterable {
    case submitted
    /// Handed on with its scores; the claim and the direct activity of the account decide.
    case inReview = "in_review"
    /// Back with the partner, who may complete it.
    case returned
    case accepted, rejected, duplicate, withdrawn
    /// Its opportunity exists.
    case converted
    case expired

    /// A decision or an end was applied: it is no obstacle to another referral of the same kind any more.
    package var isSettled: Bool {
        switch self {
        case .submitted, .inReview, .returned: false
        default: true
        }
    }
}

/// What may happen to a referral.
package enum ReferralTransition: String, Sendable, CaseIterable {
    case beginReview = "begin_review"
    case accept, reject
    case markDuplicate = "mark_duplicate"
    case `return`
    case resubmit, withdraw, convert, expire
    /// The decision of a conflict, or of an appeal against it, turns what was decided.
    case overturn
}

/// Something that the state of a referral does not allow.
package struct IllegalReferralTransition: Error, Sendable, Hashable, CustomStringConvertible {
    package var state: ReferralState
    package var transition: ReferralTransition

    package init(state: ReferralState, transition: ReferralTransition) {
        self.state = state
        self.transition = transition
    }

    package var description: String { "a referral that is \(state.rawValue) cannot \(transition.rawValue)" }
}

extension ReferralState {
    /// The state after a transition.
    package func after(_ transition: ReferralTransition) throws(IllegalReferralTransition) -> ReferralState {
        guard let next = successor(of: transition) else {
            throw IllegalReferralTransition(state: self, transition: transition)
        }
        return next
    }

    private func successor(of transition: ReferralTransition) -> ReferralState? {
        switch (transition, self) {
        case (.beginReview, .submitted): .inReview
        // A conflict decided for the claim accepts the referral wherever its review stands.
        case (.accept, .submitted), (.accept, .inReview), (.accept, .returned): .accepted
        case (.reject, .submitted), (.reject, .inReview), (.reject, .returned): .rejected
        case (.markDuplicate, .submitted), (.markDuplicate, .inReview): .duplicate
        case (.return, .inReview): .returned
        case (.resubmit, .returned): .submitted
        case (.withdraw, .submitted), (.withdraw, .inReview), (.withdraw, .returned): .withdrawn
        case (.convert, .accepted), (.convert, .expired): .converted
        case (.expire, .accepted): .expired
        case (.overturn, .accepted): .rejected
        case (.overturn, .rejected): .accepted
        default: nil
        }
    }

    /// The transition by which a decision of the review moves a referral from this state to another; `nil` where none does.
    package func transition(to target: ReferralState) -> ReferralTransition? {
        switch (self, target) {
        case (.rejected, .accepted), (.accepted, .rejected): .overturn
        case (_, .accepted): .accept
        case (_, .rejected): .reject
        case (_, .returned): .return
        case (_, .withdrawn): .withdraw
        case (_, .converted): .convert
        case (_, .expired): .expire
        case (_, .duplicate): .markDuplicate
        case (_, .inReview): .beginReview
        case (_, .submitted): nil
        }
    }
}
