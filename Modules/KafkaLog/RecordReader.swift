import CRdkafka
import EventLog
import Glibc

/// Copies messages of the client into records. Header names are kept, as every record has the same few: a name is
/// compared, not made again.
///
/// Safe because it only reads a message during the call, while its event lives.
@safe struct RecordReader {
    /// Names kept; beyond this (a foreign producer's random names) they are made anew.
    private static let maximumKnownNames = 64

    private var knownNames: [(text: ContiguousArray<CChar>, name: String)] = []
    private var nextName = 0

    /// The record of a message of `topic`.
    mutating func record(_ message: UnsafePointer<rd_kafka_message_t>, topic: String) -> LogRecord {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = unsafe rd_kafka_message_timestamp(message, &kind)
        return unsafe LogRecord(
            topic: topic, partition: message.pointee.partition, offset: message.pointee.offset,
            appendTimeMilliseconds: time, key: Self.bytes(message.pointee.key, message.pointee.key_len),
            value: Self.bytes(message.pointee.payload, message.pointee.len), headers: headers(of: message))
    }

    private static func bytes(_ start: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
        guard let start = unsafe start else { return nil }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    private mutating func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [LogHeader] {
        var list: OpaquePointer?
        guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, unsafe list != nil
        else { return [] }
        let count = unsafe rd_kafka_header_cnt(list)
        var headers: [LogHeader] = []
        headers.reserveCapacity(count)
        nextName = 0
        for index in 0..<count {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            guard
                unsafe rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR,
                let name = unsafe name
            else { break }
            let bytes = unsafe value.map { unsafe [UInt8](UnsafeRawBufferPointer(start: $0, count: size)) }
            headers.append(LogHeader(unsafe self.name(name), bytes))
        }
        return headers
    }

    /// The name as a string: most often the one after the last, as the same producer writes the same order.
    private mutating func name(_ text: UnsafePointer<CChar>) -> String {
        let count = knownNames.count
        for step in 0..<count {
            var index = nextName + step
            if index >= count { index -= count }
            if unsafe knownNames[index].text.withUnsafeBufferPointer({ unsafe strcmp($0.baseAddress!, text) }) == 0 {
                nextName = index + 1
                return knownNames[index].name
            }
        }
        let name = unsafe String(cString: text)
        if count < Self.maximumKnownNames {
            knownNames.append((text: ContiguousArray(name.utf8CString), name: name))
            nextName = count + 1
        }
        return name
    }
}
