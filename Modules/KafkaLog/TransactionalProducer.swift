import CRdkafka
import EventLog

/// A transactional producer: what a turn and a plain append share. Used by one thread.
///
/// Safe because topic handles are private, made and freed here, and used before `close` only.
@safe final class TransactionalProducer {
    /// One topic that records go to; made at its first record, so that no record carries a name to be looked up.
    /// Safe: the pointer is freed by the producer that holds it, never used elsewhere.
    @safe private struct Topic {
        var name: String
        var pointer: OpaquePointer
        var partitions: Int32
        var maximumBytes: Int
        /// By partition: whether records of the transaction went there, so that it has or gets the partition.
        var isAdded: [Bool]
    }

    /// Records that wait, with the places of their topics, in order.
    private struct Held {
        var records: [(topic: Int, record: OutgoingRecord)] = []
        var bytes = 0
        /// When they are released; `nil` after the first time, when others wait for the transaction's end.
        var end: ContinuousClock.Instant?
    }

    /// Reports are taken in after so many records, as they hold the records' memory.
    private static let recordsBetweenReports = 128
    /// How long one wait for reports may take before the deadline is looked at again.
    private static let reportSlice: Int32 = 50
    /// How long one call of an abort takes at most where no report is waited for, in milliseconds. The library loses the answer
    /// to an abort's beginning that comes later than the call's end.
    private static let abortSlice: Int32 = 500
    /// How long one flush takes at most before reports are looked for, in milliseconds.
    private static let longestFlush: Int32 = 8
    /// How long the wait before a call is made again, in milliseconds: some of them fail at once.
    private static let retryPause: Int32 = 10
    /// How long after a transaction's begin records wait until it is known which partitions it writes to; the first ones of
    /// others wait for its end. Every request that adds partitions to the transaction costs the coordinator an entry in its
    /// log, and in this library version the client's main thread a spin of up to two milliseconds: at two such requests in
    /// place of seven a busy worker and its broker save a twentieth of their work.
    private static let gathering = Duration.milliseconds(25)
    /// How long a call that is made again is given at least.
    private static let shortestCall = Duration.milliseconds(50)
    /// How many headers there is room for before a list of them grows.
    private static let usualHeaders = 12
    /// How many bytes of records wait at most.
    private static let maximumHeldBytes = 1 << 20

    private(set) var handle: KafkaHandle
    private var queue: KafkaQueue
    private let identity: String
    private let configuration: KafkaConfiguration
    /// What a topic takes at most, in bytes; `nil` where the cluster does not tell.
    private let maximumBytes: (String) -> Int?
    private let timeout: Duration

    private var topics: [Topic] = []
    private var sinceReports = 0

    /// Records to partitions that the transaction does not have yet.
    private var held = Held()

    /// Beside `topics`: where the records of the transaction came to lie.
    private var written: [tributary_written] = unsafe []
    private var deliveries = tributary_deliveries()

    /// A call that did not return: the client is its from then on.
    private var abandoned: OffsetsCall?

    /// Whether a request with positions may still be under way that nobody waits for. Within the same epoch the coordinator
    /// would take it for one of the next transaction.
    private var hasLatePositions = false

    /// Whether a transaction is open that can be aborted. One that failed to end is left to the next holder of the identity.
    private(set) var isInTransaction = false

    /// Makes the client. It is of use once it has taken over its identity.
    init(
        identity: String, timeout: Duration, configuration: KafkaConfiguration,
        diagnostics: KafkaDiagnostics, maximumBytes: @escaping (String) -> Int?
    ) throws(LogError) {
        self.identity = identity
        self.configuration = configuration
        self.timeout = timeout
        self.maximumBytes = maximumBytes
        handle = try Self.open(identity, timeout, configuration, diagnostics)
        queue = KafkaQueue.main(of: handle)
    }

    private static func open(
        _ identity: String, _ timeout: Duration, _ configuration: KafkaConfiguration, _ diagnostics: KafkaDiagnostics
    ) throws(LogError) -> KafkaHandle {
        try KafkaHandle(
            .producer(identity: identity, transactionTimeout: timeout), configuration, events: RD_KAFKA_EVENT_DR,
            diagnostics: diagnostics)
    }

    /// Takes over the identity: an older holder is fenced, its open transaction aborted.
    func takeOver(until deadline: ContinuousClock.Instant) throws(LogError) {
        unsafe try retrying("taking over the producer identity \(identity)", until: deadline) { milliseconds in
            unsafe rd_kafka_init_transactions(handle.pointer, milliseconds)
        }
    }

