import CRdkafka
import EventLog

/// An event taken from a queue; freed when it goes out of scope.
///
/// Safe because it owns the pointer alone and cannot be copied.
@safe struct KafkaEvent: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe rd_kafka_event_destroy(pointer)
    }

    var kind: Int32 { unsafe rd_kafka_event_type(pointer) }
    var code: rd_kafka_resp_err_t { unsafe rd_kafka_event_error(pointer) }
    var isFatal: Bool { unsafe rd_kafka_event_error_is_fatal(pointer) != 0 }
    var errorText: String { unsafe rd_kafka_event_error_string(pointer).map { unsafe String(cString: $0) } ?? "" }

    /// The partition and offset that an error event is about.
    var place: (partition: TopicPartition, offset: Int64)? {
        guard let item = unsafe rd_kafka_event_topic_partition(pointer) else { return nil }
        defer { unsafe rd_kafka_topic_partition_destroy(item) }
        return unsafe (
            TopicPartition(String(cString: item.pointee.topic), item.pointee.partition), item.pointee.offset
        )
    }
}

/// A queue of events, polled by one thread.
///
/// Safe because the pointer is valid from `init` to `close` and used by its owner's thread only.
@safe final class KafkaQueue {
    private var pointer: OpaquePointer?

    /// Takes ownership of a queue reference.
    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// The queue that an instance's delivery reports and errors go to.
    static func main(of handle: KafkaHandle) -> KafkaQueue {
        unsafe KafkaQueue(rd_kafka_queue_get_main(handle.pointer))
    }

    /// A consumer's queue, with its main queue forwarded to it: records, rebalances, errors.
    static func consumer(of handle: KafkaHandle) -> KafkaQueue {
        unsafe rd_kafka_poll_set_consumer(handle.pointer)
        return unsafe KafkaQueue(rd_kafka_queue_get_consumer(handle.pointer))
    }

    /// A queue for the answers of admin calls.
    static func new(of handle: KafkaHandle) -> KafkaQueue {
        unsafe KafkaQueue(rd_kafka_queue_new(handle.pointer))
    }

    /// One partition's own queue, cut off from the consumer's.
    static func partition(_ place: TopicPartition, of handle: KafkaHandle) throws(LogError) -> KafkaQueue {
        guard let pointer = unsafe rd_kafka_queue_get_partition(handle.pointer, place.topic, place.partition) else {
            throw LogError(.unknownTopic, .fatal, "\(place) cannot be read")
        }
        unsafe rd_kafka_queue_forward(pointer, nil)
        return unsafe KafkaQueue(pointer)
    }

    /// The next event; waits up to `timeout`.
    @inline(__always) func poll(_ timeoutMilliseconds: Int32) -> KafkaEvent? {
        guard let event = unsafe rd_kafka_queue_poll(pointer, timeoutMilliseconds) else { return nil }
        return unsafe KafkaEvent(event)
    }

    /// Throws away what waits.
    func empty() {
        while poll(0) != nil {}
    }

    /// The number of events that wait.
    var count: Int { unsafe rd_kafka_queue_length(pointer) }

    /// Runs a C call that takes the queue.
    func withPointer<Result, Failure: Error>(_ body: (OpaquePointer?) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        try unsafe body(pointer)
    }

    /// Gives the reference back; must come before the instance's end.
    func close() {
        guard let pointer = unsafe pointer else { return }
        unsafe rd_kafka_queue_destroy(pointer)
        unsafe self.pointer = nil
    }

    deinit { close() }
}

/// A list of partitions with offsets, as C calls take and give it.
///
/// Safe because it owns the list alone and cannot be copied.
@safe struct PartitionList: ~Copyable {
    /// One element, copied out.
    struct Element {
        var place: TopicPartition
        var offset: Int64
        var metadata: String
        var code: rd_kafka_resp_err_t
    }

    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    private let isBorrowed: Bool

    init(capacity: Int) {
        unsafe pointer = rd_kafka_topic_partition_list_new(Int32(capacity))
        isBorrowed = false
    }

    /// Takes ownership of a list that a call returned.
    init(owning pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        unsafe self.pointer = pointer
        isBorrowed = false
    }

    /// Looks at a list that belongs to an event or a result, which must outlive this value.
    init(borrowing pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        unsafe self.pointer = pointer
        isBorrowed = true
    }

    deinit {
        if !isBorrowed { unsafe rd_kafka_topic_partition_list_destroy(pointer) }
    }

    func add(_ topic: String, _ partition: Int32, offset: Int64, metadata: String = "") {
        var metadata = metadata
        metadata.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe tributary_list_add_offset(
                    pointer, topic, partition, offset, characters.baseAddress, Int64(characters.count))
            }
        }
    }

    var elements: [Element] {
        unsafe UnsafeBufferPointer(start: pointer.pointee.elems, count: Int(pointer.pointee.cnt)).map { item in
            let metadata = unsafe UnsafeRawBufferPointer(start: item.metadata, count: item.metadata_size)
            return unsafe Element(
                place: TopicPartition(String(cString: item.topic), item.partition), offset: item.offset,
                metadata: String(decoding: metadata, as: UTF8.self), code: item.err)
        }
    }
}
