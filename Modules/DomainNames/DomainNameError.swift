/// Why a text is not a domain. Holds nothing of the text itself.
package struct DomainNameError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: Sendable, Hashable, RawRepresentable {
        package var rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let empty = Code(rawValue: "domain_empty")
        package static let malformed = Code(rawValue: "domain_malformed")
        /// `com`, `co.uk`, `github.io`, `localhost`: many register below it, nobody is it.
        package static let publicSuffix = Code(rawValue: "domain_public_suffix")
        package static let ipAddress = Code(rawValue: "domain_ip_address")
        /// More than 253 bytes, or a label of more than 63.
        package static let tooLong = Code(rawValue: "domain_too_long")
    }

    package var code: Code

    package init(_ code: Code) { self.code = code }

    /// What was found, as a noun phrase; it completes "expected a company's domain such as `acme.com`, found …".
    package var found: String {
        switch code {
        case .empty: "an empty text"
        case .publicSuffix: "a public suffix, below which many companies register"
        case .ipAddress: "an IP address"
        case .tooLong: "a name longer than DNS allows (253 bytes, 63 a label)"
        default: "a malformed domain"
        }
    }

    package var description: String { "expected a company's domain such as `acme.com`, found \(found)" }
}
