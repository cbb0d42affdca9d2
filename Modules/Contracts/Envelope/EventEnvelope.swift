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
        EnvelopeSeries(
            source: envelope.source, time: envelope.time, commandID: envelope.commandID,
            traceparent: envelope.traceparent, cause: envelope.cause
        ).headers(
            id: envelope.id, type: envelope.type, subject: envelope.subject, key: envelope.key,
            isBroadcast: envelope.isBroadcast, isForwarded: envelope.isForwarded)
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

/// Envelopes of events that answer one record: what they have in common is encoded once.
package struct EnvelopeSeries: Sendable {
    private var source = LogHeaders()
    private var time = LogHeaders()
    /// The command, the cause and the trace.
    private var origin = LogHeaders()

    /// Of one of them; more make it grow.
    private static let usualBytes = 64

    /// See `EventEnvelope` for what is what.
    package init(
        source: String, time: Timestamp, commandID: String?, traceparent: String?, cause: EventPosition?
    ) {
        self.source.reserve(Self.usualBytes)
        self.source.append(EncodedHeaderName.source, source)
        self.time.reserve(Self.usualBytes)
        self.time.append(EncodedHeaderName.time, time.description)
        origin.reserve(Self.usualBytes)
        if let commandID { origin.append(EncodedHeaderName.commandID, commandID) }
        if let cause { origin.append(EncodedHeaderName.cause, cause.description) }
        if let traceparent { origin.append(EncodedHeaderName.traceparent, traceparent) }
    }

    /// The headers of one event.
    package func headers(
        id: String, type: String, subject: String?, key: String?, isBroadcast: Bool = false, isForwarded: Bool = false,
        sequence: Int64? = nil
    ) -> LogHeaders {
        var headers = LogHeaders()
        headers.reserve(CloudEventCodec.usualBytes)
        headers.append(contentsOf: CloudEventCodec.constant)
        headers.append(EncodedHeaderName.id, id)
        headers.append(contentsOf: source)
        headers.append(EncodedHeaderName.type, type)
        headers.append(contentsOf: time)
        if let subject { headers.append(EncodedHeaderName.subject, subject) }
        if let key { headers.append(EncodedHeaderName.key, key) }
        if isBroadcast { headers.append(EncodedHeaderName.broadcast, "1") }
        if isForwarded { headers.append(EncodedHeaderName.forwarded, "1") }
        headers.append(contentsOf: origin)
        if let sequence { headers.append(EncodedHeaderName.sequence, String(sequence)) }
        return headers
    }
}
