import CRdkafka
import EventLog
import Glibc

/// Copies messages of the client into records.
///
/// Safe because it only reads a message during the call, while its event lives.
@safe enum RecordReader {
    /// What a header takes, most often.
    private static let usualHeaderBytes = 40

    /// The record of a message of `topic`.
    static func record(_ message: UnsafePointer<rd_kafka_message_t>, topic: String) -> LogRecord {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let time = unsafe rd_kafka_message_timestamp(message, &kind)
        return unsafe LogRecord(
            topic: topic, partition: message.pointee.partition, offset: message.pointee.offset,
            appendTimeMilliseconds: time, key: bytes(message.pointee.key, message.pointee.key_len),
            value: bytes(message.pointee.payload, message.pointee.len), headers: headers(of: message))
    }

    private static func bytes(_ start: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
        guard let start = unsafe start else { return nil }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    private static func headers(of message: UnsafePointer<rd_kafka_message_t>) -> LogHeaders {
        var list: OpaquePointer?
        guard unsafe rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, unsafe list != nil
        else { return [] }
        let count = unsafe rd_kafka_header_cnt(list)
        var headers = LogHeaders()
        headers.reserve(count * usualHeaderBytes)
        for index in 0..<count {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            guard
                unsafe rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR,
                let name = unsafe name
            else { break }
            unsafe headers.append(
                UnsafeRawBufferPointer(start: name, count: strlen(name)),
                value.map { unsafe UnsafeRawBufferPointer(start: $0, count: size) })
        }
        return headers
    }
}
