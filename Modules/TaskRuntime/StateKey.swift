package import Domain

/// A key of a store's table whose byte order is the order of its parts: text ends with 0x00, integers are big-endian with
/// the sign bit flipped. A key built from fewer parts is a prefix of those that continue it.
package struct StateKey: Sendable, Hashable {
    package private(set) var bytes: [UInt8]

    package init() { bytes = [] }

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// A key of plain big-endian words, such as a hash.
    init(bigEndian words: [UInt64]) {
        bytes = []
        bytes.reserveCapacity(words.count * 8)
        for word in words { append(bigEndian: word) }
    }

    private mutating func append(bigEndian word: UInt64) {
        unsafe withUnsafeBytes(of: word.bigEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    package init(_ parts: String...) {
        bytes = []
        bytes.reserveCapacity(parts.reduce(0) { $0 + $1.utf8.count + 1 })
        for part in parts { append(part) }
    }

    package mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
    }

    package mutating func append(_ value: Int64) {
        append(bigEndian: UInt64(bitPattern: value) ^ (1 << 63))
    }

    package mutating func append(_ time: Timestamp) { append(time.millisecondsSince1970) }

    package func appending(_ text: String) -> StateKey {
        var key = self
        key.append(text)
        return key
    }

    package func appending(_ value: Int64) -> StateKey {
        var key = self
        key.append(value)
        return key
    }

    package func appending(_ time: Timestamp) -> StateKey { appending(time.millisecondsSince1970) }

    /// The first key after all that start with this one; `nil` where no key can follow.
    package var prefixEnd: [UInt8]? {
        var end = bytes
        while let last = end.popLast() {
            if last < 0xff {
                end.append(last + 1)
                return end
            }
        }
        return nil
    }
}
