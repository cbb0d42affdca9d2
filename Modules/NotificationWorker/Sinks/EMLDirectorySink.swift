import Contracts
import Domain
import Glibc
import Hashing

/// Writes each message as a file `<directory>/<two hex digits>/<notification id>.eml`.
///
/// The name is the message's own, and a file becomes visible by a rename: writing it again into the directory changes nothing.
/// Files survive the end of the process; they are not forced to disk one by one, and one that a power loss left empty is
/// written again.
package final class EMLDirectorySink: MessageSink {
    package let name = "eml"
    package let isIdempotent = true
    private let directory: String
    private var madeDirectories: Set<String> = []

    package init(directory: String) { self.directory = directory }

    package func deliver(_ draft: MessageDraft) -> Delivery {
        do throws(FileFailure) {
            let id = draft.request.notification.text
            let folder = "\(directory)/\(Self.folder(of: id))"
            try makeDirectory(folder)
            let path = "\(folder)/\(id).eml"
            guard !Self.isWritten(path) else { return .sent }
            switch draft.message() {
            case .success(let message): try write(message, to: path, in: folder, id: id)
            case .failure(let problem): return .failed(problem.description)
            }
            return .sent
        } catch {
            return .retry(error.description)
        }
    }

    private static func isWritten(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_size > 0
    }

    /// Spreads the files over 256 folders, whatever the ids look like.
    static func folder(of id: String) -> String {
        String(Hexadecimal.text(UInt32(truncatingIfNeeded: Hashing.first64(of: [id]))).suffix(2))
    }

    private func makeDirectory(_ path: String) throws(FileFailure) {
        guard madeDirectories.insert(path).inserted else { return }
        for folder in [directory, path] where unsafe mkdir(folder, 0o700) != 0 && errno != EEXIST {
            madeDirectories.remove(path)
            throw FileFailure("create a folder", errno)
        }
    }

    private func write(
        _ bytes: [UInt8], to path: String, in folder: String, id: String
    ) throws(FileFailure) {
        let temporary = "\(folder)/.\(id).tmp"
        let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FileFailure("create a file", errno) }
        var failure = Self.writeAll(bytes, to: file)
        if close(file) != 0 { failure = failure ?? errno }
        if failure == nil, unsafe rename(temporary, path) != 0 { failure = errno }
        if let failure {
            _ = unsafe unlink(temporary)
            throw FileFailure("write a message", failure)
        }
    }

    /// The error number, if any.
    private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Int32? {
        unsafe bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = unsafe Glibc.write(file, buffer.baseAddress! + written, buffer.count - written)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return count < 0 ? errno : EIO }
                written += count
            }
            return nil
        }
    }
}

/// A file operation that failed; names neither message nor person.
struct FileFailure: Error, CustomStringConvertible {
    var description: String

    init(_ what: String, _ number: Int32) {
        description = unsafe "cannot \(what): \(String(cString: strerror(number)))"
    }
}
