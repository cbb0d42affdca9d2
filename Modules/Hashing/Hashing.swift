internal import CCrypto

/// Hashes for ids and proofs, and random bytes for what must be unguessable.
package enum Hashing {
    /// The first 64 bits of the SHA-256 of the bytes: the derived part of an id.
    package static func first64(of bytes: [UInt8]) -> UInt64 {
        SHA256Digest(of: bytes).first64
    }

    /// The first 64 bits of the SHA-256 of several texts. Each goes in with its length in front, so that
    /// `["a", "bc"]` and `["ab", "c"]` differ.
    package static func first64(of parts: [String]) -> UInt64 { digest(of: parts).first64 }

    /// As `first64(of:)`, the whole hash.
    package static func digest(of parts: [String]) -> SHA256Digest {
        var framed: [UInt8] = []
        framed.reserveCapacity(parts.reduce(0) { $0 + $1.utf8.count + 4 })
        for part in parts {
            let count = UInt32(part.utf8.count)
            for shift in stride(from: 24, through: 0, by: -8) {
                framed.append(UInt8(truncatingIfNeeded: count >> UInt32(shift)))
            }
            framed.append(contentsOf: part.utf8)
        }
        return SHA256Digest(of: framed)
    }

    /// MurmurHash64A of the bytes (Austin Appleby): tells apart what nobody makes alike on purpose, in a tenth of SHA-256's time.
    package static func checksum64(of bytes: [UInt8]) -> UInt64 {
        let multiplier: UInt64 = 0xc6a4_a793_5bd1_e995
        return unsafe bytes.withUnsafeBytes { bytes in
            var hash = UInt64(bytes.count) &* multiplier
            let words = bytes.count & ~7
            for place in stride(from: 0, to: words, by: 8) {
                var word =
                    unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                    &* multiplier
                word = (word ^ word >> 47) &* multiplier
                hash = (hash ^ word) &* multiplier
            }
            if words < bytes.count {
                for place in words..<bytes.count { hash ^= unsafe UInt64(bytes[place]) << UInt64(8 * (place - words)) }
                hash = hash &* multiplier
            }
            hash = (hash ^ hash >> 47) &* multiplier
            return hash ^ hash >> 47
        }
    }

    /// HMAC-SHA256 (RFC 2104) of a message under a key of any length.
    package static func hmacSHA256(key: [UInt8], message: [UInt8]) -> SHA256Digest {
        var bytes = [UInt8](repeating: 0, count: SHA256Digest.byteCount)
        // An empty key is a key of zeros by definition; OpenSSL would take a null pointer for "the key of last time".
        let key = key.isEmpty ? [0] : key
        let written = unsafe HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &bytes, nil)
        guard unsafe written != nil, let digest = SHA256Digest(bytes: bytes) else {
            preconditionFailure("out of memory")
        }
        return digest
    }

    /// Bytes nobody can guess: for node ids and keys only. Nothing that processes a record may use them.
    package static func randomBytes(count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe RAND_bytes(&bytes, Int32(count)) == 1 else {
            preconditionFailure("the system's random source failed")
        }
        return bytes
    }
}
