import EventLog

/// The headers of a record that matter to its envelope, found in one pass and read where they stand; of a repeated one
/// the last counts.
struct EnvelopeHeaders {
    private let bytes: [UInt8]
    private var places = Places()
    private(set) var isStructured = false

    /// Where values stand; `nil` for a header that is absent or has none.
    private struct Places {
        var contentType: Range<Int>?
        var specVersion: Range<Int>?
        var id: Range<Int>?
        var source: Range<Int>?
        var type: Range<Int>?
        var time: Range<Int>?
        var subject: Range<Int>?
        var traceparent: Range<Int>?
        var commandID: Range<Int>?
        var isBroadcast = false
        var isForwarded = false
        var isRedriven = false

        /// By length first: most names are told apart without a comparison.
        mutating func note(_ name: UnsafeRawBufferPointer, _ value: Range<Int>?) {
            switch name.count {
            case 5 where unsafe EncodedHeaderName.id.isName(name): id = value
            case 7:
                if unsafe EncodedHeaderName.type.isName(name) {
                    type = value
                } else if unsafe EncodedHeaderName.time.isName(name) {
                    time = value
                }
            case 9 where unsafe EncodedHeaderName.source.isName(name): source = value
            case 10 where unsafe EncodedHeaderName.subject.isName(name): subject = value
            case 11 where unsafe EncodedHeaderName.traceparent.isName(name): traceparent = value
            case 12 where unsafe EncodedHeaderName.contentType.isName(name): contentType = value
            case 14 where unsafe EncodedHeaderName.specVersion.isName(name): specVersion = value
            case 18 where unsafe EncodedHeaderName.redriven.isName(name): isRedriven = true
            case 19:
                if unsafe EncodedHeaderName.broadcast.isName(name) {
                    isBroadcast = true
                } else if unsafe EncodedHeaderName.forwarded.isName(name) {
                    isForwarded = true
                }
            case 20 where unsafe EncodedHeaderName.commandID.isName(name): commandID = value
            default: break
            }
        }
    }

    init(_ headers: LogHeaders) throws(EventProblem) {
        bytes = headers.bytes
        var places = Places()
        unsafe headers.withEachPlace { bytes, place in
            unsafe places.note(UnsafeRawBufferPointer(rebasing: bytes[place.name]), place.value)
        }
        self.places = places
        guard let contentType, MediaType.isCloudEvent(contentType) else { return }
        guard MediaType.isStructuredJSON(contentType) else {
            throw EventProblem(
                .notCloudEvent,
                "content-type is \(CloudEventCodec.quoted(contentType)), expected application/cloudevents+json (no batches)"
            )
        }
        isStructured = true
    }

    var contentType: ArraySlice<UInt8>? { places.contentType.map { bytes[$0] } }
    var specVersion: ArraySlice<UInt8>? { places.specVersion.map { bytes[$0] } }
    var id: ArraySlice<UInt8>? { places.id.map { bytes[$0] } }
    var source: ArraySlice<UInt8>? { places.source.map { bytes[$0] } }
    var type: ArraySlice<UInt8>? { places.type.map { bytes[$0] } }
    var time: ArraySlice<UInt8>? { places.time.map { bytes[$0] } }
    var subject: ArraySlice<UInt8>? { places.subject.map { bytes[$0] } }
    var traceparent: ArraySlice<UInt8>? { places.traceparent.map { bytes[$0] } }
    var commandID: ArraySlice<UInt8>? { places.commandID.map { bytes[$0] } }
    var isBroadcast: Bool { places.isBroadcast }
    var isForwarded: Bool { places.isForwarded }
    var isRedriven: Bool { places.isRedriven }
}

/// Comparisons of content types: letter case and parameters after `;` do not count.
enum MediaType {
    static func isCloudEvent(_ value: ArraySlice<UInt8>) -> Bool {
        matches(value, "application/cloudevents", whole: false)
    }

    static func isStructuredJSON(_ value: ArraySlice<UInt8>) -> Bool {
        matches(value, "application/cloudevents+json", whole: true)
    }

    static func isJSON(_ value: ArraySlice<UInt8>) -> Bool { matches(value, "application/json", whole: true) }

    private static func matches(_ value: ArraySlice<UInt8>, _ expected: StaticString, whole: Bool) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard value.count >= count else { return false }
        let start = value.startIndex
        for index in 0..<count {
            let byte = value[start + index]
            let lowered = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            guard unsafe lowered == expected.utf8Start[index] else { return false }
        }
        guard whole, value.count > count else { return true }
        let next = value[start + count]
        return next == UInt8(ascii: ";") || next == UInt8(ascii: " ")
    }
}
