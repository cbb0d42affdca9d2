/// A partner's own domain as somebody wrote it: `one.example`, `www.One.example` or `https://one.example/`.
package struct PartnerDomain: Sendable, Hashable {
    private let host: String

    package init(_ text: String) {
        var rest = Substring(text.lowercased())
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        if let scheme = rest.firstIndex(of: ":"), rest[scheme...].hasPrefix("://") {
            rest = rest[rest.index(scheme, offsetBy: 3)...]
        }
        host = String(rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" && $0 != ":" && !$0.isWhitespace })
    }

    /// Whether the partner's domain is a registrable domain, or one under it.
    ///
    /// - Parameter registrable: lower-case, as an account key is.
    package func isUnder(_ registrable: String) -> Bool {
        let name = host.hasSuffix(".") ? String(host.dropLast()) : host
        return !registrable.isEmpty && (name == registrable || name.hasSuffix("." + registrable))
    }
}
