import Contracts
import EventLog
import Hashing

/// A record for a worker's dead-letter topic: as received, with headers that say where it came from and why.
enum DeadLetterRecord {
    /// What still fits beside its headers; a larger record goes as its hash and its first bytes.
    static let maximumValueBytes = TopicCatalogue.maximumDeadLetterBytes - (1 << 20)
    static let keptOfOversized = 64 << 10

    static func make(
        _ record: LogRecord, _ letter: DeadLetter, topic: String, group: String, partition: Int32
    ) -> OutgoingRecord {
        var headers = record.headers
        headers.append("__connect.errors.topic", record.topic)
        headers.append("__connect.errors.partition", String(record.partition))
        headers.append("__connect.errors.offset", String(record.offset))
        headers.append("__connect.errors.exception.message", letter.reason)
        headers.append(HeaderName.errorCode, letter.code.rawValue)
        headers.append("tributary-error-group", group)
        headers.append("tributary-error-attempts", "1")
        headers.append("tributary-error-first-time", String(record.appendTimeMilliseconds))
        headers.append("tributary-error-last-time", String(record.appendTimeMilliseconds))
        var value = record.value
        if let whole = value, whole.count > maximumValueBytes {
            headers.append("tributary-error-value-sha256", SHA256Digest(of: whole).hex)
            headers.append("tributary-error-value-bytes", String(whole.count))
            value = Array(whole.prefix(keptOfOversized))
        }
        return OutgoingRecord(topic: topic, partition: partition, key: record.key, value: value, headers: headers)
    }
}
