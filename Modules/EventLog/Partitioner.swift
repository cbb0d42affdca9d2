/// Kafka's own placement of keys (murmur2 as the Java client computes it), so that every client places a key alike.
package enum Partitioner {
    /// The partition of `key` among `count` partitions.
    package static func partition(of key: some Sequence<UInt8>, count: Int32) -> Int32 {
        Int32(bitPattern: hash(key) & 0x7fff_ffff) % count
    }

    /// The partition of the key's UTF-8 bytes.
    package static func partition(of key: String, count: Int32) -> Int32 {
        partition(of: key.utf8, count: count)
    }

    /// Kafka's murmur2 (`org.apache.kafka.common.utils.Utils.murmur2`) of the bytes.
    package static func hash(_ key: some Sequence<UInt8>) -> UInt32 {
        unsafe key.withContiguousStorageIfAvailable { unsafe hash(bytes: $0) }
            ?? Array(key).withUnsafeBufferPointer { unsafe hash(bytes: $0) }
    }

    @unsafe private static func hash(bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
        var index = 0
        while index + 4 <= bytes.count {
            var word =
                unsafe UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
                | UInt32(bytes[index + 3]) << 24
            word = word &* multiplier
            word ^= word >> 24
            word = word &* multiplier
            hash = hash &* multiplier
            hash ^= word
            index += 4
        }
        switch bytes.count - index {
        case 3:
            hash ^= unsafe UInt32(bytes[index + 2]) << 16
            fallthrough
        case 2:
            hash ^= unsafe UInt32(bytes[index + 1]) << 8
            fallthrough
        case 1:
            hash ^= unsafe UInt32(bytes[index])
            hash = hash &* multiplier
        default: break
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        hash ^= hash >> 15
        return hash
    }
}
