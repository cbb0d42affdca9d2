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
    /// What is alike in every record, encoded once.
    fileprivate static let constant: LogHeaders = [
        LogHeader(HeaderName.specVersion, "1.0"), LogHeader(HeaderName.contentType, "application/json"),
    ]
    /// What the headers of most records take, with room for a sequence number.
    fileprivate static let usualBytes = 448

    /// The headers of a record in binary mode; the data goes into its value as it is.
    package static func encode(_ envelope: EventEnvelope) -> LogHeaders {
        var headers = LogHeaders()
        headers.reserve(usualBytes)
        headers.append(contentsOf: constant)
        headers.append(EncodedHeaderName.id, envelope.id)
        headers.append(EncodedHeaderName.source, envelope.source)
        headers.append(EncodedHeaderName.type, envelope.type)
        headers.append(EncodedHeaderName.time, envelope.time.description)
        if let value = envelope.subject { headers.append(EncodedHeaderName.subject, value) }
        if let value = envelope.key { headers.append(EncodedHeaderName.key, value) }
        if envelope.isBroadcast { headers.append(EncodedHeaderName.broadcast, "1") }
        if envelope.isForwarded { headers.append(EncodedHeaderName.forwarded, "1") }
        if let value = envelope.commandID { headers.append(EncodedHeaderName.commandID, value) }
        if let value = envelope.cause { headers.append(EncodedHeaderName.cause, value.description) }
        if let value = envelope.traceparent { headers.append(EncodedHeaderName.traceparent, value) }
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

/// Envelopes of the events that answer one record: what they have in common is encoded once.
package struct EnvelopeSeries: Sendable {
    private let common: LogHeaders

    /// See `EventEnvelope` for what is what.
    package init(
        source: String, time: Timestamp, commandID: String?, traceparent: String?, cause: EventPosition?
    ) {
        var common = CloudEventCodec.constant
        common.append(EncodedHeaderName.source, source)
        common.append(EncodedHeaderName.time, time.description)
        if let commandID { common.append(EncodedHeaderName.commandID, commandID) }
        if let cause { common.append(EncodedHeaderName.cause, cause.description) }
        if let traceparent { common.append(EncodedHeaderName.traceparent, traceparent) }
        self.common = common
    }

    /// The headers of one event.
    package func headers(id: String, type: String, subject: String?, key: String, sequence: Int64) -> LogHeaders {
        var headers = LogHeaders()
        headers.reserve(CloudEventCodec.usualBytes)
        headers.append(contentsOf: common)
        headers.append(EncodedHeaderName.id, id)
        headers.append(EncodedHeaderName.type, type)
        if let subject { headers.append(EncodedHeaderName.subject, subject) }
        headers.append(EncodedHeaderName.key, key)
        headers.append(EncodedHeaderName.sequence, String(sequence))
        return headers
    }
}
