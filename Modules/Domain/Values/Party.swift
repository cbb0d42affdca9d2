/// Who acts on an account: the vendor's own sales team, or one partner. Written `direct` or the partner's id.
package enum Party: Sendable, Hashable, CustomStringConvertible {
    case direct
    case partner(PartnerID)

    package init?(text: String) {
        if text == "direct" {
            self = .direct
        } else if let partner = PartnerID(text) {
            self = .partner(partner)
        } else {
            return nil
        }
    }

    package var text: String {
        switch self {
        case .direct: "direct"
        case .partner(let partner): partner.text
        }
    }

    package var partner: PartnerID? {
        if case .partner(let partner) = self { partner } else { nil }
    }

    package var description: String { text }
}
