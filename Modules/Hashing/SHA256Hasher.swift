internal import CCrypto

/// SHA-256 over a stream of pieces: the digest is that of all pieces one after the other.
@safe package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    /// OpenSSL's implementation, looked up once: a lookup costs more than hashing a small text.
    @safe private struct Algorithm: @unchecked Sendable {
        // An EVP_MD is immutable and reference-counted by OpenSSL; this reference is never given back.
        let pointer: OpaquePointer

        static let sha256: Algorithm = {
            guard let pointer = unsafe EVP_MD_fetch(nil, "SHA256", nil) else {
                preconditionFailure("OpenSSL has no SHA-256")
            }
            return unsafe Algorithm(pointer: pointer)
        }()
    }

    /// Nothing hashed yet.
    package init() {
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe EVP_DigestInit_ex(context, Algorithm.sha256.pointer, nil) == 1
        else { preconditionFailure("out of memory") }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Adds bytes.
    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Adds bytes.
    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// The text's UTF-8 bytes.
    package mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { unsafe update(UnsafeRawBufferPointer($0)) }
    }

    @unsafe private mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
            preconditionFailure("SHA-256 does not fail on memory it may read")
        }
    }

    /// The digest of everything up to here; the hasher is used up.
    package consuming func finish() -> SHA256Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let status = unsafe withUnsafeMutableBytes(of: &words) { bytes in
            unsafe EVP_DigestFinal_ex(context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
        }
        precondition(status == 1, "SHA-256 gives 32 bytes")
        return SHA256Digest(unchecked: words)
    }
}
