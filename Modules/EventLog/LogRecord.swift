/// One header of a record. The value is raw: producers of other systems may write anything, or nothing.
package struct LogHeader: Sendable, Hashable {
    package var name: String
    package var value: [UInt8]?

    package init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    package init(_ name: String, _ value: String) {
        self.init(name, Array(value.utf8))
    }
}

/// A record to be appended. The partition is explicit: it is computed once, by `Partitioner`, never by a client library.
package struct OutgoingRecord: Sendable, Hashable {
    package var topic: String
    package var partition: Int32
    package var key: [UInt8]?
    /// `nil` is a tombstone; an empty array is an empty value. Both survive in every log.
    package var value: [UInt8]?
    package var headers: [LogHeader]

    package init(topic: String, partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: [LogHeader] = []) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
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
    package var headers: [LogHeader]

    package init(
        topic: String, partition: Int32, offset: Int64, appendTimeMilliseconds: Int64, key: [UInt8]?, value: [UInt8]?,
        headers: [LogHeader]
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.appendTimeMilliseconds = appendTimeMilliseconds
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// The last header of that name, as Kafka clients read it; `nil` where it is absent or has no value.
    package func header(_ name: String) -> [UInt8]? {
        headers.last { $0.name == name }?.value
    }

    /// The header as text; `nil` where it is absent or is no UTF-8.
    package func headerText(_ name: String) -> String? {
        header(name).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