    /// Runs a transactional call again while its error is retriable (the coordinator loads, another transaction is
    /// being settled, its slice of the wait is over: it resumes then) and the deadline has not passed.
    private func retrying(
        _ operation: String, until deadline: ContinuousClock.Instant, _ call: (Int32) -> OpaquePointer?
    ) throws(LogError) {
        // In too short a time the library's own thread may not come to see the call, and what it answers then is lost.
        try repeating(operation, until: deadline, atLeast: Self.shortestCall) { wait throws(LogError) in
            unsafe call(wait.slice()).map { unsafe KafkaFailure(consuming: $0) }
        }
    }

    /// Makes a call again while its failure is retriable and there is `time` left for it; else it timed out.
    private func repeating(
        _ operation: String, until deadline: ContinuousClock.Instant, atLeast time: Duration,
        _ call: (ClusterWait) throws(LogError) -> KafkaFailure?
    ) throws(LogError) {
        let wait = handle.wait(until: deadline)
        while true {
            guard let failure = try call(wait)?.logError(during: operation) else { return }
            guard failure.errorClass == .retriable else { throw failure }
            takeReports(waiting: Self.retryPause)
            if wait.end.remaining < time { throw handle.timedOut("\(operation): \(failure.message)") }
        }
    }

    func begin() throws(LogError) {
        unsafe try KafkaFailure.check(rd_kafka_begin_transaction(handle.pointer), "beginning a transaction")
        isInTransaction = true
        deliveries = tributary_deliveries()
        held = Held(end: .now + Self.gathering)
        for index in topics.indices {
            for partition in topics[index].isAdded.indices { topics[index].isAdded[partition] = false }
            let topic = unsafe written[index]
            unsafe topic.nextOffsets.update(repeating: 0, count: Int(topic.partitionCount))
        }
    }

    /// Queues a record; it leaves by itself, or with `drain`. Waits where the queue is full.
    func append(_ record: OutgoingRecord) throws(LogError) {
        let index = try topicIndex(record.topic)
        let partition = record.partition
        guard partition >= 0, partition < topics[index].partitions else {
            throw LogError(
                .unknownTopic, .abortable,
                "\(record.topic) has \(topics[index].partitions) partitions, the record is for \(partition)")
        }
        let size = record.byteCount
        guard size <= topics[index].maximumBytes else {
            throw LogError(
                .recordTooLarge, .abortable,
                "a record of \(size) bytes is larger than \(record.topic) takes (\(topics[index].maximumBytes) bytes)")
        }
        if topics[index].isAdded[Int(partition)] { return try send(record, to: index) }
        held.records.append((topic: index, record: record))
        held.bytes += size
        let isGathered = held.end.map { ContinuousClock.now >= $0 } ?? false
        if isGathered || held.bytes >= Self.maximumHeldBytes { try releaseHeld() }
    }

    /// Sends the records that wait. The first to each partition goes before all others, so that one request adds all the
    /// partitions; of one partition they stay in their order.
    private func releaseHeld(until deadline: ContinuousClock.Instant? = nil) throws(LogError) {
        let released = held.records
        held = Held()
        var others: [Int] = []
        others.reserveCapacity(released.count)
        for place in released.indices {
            let (topic, partition) = (released[place].topic, Int(released[place].record.partition))
            if topics[topic].isAdded[partition] {
                others.append(place)
            } else {
                topics[topic].isAdded[partition] = true
                try send(released[place].record, to: topic, until: deadline)
            }
        }
        for place in others {
            try send(released[place].record, to: released[place].topic, until: deadline)
        }
    }

    private func send(
        _ record: OutgoingRecord, to index: Int, until deadline: ContinuousClock.Instant? = nil
    ) throws(LogError) {
        sinceReports += 1
        if sinceReports >= Self.recordsBetweenReports {
            sinceReports = 0
            takeReports(waiting: 0)
        }
        let topic = unsafe topics[index].pointer
        var code = unsafe produce(record, to: topic)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        let wait = handle.wait(until: deadline ?? .now + timeout)
        while code == RD_KAFKA_RESP_ERR__QUEUE_FULL, !wait.isOver {
            takeReports(waiting: Self.reportSlice)
            code = unsafe produce(record, to: topic)
        }
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw lostTurn(code, "appending to \(record.topic)")
    }

    @inline(__always)
    @unsafe private func produce(_ record: OutgoingRecord, to topic: OpaquePointer) -> rd_kafka_resp_err_t {
        let key = record.key ?? []
        let value = record.value ?? []
        let keyLength = record.key == nil ? Int64(TRIBUTARY_ABSENT) : Int64(key.count)
        let valueLength = record.value == nil ? Int64(TRIBUTARY_ABSENT) : Int64(value.count)
        return unsafe key.withUnsafeBytes { key in
            unsafe value.withUnsafeBytes { value in
                unsafe tributary_produce(
                    handle.pointer, topic, record.partition, key.baseAddress, keyLength, value.baseAddress,
                    valueLength, Self.headers(of: record))
            }
        }
    }

