internal import CCrypto

/// SipHash-2-4 under one fixed key: tells different contents apart at a sixth of SHA-256's cost. No proof against somebody who
/// makes two contents alike on purpose.
@safe package struct SipHash: @unchecked Sendable {
    // The context is never written to after it was made: every hash works on a copy of it.
    private let keyed: OpaquePointer

    private static let shared: SipHash = {
        let key = Array("tributary/siphas".utf8)  // 16 bytes
        guard let algorithm = unsafe EVP_MAC_fetch(nil, "SIPHASH", nil),
            let context = unsafe EVP_MAC_CTX_new(algorithm),
            unsafe EVP_MAC_init(context, key, key.count, nil) == 1
        else { preconditionFailure("OpenSSL has no SipHash") }
        return unsafe SipHash(keyed: context)
    }()

    /// The first 64 of its 128 bits.
    package static func first64(of bytes: [UInt8]) -> UInt64 {
        guard let context = unsafe EVP_MAC_CTX_dup(shared.keyed) else { preconditionFailure("out of memory") }
        defer { unsafe EVP_MAC_CTX_free(context) }
        var words: (UInt64, UInt64) = (0, 0)
        var length = 0
        let isDone = unsafe withUnsafeMutableBytes(of: &words) { result in
            unsafe EVP_MAC_update(context, bytes, bytes.count) == 1
                && EVP_MAC_final(
                    context, result.baseAddress?.assumingMemoryBound(to: UInt8.self), &length, result.count) == 1
        }
        precondition(isDone && length == 16, "SipHash gives 16 bytes")
        return words.0.bigEndian
    }
}
