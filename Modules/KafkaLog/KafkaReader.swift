import CRdkafka
import EventLog

/// Reads from explicit positions, committed records unless it is an `uncommittedProbe`.
///
/// Safe because everything it holds belongs to the one thread that uses it.
@safe final class KafkaReader: LogReader {
    private let handle: KafkaHandle
    private let queue: KafkaQueue
    private var fetchAhead: FetchAhead
    private var topics: [(pointer: OpaquePointer, name: String)] = unsafe []
    /// The next offset of each assigned partition, as far as events told; markers are asked for in `positions`.
    private var next: [TopicPartition: Int64] = [:]
    /// Partitions of which the client's own position is of this assignment: assigned for the first time, or read.
    private var positioned: Set<TopicPartition> = []
    private var assigned: Set<TopicPartition> = []
    /// An error that came behind what was read; the next read tells it.
    private var pendingError: LogError?

    private let admin: KafkaAdmin

    init(
        _ role: KafkaRole, admin: KafkaAdmin, configuration: KafkaConfiguration, diagnostics: KafkaDiagnostics
    ) throws(LogError) {
        self.admin = admin
        handle = try KafkaHandle(role, configuration, events: RD_KAFKA_EVENT_ERROR, diagnostics: diagnostics)
        queue = KafkaQueue.consumer(of: handle)
        fetchAhead = FetchAhead(handle: handle, limitBytes: configuration.fetchQueueKibibytes(of: role) << 10)
    }

    func assign(_ positions: [TopicPartition: Int64]) throws(LogError) {
        unsafe topics = []
        pendingError = nil
        // What came of the assignment before counts against the limit of the queue until it is polled for and thrown away: a
        // fetching thread that finds the queue full by then sleeps up to a second.
        unsafe try KafkaFailure.check(rd_kafka_assign(handle.pointer, nil), "giving the assignment up")
        queue.empty()
        next = positions
        positioned = Set(positions.keys).subtracting(assigned)
        assigned.formUnion(positions.keys)
        let list = PartitionList(capacity: positions.count)
        for (topic, places) in Dictionary(grouping: positions.keys, by: \.topic) {
            // 0 is the start, also where retention has moved it. The start is asked for here: left to the client as a
            // logical offset, a late answer would override a later assignment.
            let fromStart = places.filter { positions[$0] == 0 }.map(\.partition)
            let starts = fromStart.isEmpty ? [:] : try admin.starts(of: topic, partitions: fromStart)
            for place in places {
                list.add(topic, place.partition, offset: starts[place.partition] ?? positions[place] ?? 0)
            }
        }
        guard !positions.isEmpty else { return }
        unsafe try KafkaFailure.check(rd_kafka_assign(handle.pointer, list.pointer), "assigning partitions")
    }

    func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord] {
        if let error = pendingError {
            pendingError = nil
            throw error
        }
        var found: [LogRecord] = []
        let deadline = ContinuousClock.now + timeout
        var wait = timeout.milliseconds
        while found.count < maximum {
            guard let event = queue.poll(wait) else {
                if !found.isEmpty || deadline.hasPassed { break }
                wait = deadline.remaining.milliseconds
                continue
            }
            switch event.kind {
            case RD_KAFKA_EVENT_FETCH:
                guard let message = unsafe rd_kafka_event_message_next(event.pointer) else { continue }
                let record = unsafe RecordReader.record(message, topic: topicName(message.pointee.rkt))
                let place = TopicPartition(record.topic, record.partition)
                next[place] = record.offset + 1
                positioned.insert(place)
                fetchAhead.note(record)
                found.append(record)
                wait = 0
            case RD_KAFKA_EVENT_ERROR:
                if let failure = take(event) {
                    guard !found.isEmpty else { throw failure }
                    pendingError = failure
                    return found
                }
                wait = found.isEmpty ? deadline.remaining.milliseconds : 0
            default:
                continue
            }
        }
        let waiting = waiting
        fetchAhead.refill(next.lazy.map { (place: $0.key, offset: $0.value, waiting: waiting) })
        return found
    }

    /// Records that were fetched and not read.
    var waiting: Int { queue.count }

    /// An end of partition moves the position over what compaction left out; other errors end the read.
    private func take(_ event: borrowing KafkaEvent) -> LogError? {
        let place = event.place
        if event.code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
            if let place, let position = next[place.partition] {
                next[place.partition] = max(position, place.offset)
            }
            return nil
        }
        return ConsumerErrors.failure(of: event, on: handle, place: place)
    }

    func positions() throws(LogError) -> [TopicPartition: Int64] {
        let list = PartitionList(capacity: positioned.count)
        for place in positioned { list.add(place.topic, place.partition, offset: Int64(RD_KAFKA_OFFSET_INVALID)) }
        unsafe try KafkaFailure.check(rd_kafka_position(handle.pointer, list.pointer), "asking for positions")
        for element in list.elements where element.offset > next[element.place] ?? 0 {
            next[element.place] = element.offset
        }
        return next
    }

    private func topicName(_ pointer: OpaquePointer) -> String {
        if let known = unsafe topics.first(where: { unsafe $0.pointer == pointer }) { return unsafe known.name }
        let name = unsafe String(cString: rd_kafka_topic_name(pointer))
        unsafe topics.append((pointer, name))
        return name
    }

    func close() {
        unsafe rd_kafka_assign(handle.pointer, nil)
        queue.close()
        handle.close()
    }
}
