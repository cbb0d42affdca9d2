import JSON
import Testing

@Suite struct SyntaxTests {
    static func problem(_ bytes: [UInt8]) -> String {
        do throws(JSONFailure) {
            _ = try JSONDocument.parse(bytes)
            return "none"
        } catch {
            return error.description
        }
    }

    static let refused: [(String, String)] = [
        ("", "expected a value, found the end at byte 0"),
        ("  ", "expected a value, found the end at byte 2"),
        ("{", "expected a name in quotes, found the end at byte 1"),
        ("{\"a\"", "expected `:`, found the end at byte 4"),
        ("{\"a\":", "expected a value, found the end at byte 5"),
        ("{\"a\":1", "expected `,` or `}`, found the end at byte 6"),
        ("{\"a\":1,}", "expected a name in quotes, found `}` at byte 7"),
        ("{a:1}", "expected a name in quotes, found `a` at byte 1"),
        ("[1,]", "expected a value, found `]` at byte 3"),
        ("[1 2]", "expected `,` or `]`, found `2` at byte 3"),
        ("[1}", "expected `,` or `]`, found `}` at byte 2"),
        ("{} x", "expected the end of the text, found `x` at byte 3"),
        ("tru", "expected `true`, found the end at byte 3"),
        ("[nul]", "expected `null`, found `]` at byte 4"),
        ("\"abc", "expected the closing quote of a string, found the end at byte 4"),
        ("\"a\nb\"", "expected control characters in a string to be escaped, found the byte 0x0a at byte 2"),
        ("\"\\x\"", "expected an escape such as `\\n`, found `x` at byte 2"),
        ("\"\\u12g4\"", "expected four hexadecimal digits, found `g` at byte 5"),
        ("\"\\ud800\"", "expected a pair of surrogates, found half a pair at byte 1"),
        ("\"\\ud800\\u0041\"", "expected a pair of surrogates, found half a pair at byte 1"),
        ("01", "expected a number without leading zeros, found a leading zero at byte 0"),
        ("-", "expected a digit, found the end at byte 1"),
        ("1.", "expected a digit, found the end at byte 2"),
        ("[1e+]", "expected a digit, found `]` at byte 4"),
        ("1e999", "expected a number of 64 bits, found a larger one at byte 0"),
        ("[123456789012345678901]", "expected a number of 64 bits, found a larger one at byte 1"),
        ("NaN", "expected a value, found `N` at byte 0"),
        ("'a'", "expected a value, found `'` at byte 0"),
        ("{\"a\":1}// c", "expected the end of the text, found `/` at byte 7"),
        ("\u{feff}{}", "expected a value, found the byte 0xef at byte 0"),
    ]

    @Test(arguments: refused)
    func `a syntax error names its place`(text: String, problem: String) {
        #expect(Self.problem(text.bytes) == "document: " + problem)
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80],
        ] as [[UInt8]])
    func `what is not UTF-8 is refused`(bytes: [UInt8]) {
        #expect(Self.problem("\"".bytes + bytes + "\"".bytes).hasPrefix("document: expected UTF-8, found "))
    }

    @Test func `nesting is bounded`() {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
        }
        #expect(Self.problem(nested(100)) == "none")
        #expect(Self.problem(nested(1_000_000)).hasPrefix("document: expected at most 128 levels, found `[` at byte "))
        #expect(
            Self.problem([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)).hasPrefix(
                "document: expected at most"))
        #expect(
            Self.problem(Array(String(repeating: "{\"a\":", count: 100_000).utf8)).hasPrefix(
                "document: expected at most"))
    }

    @Test func `size is bounded`() {
        #expect(
            Self.problem([UInt8](repeating: 0x20, count: 64 * 1024 * 1024 + 1))
                == "document: expected JSON of at most 67108864 bytes, found 67108865 bytes")
    }

    @Test func `a repeated name is found in objects of any size`() {
        for count in [2, 10, 64, 65, 66, 200, 5000] {
            let names = (0..<count).map { "\"name\($0)\":\($0)" }
            #expect(Self.problem("{\(names.joined(separator: ","))}".bytes) == "none")
            let twice = "{\((names + [names[count / 2]]).joined(separator: ","))}"
            #expect(
                Self.problem(twice.bytes)
                    == "/name\(count / 2): expected a name that occurs once in its object, found it again")
        }
    }
}