    /// Copied into the library's memory; `nil` for none. An addition fails to a list that is read-only alone.
    @inline(__always)
    @unsafe private static func headers(of record: OutgoingRecord) -> OpaquePointer? {
        guard !record.headers.isEmpty else { return nil }
        let headers = unsafe rd_kafka_headers_new(usualHeaders)
        unsafe record.headers.withEachPlace { bytes, place in
            let name = unsafe bytes.baseAddress!.advanced(by: place.name.lowerBound)
            let value = unsafe place.value.map { unsafe bytes.baseAddress!.advanced(by: $0.lowerBound) }
            _ = unsafe rd_kafka_header_add(
                headers, name.assumingMemoryBound(to: CChar.self), place.name.count, value, place.value?.count ?? 0)
        }
        return unsafe headers
    }

    /// Where a topic stands. At its first use the client learns of the topic: a record for an unknown one would wait
    /// up to a second, and its partition could not be checked.
    @inline(__always) private func topicIndex(_ name: String) throws(LogError) -> Int {
        for index in topics.indices where topics[index].name == name { return index }
        return try openTopic(name)
    }

    private func openTopic(_ name: String) throws(LogError) -> Int {
        guard let pointer = unsafe rd_kafka_topic_new(handle.pointer, name, nil) else {
            throw lostTurn(rd_kafka_last_error(), "opening topic \(name)")
        }
        let partitions: Int32
        do {
            partitions = try unsafe TopicMetadata.partitionCount(
                of: name, topic: pointer, handle: handle, deadline: .now + timeout)
        } catch {
            unsafe rd_kafka_topic_destroy(pointer)
            throw LogError(error.code, .abortable, error.message)
        }
        let topic = unsafe Topic(
            name: name, pointer: pointer, partitions: partitions,
            maximumBytes: min(maximumBytes(name) ?? .max, KafkaConfiguration.maximumMessageBytes),
            isAdded: Array(repeating: false, count: Int(partitions)))
        topics.append(topic)
        let nextOffsets = UnsafeMutablePointer<Int64>.allocate(capacity: Int(partitions))
        unsafe nextOffsets.initialize(repeating: 0, count: Int(partitions))
        unsafe written.append(
            tributary_written(topic: pointer, nextOffsets: nextOffsets, partitionCount: partitions))
        return topics.count - 1
    }

    /// Takes in delivery reports until none waits; waits for the first.
    private func takeReports(waiting milliseconds: Int32) {
        var wait = milliseconds
        while let event = queue.poll(wait) {
            wait = 0
            guard event.kind == RD_KAFKA_EVENT_DR else { continue }
            unsafe tributary_read_reports(event.pointer, written, Int64(written.count), &deliveries)
        }
    }

    /// Sends what is queued and waits until every record was acknowledged. The library's own commit would do this
    /// only after the offsets were sent: a stopped owner could then write after its successor looked.
    func drain(until deadline: ContinuousClock.Instant) throws(LogError) {
        let wait = handle.wait(until: deadline)
        try releaseHeld(until: deadline)
        takeReports(waiting: 0)
        var slice: Int32 = 1
        while unsafe rd_kafka_outq_len(handle.pointer) > 0 {
            // Open batches leave without lingering while this call runs, and linger again afterwards. As reports are taken
            // from the queue and not inside it, it always takes its time: little at first, for the few records of a small
            // transaction, then enough for a batch to every partition.
            unsafe rd_kafka_flush(handle.pointer, min(slice, wait.slice()))
            slice = min(2 * slice, Self.longestFlush)
            takeReports(waiting: 0)
            if deliveries.failed + deliveries.purged > 0 { break }
            if wait.isOver {
                let reason = handle.timedOut("delivering the turn's records")
                throw LogError(.timedOut, .abortable, reason.message)
            }
        }
        if deliveries.purged > 0, deliveries.failed == 0 {
            throw lostTurn(RD_KAFKA_RESP_ERR__PURGE_QUEUE, "delivering \(deliveries.purged) records")
        }
        if deliveries.failed > 0 {
            throw lostTurn(deliveries.firstError, "delivering \(deliveries.failed) records")
        }
    }

    /// The topics that the transaction wrote to.
    var writtenTopics: [String] {
        topics.map(\.name).filter { !nextOffsets(of: $0).isEmpty }
    }

    /// The partitions of a topic that records went to.
    func partitionCount(of name: String) -> Int32 {
        topics.first { $0.name == name }?.partitions ?? 0
    }

    /// The offset after the last delivered record of each partition of a topic that the transaction wrote to.
    func nextOffsets(of name: String) -> [Int32: Int64] {
        guard let index = topics.firstIndex(where: { $0.name == name }) else { return [:] }
        var offsets: [Int32: Int64] = [:]
        for partition in 0..<topics[index].partitions {
            let offset = unsafe written[index].nextOffsets[Int(partition)]
            if offset > 0 { offsets[partition] = offset }
        }
        return offsets
    }

