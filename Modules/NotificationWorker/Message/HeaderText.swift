/// Texts in headers: RFC 5322 where they are plain, RFC 2047 encoded words where they are not.
enum HeaderText {
    /// An encoded word is at most 75 characters long; this many bytes of UTF-8 fit one in base64.
    private static let wordBytes = 42
    /// Headers are folded before this column where they can be.
    static let lineLength = 76

    /// Free text, such as a subject. Control characters, line breaks among them, become blanks.
    static func unstructured(_ text: String) -> String {
        let line = singleLine(text)
        return line.utf8.allSatisfy { $0 < 0x7f } && !line.contains("=?") ? line : encodedWords(line)
    }

    /// A name before an address: bare, quoted or encoded.
    static func phrase(_ text: String) -> String {
        let line = singleLine(text)
        guard line.utf8.allSatisfy({ $0 < 0x7f }), !line.contains("=?") else { return encodedWords(line) }
        let isBare = line.utf8.allSatisfy { isAtomText($0) || $0 == 0x20 }
        guard !isBare else { return line }
        var quoted = "\""
        for character in line.unicodeScalars {
            if character == "\"" || character == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }

    /// One line without control characters, and without blanks at its ends or in a row.
    static func singleLine(_ text: String) -> String {
        guard !isPlainLine(text) else { return text }
        var line = ""
        for scalar in text.unicodeScalars {
            let isBlank = scalar.value <= 0x20 || (0x7f...0xa0).contains(scalar.value) || isLineBreak(scalar)
            if !isBlank {
                line.unicodeScalars.append(scalar)
            } else if line.unicodeScalars.last.map({ $0 != " " }) ?? false {
                line.unicodeScalars.append(" ")
            }
        }
        if line.unicodeScalars.last == " " { line.unicodeScalars.removeLast() }
        return line
    }

    /// Whether the text is ASCII on one line already; most are.
    private static func isPlainLine(_ text: String) -> Bool {
        var wasBlank = true
        for byte in text.utf8 {
            let isBlank = byte == 0x20
            guard byte >= 0x20, byte < 0x7f, !(isBlank && wasBlank) else { return false }
            wasBlank = isBlank
        }
        return !wasBlank
    }

    /// A header with its name, folded at blanks.
    ///
    /// - Parameter value: on one line, without blanks at its ends or in a row.
    static func field(_ name: String, _ value: String) -> String {
        if !value.isEmpty, name.utf8.count + 2 + value.utf8.count <= lineLength { return "\(name): \(value)\r\n" }
        var lines = ""
        var line = "\(name):"
        for word in value.split(separator: " ") {
            if line.utf8.count + 1 + word.utf8.count > lineLength, line != "\(name):" {
                lines += line + "\r\n"
                line = ""
            }
            line += " \(word)"
        }
        return lines + line + "\r\n"
    }

    private static func encodedWords(_ line: String) -> String {
        var words: [String] = []
        var chunk: [UInt8] = []
        func close() {
            guard !chunk.isEmpty else { return }
            words.append("=?UTF-8?B?\(Base64.text(chunk))?=")
            chunk.removeAll()
        }
        for character in line.unicodeScalars {
            let bytes = Array(String(character).utf8)
            if chunk.count + bytes.count > wordBytes { close() }
            chunk += bytes
        }
        close()
        return words.joined(separator: " ")
    }

    private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value == 0x2028 || scalar.value == 0x2029
    }

    private static func isAtomText(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
        }
    }
}

/// RFC 4648.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                output.append(
                    index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
