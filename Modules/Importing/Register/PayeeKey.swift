package import Contracts
import Domain
internal import Glibc
import Hashing
import JSON

/// The key under which bank accounts are fingerprinted: the workers see that two accounts are equal, and nothing else.
/// It stays in the data directory, in a file that only its owner may read.
package struct PayeeKey: Sendable {
    /// Length of the key in bytes.
    package static let byteCount = 32

    private let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the key from `path`, or makes it there, once, with mode 0600.
    ///
    /// - Throws: `InputError` where the file cannot be made or read, or holds something else.
    package init(file path: String) throws(InputError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            defer { close(descriptor) }
            let key = Hashing.randomBytes(count: PayeeKey.byteCount)
            guard unsafe write(descriptor, key, key.count) == key.count, fsync(descriptor) == 0 else {
                throw InputError(.notRead, file: path, message: "the payee key cannot be written")
            }
            bytes = key
            return
        }
        let source = try FileSource(path: path)
        var key: [UInt8] = []
        while try source.read(PayeeKey.byteCount + 1, into: &key) > 0, key.count <= PayeeKey.byteCount {}
        guard key.count == PayeeKey.byteCount else {
            throw InputError(
                .notRead, file: path, message: "expected a payee key of \(PayeeKey.byteCount) bytes, found \(key.count)"
            )
        }
        bytes = key
    }

    /// An `AccountFingerprint` of twice 64 hexadecimal digits.
    package func fingerprint(of account: PayeeAccount) -> String {
        let number = IBAN.number(of: account.iban)
        // As they are encoded: a field that accounts may have some day is covered where it is there.
        return AccountFingerprint(account: hash(Array(number.utf8)), details: hash(JSONEncoding.encode(account)))
            .description
    }

    private func hash(_ message: [UInt8]) -> String { Hashing.hmacSHA256(key: bytes, message: message).hex }
}
