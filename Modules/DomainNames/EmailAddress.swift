/// An e-mail address as it is used in practice: `local@domain`, the domain in lower-case A-labels.
///
/// Accepted is the dot-atom form of RFC 5322 with at most 64 bytes before the `@` and 254 in all. Quoted local parts,
/// comments, address literals and letters outside ASCII before the `@` are refused: hardly any mail system takes them.
package struct EmailAddress: Sendable, Hashable, CustomStringConvertible {
    /// Before the `@`, as written: only its owner's system knows whether case matters.
    package let local: String
    /// After the `@`: lower-case A-labels, at least two.
    package let domain: String

    /// `nil` unless well-formed; white space around it is forgiven.
    package init?(_ text: String) {
        guard text.utf8.count <= 1024 else { return nil }
        let bytes = text.utf8.drop { Self.isSpace($0) }
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let local = bytes[..<at]
        var host = bytes[bytes.index(after: at)...]
        while let last = host.last, Self.isSpace(last) { host.removeLast() }
        guard (1...64).contains(local.count), Self.isDotAtom(local) else { return nil }
        guard let name = Self.hostName(Substring(host)), local.count + 1 + name.utf8.count <= 254 else { return nil }
        self.local = String(decoding: local, as: UTF8.self)
        domain = name
    }

    package var description: String { "\(local)@\(domain)" }

    private static func hostName(_ text: Substring) -> String? {
        do throws(DomainNameError) {
            let name = try HostName.asciiForm(text)
            return name.utf8.contains(UInt8(ascii: ".")) ? name : nil
        } catch {
            return nil
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    /// RFC 5322 section 3.2.3: atoms with single dots between them.
    private static func isDotAtom(_ bytes: Substring.UTF8View) -> Bool {
        var previous = UInt8(ascii: ".")
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                if previous == byte { return false }
            } else if !isAtomText(byte) {
                return false
            }
            previous = byte
        }
        return previous != UInt8(ascii: ".")
    }

    private static func isAtomText(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
        }
    }
}
