internal import CIDN

/// Host names in the form that DNS compares: lower-case A-labels.
enum HostName {
    static let maximumBytes = 253
    static let maximumLabelBytes = 63
    /// Longer texts are refused unread; the limit leaves room for a URL around the name.
    static let maximumInputBytes = 2048

    /// The host in what people put into a domain field: white space around it, a scheme in front, a path, query or
    /// fragment behind and one trailing dot are taken off. Ports, user names and anything else stay, and are refused.
    static func text(in input: String) throws(DomainNameError) -> Substring {
        guard input.utf8.count <= maximumInputBytes else { throw DomainNameError(.tooLong) }
        if input.utf8.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }),
            let last = input.utf8.last, last != UInt8(ascii: ".")
        {
            // Nothing is around the name; so it is in nearly every case.
            return Substring(input)
        }
        var text = Substring(input)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        if let scheme = schemeEnd(text) { text = text[scheme...] }
        if let end = text.firstIndex(where: { $0 == "/" || $0 == "?" || $0 == "#" }) { text = text[..<end] }
        if text.hasSuffix(".") { text.removeLast() }
        guard !text.isEmpty else { throw DomainNameError(.empty) }
        return text
    }

    /// The index after `://` when letters, digits, `+`, `-` and `.` come before it.
    private static func schemeEnd(_ text: Substring) -> Substring.Index? {
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon != bytes.startIndex else { return nil }
        let isScheme = bytes[..<colon].allSatisfy { byte in
            isLetterOrDigit(byte) || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(byte)
        }
        let rest = bytes[colon...]
        guard isScheme, rest.starts(with: "://".utf8) else { return nil }
        return bytes.index(colon, offsetBy: 3)
    }

    /// Lower-case A-labels (RFC 5890) by UTS #46 non-transitional processing: `Faß.de` is `xn--fa-hia.de`.
    static func asciiForm(_ text: Substring) throws(DomainNameError) -> String {
        var needsMapping = false
        var isLowered = true
        let bytes = text.utf8Span.span
        for index in bytes.indices {
            let byte = bytes[index]
            if byte >= 0x80 {
                needsMapping = true
            } else if isUpper(byte) {
                isLowered = false
            } else if !isLetterOrDigit(byte) && byte != UInt8(ascii: "-") && byte != UInt8(ascii: ".") {
                // libidn2 would drop some of these silently.
                throw DomainNameError(isBracketOrColon(byte) && looksLikeIPv6(text) ? .ipAddress : .malformed)
            }
        }
        let name =
            isLowered ? String(text) : String(decoding: text.utf8.map { isUpper($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
        guard needsMapping || holdsALabel(name.utf8Span.span) else {
            try check(name.utf8Span.span)
            return name
        }
        let mapped = try toASCII(name)
        try check(mapped.utf8Span.span)
        return mapped
    }

    /// Whether `xn--` stands anywhere in it.
    private static func holdsALabel(_ name: Span<UInt8>) -> Bool {
        guard name.count >= 4 else { return false }
        for start in 0...(name.count - 4)
        where name[start] == UInt8(ascii: "x") && name[start + 1] == UInt8(ascii: "n")
            && name[start + 2] == UInt8(ascii: "-") && name[start + 3] == UInt8(ascii: "-")
        {
            return true
        }
        return false
    }

    private static func toASCII(_ name: String) throws(DomainNameError) -> String {
        var output: UnsafeMutablePointer<UInt8>?
        let flags = Int32(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        let status = unsafe idn2_lookup_u8(Array(name.utf8) + [0], &output, flags)
        defer { unsafe idn2_free(output) }
        switch status {
        case Int32(IDN2_OK.rawValue): break
        case Int32(IDN2_TOO_BIG_DOMAIN.rawValue), Int32(IDN2_TOO_BIG_LABEL.rawValue),
            Int32(IDN2_PUNYCODE_BIG_OUTPUT.rawValue):
            throw DomainNameError(.tooLong)
        default: throw DomainNameError(.malformed)
        }
        guard let output = unsafe output else { throw DomainNameError(.malformed) }
        return unsafe String(cString: output)
    }

    /// Letters, digits and inner hyphens (RFC 1123), within the lengths of DNS, not all numbers.
    private static func check(_ name: Span<UInt8>) throws(DomainNameError) {
        var start = 0
        for index in name.indices where name[index] == UInt8(ascii: ".") {
            try checkLabel(name.extracting(start..<index))
            start = index + 1
        }
        let last = name.extracting(start..<name.count)
        try checkLabel(last)
        guard name.count <= maximumBytes else { throw DomainNameError(.tooLong) }
        // No top-level domain is a number, so such a name can only be (or be mistaken for) an IPv4 address.
        if allSatisfy(last, isDigit) { throw DomainNameError(.ipAddress) }
    }

    private static func checkLabel(_ label: Span<UInt8>) throws(DomainNameError) {
        guard !label.isEmpty else { throw DomainNameError(.malformed) }
        guard label.count <= maximumLabelBytes else { throw DomainNameError(.tooLong) }
        guard label[0] != UInt8(ascii: "-"), label[label.count - 1] != UInt8(ascii: "-"),
            allSatisfy(label, { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
        else { throw DomainNameError(.malformed) }
    }

    @inline(__always)
    private static func allSatisfy(_ bytes: Span<UInt8>, _ predicate: (UInt8) -> Bool) -> Bool {
        for index in bytes.indices where !predicate(bytes[index]) { return false }
        return true
    }

    private static func looksLikeIPv6(_ text: Substring) -> Bool {
        let digits = text.utf8.drop { $0 == UInt8(ascii: "[") }.prefix { $0 != UInt8(ascii: "]") }
        return digits.count { $0 == UInt8(ascii: ":") } >= 2
            && digits.allSatisfy {
                $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
                    || (isLetterOrDigit($0) && (!isLetter($0) || ($0 | 0x20) <= UInt8(ascii: "f")))
            }
    }

    private static func isBracketOrColon(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "[")
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
