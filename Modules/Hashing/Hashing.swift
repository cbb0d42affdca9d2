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

    /// As `first64(of:)`, the first 128 bits.
    package static func first128(of parts: [String]) -> (high: UInt64, low: UInt64) {
        digest(of: parts).first128
    }

    private static func digest(of parts: [String]) -> SHA256Digest {
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
