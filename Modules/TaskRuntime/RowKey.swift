/// A row's key in a map: hashed and compared as whole bytes, where `[UInt8]` goes element by element.
package struct RowKey: Hashable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }

    package static func == (left: RowKey, right: RowKey) -> Bool {
        left.bytes.count == right.bytes.count && left.bytes.commonPrefixCount(with: right.bytes) == left.bytes.count
    }
}

extension [UInt8] {
    /// The order of keys: by bytes, a prefix first. As `lexicographicallyPrecedes`, eight bytes at a time.
    package func precedes(_ other: [UInt8]) -> Bool {
        let common = commonPrefixCount(with: other)
        if common == other.count { return false }
        return common == count || self[common] < other[common]
    }

    /// How many bytes at the start are the same.
    fileprivate func commonPrefixCount(with other: [UInt8]) -> Int {
        unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                let shorter = Swift.min(left.count, right.count)
                var index = 0
                while index + 8 <= shorter {
                    let one = unsafe left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    let two = unsafe right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    if one != two { return index + (one ^ two).littleEndian.trailingZeroBitCount / 8 }
                    index += 8
                }
                while index < shorter, unsafe left[index] == right[index] { index += 1 }
                return index
            }
        }
    }
}
