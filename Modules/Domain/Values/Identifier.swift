/// A typed id: `ref_1a2b3c4d0123456789abcdef`. The text is opaque but for its prefix and, where the entity lives in a
/// partition of its own key, the eight hex digits of that key's hash that let an id alone be routed.
package struct Identifier<Kind: IdentifierKind>: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String

    /// `nil` where the prefix is another's, or the rest is empty, too long or holds other characters than
    /// letters, digits, `-` and `_`.
    package init?(_ text: String) {
        let utf8 = text.utf8
        let prefixed =
            Kind.prefixes.isEmpty || Kind.prefixes.contains { text.hasPrefix($0) && utf8.count > $0.utf8.count }
        guard prefixed, !utf8.isEmpty, utf8.count <= 80,
            utf8.allSatisfy({
                ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5a) || ($0 >= 0x61 && $0 <= 0x7a) || $0 == 0x2d
                    || $0 == 0x5f || $0 == 0x2e || $0 == 0x3a
            })
        else { return nil }
        self.text = text
    }

    /// For ids that our own code made.
    package init(unchecked text: String) { self.text = text }

    package var description: String { text }

    package static func < (left: Identifier, right: Identifier) -> Bool { left.text < right.text }
}

package protocol IdentifierKind: Sendable {
    /// Allowed prefixes; empty where the id is another system's own.
    static var prefixes: [String] { get }
    /// For messages: `a partner id (ptr_...)`.
    static var expectation: String { get }
}

package enum ProgramKind: IdentifierKind {
    package static let prefixes = ["prg_"]
    package static let expectation = "a programme id (prg_...)"
}
package enum PartnerKind: IdentifierKind {
    package static let prefixes = ["ptr_"]
    package static let expectation = "a partner id (ptr_...)"
}
package enum PersonKind: IdentifierKind {
    package static let prefixes = ["psn_"]
    package static let expectation = "a person id (psn_...)"
}
package enum TermsKind: IdentifierKind {
    package static let prefixes = ["trm_"]
    package static let expectation = "a terms id (trm_...)"
}
package enum ReferralKind: IdentifierKind {
    package static let prefixes = ["ref_"]
    package static let expectation = "a referral id (ref_...)"
}
package enum RegistrationKind: IdentifierKind {
    package static let prefixes = ["reg_"]
    package static let expectation = "a registration id (reg_...)"
}
package enum ConflictKind: IdentifierKind {
    package static let prefixes = ["cnf_"]
    package static let expectation = "a conflict id (cnf_...)"
}
/// The CRM's own number.
package enum OpportunityKind: IdentifierKind {
    package static let prefixes: [String] = []
    package static let expectation = "an opportunity id (letters, digits, - _ . :)"
}
/// The sender's own number.
package enum TouchKind: IdentifierKind {
    package static let prefixes: [String] = []
    package static let expectation = "a touch id (letters, digits, - _ . :)"
}
package enum AttributionKind: IdentifierKind {
    package static let prefixes = ["atr_"]
    package static let expectation = "an attribution id (atr_...)"
}
package enum CommissionKind: IdentifierKind {
    package static let prefixes = ["com_", "clw_"]
    package static let expectation = "a commission id (com_..., clw_...)"
}
package enum PayoutKind: IdentifierKind {
    package static let prefixes = ["pay_"]
    package static let expectation = "a payout id (pay_...)"
}
package enum PayoutRunKind: IdentifierKind {
    package static let prefixes = ["run_"]
    package static let expectation = "a payout run id (run_...)"
}
package enum StatementKind: IdentifierKind {
    package static let prefixes = ["stm_"]
    package static let expectation = "a statement id (stm_...)"
}
package enum NotificationKind: IdentifierKind {
    package static let prefixes = ["ntf_"]
    package static let expectation = "a notification id (ntf_...)"
}

package typealias ProgramID = Identifier<ProgramKind>
package typealias PartnerID = Identifier<PartnerKind>
package typealias PersonID = Identifier<PersonKind>
package typealias TermsID = Identifier<TermsKind>
package typealias ReferralID = Identifier<ReferralKind>
package typealias RegistrationID = Identifier<RegistrationKind>
package typealias ConflictID = Identifier<ConflictKind>
package typealias OpportunityID = Identifier<OpportunityKind>
package typealias TouchID = Identifier<TouchKind>
package typealias AttributionID = Identifier<AttributionKind>
package typealias CommissionID = Identifier<CommissionKind>
package typealias PayoutID = Identifier<PayoutKind>
package typealias PayoutRunID = Identifier<PayoutRunKind>
package typealias StatementID = Identifier<StatementKind>
package typealias NotificationID = Identifier<NotificationKind>

/// The prospect company: its lower-case registrable domain. Computed once at intake, carried from then on.
package struct AccountKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String

    /// For keys that intake computed, or that a worker's event carries.
    package init(unchecked text: String) { self.text = text }

    package var description: String { text }

    package static func < (left: AccountKey, right: AccountKey) -> Bool { left.text < right.text }
}
