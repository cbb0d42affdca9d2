internal import JSON

/// The core schema of YAML 1.2 (section 10.3.2): what a plain scalar is. `yes`, `on` and dates are strings.
enum CoreSchema {
    static func resolve(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        return integer(text) ?? number(text) ?? .string(text)
    }

    /// `[-+]?[0-9]+`, `0o[0-7]+` or `0x[0-9a-fA-F]+`, if it fits 64 bits; a longer one stays a string.
    private static func integer(_ text: String) -> JSONValue? {
        let digits = text.utf8
        if text.hasPrefix("0o") { return unsigned(text.dropFirst(2), radix: 8) }
        if text.hasPrefix("0x") { return unsigned(text.dropFirst(2), radix: 16) }
        let unsignedPart = isSign(digits.first) ? digits.dropFirst() : digits[...]
        guard !unsignedPart.isEmpty, unsignedPart.allSatisfy(isDigit) else { return nil }
        return Int64(text).map(JSONValue.integer)
    }

    private static func unsigned(_ digits: Substring, radix: Int) -> JSONValue? {
        guard let first = digits.utf8.first, !isSign(first) else { return nil }
        return Int64(digits, radix: radix).map(JSONValue.integer)
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, written as JSON demands but with all its digits.
    /// Infinities and what is none in JSON stay strings.
    private static func number(_ text: String) -> JSONValue? {
        var rest = text.utf8[...]
        var output = ""
        if let sign = rest.first, isSign(sign) {
            if sign == UInt8(ascii: "-") { output = "-" }
            rest.removeFirst()
        }
        let whole = takeDigits(&rest)
        var fraction = ""
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = takeDigits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        let significant = whole.drop { $0 == "0" }
        output += significant.isEmpty ? "0" : String(significant)
        if !fraction.isEmpty { output += "." + fraction }
        if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            output += "e"
            if let sign = rest.first, isSign(sign) {
                output += sign == UInt8(ascii: "-") ? "-" : "+"
                rest.removeFirst()
            }
            let exponent = takeDigits(&rest)
            guard !exponent.isEmpty else { return nil }
            output += exponent
        } else if fraction.isEmpty, text.utf8.allSatisfy({ isDigit($0) || isSign($0) }) {
            return nil  // An integer beyond 64 bits.
        }
        guard rest.isEmpty, let double = Double(output), double.isFinite else { return nil }
        return .number(output)
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> String {
        let digits = rest.prefix(while: isDigit)
        rest = rest[digits.endIndex...]
        return String(decoding: digits, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isSign(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") }
}
