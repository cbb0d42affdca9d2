import EventLog
import Hashing

/// Ids that a replay makes again: from what they stand for, never from a clock or a random source.
package enum DerivedID {
    /// `<prefix><8 hex of murmur2(routing key)><16 hex of SHA-256 over the parts>`
    package static func text(prefix: String, routingKey: String, parts: [String]) -> String {
        var bytes: [UInt8] = []
        for part in parts {
            bytes.append(contentsOf: part.utf8)
            bytes.append(0)
        }
        return prefix + Hexadecimal.text(Partitioner.hash(routingKey.utf8))
            + Hexadecimal.text(Hashing.first64(of: bytes))
    }
}
