internal import CPublicSuffix
internal import Glibc
internal import Hashing

/// The Public Suffix List (https://publicsuffix.org) through libpsl; immutable once loaded, so any thread may ask.
@safe final class SuffixList: @unchecked Sendable {
    // libpsl reads a context without changing it; nothing here writes after `init`.
    private let context: OpaquePointer
    private let isBuiltIn: Bool

    /// Names the list: the SHA-256 of the distribution's file, or libpsl's own checksum of the list it was built with.
    let hash: String

    /// The list that the distribution keeps up to date; without it the one inside libpsl.
    init() {
        if let file = unsafe psl_dist_filename(), let bytes = unsafe Self.read(file), !bytes.isEmpty,
            let context = unsafe psl_load_file(file)
        {
            unsafe self.context = context
            isBuiltIn = false
            hash = "sha256:" + SHA256Digest(of: bytes).hex
        } else if let context = unsafe psl_builtin() {
            unsafe self.context = context
            isBuiltIn = true
            hash = unsafe "sha1:" + String(cString: psl_builtin_sha1sum())
        } else {
            preconditionFailure("libpsl was built without a list and the distribution has none")
        }
    }

    deinit { if !isBuiltIn { unsafe psl_free(context) } }

    /// The public suffix and one label; `nil` for a public suffix itself. Takes lower-case A-labels. A top-level
    /// domain that the list does not know follows its default rule `*`: `acme.example` is registrable.
    func registrableDomain(of name: String) -> String? {
        unsafe name.withCString { start -> String? in
            guard let found = unsafe psl_registrable_domain(context, start) else { return nil }
            return unsafe String(cString: found)
        }
    }

    private static func read(_ path: UnsafePointer<CChar>) -> [UInt8]? {
        guard let file = unsafe fopen(path, "rb") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return unsafe ferror(file) == 0 ? bytes : nil }
            bytes += buffer[..<count]
        }
    }
}
