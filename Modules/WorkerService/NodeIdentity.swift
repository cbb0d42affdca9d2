import Foundation
import Hashing

/// The random name of a data directory: made once, with the guarantee that nobody else made it at the same time. It is part
/// of every worker's identity, so that a restart on the same disk takes up its own transactions and partitions.
struct NodeIdentity {
    let text: String

    init(dataDirectory: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: dataDirectory, withIntermediateDirectories: true)
        } catch {
            throw LogClock.Failure(
                description: "the data directory \(dataDirectory) cannot be made: \(error.localizedDescription)")
        }
        let path = "\(dataDirectory)/node-id"
        if !FileManager.default.fileExists(atPath: path) { try NodeIdentity.make(path, in: dataDirectory) }
        let stored = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard stored.count == 12, stored.allSatisfy(\.isHexDigit) else {
            throw LogClock.Failure(description: "\(path) holds no node id: 12 hex digits are expected")
        }
        text = stored
    }

    /// Written whole under a name of its own, then linked: of copies that start together one wins, and none reads a part.
    private static func make(_ path: String, in dataDirectory: String) throws {
        let made = Hexadecimal.text(Hashing.randomBytes(count: 6))
        let draft = "\(dataDirectory)/node-id.\(made)"
        let file = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure("creating \(draft)") }
        defer {
            close(file)
            unsafe unlink(draft)
        }
        let bytes = Array((made + "\n").utf8)
        guard unsafe write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
            throw failure("writing \(draft)")
        }
        guard unsafe link(draft, path) == 0 || errno == EEXIST else { throw failure("creating \(path)") }
    }

    private static func failure(_ operation: String) -> LogClock.Failure {
        let number = errno
        return unsafe LogClock.Failure(description: "\(operation): \(String(cString: strerror(number)))")
    }
}
