/// Who decided. Written `programme`, `policy:<name>` or a person's id.
package enum Actor: Sendable, Hashable, CustomStringConvertible {
    /// A rule of the programme version in force.
    case programme
    /// A policy file that decides as ordinary events do.
    case policy(String)
    case person(PersonID)

    package init?(text: String) {
        if text == "programme" {
            self = .programme
        } else if text.hasPrefix("policy:"), text.utf8.count > 7 {
            self = .policy(String(text.dropFirst(7)))
        } else if let person = PersonID(text) {
            self = .person(person)
        } else {
            return nil
        }
    }

    package var text: String {
        switch self {
        case .programme: "programme"
        case .policy(let name): "policy:\(name)"
        case .person(let person): person.text
        }
    }

    package var description: String { text }
}
