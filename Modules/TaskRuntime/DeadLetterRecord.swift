package import Contracts
package import EventLog
import Hashing

/// A record for a worker's dead-letter topic: as received, with headers that say where it came from and why.
package enum DeadLetterRecord {
    private static let topicHeader = "__connect.errors.topic"
    private static let partitionHeader = "__connect.errors.partition"
    private static let offsetHeader = "__connect.errors.offset"
    private static let valueBytesHeader = "tributary-error-value-bytes"
    /// Of headers that say where a dead letter came from and why. Those that a record has already are of an earlier failure.
    private static let ownPrefixes = ["__connect.errors.", "tributary-error-"]

    /// What still fits beside its headers; a larger record goes as its hash and its first bytes.
    static let maximumValueBytes = TopicCatalogue.maximumDeadLetterBytes - (1 << 20)
    static let keptOfOversized = 64 << 10

    /// - Parameter tries: how often the record was tried, without what was tried before it was put back.
    static func make(
        _ record: LogRecord, _ letter: DeadLetter, tries: Int, topic: String, group: String, partition: Int32
    ) -> OutgoingRecord {
        let earlier = Event.EarlierFailures(record.headers).flatMap { $0.count > 0 ? $0 : nil }
        let time = record.appendTimeMilliseconds
        // As they are, byte for byte, unless some are to be replaced.
        var headers = record.headers
        if headers.contains(where: isOwn) { headers.removeAll(where: isOwn) }
        headers.append(topicHeader, record.topic)
        headers.append(partitionHeader, String(record.partition))
        headers.append(offsetHeader, String(record.offset))
        headers.append("__connect.errors.exception.message", letter.reason)
        headers.append(HeaderName.errorCode, letter.code.rawValue)
        headers.append("tributary-error-group", group)
        headers.append("tributary-error-version", ProductVersion.text)
        headers.append("tributary-error-attempts", String(tries + (earlier?.count ?? 0)))
        headers.append(HeaderName.errorFirstTime, String(earlier?.firstMilliseconds ?? time))
        headers.append("tributary-error-last-time", String(time))
        var value = record.value
        if let whole = value, whole.count > maximumValueBytes {
            headers.append("tributary-error-value-sha256", SHA256Digest(of: whole).hex)
            headers.append(valueBytesHeader, String(whole.count))
            value = Array(whole.prefix(keptOfOversized))
        }
        return OutgoingRecord(topic: topic, partition: partition, key: record.key, value: value, headers: headers)
    }

    private static func isOwn(_ header: LogHeader) -> Bool { ownPrefixes.contains { header.name.hasPrefix($0) } }

    // MARK: Putting back

    /// Where a dead letter failed; `nil` for a record that is none.
    package static func position(of letter: LogRecord, prefix: String) -> EventPosition? {
        guard let topic = letter.headerText(topicHeader),
            let partition = letter.headerText(partitionHeader).flatMap(Int32.init),
            let offset = letter.headerText(offsetHeader).flatMap(Int64.init)
        else { return nil }
        return EventPosition(topicName: topic, prefix: prefix, partition: partition, offset: offset)
    }

    /// What of a dead letter cannot go back as it is.
    package enum NotWhole: Error, Sendable {
        /// Only its beginning was kept.
        case cut
        /// It is no event: a timer, or bytes that nobody understands.
        case noEvent
    }

    /// A dead letter as a record of its topic again: as it was received, with the places where it failed in a header, and
    /// since when in another.
    ///
    /// Its sender's repetition numbers are left out: they lie behind, and would make it a repetition.
    ///
    /// - Parameters:
    ///   - data: instead of its own: the event's data, or a whole structured event.
    ///   - failed: where it failed.
    ///   - topic: the name of the topic that it failed in.
    ///   - partitions: how many that topic has.
    package static func redriven(
        _ letter: LogRecord, from failed: EventPosition, data: [UInt8]?, isStructured: Bool, to topic: String,
        partitions: Int32
    ) throws(NotWhole) -> OutgoingRecord {
        let isEvent =
            letter.headers.contains(name: HeaderName.type)
            || (letter.headerText(HeaderName.contentType) ?? "").lowercased().hasPrefix("application/cloudevents")
        guard isStructured || isEvent else { throw .noEvent }
        guard data != nil || !letter.headers.contains(name: valueBytesHeader) else { throw .cut }
        var headers = letter.headers.filter { header in
            header.name != HeaderName.sequence && header.name != HeaderName.forwarded
                && header.name != HeaderName.redriven
                && (header.name == HeaderName.errorFirstTime || !isOwn(header))
                && !(isStructured && (header.name.hasPrefix("ce_") || header.name == HeaderName.contentType))
        }
        if isStructured { headers.append(HeaderName.contentType, "application/cloudevents+json") }
        let chain = [letter.headerText(HeaderName.redriven), failed.description].compactMap(\.self).joined(
            separator: " ")
        headers.append(HeaderName.redriven, chain)
        let isBroadcast = headers.contains(name: HeaderName.broadcast)
        let partition = isBroadcast ? nil : letter.key.map { Partitioner.partition(of: $0, count: partitions) }
        return OutgoingRecord(
            topic: topic, partition: partition ?? failed.partition, key: letter.key, value: data ?? letter.value,
            headers: headers)
    }
}
