internal import CSimdjson

/// Says where a document stops being JSON. simdjson is fast because it does not know; this second look is slow and
/// only taken once a document has been refused.
struct SyntaxError: Error {
    var offset: Int
    var expected: String
    var found: String

    /// The one problem of a refused document. `parserReason` is simdjson's, for what the second look accepts.
    static func problem(in bytes: [UInt8], parserReason: String) -> JSONProblem {
        guard bytes.count <= Int(csimdjson_max_bytes) else {
            return JSONProblem(
                pointer: "", expected: "JSON of at most \(csimdjson_max_bytes) bytes", found: "\(bytes.count) bytes")
        }
        var scanner = SyntaxScanner(bytes: bytes, maximumDepth: Int(csimdjson_max_depth))
        do throws(SyntaxError) {
            try scanner.document()
            return JSONProblem(pointer: "", expected: "JSON", found: parserReason)
        } catch {
            return JSONProblem(pointer: "", expected: error.expected, found: "\(error.found) at byte \(error.offset)")
        }
    }
}

/// A strict scanner of RFC 8259 without recursion.
private struct SyntaxScanner {
    let bytes: [UInt8]
    let maximumDepth: Int
    private var position = 0
    /// The closing brackets still to come.
    private var open: [UInt8] = []

    init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(SyntaxError) {
        try valueStart()
        while let closing = open.last {
            skipSpace()
            if peek == closing {
                position += 1
                open.removeLast()
            } else if peek == UInt8(ascii: ",") {
                position += 1
                if closing == UInt8(ascii: "}") { try name() }
                try valueStart()
            } else {
                throw unexpected("`,` or `\(Character(UnicodeScalar(closing)))`")
            }
        }
        skipSpace()
        if position < bytes.count { throw unexpected("the end of the text") }
    }

    /// A scalar, or the opening of containers down to the first scalar or empty container.
    private mutating func valueStart() throws(SyntaxError) {
        while true {
            skipSpace()
            switch peek {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let closing = peek == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")
                guard open.count < maximumDepth - 1 else { throw unexpected("at most \(maximumDepth) levels") }
                position += 1
                open.append(closing)
                skipSpace()
                if peek == closing {
                    position += 1
                    open.removeLast()
                    return
                }
                if closing == UInt8(ascii: "}") { try name() }
            case UInt8(ascii: "\""): return try string()
            case UInt8(ascii: "t"): return try word("true")
            case UInt8(ascii: "f"): return try word("false")
            case UInt8(ascii: "n"): return try word("null")
            default: return try number()
            }
        }
    }

    private mutating func name() throws(SyntaxError) {
        skipSpace()
        guard peek == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
        try string()
        skipSpace()
        guard peek == UInt8(ascii: ":") else { throw unexpected("`:`") }
        position += 1
    }

    private mutating func word(_ word: StaticString) throws(SyntaxError) {
        for byte in Array(word.description.utf8) {
            guard peek == byte else { throw unexpected("`\(word)`") }
            position += 1
        }
    }

    private mutating func string() throws(SyntaxError) {
        position += 1
        while true {
            guard let byte = peek else { throw unexpected("the closing quote of a string") }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw unexpected("control characters in a string to be escaped")
            case 0x20..<0x80: position += 1
            default: try multibyte()
            }
        }
    }

    private mutating func escape() throws(SyntaxError) {
        let start = position
        position += 1
        guard let kind = peek, "\"\\/bfnrtu".utf8.contains(kind) else { throw unexpected("an escape such as `\\n`") }
        position += 1
        guard kind == UInt8(ascii: "u") else { return }
        let unit = try hexadecimal()
        guard unit & 0xf800 == 0xd800 else { return }
        if unit < 0xdc00, peek == UInt8(ascii: "\\"), position + 1 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            if try hexadecimal() & 0xfc00 == 0xdc00 { return }
        }
        throw SyntaxError(offset: start, expected: "a pair of surrogates", found: "half a pair")
    }

    private mutating func hexadecimal() throws(SyntaxError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = peek.flatMap({ Character(UnicodeScalar($0)).hexDigitValue }) else {
                throw unexpected("four hexadecimal digits")
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    /// One scalar of more than one byte, as Unicode's table 3-7 allows it.
    private mutating func multibyte() throws(SyntaxError) {
        let lead = bytes[position]
        let first: ClosedRange<UInt8>
        switch lead {
        case 0xc2...0xdf: first = 0x80...0xbf
        case 0xe0: first = 0xa0...0xbf
        case 0xed: first = 0x80...0x9f
        case 0xe1...0xef: first = 0x80...0xbf
        case 0xf0: first = 0x90...0xbf
        case 0xf1...0xf3: first = 0x80...0xbf
        case 0xf4: first = 0x80...0x8f
        default: throw unexpected("UTF-8")
        }
        position += 1
        let length = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3
        for index in 0..<length {
            guard let byte = peek, (index == 0 ? first : 0x80...0xbf).contains(byte) else { throw unexpected("UTF-8") }
            position += 1
        }
    }

    private mutating func number() throws(SyntaxError) {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        let digitsStart = position
        guard takeDigits() > 0 else {
            if position == start { throw unexpected("a value") }
            throw unexpected("a digit")
        }
        if bytes[digitsStart] == UInt8(ascii: "0"), position > digitsStart + 1 {
            throw SyntaxError(offset: start, expected: "a number without leading zeros", found: "a leading zero")
        }
        var isInteger = true
        if peek == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard takeDigits() > 0 else { throw unexpected("a digit") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            guard takeDigits() > 0 else { throw unexpected("a digit") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let fits = isInteger ? Int64(text) != nil || UInt64(text) != nil : Double(text)?.isFinite == true
        if !fits { throw SyntaxError(offset: start, expected: "a number of 64 bits", found: "a larger one") }
    }

    private mutating func takeDigits() -> Int {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
    }

    private func unexpected(_ expected: String) -> SyntaxError {
        let found: String
        switch peek {
        case nil: found = "the end"
        case .some(let byte) where (0x21..<0x7f).contains(byte): found = "`\(Character(UnicodeScalar(byte)))`"
        case .some(let byte): found = "the byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return SyntaxError(offset: position, expected: expected, found: found)
    }
}