    /// Adds positions to the transaction, fenced by the generation in `metadata`.
    func sendOffsets(
        _ positions: borrowing PartitionList, metadata: GroupMetadata, deadline: ContinuousClock.Instant
    ) throws(LogError) {
        let operation = "sending the turn's positions"
        let list = unsafe positions.pointer
        do {
            try repeating(operation, until: deadline, atLeast: OffsetsCall.margin) { wait throws(LogError) in
                let call = unsafe OffsetsCall(handle, list, metadata)
                try call.start(wait)
                if call.wait(wait) { return call.outcome }
                abandoned = call
                isInTransaction = false
                throw LogError(.timedOut, .fatal, handle.timedOut(operation).message)
            }
        } catch {
            if error.code == .timedOut { hasLatePositions = true }
            // The transaction was not asked to end yet: nothing is visible.
            throw error.errorClass == .retriable ? LogError(error.code, .abortable, error.message) : error
        }
    }

    /// Commits. A deadline that passes, or a fatal error that does not say so, leaves the outcome unknown.
    func commit(until deadline: ContinuousClock.Instant) throws(LogError) {
        do {
            unsafe try retrying("committing the transaction", until: deadline) { milliseconds in
                unsafe rd_kafka_commit_transaction(handle.pointer, milliseconds)
            }
        } catch {
            guard error.errorClass != .abortable else { throw error }
            isInTransaction = false
            throw error.code == .producerFenced ? error : LogError(.unknownOutcome, .fatal, error.message)
        }
        isInTransaction = false
    }

    /// Aborts. Delivery reports are taken in beside it: the library waits for its queue to be served.
    func abort(until deadline: ContinuousClock.Instant) throws(LogError) {
        held = Held()
        defer { isInTransaction = false }
        guard !handle.isLate else { throw LogError(.timedOut, .fatal, "no time is left to abort the transaction") }
        // One wait, where the client is made anew as well.
        let deadline = handle.wait(until: deadline).end
        do {
            unsafe try retrying("aborting the transaction", until: deadline) { milliseconds in
                let hasReports = unsafe rd_kafka_outq_len(handle.pointer) > 0
                return unsafe rd_kafka_abort_transaction(
                    handle.pointer, min(milliseconds, hasReports ? Self.reportSlice : Self.abortSlice))
            }
        } catch {
            throw LogError(error.code, .fatal, error.message)
        }
        takeReports(waiting: 0)
        if deliveries.failed > 0 || hasLatePositions { try replace(until: deadline) }
    }

    /// Makes the client anew, with another epoch. After records were refused their sequence numbers stay used up in this library
    /// version, and the next transaction would fail for the gap.
    private func replace(until deadline: ContinuousClock.Instant) throws(LogError) {
        hasLatePositions = false
        let fresh = try Self.open(identity, timeout, configuration, handle.diagnostics)
        close()
        handle = fresh
        queue = KafkaQueue.main(of: handle)
        do { try takeOver(until: deadline) } catch { throw LogError(error.code, .fatal, error.message) }
    }

    /// A failure inside a transaction: fatal where the instance is, else the turn is lost.
    private func lostTurn(_ code: rd_kafka_resp_err_t, _ operation: String) -> LogError {
        if let fatal = handle.fatalFailure { return fatal.logError(during: operation) }
        var code = code
        if code == RD_KAFKA_RESP_ERR__STATE {
            // The transaction failed before, by a record that was refused or not delivered in time: that is the reason.
            takeReports(waiting: Self.reportSlice)
            if deliveries.failed > 0 { code = deliveries.firstError }
        }
        if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return LogError(.timedOut, .abortable, "\(operation): queue full") }
        return KafkaFailure(
            code: code, isFatal: false, requiresAbort: true, isRetriable: false, text: KafkaFailure.text(of: code)
        ).logError(during: operation)
    }

    /// Ends the producer. What is queued is dropped; an open transaction is left to the next holder of the identity.
    func close(within deadline: Duration = KafkaHandle.destructionDeadline) {
        var purge = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT
        // Else it waits for the thread of each broker, and one that looks up its broker's host hears nothing meanwhile.
        if handle.isHurried || abandoned != nil { purge |= RD_KAFKA_PURGE_F_NON_BLOCKING }
        unsafe rd_kafka_purge(handle.pointer, purge)
        takeReports(waiting: 0)
        for topic in topics { unsafe rd_kafka_topic_destroy(topic.pointer) }
        for index in topics.indices { unsafe written[index].nextOffsets.deallocate() }
        topics = []
        held = Held()
        unsafe written = []
        queue.close()
        if let call = abandoned { call.release() } else { handle.close(within: deadline) }
        abandoned = nil
    }
}
