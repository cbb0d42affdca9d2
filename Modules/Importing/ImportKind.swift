import Contracts

/// What the rows of an input are about. Each kind has its own default layout and the event types that its rows may become.
package enum ImportKind: String, Sendable, CaseIterable {
    case referrals, opportunities, touches, partners, people, decisions, payees, fx

    /// The event types of a row, the default first; a column `event_type` chooses another of them.
    package var targets: [ImportTarget] {
        switch self {
        case .referrals: ImportTarget.referrals
        case .opportunities: ImportTarget.opportunities
        case .touches: ImportTarget.touches
        case .partners: ImportTarget.partners
        case .people: ImportTarget.people
        case .decisions: ImportTarget.decisions
        case .payees: ImportTarget.payees
        case .fx: ImportTarget.rates
        }
    }

    /// Whether its rows are entries of the register, which go before everything else of the same time.
    package var isRegister: Bool {
        switch self {
        case .partners, .people, .payees, .fx: true
        default: false
        }
    }

    /// The target that a row's `event_type` names, by full type or without `io.tributary.` and version; the default for
    /// `nil`. `nil` where the kind has none of that name, or no default.
    package func target(named name: String?) -> ImportTarget? {
        guard let name, !name.isEmpty else { return self == .decisions ? nil : targets[0] }
        return targets.first { $0.type == name || $0.name == name }
    }
}
