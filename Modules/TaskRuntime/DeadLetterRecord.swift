package import Contracts
package import EventLog
import Hashing

/// A record for a worker's dead-letter topic: as received, with headers that say where it came from and why.
package enum DeadLetterRecord {
    private static let topicHeader = "__connect.errors.topic"
    private static let partitionHeader = "__connect.errors.partition"
    private static let offsetHeader = "__connect.errors.offset"
    private static let itemHeader = "tributary-error-item"
    private static let valueBytesHeader = "tributary-error-value-bytes"
    private static let headersLeftOutHeader = "tributary-error-headers-left-out"
    private static let keyBytesHeader = "tributary-error-key-bytes"
    /// Of headers that say where a dead letter came from and why. Those that a record has already are of an earlier failure.
    private static let ownPrefixes = ["__connect.errors.", "tributary-error-"]

    /// What of a record still fits beside the headers about its failure. Of a larger one the value's first bytes are kept; where
    /// that is not enough, of its headers as many as fit; and no key at last.
    static let maximumBytes = TopicCatalogue.maximumDeadLetterBytes - (1 << 20)
    static let keptOfOversized = 64 << 10

    /// - Parameters:
    ///   - item: what of the position it is, where it is not the record itself.
    ///   - tries: how often the record was tried, without what was tried before it was put back.
    static func make(
        _ record: LogRecord, _ letter: DeadLetter, item: String? = nil, tries: Int, topic: String, group: String,
        partition: Int32
    ) -> OutgoingRecord {
        let earlier = Event.EarlierFailures(record.headers).flatMap { $0.count > 0 ? $0 : nil }
        let time = record.appendTimeMilliseconds
        // As they are, byte for byte, unless some are to be replaced.
        var headers = record.headers
        if headers.contains(where: isOwn) { headers.removeAll(where: isOwn) }
        let (key, value, cuts) = cut(record.key, record.value, &headers)
        headers.append(topicHeader, record.topic)
        headers.append(partitionHeader, String(record.partition))
        headers.append(offsetHeader, String(record.offset))
        if let item { headers.append(itemHeader, item) }
        headers.append("__connect.errors.exception.message", letter.reason)
        headers.append(HeaderName.errorCode, letter.code.rawValue)
        headers.append("tributary-error-group", group)
        headers.append("tributary-error-version", ProductVersion.text)
        headers.append("tributary-error-attempts", String(tries + (earlier?.count ?? 0)))
        headers.append(HeaderName.errorFirstTime, String(earlier?.firstMilliseconds ?? time))
        headers.append("tributary-error-last-time", String(time))
        for cut in cuts { headers.append(cut) }
        return OutgoingRecord(topic: topic, partition: partition, key: key, value: value, headers: headers)
    }

    /// What is kept of a record, and headers that say what is not.
    private static func cut(_ key: [UInt8]?, _ value: [UInt8]?, _ headers: inout LogHeaders) -> (
        key: [UInt8]?, value: [UInt8]?, cuts: [LogHeader]
    ) {
        var (key, value, cuts) = (key, value, [LogHeader]())
        var isTooLarge: Bool {
            (key?.count ?? 0) + (value?.count ?? 0) + headers.bytes.count > maximumBytes
        }
        if isTooLarge, let whole = value, whole.count > keptOfOversized {
            cuts.append(LogHeader("tributary-error-value-sha256", SHA256Digest(of: whole).hex))
            cuts.append(LogHeader(valueBytesHeader, String(whole.count)))
            value = Array(whole.prefix(keptOfOversized))
        }
        if isTooLarge, headers.bytes.count > keptOfOversized {
            let whole = headers
            headers = LogHeaders()
            var leftOut = 0
            for header in whole {
                // Each takes a few bytes more than its name and value.
                let size = header.name.utf8.count + (header.value?.count ?? 0) + 16
                if headers.bytes.count + size <= keptOfOversized { headers.append(header) } else { leftOut += 1 }
            }
            cuts.append(LogHeader(headersLeftOutHeader, String(leftOut)))
        }
        if isTooLarge, let whole = key {
            cuts.append(LogHeader("tributary-error-key-sha256", SHA256Digest(of: whole).hex))
            cuts.append(LogHeader(keyBytesHeader, String(whole.count)))
            key = nil
        }
        return (key, value, cuts)
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

    /// The id of the fact that tells of a dead letter (`RecordDeadLettered.entityID`); `nil` for a record that is none.
    package static func id(of letter: LogRecord, prefix: String) -> String? {
        position(of: letter, prefix: prefix).map {
            RecordDeadLettered.entityID(of: $0.description, item: letter.headerText(itemHeader))
        }
    }

    /// What of a dead letter cannot go back as it is.
    package enum NotWhole: Error, Sendable {
        /// Only the beginning of its value was kept.
        case cut
        /// Not all of its headers were kept, or no key: what it was is not known.
        case headersCut
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
        let isCut = [headersLeftOutHeader, keyBytesHeader].contains { letter.headers.contains(name: $0) }
        guard isStructured || !isCut else { throw .headersCut }
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
