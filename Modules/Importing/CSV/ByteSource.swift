internal import Glibc

/// Where an input's bytes come from, from front to back. Used by one thread.
package protocol ByteSource: AnyObject {
    /// For messages.
    var name: String { get }

    /// The length in bytes where it is known, for progress.
    var size: Int64? { get }

    /// Appends at most `count` bytes; says how many, 0 at the end.
    func read(_ count: Int, into bytes: inout [UInt8]) throws(InputError) -> Int
}

/// A file, or standard input.
package final class FileSource: ByteSource {
    package let name: String
    package let size: Int64?
    private let descriptor: Int32
    private let isOwned: Bool

    /// Opens the file; `-` is standard input.
    package init(path: String) throws(InputError) {
        if path == "-" {
            name = "standard input"
            descriptor = STDIN_FILENO
            isOwned = false
        } else {
            name = path
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw InputError(.notOpened, file: path, message: "cannot be opened: \(Self.reason(errno))")
            }
            isOwned = true
        }
        var status = stat()
        let isFile = unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isFile ? Int64(status.st_size) : nil
    }

    deinit { if isOwned { close(descriptor) } }

    package func read(_ count: Int, into bytes: inout [UInt8]) throws(InputError) -> Int {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: count))
        var result: Int
        repeat {
            result = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + start }, count)
            }
        } while result < 0 && errno == EINTR
        let code = errno
        bytes.removeLast(count - max(result, 0))
        guard result >= 0 else {
            throw InputError(.notRead, file: name, message: "cannot be read: \(Self.reason(code))")
        }
        return result
    }

    private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}

/// Bytes in memory, handed out in pieces of a chosen size.
package final class MemorySource: ByteSource {
    package let name: String
    package var size: Int64? { Int64(bytes.count) }
    private let bytes: [UInt8]
    private let piece: Int
    private var position = 0

    package init(_ bytes: [UInt8], name: String = "memory", piece: Int = .max) {
        self.bytes = bytes
        self.name = name
        self.piece = piece
    }

    package func read(_ count: Int, into output: inout [UInt8]) throws(InputError) -> Int {
        let count = min(count, piece, bytes.count - position)
        output.append(contentsOf: bytes[position..<position + count])
        position += count
        return count
    }
}
