import Contracts

/// What the read model keeps, by the type of the fact that holds its image.
package enum EntityKind: String, Sendable, CaseIterable {
    case referral, registration, conflict, opportunity, attribution, touch, review, commission, ledger, payout,
        statement,
        notification, block
    case payoutRunPart = "payout_run_part"
    case deadLetter = "dead_letter"
    case command

    /// `io.tributary.registration.changed.v1` belongs to `registration`; `nil` for a type that is no fact.
    package init?(factType: String) {
        guard factType.hasPrefix("io.tributary."), let kind = EntityKind.byType[factType] else { return nil }
        self = kind
    }

    private static let byType: [String: EntityKind] = {
        var kinds: [String: EntityKind] = [:]
        for event in EventCatalogue.events(on: .outcome) {
            let noun = event.shortType.prefix { $0 != "." }
            let verb = event.shortType.dropFirst(noun.count + 1).prefix { $0 != "." }
            let kind: EntityKind? =
                switch (noun, verb) {
                case ("record", _): .deadLetter
                case ("command", _): .command
                case ("payout", "run_part_changed"): .payoutRunPart
                default: EntityKind(rawValue: String(noun))
                }
            kinds[event.type] = kind
        }
        return kinds
    }()
}
