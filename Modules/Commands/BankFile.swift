import CommandLineKit
import Foundation

/// A file of bank accounts and amounts: only its owner may read it, from its first byte on.
enum BankFile {
    /// Replaces the file as a whole; what is there is left where that fails.
    static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
        let temporary = path + ".part"
        // One that another call left may have another mode, or be somebody's link.
        if unsafe unlink(temporary) != 0, errno != ENOENT { throw failure(path) }
        let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        let isWritten = writeAll(bytes, to: file) && fsync(file) == 0
        let problem = failure(path)
        guard close(file) == 0, isWritten, unsafe rename(temporary, path) == 0 else {
            _ = unsafe unlink(temporary)
            throw problem
        }
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = unsafe Foundation.write(file, buffer.baseAddress! + written, buffer.count - written)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return false }
                written += count
            }
            return true
        }
    }

    private static func failure(_ path: String) -> CommandFailure {
        unsafe CommandFailure("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
