import EventLog

/// What a client of the holder's socket asks for: the first byte of a request.
enum FrameOperation: UInt8 {
    case hello = 1
    case createTopics, topics, endOffsets, committedOffsets
    case openProducer, append
    case assign, read, positions
    case groupMembers
}

/// The first byte of an answer.
enum FrameStatus: UInt8 {
    case done = 0
    case failed = 1
}

/// The protocol of the holder's socket: frames of a four-byte length and that many bytes, one answer to each request.
enum FrameProtocol {
    /// Both sides must have it: they are of one installation, so there is no negotiation.
    static let version: Int64 = 3
    /// The largest frame that either side takes.
    static let maximumBytes = 64 << 20
    /// The longest wait of one read request, in milliseconds; the client asks again. Bounds how long a close takes.
    static let maximumWaitMilliseconds: Int64 = 500
}

/// Builds a frame's bytes. Integers are little-endian, LEB128 where they count; `nil` is told from empty.
struct FrameWriter {
    private(set) var bytes: [UInt8] = []

    init() {}
    init(_ operation: FrameOperation) { bytes = [operation.rawValue] }
    init(_ status: FrameStatus) { bytes = [status.rawValue] }

    mutating func integer(_ value: Int64) {
        for shift in stride(from: Int64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func optional(_ value: Int64?) {
        bytes.append(value == nil ? 0 : 1)
        if let value { integer(value) }
    }

    mutating func count(_ value: Int) { VariableLength.append(value, to: &bytes) }

    mutating func text(_ value: String) {
        count(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    mutating func blob(_ value: [UInt8]?) {
        count(value.map { $0.count + 1 } ?? 0)
        if let value { bytes.append(contentsOf: value) }
    }

    mutating func headers(_ headers: LogHeaders) {
        count(headers.bytes.count)
        bytes.append(contentsOf: headers.bytes)
    }

    mutating func record(_ record: OutgoingRecord) {
        text(record.topic)
        integer(Int64(record.partition))
        blob(record.key)
        blob(record.value)
        headers(record.headers)
    }

    mutating func record(_ record: LogRecord) {
        text(record.topic)
        integer(Int64(record.partition))
        integer(record.offset)
        integer(record.appendTimeMilliseconds)
        blob(record.key)
        blob(record.value)
        headers(record.headers)
    }

    mutating func positions(_ positions: [TopicPartition: Int64]) {
        count(positions.count)
        for (place, offset) in positions {
            text(place.topic)
            integer(Int64(place.partition))
            integer(offset)
        }
    }

    mutating func topic(_ topic: TopicSpecification) {
        text(topic.name)
        integer(Int64(topic.partitions))
        switch topic.cleanup {
        case .delete(let retention):
            bytes.append(0)
            optional(retention)
        case .compact(let lag):
            bytes.append(1)
            optional(lag)
        }
        integer(Int64(topic.maximumRecordBytes))
    }

    mutating func error(_ error: LogError) {
        text(error.code.rawValue)
        switch error.errorClass {
        case .fatal: bytes.append(0)
        case .abortable: bytes.append(1)
        case .retriable: bytes.append(2)
        }
        text(error.message)
    }
}

/// Takes a frame's bytes apart. Whatever the bytes are, it reads within them or throws `malformed`.
struct FrameReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private static func malformed() -> LogError {
        LogError(.malformed, .fatal, "a frame on the log's socket cannot be read")
    }

    private mutating func take(_ count: Int) throws(LogError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - index else { throw Self.malformed() }
        defer { index += count }
        return bytes[index..<index + count]
    }

    mutating func byte() throws(LogError) -> UInt8 { try take(1).first! }

    mutating func integer() throws(LogError) -> Int64 {
        try take(8).reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
    }

    mutating func partition() throws(LogError) -> Int32 {
        guard let value = Int32(exactly: try integer()) else { throw Self.malformed() }
        return value
    }

    mutating func optional() throws(LogError) -> Int64? { try byte() == 0 ? nil : try integer() }

    /// A count of things that take at least a byte each.
    mutating func count() throws(LogError) -> Int {
        let value = try length()
        guard value <= bytes.count - index else { throw Self.malformed() }
        return value
    }

    private mutating func length() throws(LogError) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 56, by: 7) {
            let byte = try byte()
            value |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw Self.malformed()
    }

    mutating func text() throws(LogError) -> String {
        let part = try take(try length())
        guard let text = String(validating: part, as: UTF8.self) else { throw Self.malformed() }
        return text
    }

    mutating func blob() throws(LogError) -> [UInt8]? {
        let length = try length()
        return length == 0 ? nil : Array(try take(length - 1))
    }

    mutating func headers() throws(LogError) -> LogHeaders {
        guard let headers = LogHeaders(validating: Array(try take(try length()))) else { throw Self.malformed() }
        return headers
    }

    mutating func outgoingRecord() throws(LogError) -> OutgoingRecord {
        OutgoingRecord(
            topic: try text(), partition: try partition(), key: try blob(), value: try blob(), headers: try headers())
    }

    mutating func logRecord() throws(LogError) -> LogRecord {
        LogRecord(
            topic: try text(), partition: try partition(), offset: try integer(),
            appendTimeMilliseconds: try integer(), key: try blob(), value: try blob(), headers: try headers())
    }

    mutating func positions() throws(LogError) -> [TopicPartition: Int64] {
        var positions: [TopicPartition: Int64] = [:]
        for _ in 0..<(try count()) { positions[TopicPartition(try text(), try partition())] = try integer() }
        return positions
    }

    mutating func topic() throws(LogError) -> TopicSpecification {
        let (name, partitions) = (try text(), try partition())
        let isCompacted = try byte() != 0
        let time = try optional()
        guard let limit = Int(exactly: try integer()), limit >= 0, partitions > 0 else { throw Self.malformed() }
        return TopicSpecification(
            name: name, partitions: partitions,
            cleanup: isCompacted
                ? .compact(minimumLagMilliseconds: time ?? 0) : .delete(retentionMilliseconds: time),
            maximumRecordBytes: limit)
    }

    mutating func error() throws(LogError) -> LogError {
        let code = LogError.Code(rawValue: try text())
        let classByte = try byte()
        return LogError(code, classByte == 0 ? .fatal : classByte == 1 ? .abortable : .retriable, try text())
    }

    /// What a list of `count` things is read by.
    mutating func list<Element>(
        _ read: (inout FrameReader) throws(LogError) -> Element
    ) throws(LogError) -> [Element] {
        var elements: [Element] = []
        for _ in 0..<(try count()) { elements.append(try read(&self)) }
        return elements
    }

    /// Nothing may be left over.
    func finish() throws(LogError) {
        guard index == bytes.count else { throw Self.malformed() }
    }
}
