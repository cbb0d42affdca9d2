import Foundation
import Hashing
import JSON
import Testing

/// Against Foundation's reader, and against any bytes. The seeds are fixed: a failure repeats.
@Suite struct FuzzTests {
    static let pieces: [String] =
        (0..<0x20).map { String(UnicodeScalar(UInt8($0))) } + [
            "\"", "\\", "/", "\u{7f}", "\u{80}", "\u{2028}", "\u{2029}", "\u{fffd}", "\u{ffff}", "\u{10ffff}", "é",
            "e\u{301}", "日本", "🎉", "👩‍👩‍👧", "a", "abcdefgh", "0123456789abcdef", " ", "<", ">", "&", "'", "",
        ]

    static func text(_ generator: inout SplitMix64) -> String {
        (0..<Int.random(in: 0..<12, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
            .joined()
    }

    static func value(_ generator: inout SplitMix64, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: return .integer(Int64.random(in: -10...10, using: &generator))
        case 4: return .number(String(Double.random(in: -1e6...1e6, using: &generator)))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &generator)).map { _ in value(&generator, depth: depth - 1) })
        case 7:
            var members: [(String, JSONValue)] = []
            for number in 0..<Int.random(in: 0..<5, using: &generator) {
                members.append(("\(number)" + text(&generator), value(&generator, depth: depth - 1)))
            }
            return .object(members)
        default: return .string(text(&generator))
        }
    }

    /// Whether Foundation read the same tree.
    static func isSame(_ value: JSONValue, _ other: Any) -> Bool {
        switch value {
        case .null: return other is NSNull
        case .bool(let value): return (other as? Bool) == value
        case .integer(let value): return (other as? NSNumber)?.int64Value == value
        case .number(let value):
            // Foundation's own reading may be off by the last bit.
            guard let number = Double(value), let read = (other as? NSNumber)?.doubleValue else { return false }
            return abs(number - read) <= abs(number) * 1e-15
        case .string(let value): return (other as? String).map { Array($0.utf8) == Array(value.utf8) } ?? false
        case .array(let elements):
            guard let others = other as? [Any], others.count == elements.count else { return false }
            return zip(elements, others).allSatisfy { isSame($0, $1) }
        case .object(let members):
            guard let others = other as? [String: Any], others.count == members.count else { return false }
            return members.allSatisfy { name, member in others[name].map { isSame(member, $0) } ?? false }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `Foundation reads what we write, and so do we`(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        for _ in 0..<1000 {
            let value = Self.value(&generator, depth: 4)
            for text in [value.text, value.pretty().bytes] {
                #expect(try JSONDocument.parse(text) == value)
                let other = try JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
                #expect(Self.isSame(value, other))
            }
        }
    }

    @Test func `we read what Foundation writes`() throws {
        var generator = SplitMix64(seed: 4)
        for _ in 0..<1000 {
            let strings = (0..<5).map { _ in Self.text(&generator) }
            let text = try JSONSerialization.data(withJSONObject: strings)
            #expect(try JSONDocument.parse([UInt8](text)) == .array(strings.map(JSONValue.string)))
        }
    }

    @Test func `every string survives a field, a map and an array`() throws {
        var generator = SplitMix64(seed: 5)
        for _ in 0..<1000 {
            var sample = Sample()
            sample.id = Self.text(&generator)
            sample.tags = [Self.text(&generator), Self.text(&generator)]
            sample.labels = [Self.text(&generator): Self.text(&generator), "z": Self.text(&generator)]
            #expect(try JSONDocument.decode(Sample.self, from: JSONEncoding.encode(sample)) == sample)
        }
    }

    @Test(arguments: 0...40)
    func `an escape is right at every place of a string`(length: Int) throws {
        for special in ["\"", "\\", "\n", "\u{0}", "\u{1f}", "\u{80}", "ÿ"] {
            for position in 0...length {
                let text =
                    String(repeating: "x", count: position) + special + String(repeating: "y", count: length - position)
                let written = JSONValue.string(text).text
                #expect(
                    try JSONSerialization.jsonObject(with: Data(written), options: .fragmentsAllowed) as? String == text
                )
            }
        }
    }

    @Test func `random and mutated bytes never do harm`() throws {
        var generator = SplitMix64(seed: 6)
        let alphabet = "{}[]\",:0123456789.-+eEtruefalsn \\u\n".bytes + [0, 0x80, 0xc3, 0xe2, 0xf0, 0xff]
        let sample = JSONEncoding.encode(RoundTripTests.full())
        for round in 0..<6000 {
            var bytes: [UInt8]
            if round.isMultiple(of: 2) {
                let count = Int.random(in: 0..<80, using: &generator)
                bytes = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            } else {
                bytes = Array(sample[..<Int.random(in: 1...sample.count, using: &generator)])
                for _ in 0..<Int.random(in: 0...4, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                }
            }
            do throws(JSONFailure) {
                let value = try JSONDocument.parse(bytes)
                // Whatever is read can be written and read again.
                #expect(throws: Never.self) { try JSONDocument.parse(value.text) }
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { $0.expected != "JSON" }, "no place for \(error)")
            }
            do throws(JSONFailure) {
                _ = try JSONDocument.decode(Sample.self, from: bytes)
            } catch {
                #expect(!error.problems.isEmpty)
            }
        }
    }

    @Test func `threads decode at once`() async {
        let expected = RoundTripTests.full()
        let bytes = JSONEncoding.encode(expected)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<500).allSatisfy { _ in (try? JSONDocument.decode(Sample.self, from: bytes)) == expected }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
