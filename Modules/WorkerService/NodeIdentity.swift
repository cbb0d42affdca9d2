import Foundation
import Hashing

/// The random name of a data directory: made once, with the guarantee that nobody else made it at the same time. It is part
/// of every worker's identity, so that a restart on the same disk takes up its own transactions and partitions.
struct NodeIdentity {
    let text: String

    init(dataDirectory: String) throws {
        try FileManager.default.createDirectory(atPath: dataDirectory, withIntermediateDirectories: true)
        let path = "\(dataDirectory)/node-id"
        let made = Hexadecimal.text(Hashing.randomBytes(count: 6))
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        if file >= 0 {
            defer { close(file) }
            let bytes = Array((made + "\n").utf8)
            guard unsafe write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
                throw CocoaError(.fileWriteUnknown)
            }
            text = made
            return
        }
        let stored = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard stored.count == 12, stored.allSatisfy(\.isHexDigit) else {
            throw LogClock.Failure(description: "\(path) holds no node id: 12 hex digits are expected")
        }
        text = stored
    }
}
