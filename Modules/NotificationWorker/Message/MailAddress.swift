/// A mailbox for a header: a name for people and an address for mail systems. Neither can break out of its header.
struct MailAddress: Sendable, Hashable {
    var name: String
    var email: String

    /// `nil` unless the address is plain ASCII `local@domain` without white space, quotes, brackets or control characters.
    init?(name: String, email: String) {
        let parts = email.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        let forbidden = "()<>[]:;,\\\"".utf8
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, email.utf8.count <= 254,
            email.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !forbidden.contains($0) })
        else { return nil }
        self.name = name
        self.email = email
    }

    /// `Jo Doe <jo@acme.com>`, the name quoted or encoded as it needs.
    var header: String {
        let phrase = HeaderText.phrase(name)
        return phrase.isEmpty ? email : "\(phrase) <\(email)>"
    }
}
