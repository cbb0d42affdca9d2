/// A partner's own domain as somebody wrote it: `one.example`, `www.One.example` or `https://one.example/`.
package struct PartnerDomain: Sendable, Hashable {
    private let text: String

    package init(_ text: String) { self.text = text }

    /// Whether the partner's domain is a registrable domain, or one under it.
    ///
    /// - Parameter registrable: lower-case, as an account key is.
    package func isUnder(_ registrable: String) -> Bool {
        // Nearly always it is not even a part of the text, which every referral asks.
        guard !registrable.isEmpty, mentions(registrable) else { return false }
        let name = host
        return name == registrable || name.hasSuffix("." + registrable)
    }

    private func mentions(_ name: String) -> Bool {
        let (text, name) = (self.text.utf8.span, name.utf8.span)
        guard name.count <= text.count else { return false }
        for start in 0...text.count - name.count {
            var count = 0
            while count < name.count, Self.lowercase(text[start + count]) == name[count] { count += 1 }
            if count == name.count { return true }
        }
        return false
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    private var host: String {
        var rest = Substring(text.lowercased())
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        if let scheme = rest.firstIndex(of: ":"), rest[scheme...].hasPrefix("://") {
            rest = rest[rest.index(scheme, offsetBy: 3)...]
        }
        let name = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" && $0 != ":" && !$0.isWhitespace }
        return String(name.hasSuffix(".") ? name.dropLast() : name)
    }
}
