/// What the end of a partner's membership does to one of its claims.
package enum PartnerEndRule {
    package enum Effect: Sendable, Hashable {
        case none
        /// An undecided claim: `partner_not_eligible`.
        case reject
        /// An approved claim without a deal.
        case revoke
        /// A converted claim lives on for deals that close until then.
        case keepUntil(Timestamp)
    }

    /// `paused` stops new claims only.
    package static func effect(
        on state: RegistrationState, of status: Partner.Status, endedAt: Timestamp, rules: PartnerEndRules
    ) -> Effect {
        switch status {
        case .active, .paused: .none
        case .ended, .endedForCause:
            if state.isUndecided {
                .reject
            } else if state == .approved || state == .expired {
                state == .approved ? .revoke : .none
            } else if state == .converted {
                .keepUntil(endedAt + .days(Int(rules.tailDays)))
            } else {
                .none
            }
        }
    }
}
