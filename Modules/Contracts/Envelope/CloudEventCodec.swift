import Domain
package import EventLog
import JSON

/// CloudEvents 1.0 over Kafka: binary mode is written, binary and structured mode are read.
///
/// A record is structured when its content type begins with `application/cloudevents` (letter case ignored), binary
/// when it carries `ce_specversion`, and no CloudEvent otherwise.
package enum CloudEventCodec {
    /// The longest attribute that is taken, in bytes: ids are kept for ever to know duplicates.
    package static let maximumAttributeBytes = 1024

    /// The event in a record.
    ///
    /// - Parameter prefix: of the topic names; the event's position goes without it.
    package static func decode(_ record: LogRecord, prefix: String) throws(EventProblem) -> Event {
        let headers = try EnvelopeHeaders(record.headers)
        guard let value = record.value, !value.isEmpty else {
            throw EventProblem(.notCloudEvent, "the record has no data")
        }
        var event = Event(
            id: "", source: "", type: "", time: nil, subject: nil,
            key: try text(record.key?[...], "the record's key") ?? "",
            data: value, position: EventPosition(of: record, prefix: prefix),
            appendTime: Timestamp(millisecondsSince1970: record.appendTimeMilliseconds),
            isBroadcast: headers.isBroadcast, isForwarded: headers.isForwarded,
            earlierFailures: headers.isRedriven ? Event.EarlierFailures(record.headers) : nil,
            commandID: try attribute(headers.commandID, HeaderName.commandID),
            traceparent: try attribute(headers.traceparent, HeaderName.traceparent))
        if headers.isStructured {
            try readStructured(value, into: &event)
        } else {
            try readBinary(headers, into: &event)
        }
        return consume event
    }

    // MARK: Binary mode

    private static func readBinary(_ headers: EnvelopeHeaders, into event: inout Event) throws(EventProblem) {
        guard let version = headers.specVersion else {
            throw EventProblem(
                .notCloudEvent,
                "no header ce_specversion (binary mode) and no content type application/cloudevents+json (structured mode)"
            )
        }
        guard version.elementsEqual("1.0".utf8) else {
            throw EventProblem(.notCloudEvent, "ce_specversion is \(quoted(version)), expected 1.0")
        }
        if let contentType = headers.contentType, !MediaType.isJSON(contentType) {
            throw EventProblem(.notCloudEvent, "content-type is \(quoted(contentType)), expected application/json")
        }
        event.id = try required(headers.id, HeaderName.id)
        event.source = try required(headers.source, HeaderName.source)
        event.type = try required(headers.type, HeaderName.type)
        event.subject = try attribute(headers.subject, HeaderName.subject)
        if let bytes = headers.time, !bytes.isEmpty {
            guard let time = Timestamp(rfc3339: bytes) else {
                throw EventProblem(.notCloudEvent, "ce_time is no RFC 3339 time")
            }
            event.time = time
        }
    }

    private static func required(_ value: ArraySlice<UInt8>?, _ name: String) throws(EventProblem) -> String {
        guard let value else { throw EventProblem(.notCloudEvent, "header \(name) is missing") }
        guard let text = try attribute(value, name) else {
            throw EventProblem(.notCloudEvent, "header \(name) is empty")
        }
        return text
    }

    /// `nil` where the header is absent or empty.
    private static func attribute(_ value: ArraySlice<UInt8>?, _ name: String) throws(EventProblem) -> String? {
        guard let value, !value.isEmpty else { return nil }
        guard value.count <= maximumAttributeBytes else {
            throw EventProblem(.notCloudEvent, "header \(name) is longer than \(maximumAttributeBytes) bytes")
        }
        return try text(value, "header \(name)")
    }

    // MARK: Attributes

    private static func text(_ bytes: ArraySlice<UInt8>?, _ what: @autoclosure () -> String) throws(EventProblem)
        -> String?
    {
        guard let bytes else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw EventProblem(.notCloudEvent, "\(what()) is not UTF-8")
        }
        return text
    }

    static func timestamp(_ text: String, _ what: String) throws(EventProblem) -> Timestamp {
        guard let time = Timestamp(rfc3339: text) else {
            throw EventProblem(.notCloudEvent, "\(what) is no RFC 3339 time")
        }
        return time
    }

    /// Bytes from outside for a message, cut to a readable length.
    static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
        "\"\(String(decoding: bytes.prefix(60), as: UTF8.self))\""
    }
}
