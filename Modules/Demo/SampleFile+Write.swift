import Glibc
import Importing

extension SampleFile {
    /// Replaces the file of this name in a directory.
    func write(to directory: String) throws(InputError) {
        let path = "\(directory)/\(name)"
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw InputError(
                .notOpened, file: path, message: "cannot be written: \(unsafe String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            guard count > 0 || errno == EINTR else {
                throw InputError(.notOpened, file: path, message: "cannot be written to its end")
            }
            written += max(count, 0)
        }
    }
}
