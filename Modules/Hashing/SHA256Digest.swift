/// A SHA-256 hash: 32 bytes, compared in constant size and cheap to keep.
package struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
    /// The length of every digest in bytes.
    package static let byteCount = 32

    /// The bytes as four big-endian words.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The hash of the bytes.
    package init(of bytes: [UInt8]) {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        self = hasher.finish()
    }

    /// The hash of the text's UTF-8 bytes.
    package init(of text: String) {
        self.init(of: Array(text.utf8))
    }

    /// A digest that was stored as bytes; `nil` unless there are 32.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        func word(_ index: Int) -> UInt64 {
            bytes[index * 8..<index * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// A digest as the library writes it, in memory.
    init(unchecked words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }

    /// A digest that was stored as 64 hexadecimal digits of either case; `nil` for any other text.
    package init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == Self.byteCount * 2 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Hexadecimal.value(digits[index]), let low = Hexadecimal.value(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        self.init(bytes: bytes)
    }

    /// The first 64 bits, big-endian.
    package var first64: UInt64 { words.0 }

    /// The first 128 bits, big-endian.
    package var first128: (high: UInt64, low: UInt64) { (words.0, words.1) }

    /// The last 128 bits, big-endian.
    package var last128: (high: UInt64, low: UInt64) { (words.2, words.3) }

    /// All 32 bytes.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return bytes
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        Hexadecimal.text(words.0) + Hexadecimal.text(words.1) + Hexadecimal.text(words.2) + Hexadecimal.text(words.3)
    }

    package var description: String { hex }

    package static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        left.words == right.words
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
    }
}
