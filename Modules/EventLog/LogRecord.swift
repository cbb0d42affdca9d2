/// A record to be appended. The partition is explicit: it is computed once, by `Partitioner`, never by a client library.
package struct OutgoingRecord: Sendable, Hashable {
    package var topic: String
    package var partition: Int32
    package var key: [UInt8]?
    /// `nil` is a tombstone; an empty array is an empty value. Both survive in every log.
    package var value: [UInt8]?
    package var headers: LogHeaders

    package init(topic: String, partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: LogHeaders = []) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// Key, value and headers: what a topic's limit counts.
    package var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + headers.bytes.count }
}

/// A record as read, after its transaction committed.
package struct LogRecord: Sendable, Hashable {
    package var topic: String
    package var partition: Int32
    package var offset: Int64
    /// When the log took the record, in milliseconds since 1970 (Kafka's `LogAppendTime`).
    package var appendTimeMilliseconds: Int64
    package var key: [UInt8]?
    package var value: [UInt8]?
    package var headers: LogHeaders

    package init(
        topic: String, partition: Int32, offset: Int64, appendTimeMilliseconds: Int64, key: [UInt8]?, value: [UInt8]?,
        headers: LogHeaders
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.appendTimeMilliseconds = appendTimeMilliseconds
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// Key, value and headers.
    package var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + headers.bytes.count }

    /// The last header of that name, as Kafka clients read it; `nil` where it is absent or has no value.
    package func header(_ name: String) -> [UInt8]? {
        headers.value(of: name)
    }

    /// The header as text; `nil` where it is absent or is no UTF-8.
    package func headerText(_ name: String) -> String? {
        headers.text(of: name)
    }
}
