import CRdkafka
import EventLog

/// Reads committed rows of a changelog, several partitions side by side, each through its own bounded queue.
///
/// Safe because everything it holds belongs to the one thread that uses it.
@safe final class ChangelogReader {
    private struct Source {
        var queue: KafkaQueue
        var position: Int64
        /// Whether the client's own position is of this reading. After a restart it may be of the one before, until
        /// the first record came.
        var hasOwnPosition: Bool
        var fetchAhead: FetchAhead
    }

    /// How long more records are waited for behind the first ones, where the end of the partition is not reached: many are
    /// worth more together.
    private static let moreMilliseconds: Int32 = 5

    private let topic: String
    private let admin: KafkaAdmin
    private let handle: KafkaHandle
    private let fetchQueueBytes: Int
    /// Errors of the client come here, and what is not about one partition.
    let queue: KafkaQueue
    /// An error that came behind what was read; the next read tells it.
    private var pendingError: LogError?
    private var sources: [Int32: Source] = [:]
    private var read: Set<Int32> = []

    init(topic: String, admin: KafkaAdmin, configuration: KafkaConfiguration, diagnostics: KafkaDiagnostics)
        throws(LogError)
    {
        self.admin = admin
        self.topic = topic
        fetchQueueBytes = configuration.fetchQueueKibibytes(of: .changelog) << 10
        handle = try KafkaHandle(.changelog, configuration, events: RD_KAFKA_EVENT_ERROR, diagnostics: diagnostics)
        queue = KafkaQueue.consumer(of: handle)
    }

    /// Rows from `offset` on, and the position after them.
    ///
    /// The position moves over markers and compacted gaps: through the client's own position, and through the end of
    /// partition, which is taken only as the position that it is. That is not the end of the restore: a dead owner's
    /// open transaction stops it below rows that are committed.
    func read(_ partition: Int32, from offset: Int64, maximum: Int, timeout: Duration) throws(LogError)
        -> ChangelogSlice
    {
        if let error = pendingError {
            pendingError = nil
            throw error
        }
        var source = try source(of: partition, at: offset)
        var found: [LogRecord] = []
        let deadline = ContinuousClock.now + timeout
        var wait = timeout.milliseconds
        var failure: LogError?
        while found.count < maximum {
            guard let event = source.queue.poll(wait) else {
                failure = served()
                if source.hasOwnPosition { source.position = max(source.position, position(of: partition)) }
                if failure != nil || source.position > offset || deadline.hasPassed { break }
                wait = deadline.remaining.milliseconds
                continue
            }
            switch event.kind {
            case RD_KAFKA_EVENT_FETCH:
                guard let message = unsafe rd_kafka_event_message_next(event.pointer) else { continue }
                let record = unsafe RecordReader.record(message, topic: topic)
                guard record.offset >= source.position else { continue }
                source.position = record.offset + 1
                source.hasOwnPosition = true
                source.fetchAhead.note(record)
                found.append(consume record)
                wait = Self.moreMilliseconds
            case RD_KAFKA_EVENT_ERROR:
                failure = self.failure(of: event)
                if failure == nil { source.position = max(source.position, endOfPartition(event) ?? 0) }
                wait = source.position > offset ? 0 : deadline.remaining.milliseconds
            default: continue
            }
            if failure != nil { break }
        }
        source.fetchAhead.refill(
            CollectionOfOne(
                (place: TopicPartition(topic, partition), offset: source.position, waiting: source.queue.count)))
        // The client has gone on behind what was taken from it, so that is never dropped for an error.
        sources[partition] = source
        // The client fetches nothing more behind that: the next read begins anew.
        if failure?.code == .offsetOutOfRange { release(partition) }
        if let failure {
            guard source.position > offset else { throw failure }
            pendingError = failure
        }
        return ChangelogSlice(records: found, position: source.position)
    }

    private func endOfPartition(_ event: borrowing KafkaEvent) -> Int64? {
        event.code == RD_KAFKA_RESP_ERR__PARTITION_EOF ? event.place?.offset : nil
    }

    private func failure(of event: borrowing KafkaEvent) -> LogError? {
        guard event.code != RD_KAFKA_RESP_ERR__PARTITION_EOF,
            let failure = ConsumerErrors.failure(of: event, on: handle, place: event.place)
        else { return nil }
        guard failure.code == .offsetOutOfRange else { return failure }
        // The changelog was judged when its restore began, which is done again.
        return LogError(failure.code, .retriable, failure.message)
    }

    /// The first error of those that wait.
    private func served() -> LogError? {
        while let event = queue.poll(0) {
            if event.kind == RD_KAFKA_EVENT_ERROR, let failure = failure(of: event) { return failure }
        }
        return nil
    }

    private func position(of partition: Int32) -> Int64 {
        let list = PartitionList(capacity: 1)
        list.add(topic, partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        unsafe rd_kafka_position(handle.pointer, list.pointer)
        return list.elements[0].offset
    }

    private func source(of partition: Int32, at offset: Int64) throws(LogError) -> Source {
        if let source = sources[partition] {
            if source.position == offset { return source }
            release(partition)
        }
        // What the client complained of while nothing was read.
        if sources.isEmpty { self.queue.empty() }
        let queue = try KafkaQueue.partition(TopicPartition(topic, partition), of: handle)
        let list = PartitionList(capacity: 1)
        // A plain offset always, for the reason given in `KafkaReader.assign`.
        let start = offset == 0 ? try admin.starts(of: topic, partitions: [partition])[partition] ?? 0 : offset
        list.add(topic, partition, offset: start)
        unsafe try KafkaFailure.check(
            rd_kafka_incremental_assign(handle.pointer, list.pointer), "reading \(topic)/\(partition)")
        let source = Source(
            queue: queue, position: offset, hasOwnPosition: read.insert(partition).inserted,
            fetchAhead: FetchAhead(handle: handle, limitBytes: fetchQueueBytes))
        sources[partition] = source
        return source
    }

    /// Stops reading a partition; what was fetched of it is dropped.
    func release(_ partition: Int32) {
        guard let source = sources.removeValue(forKey: partition) else { return }
        let list = PartitionList(capacity: 1)
        list.add(topic, partition, offset: Int64(RD_KAFKA_OFFSET_INVALID))
        if let error = unsafe rd_kafka_incremental_unassign(handle.pointer, list.pointer) {
            unsafe rd_kafka_error_destroy(error)
        }
        // The queue outlives the reference to it, with megabytes of rows that nobody asks for again.
        source.queue.empty()
        source.queue.close()
    }

    /// Stops reading all partitions.
    func release() {
        for partition in sources.keys { release(partition) }
    }

    func close() {
        release()
        queue.close()
        handle.close()
    }
}
