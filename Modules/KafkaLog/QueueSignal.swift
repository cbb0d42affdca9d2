import CRdkafka
import EventLog
import Glibc

/// Wakes a thread that waits for several queues at once: the client marks a descriptor where an empty one gets an event.
///
/// Safe because the queues are unwatched before the descriptor ends, by the one thread that uses it.
@safe final class QueueSignal {
    private static let payload: [UInt64] = [1]
    private let descriptor: Int32

    init() throws(LogError) {
        descriptor = tributary_event_descriptor()
        guard descriptor >= 0 else {
            throw unsafe LogError(.other, .fatal, "eventfd: \(String(cString: strerror(errno)))")
        }
    }

    func watch(_ queue: KafkaQueue) {
        unsafe Self.payload.withUnsafeBytes { payload in
            unsafe queue.withPointer {
                unsafe rd_kafka_queue_io_event_enable($0, descriptor, payload.baseAddress, payload.count)
            }
        }
    }

    func unwatch(_ queue: KafkaQueue) {
        unsafe queue.withPointer { unsafe rd_kafka_queue_io_event_enable($0, -1, nil, 0) }
    }

    /// Waits until a watched queue got an event since it was found empty, or for so long.
    func wait(_ milliseconds: Int32) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe Glibc.poll(&entry, 1, milliseconds) > 0 else { return }
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, MemoryLayout<UInt64>.size)
    }

    deinit { Glibc.close(descriptor) }
}
