import EventLog

/// The headers of a record that matter to its envelope, picked in one pass; of a repeated one the last counts.
struct EnvelopeHeaders {
    var contentType: [UInt8]?
    var specVersion: [UInt8]?
    var id: [UInt8]?
    var source: [UInt8]?
    var type: [UInt8]?
    var time: [UInt8]?
    var subject: [UInt8]?
    var traceparent: [UInt8]?
    var commandID: [UInt8]?
    var isBroadcast = false
    var isForwarded = false
    var isStructured = false

    init(_ headers: [LogHeader]) throws(EventProblem) {
        for header in headers {
            // By length first: most names are told apart without a comparison of texts.
            switch header.name.utf8.count {
            case 5 where header.name == HeaderName.id: id = header.value
            case 7:
                if header.name == HeaderName.type {
                    type = header.value
                } else if header.name == HeaderName.time {
                    time = header.value
                }
            case 9 where header.name == HeaderName.source: source = header.value
            case 10 where header.name == HeaderName.subject: subject = header.value
            case 11 where header.name == HeaderName.traceparent: traceparent = header.value
            case 12 where header.name == HeaderName.contentType: contentType = header.value
            case 14 where header.name == HeaderName.specVersion: specVersion = header.value
            case 19:
                if header.name == HeaderName.broadcast {
                    isBroadcast = true
                } else if header.name == HeaderName.forwarded {
                    isForwarded = true
                }
            case 20 where header.name == HeaderName.commandID: commandID = header.value
            default: break
            }
        }
        guard let contentType, MediaType.isCloudEvent(contentType) else { return }
        guard MediaType.isStructuredJSON(contentType) else {
            throw EventProblem(
                .notCloudEvent,
                "content-type is \(CloudEventCodec.quoted(contentType)), expected application/cloudevents+json (no batches)"
            )
        }
        isStructured = true
    }
}

/// Comparisons of content types: letter case and parameters after `;` do not count.
enum MediaType {
    static func isCloudEvent(_ value: [UInt8]) -> Bool { matches(value, "application/cloudevents", whole: false) }

    static func isStructuredJSON(_ value: [UInt8]) -> Bool {
        matches(value, "application/cloudevents+json", whole: true)
    }

    static func isJSON(_ value: [UInt8]) -> Bool { matches(value, "application/json", whole: true) }

    private static func matches(_ value: [UInt8], _ expected: StaticString, whole: Bool) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard value.count >= count else { return false }
        for index in 0..<count {
            let byte = value[index]
            let lowered = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            guard unsafe lowered == expected.utf8Start[index] else { return false }
        }
        guard whole, value.count > count else { return true }
        return value[count] == UInt8(ascii: ";") || value[count] == UInt8(ascii: " ")
    }
}
