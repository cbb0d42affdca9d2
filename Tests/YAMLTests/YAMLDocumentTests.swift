import Hashing
import JSON
import Testing
import YAML

@Suite struct YAMLDocumentTests {
    static func json(_ text: String) throws -> String {
        String(decoding: try YAMLDocument(parsing: Array(text.utf8), file: "f.yaml").root.json.text, as: UTF8.self)
    }

    static func problem(_ text: String) -> String {
        problem(Array(text.utf8))
    }

    static func problem(_ bytes: [UInt8]) -> String {
        do throws(YAMLFailure) {
            _ = try YAMLDocument(parsing: bytes, file: "f.yaml")
            return "none"
        } catch {
            return error.description
        }
    }

    // YAML 1.2.2, section 10.3.2, and what YAML 1.1 would have made of it.
    static let scalars: [(String, String)] = [
        ("null", "null"), ("~", "null"), ("", "null"), ("Null", "null"), ("nUll", #""nUll""#),
        ("true", "true"), ("False", "false"), ("yes", #""yes""#), ("on", #""on""#), ("y", #""y""#),
        ("0", "0"), ("-7", "-7"), ("+7", "7"), ("012", "12"), ("0o14", "12"), ("0xFf", "255"), ("0x", #""0x""#),
        ("0x-1", #""0x-1""#), ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", #""9223372036854775808""#), ("1_000", #""1_000""#), ("12:30", #""12:30""#),
        ("0.5", "0.5"), ("-.5", "-0.5"), ("1.", "1"), ("1.10", "1.10"), ("007.50", "7.50"), ("+1e3", "1e3"),
        ("1E-2", "1e-2"), ("1e999", #""1e999""#), ("1e", #""1e""#), (".", #"".""#), ("-", #""-""#),
        (".inf", #"".inf""#),
        (".nan", #"".nan""#), ("1.2.3", #""1.2.3""#), ("2025-01-31", #""2025-01-31""#), ("a: b", ""), ("DE", #""DE""#),
        ("NO", #""NO""#),
    ]

    @Test(arguments: scalars.filter { !$0.1.isEmpty && $0.0 != "-" })
    func `a plain scalar resolves by the core schema`(text: String, json: String) throws {
        #expect(try Self.json("value: \(text)") == #"{"value":\#(json)}"#)
    }

    @Test(arguments: ["null", "true", "7", "0.5", ""])
    func `a quoted scalar is a string`(text: String) throws {
        for quote in ["'", "\""] {
            #expect(try Self.json("value: \(quote)\(text)\(quote)") == #"{"value":"\#(text)"}"#)
        }
        #expect(try Self.json("value: |-\n  \(text)\n") == #"{"value":"\#(text)"}"#)
    }

    @Test func `sequences and mappings nest in every style`() throws {
        let text = """
            # a comment
            a:
              - 1
              - {x: 1, y: [p, "q"]}
              -
                - deep
            b: {}
            c: []
            d: >
              folded
              text
            "e": 'it''s'
            """
        #expect(
            try Self.json(text)
                == #"{"a":[1,{"x":1,"y":["p","q"]},["deep"]],"b":{},"c":[],"d":"folded text\n","e":"it's"}"#)
    }

    @Test func `a byte order mark is skipped`() throws {
        #expect(try Self.json("\u{feff}a: 1") == #"{"a":1}"#)
    }

    static let refused: [(String, String)] = [
        ("", "f.yaml:1:1: expected a document, found an empty file"),
        ("# only a comment\n", "f.yaml:2:1: expected a document, found an empty file"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: expected each key once, found `a` again (first in line 1)"),
        ("a: {b: 1, 'b': 2}", "f.yaml:1:11: expected each key once, found `b` again (first in line 1)"),
        ("a: &x 1\n", "f.yaml:1:4: expected no anchors, found an anchor (`&name`)"),
        ("a: *x\n", "f.yaml:1:4: expected no aliases, found an alias (`*name`)"),
        ("a: !!python/object 1\n", "f.yaml:1:4: expected no tags, found a tag (`!name`)"),
        ("a: 1\n---\nb: 1\n", "f.yaml:2:1: expected one document, found a second one"),
        ("? [a]\n: 1\n", "f.yaml:1:3: expected a text as key, found a sequence or mapping as key"),
        (
            "a:\n\t- 1\n",
            "f.yaml:2:1: expected YAML, found while scanning for the next token: "
                + "found character that cannot start any token"
        ),
        ("a: 'x\n", "f.yaml:2:1: expected YAML, found while scanning a quoted scalar: found unexpected end of stream"),
        ("a: 1\n b: 2\n", "f.yaml:2:3: expected YAML, found mapping values are not allowed in this context"),
    ]

    @Test(arguments: refused)
    func `what is outside the subset is refused with its place`(text: String, problem: String) {
        #expect(Self.problem(text) == problem)
    }

    @Test func `bytes that are not UTF-8 are refused with their place`() {
        #expect(Self.problem(Array("a: 1\nb: ".utf8) + [0xff]).hasPrefix("f.yaml:2:4: expected YAML, found"))
        #expect(Self.problem([0xff, 0xfe, 0x61, 0]) != "none")
        #expect(Self.problem([0]) != "none")
    }

    @Test func `depth and size are bounded`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(Self.problem(deep).contains("expected at most 64 levels"))
        #expect(Self.problem(String(repeating: "- ", count: 1000) + "x").contains("expected at most 64 levels"))
        #expect(
            Self.problem([UInt8](repeating: 0x20, count: YAMLDocument.maximumBytes + 1))
                == "f.yaml:1:1: expected at most 4194304 bytes, found 4194305 bytes")
    }

    @Test func `random bytes never do harm`() {
        var generator = SplitMix64(seed: 20)
        let alphabet = Array("{}[]:-,#&*!|>'\"%@`\n\t ab01\\?~".utf8) + [0, 0x80, 0xc3, 0xff]
        for _ in 0..<3000 {
            let count = Int.random(in: 0..<60, using: &generator)
            let bytes = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            do throws(YAMLFailure) {
                let root = try YAMLDocument(parsing: bytes, file: "f").root
                #expect(throws: Never.self) { try JSONDocument.parse(root.json.text) }
            } catch {
                #expect(error.problems.count == 1)
            }
        }
    }
}

@Suite struct YAMLDecodingTests {
    struct Review: JSONReadable {
        var hours: Int64
        var owner: String
        init(reading reader: inout ObjectReader) {
            hours = reader.integer("hours", in: 1...1000)
            owner = reader.string("owner")
            reader.rejectUnknown()
        }
    }

    struct File: JSONReadable {
        var name: String
        var review: Review
        var steps: [Review]
        init(reading reader: inout ObjectReader) {
            name = reader.string("name")
            review = reader.object("review", Review.self)
            steps = reader.objects("steps", Review.self)
            reader.rejectUnknown()
        }
    }

    @Test func `a good file is read`() throws {
        let text = "name: x\nreview: {hours: 48, owner: ada}\nsteps:\n  - hours: 1\n    owner: bob\n"
        let file = try YAMLDocument.decode(File.self, from: Array(text.utf8), file: "f.yaml")
        #expect(file.name == "x")
        #expect(file.review.hours == 48)
        #expect(file.steps.map(\.owner) == ["bob"])
    }

    @Test func `every problem names file, line, column, pointer, expectation and finding`() {
        let text = """
            name: 7
            review:
              hours: 0
              ownr: ada
            steps:
              - hours: "1"
                owner: bob
              - 3
            a/b: 1
            """
        #expect(throws: YAMLFailure.self) { try YAMLDocument.decode(File.self, from: Array(text.utf8), file: "f.yaml") }
        do throws(YAMLFailure) {
            _ = try YAMLDocument.decode(File.self, from: Array(text.utf8), file: "f.yaml")
        } catch {
            #expect(
                error.description == """
                    f.yaml:1:7: /name: expected a string, found an integer
                    f.yaml:3:10: /review/hours: expected an integer from 1 to 1000, found 0
                    f.yaml:2:1: /review/owner: expected a string, found nothing
                    f.yaml:4:9: /review/ownr: expected no such field (did you mean `owner`?), found an unknown field
                    f.yaml:6:12: /steps/0/hours: expected an integer from 1 to 1000, found a string
                    f.yaml:8:5: /steps/1: expected an object, found an integer
                    f.yaml:9:6: /a~1b: expected no such field, found an unknown field
                    """)
        }
    }
}
