package import Domain

/// A key of a store's table whose byte order is the order of its parts: text ends with 0x00, integers are big-endian with
/// the sign bit flipped. A key built from fewer parts is a prefix of those that continue it.
package struct StateKey: Sendable, Hashable {
    package private(set) var bytes: [UInt8]

    package init() { bytes = [] }

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package init(_ parts: String...) {
        bytes = []
        for part in parts { append(part) }
    }

    package mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
    }

    package mutating func append(_ value: Int64) {
        let flipped = UInt64(bitPattern: value) ^ (1 << 63)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: flipped >> UInt64(shift)))
        }
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
