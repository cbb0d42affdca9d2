package import Domain

/// Who is told: a partner's contact, or one person of the register. Written as the id; it is the key of `notification.v1`.
package enum NotificationRecipient: Sendable, Hashable, CustomStringConvertible {
    case partner(PartnerID)
    case person(PersonID)

    package init?(text: String) {
        if let partner = PartnerID(text) {
            self = .partner(partner)
        } else if let person = PersonID(text) {
            self = .person(person)
        } else {
            return nil
        }
    }

    package var text: String {
        switch self {
        case .partner(let partner): partner.text
        case .person(let person): person.text
        }
    }

    package var description: String { text }
}
