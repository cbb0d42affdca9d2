import Domain
import JSON

/// The envelope of structured mode: one JSON object with the attributes beside the data.
private struct StructuredEvent: JSONReadable {
    var specVersion: String
    var id: String
    var source: String
    var type: String
    var time: String?
    var subject: String?
    var dataContentType: String?
    var traceparent: String?
    var data: [UInt8]?
    var hasBinaryData: Bool

    init(reading reader: inout ObjectReader) {
        specVersion = reader.string("specversion")
        id = reader.string("id")
        source = reader.string("source")
        type = reader.string("type")
        time = reader.optionalString("time")
        subject = reader.optionalString("subject")
        dataContentType = reader.optionalString("datacontenttype")
        traceparent = reader.optionalString("traceparent")
        data = reader.raw("data")
        hasBinaryData = reader.optionalString("data_base64") != nil
    }
}

extension CloudEventCodec {
    /// Reads the envelope out of the record's value and puts the data's own text in its place.
    static func readStructured(
        _ value: [UInt8], into event: inout Event
    ) throws(EventProblem) {
        let envelope: StructuredEvent
        do throws(JSONFailure) {
            envelope = try JSONDocument.decode(StructuredEvent.self, from: value)
        } catch {
            let problem = EventProblem(error)
            throw problem.code == .badJSON ? problem : EventProblem(.notCloudEvent, problem.reason)
        }
        guard envelope.specVersion == "1.0" else {
            throw EventProblem(
                .notCloudEvent, "specversion is \(quoted(Array(envelope.specVersion.utf8)[...])), expected 1.0")
        }
        if let type = envelope.dataContentType, !MediaType.isJSON(Array(type.utf8)[...]) {
            throw EventProblem(
                .notCloudEvent, "datacontenttype is \(quoted(Array(type.utf8)[...])), expected application/json")
        }
        guard !envelope.hasBinaryData else {
            throw EventProblem(.notCloudEvent, "the event has data_base64, expected data with a JSON object")
        }
        guard let data = envelope.data else { throw EventProblem(.notCloudEvent, "the event has no data") }
        event.id = try required(envelope.id, "id")
        event.source = try required(envelope.source, "source")
        event.type = try required(envelope.type, "type")
        event.subject = try bounded(envelope.subject, "subject")
        if let time = envelope.time { event.time = try timestamp(time, "time") }
        if let traceparent = try bounded(envelope.traceparent, "traceparent") { event.traceparent = traceparent }
        event.data = data
    }

    private static func required(_ text: String, _ name: String) throws(EventProblem) -> String {
        guard let text = try bounded(text, name) else { throw EventProblem(.notCloudEvent, "\(name) is empty") }
        return text
    }

    /// `nil` where the attribute is absent or empty.
    private static func bounded(_ text: String?, _ name: String) throws(EventProblem) -> String? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.count <= maximumAttributeBytes else {
            throw EventProblem(.notCloudEvent, "\(name) is longer than \(maximumAttributeBytes) bytes")
        }
        return text
    }
}
