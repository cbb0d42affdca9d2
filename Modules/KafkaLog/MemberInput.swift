import CRdkafka
import EventLog

/// What a member fetches: each partition has a queue and a position of its own, so that none's records stand behind another's
/// backlog.
///
/// Safe because everything it holds belongs to the one thread that uses it.
@safe final class MemberInput {
    private struct Source {
        var queue: KafkaQueue
        /// The smallest offset that is still wanted; `nil` while the partition is paused.
        var next: Int64?
    }

    private let topic: String
    private let handle: KafkaHandle
    private let signal: QueueSignal
    /// By partition: as far as this member was ever given them.
    private var sources: [Int32: Source] = [:]
    private var fetchAhead: FetchAhead
    /// Partitions whose next record is not in the log, as a broker says, with its words; not judged yet. The client fetches
    /// nothing more of them, whether they are paused meanwhile or not.
    private(set) var doubts: [Int32: String] = [:]
    /// The partition from which is taken first.
    private var first: Int32 = 0

    /// - Parameter queueBytes: how much the client fetches ahead of each partition.
    init(topic: String, handle: KafkaHandle, signal: QueueSignal, queueBytes: Int) {
        self.topic = topic
        self.handle = handle
        self.signal = signal
        fetchAhead = FetchAhead(handle: handle, limitBytes: queueBytes)
    }

    // MARK: Partitions

    /// Takes partitions in, paused. Must come before the client is told to fetch them.
    func add(_ partitions: [Int32]) throws(LogError) {
        for partition in partitions {
            if let known = sources.removeValue(forKey: partition) { release(known) }
            settle(partition)
            let queue = try KafkaQueue.partition(TopicPartition(topic, partition), of: handle)
            signal.watch(queue)
            sources[partition] = Source(queue: queue)
        }
    }

    func isPaused(_ partition: Int32) -> Bool { sources[partition]?.next == nil }

    /// The smallest offset that is still wanted of a partition; `nil` where nothing is.
    func next(of partition: Int32) -> Int64? { sources[partition]?.next }

    /// Drops what waits of a paused partition. Before it is resumed: outdated records would still fill the queue, and an error
    /// be taken for one of the new position.
    func empty(_ partition: Int32) {
        sources[partition]?.queue.empty()
    }

    func resume(_ partition: Int32, at offset: Int64) {
        sources[partition]?.next = offset
        // A resume does not wake the thread that fetches.
        fetchAhead.wake([TopicPartition(topic, partition)])
    }

    func pause(_ partition: Int32) {
        sources[partition]?.next = nil
    }

    func pauseAll() {
        for partition in sources.keys { pause(partition) }
    }

    /// Drops what waits of every partition. When the assignment was given up: nobody reads the queues of partitions that went
    /// to another member, and the batches in them would stay in memory as long as this one lives.
    func emptyAll() {
        for source in sources.values { source.queue.empty() }
    }

    // MARK: Records

    /// Takes up to `maximum` records that wait: of each partition as many as of the others, and the rest of those that have
    /// more. Stops at an error for which `failure` gives one.
    func take(_ maximum: Int, _ failure: (borrowing KafkaEvent) -> LogError?) -> (
        records: [LogRecord], error: LogError?
    ) {
        var found: [LogRecord] = []
        var open = inServingOrder()
        first = (open.first ?? 0) + 1
        do throws(LogError) {
            while !open.isEmpty, found.count < maximum {
                let share = max(1, (maximum - found.count) / open.count)
                var withMore: [Int32] = []
                for partition in open where found.count < maximum {
                    if try take(share, of: partition, into: &found, failure) { withMore.append(partition) }
                }
                open = withMore
            }
        } catch {
            return (found, error)
        }
        return (found, nil)
    }

    /// Takes up to `share` records of one partition; whether it may have more.
    private func take(
        _ share: Int, of partition: Int32, into found: inout [LogRecord],
        _ failure: (borrowing KafkaEvent) -> LogError?
    ) throws(LogError) -> Bool {
        guard let queue = sources[partition]?.queue else { return false }
        let end = found.count + share
        while found.count < end {
            guard let event = queue.poll(0) else { return false }
            if event.kind == RD_KAFKA_EVENT_FETCH {
                if let record = record(of: event) { found.append(record) }
            } else if event.kind == RD_KAFKA_EVENT_ERROR, let error = failure(event) {
                guard error.code == .offsetOutOfRange else { throw error }
                doubts[partition] = error.message
                return false
            }
        }
        return true
    }

    /// The partitions that are read, beginning with the one after the first of the last time.
    private func inServingOrder() -> [Int32] {
        let read = sources.filter { $0.value.next != nil }.keys.sorted()
        let start = read.firstIndex { $0 >= first } ?? 0
        return Array(read[start...] + read[..<start])
    }

    /// The record of a fetch event; `nil` where nobody wants it: its partition was paused, or it lies before the position
    /// (this library version can deliver again after a resume).
    private func record(of event: borrowing KafkaEvent) -> LogRecord? {
        guard let message = unsafe rd_kafka_event_message_next(event.pointer),
            unsafe message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR
        else { return nil }
        let (partition, offset) = unsafe (message.pointee.partition, message.pointee.offset)
        guard let next = next(of: partition), offset >= next else { return nil }
        sources[partition]!.next = offset + 1
        let record = unsafe RecordReader.record(message, topic: topic)
        fetchAhead.note(record)
        return record
    }

    /// A doubt was judged.
    func settle(_ partition: Int32) { doubts[partition] = nil }

    /// Has more fetched where little waits.
    func refill() {
        fetchAhead.refill(
            sources.lazy.compactMap { [topic] partition, source in
                source.next.map {
                    (place: TopicPartition(topic, partition), offset: $0, waiting: source.queue.count)
                }
            })
    }

    private func release(_ source: Source) {
        signal.unwatch(source.queue)
        source.queue.close()
    }

    func close() {
        for source in sources.values { release(source) }
        sources = [:]
    }
}
