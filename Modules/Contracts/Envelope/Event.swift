package import Domain
package import EventLog

/// An event as a worker sees it: a CloudEvent (binary or structured) out of a record, its data still encoded.
package struct Event: Sendable, Hashable {
    /// `ce_id`; unique together with `source`.
    package var id: String
    /// `ce_source`: who wrote it.
    package var source: String
    /// `ce_type`, for example `io.tributary.referral.submitted.v1`.
    package var type: String
    /// `ce_time`; `nil` where the producer gave none.
    package var time: Timestamp?
    package var subject: String?
    /// The record's key as text; empty where it has none.
    package var key: String
    /// The data: one JSON object.
    package var data: [UInt8]
    package var position: EventPosition
    /// When the log took it.
    package var appendTime: Timestamp
    /// Written to every partition in one transaction; exempt from the key check.
    package var isBroadcast: Bool
    /// Already forwarded once to the partition of its right key.
    package var isForwarded: Bool
    /// `nil` where it was no dead letter that somebody put back.
    package var earlierFailures: EarlierFailures?
    /// The command that asked for it; carried on to every outcome.
    package var commandID: String?
    /// W3C trace context, carried on.
    package var traceparent: String?

    /// It was a dead letter, and somebody put it back.
    package var isRedriven: Bool { earlierFailures != nil }

    package init(
        id: String, source: String, type: String, time: Timestamp?, subject: String?, key: String, data: [UInt8],
        position: EventPosition, appendTime: Timestamp, isBroadcast: Bool = false, isForwarded: Bool = false,
        earlierFailures: EarlierFailures? = nil, commandID: String? = nil, traceparent: String? = nil
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.subject = subject
        self.key = key
        self.data = data
        self.position = position
        self.appendTime = appendTime
        self.isBroadcast = isBroadcast
        self.isForwarded = isForwarded
        self.earlierFailures = earlierFailures
        self.commandID = commandID
        self.traceparent = traceparent
    }
}

/// Where a record stands: `referral.v1/3/1234` (the topic without its prefix).
package struct EventPosition: Sendable, Hashable, CustomStringConvertible {
    package var topic: String
    package var partition: Int32
    package var offset: Int64

    package init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }

    /// - Parameter topicName: as the log has it, under the catalogue's prefix or not.
    package init(topicName: String, prefix: String, partition: Int32, offset: Int64) {
        var topic = topicName
        let length = prefix.utf8.count
        if topic.utf8.count > length, topic.hasPrefix(prefix), topic.utf8.dropFirst(length).first == UInt8(ascii: ".") {
            topic = String(topic[topic.utf8.index(topic.startIndex, offsetBy: length + 1)...])
        }
        self.init(topic: topic, partition: partition, offset: offset)
    }

    package init(of record: LogRecord, prefix: String) {
        self.init(topicName: record.topic, prefix: prefix, partition: record.partition, offset: record.offset)
    }

    package var description: String { topic + "/" + String(partition) + "/" + String(offset) }
}

/// Names of the record headers that we write beside the CloudEvents attributes.
package enum HeaderName {
    package static let contentType = "content-type"
    package static let id = "ce_id"
    package static let source = "ce_source"
    package static let type = "ce_type"
    package static let specVersion = "ce_specversion"
    package static let time = "ce_time"
    package static let subject = "ce_subject"
    package static let traceparent = "traceparent"
    /// The routing key as derived once at intake.
    package static let key = "tributary-key"
    package static let broadcast = "tributary-broadcast"
    package static let forwarded = "tributary-forwarded"
    /// On an event that was a dead letter and was put back: where it failed, `<topic>/<partition>/<offset>`, each time.
    package static let redriven = "tributary-redriven"
    package static let commandID = "tributary-command-id"
    /// `<topic>/<partition>/<offset>` of the input record that an output answers.
    package static let cause = "tributary-cause"
    package static let errorCode = "tributary-error-code"
    /// On a dead letter, and kept when it is put back: when the log took what failed first, in milliseconds since 1970.
    package static let errorFirstTime = "tributary-error-first-time"
    /// Rises from event to event of one source to one partition, so that a receiver knows a repetition by a single
    /// mark.
    package static let sequence = "tributary-sequence"
}

/// The names of the envelope's headers as they are written and compared, record by record.
enum EncodedHeaderName {
    static let id = LogHeaderName(HeaderName.id)
    static let source = LogHeaderName(HeaderName.source)
    static let type = LogHeaderName(HeaderName.type)
    static let time = LogHeaderName(HeaderName.time)
    static let subject = LogHeaderName(HeaderName.subject)
    static let key = LogHeaderName(HeaderName.key)
    static let broadcast = LogHeaderName(HeaderName.broadcast)
    static let forwarded = LogHeaderName(HeaderName.forwarded)
    static let redriven = LogHeaderName(HeaderName.redriven)
    static let commandID = LogHeaderName(HeaderName.commandID)
    static let cause = LogHeaderName(HeaderName.cause)
    static let traceparent = LogHeaderName(HeaderName.traceparent)
    static let sequence = LogHeaderName(HeaderName.sequence)
    static let contentType = LogHeaderName(HeaderName.contentType)
    static let specVersion = LogHeaderName(HeaderName.specVersion)
}
