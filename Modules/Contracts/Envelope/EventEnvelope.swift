package import Domain
package import EventLog

/// What goes around the data of an event that we write: the CloudEvents attributes and our own headers.
package struct EventEnvelope: Sendable, Hashable {
    package var id: String
    package var source: String
    package var type: String
    package var time: Timestamp
    package var subject: String?
    /// The routing key as derived once; `nil` where the event has none.
    package var key: String?
    package var isBroadcast: Bool
    package var isForwarded: Bool
    package var commandID: String?
    package var traceparent: String?
    /// The input record that this event answers.
    package var cause: EventPosition?

    package init(
        id: String, source: String, type: String, time: Timestamp, subject: String? = nil, key: String? = nil,
        isBroadcast: Bool = false, isForwarded: Bool = false, commandID: String? = nil, traceparent: String? = nil,
        cause: EventPosition? = nil
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.subject = subject
        self.key = key
        self.isBroadcast = isBroadcast
        self.isForwarded = isForwarded
        self.commandID = commandID
        self.traceparent = traceparent
        self.cause = cause
    }
}

extension CloudEventCodec {
    private static let specVersion = Array("1.0".utf8)
    private static let json = Array("application/json".utf8)
    private static let set = Array("1".utf8)

    /// The headers of a record in binary mode; the data goes into its value as it is.
    package static func encode(_ envelope: EventEnvelope) -> [LogHeader] {
        var headers: [LogHeader] = []
        headers.reserveCapacity(13)
        headers.append(LogHeader(HeaderName.specVersion, specVersion))
        headers.append(LogHeader(HeaderName.id, envelope.id))
        headers.append(LogHeader(HeaderName.source, envelope.source))
        headers.append(LogHeader(HeaderName.type, envelope.type))
        headers.append(LogHeader(HeaderName.time, envelope.time.description))
        if let subject = envelope.subject { headers.append(LogHeader(HeaderName.subject, subject)) }
        headers.append(LogHeader(HeaderName.contentType, json))
        if let key = envelope.key { headers.append(LogHeader(HeaderName.key, key)) }
        if envelope.isBroadcast { headers.append(LogHeader(HeaderName.broadcast, set)) }
        if envelope.isForwarded { headers.append(LogHeader(HeaderName.forwarded, set)) }
        if let commandID = envelope.commandID { headers.append(LogHeader(HeaderName.commandID, commandID)) }
        if let cause = envelope.cause { headers.append(LogHeader(HeaderName.cause, cause.description)) }
        if let traceparent = envelope.traceparent { headers.append(LogHeader(HeaderName.traceparent, traceparent)) }
        return headers
    }

    /// A whole record in binary mode.
    ///
    /// - Parameter key: the record's key, where it differs from the routing key of the envelope (facts are keyed by entity).
    package static func encode(
        _ envelope: EventEnvelope, data: [UInt8], topic: String, partition: Int32, key: String? = nil
    ) -> OutgoingRecord {
        OutgoingRecord(
            topic: topic, partition: partition, key: (key ?? envelope.key).map { Array($0.utf8) }, value: data,
            headers: encode(envelope))
    }
}
