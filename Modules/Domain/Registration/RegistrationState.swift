/// Where a claim stands.
package enum RegistrationState: String, Sendable, CaseIterable {
    case submitted
    case inReview = "in_review"
    case returned
    case approved
    /// The first opportunity of the account and product line is open.
    case converted
    case won, lost, expired, rejected, revoked, superseded, withdrawn

    /// No decision yet.
    package var isUndecided: Bool { self == .submitted || self == .inReview || self == .returned }

    /// May still be decided, converted, won or lost.
    package var isOpen: Bool { isUndecided || self == .approved || self == .converted }

    /// Nothing may be attributed by it any more.
    package var isVoid: Bool {
        switch self {
        case .rejected, .revoked, .superseded, .withdrawn: true
        default: false
        }
    }

    /// It was approved, and nothing has taken that back.
    package var isApproval: Bool {
        switch self {
        case .approved, .converted, .won, .lost, .expired: true
        default: false
        }
    }
}

/// What may happen to a claim.
package enum RegistrationTransition: String, Sendable, CaseIterable {
    case beginReview = "begin_review"
    case approve, reject
    case `return`
    case resubmit, withdraw
    /// An opportunity that the claim covers exists.
    case convert
    case win, lose, expire, revoke, supersede
    /// A decided conflict gives the account to the claim; an appeal may give it back after a rejection.
    case award
    /// A decided conflict takes the account from the claim.
    case forfeit
}

/// Something that the state of a claim does not allow.
package struct IllegalRegistrationTransition: Error, Sendable, Hashable, CustomStringConvertible {
    package var state: RegistrationState
    package var transition: RegistrationTransition

    package init(state: RegistrationState, transition: RegistrationTransition) {
        self.state = state
        self.transition = transition
    }

    package var description: String { "a registration that is \(state.rawValue) cannot \(transition.rawValue)" }
}

extension RegistrationState {
    /// The state after a transition.
    package func after(
        _ transition: RegistrationTransition
    ) throws(IllegalRegistrationTransition) -> RegistrationState {
        guard let next = successor(of: transition) else {
            throw IllegalRegistrationTransition(state: self, transition: transition)
        }
        return next
    }

    private func successor(of transition: RegistrationTransition) -> RegistrationState? {
        switch (transition, self) {
        case (.beginReview, .submitted): .inReview
        case (.approve, .submitted), (.approve, .inReview): .approved
        case (.reject, .submitted), (.reject, .inReview), (.reject, .returned): .rejected
        case (.return, .inReview): .returned
        case (.resubmit, .returned): .submitted
        case (.withdraw, _): isOpen ? .withdrawn : nil
        case (.convert, .approved), (.convert, .expired): .converted
        case (.win, .converted): .won
        case (.lose, .converted): .lost
        case (.expire, .approved): .expired
        case (.revoke, .approved), (.revoke, .converted): .revoked
        case (.supersede, .approved): .superseded
        case (.award, .approved), (.award, .converted), (.award, .won), (.award, .lost), (.award, .expired): self
        case (.award, .submitted), (.award, .inReview), (.award, .returned), (.award, .rejected), (.award, .revoked):
            .approved
        case (.forfeit, .submitted), (.forfeit, .inReview), (.forfeit, .returned), (.forfeit, .rejected): .rejected
        case (.forfeit, .approved), (.forfeit, .converted), (.forfeit, .revoked): .revoked
        case (.forfeit, .won), (.forfeit, .lost), (.forfeit, .expired): self
        default: nil
        }
    }
}
