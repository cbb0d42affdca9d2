import CRdkafka
import EventLog
import Glibc
import Synchronization

/// Topics, offsets and positions of a cluster, without a group. Thread-safe: every call has its own queue.
final class KafkaAdmin: Sendable {
    let handle: KafkaHandle
    private let uncommitted: Mutex<KafkaHandle?>
    private let configuration: KafkaConfiguration
    let timeout: Duration

    init(configuration: KafkaConfiguration, diagnostics: KafkaDiagnostics, timeout: Duration) throws(LogError) {
        handle = try KafkaHandle(.admin, configuration, events: 0, diagnostics: diagnostics)
        uncommitted = Mutex(nil)
        self.configuration = configuration
        self.timeout = timeout
    }

    func close() {
        uncommitted.withLock {
            $0?.close()
            $0 = nil
        }
        handle.close()
    }

    /// Every topic's partitions.
    func partitions() throws(LogError) -> [String: TopicMetadata.Topic] {
        try TopicMetadata.all(handle, deadline: .now + timeout)
    }

    // MARK: Topics

    /// Creates topics and waits until each partition has a leader.
    func create(_ topics: [TopicSpecification], replicationFactor: Int) throws(LogError) {
        let deadline = ContinuousClock.now + timeout
        let queue = KafkaQueue.new(of: handle)
        defer { queue.close() }
        try request(topics, replicationFactor: replicationFactor, queue: queue)
        let event = try answer(in: queue, kind: RD_KAFKA_EVENT_CREATETOPICS_RESULT, "creating topics")
        let result = unsafe rd_kafka_event_CreateTopics_result(event.pointer)
        var count = 0
        let answers = unsafe rd_kafka_CreateTopics_result_topics(result, &count)
        for index in 0..<count {
            let answer = unsafe answers?[index]
            let code = unsafe rd_kafka_topic_result_error(answer)
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR, code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS else { continue }
            let name = unsafe String(cString: rd_kafka_topic_result_name(answer))
            let text = unsafe rd_kafka_topic_result_error_string(answer).map { unsafe String(cString: $0) }
            throw KafkaFailure(code: code, text: text).logError(during: "creating topic \(name)")
        }
        try waitForLeaders(of: topics, until: deadline)
    }

    private func request(_ topics: [TopicSpecification], replicationFactor: Int, queue: KafkaQueue) throws(LogError) {
        var requests: [OpaquePointer?] = unsafe []
        defer { unsafe rd_kafka_NewTopic_destroy_array(&requests, requests.count) }
        for topic in topics {
            var reason = [CChar](repeating: 0, count: 256)
            guard
                let request = unsafe rd_kafka_NewTopic_new(
                    topic.name, topic.partitions, Int32(replicationFactor), &reason, reason.count)
            else {
                throw LogError(
                    .configuration, .fatal,
                    "topic \(topic.name) with \(topic.partitions) partitions and replication factor "
                        + "\(replicationFactor) cannot be asked for")
            }
            unsafe requests.append(request)
            for (name, value) in TopicSettings.settings(of: topic) {
                unsafe try KafkaFailure.check(
                    rd_kafka_NewTopic_set_config(request, name, value), "\(name) of topic \(topic.name)")
            }
        }
        let options = unsafe rd_kafka_AdminOptions_new(handle.pointer, RD_KAFKA_ADMIN_OP_CREATETOPICS)
        defer { unsafe rd_kafka_AdminOptions_destroy(options) }
        unsafe rd_kafka_AdminOptions_set_request_timeout(options, timeout.milliseconds, nil, 0)
        unsafe rd_kafka_AdminOptions_set_operation_timeout(options, timeout.milliseconds, nil, 0)
        unsafe queue.withPointer { pointer in
            unsafe rd_kafka_CreateTopics(handle.pointer, &requests, requests.count, options, pointer)
        }
    }

    private func waitForLeaders(of topics: [TopicSpecification], until deadline: ContinuousClock.Instant)
        throws(LogError)
    {
        let wait = handle.wait(until: deadline)
        while true {
            let known = try TopicMetadata.all(handle, deadline: wait.end)
            let waiting = topics.filter { known[$0.name]?.isReady != true }
            guard let first = waiting.first else { return }
            if wait.isOver { throw handle.timedOut("waiting for leaders of topic \(first.name)") }
            usleep(TopicMetadata.pollIntervalMicroseconds)
        }
    }

    /// The settings of topics, by topic and setting name.
    func settings(of topics: [String], timeout: Duration? = nil) throws(LogError) -> [String: [String: String]] {
        guard !topics.isEmpty else { return [:] }
        var resources: [OpaquePointer?] = unsafe topics.map { name in
            unsafe rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name)
        }
        defer { unsafe rd_kafka_ConfigResource_destroy_array(&resources, resources.count) }
        let event = unsafe try ask(
            "describing topics", RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, kind: RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT,
            timeout: timeout
        ) { options, queue in
            unsafe rd_kafka_DescribeConfigs(handle.pointer, &resources, resources.count, options, queue)
        }
        let result = unsafe rd_kafka_event_DescribeConfigs_result(event.pointer)
        var count = 0
        let answers = unsafe rd_kafka_DescribeConfigs_result_resources(result, &count)
        var settings: [String: [String: String]] = [:]
        for index in 0..<count {
            let answer = unsafe answers?[index]
            let name = unsafe String(cString: rd_kafka_ConfigResource_name(answer))
            unsafe try KafkaFailure.check(rd_kafka_ConfigResource_error(answer), "describing topic \(name)")
            unsafe settings[name] = Self.entries(of: answer)
        }
        return settings
    }

    private static func entries(of resource: OpaquePointer?) -> [String: String] {
        var count = 0
        let entries = unsafe rd_kafka_ConfigResource_configs(resource, &count)
        var settings: [String: String] = [:]
        for index in 0..<count {
            let entry = unsafe entries?[index]
            guard let value = unsafe rd_kafka_ConfigEntry_value(entry) else { continue }
            unsafe settings[String(cString: rd_kafka_ConfigEntry_name(entry))] = unsafe String(cString: value)
        }
        return settings
    }

    // MARK: Offsets

    /// The end of each of these partitions, in their order, as a read-committed reader can reach it (the last stable offset).
    func stableEnds(of topic: String, partitions: [Int32]) throws(LogError) -> [Int64] {
        try offsets(RD_KAFKA_OFFSET_END, of: topic, partitions, through: handle)
    }

    /// The end of each of these partitions, in their order, behind their last record, committed or not.
    func ends(of topic: String, partitions: [Int32]) throws(LogError) -> [Int64] {
        try offsets(RD_KAFKA_OFFSET_END, of: topic, partitions, through: uncommittedHandle())
    }

    /// The first kept offset of a partition and the end that its last record has, committed or not.
    ///
    /// - Parameter timeout: of each of the two questions.
    func bounds(of place: TopicPartition, timeout: Duration? = nil) throws(LogError) -> (first: Int64, end: Int64) {
        let (range, probe) = ([place.partition], try uncommittedHandle())
        let first = try offsets(RD_KAFKA_OFFSET_BEGINNING, of: place.topic, range, through: probe, timeout: timeout)
        let end = try offsets(RD_KAFKA_OFFSET_END, of: place.topic, range, through: probe, timeout: timeout)
        return (first[0], end[0])
    }

    /// The first kept offset of partitions of one topic.
    func starts(of topic: String, partitions: some Collection<Int32>) throws(LogError) -> [Int32: Int64] {
        let sorted = partitions.sorted()
        let found = try offsets(RD_KAFKA_OFFSET_BEGINNING, of: topic, sorted, through: handle)
        return Dictionary(uniqueKeysWithValues: zip(sorted, found))
    }

    private func uncommittedHandle() throws(LogError) -> KafkaHandle {
        try uncommitted.withLock { (held) throws(LogError) in
            if let held { return held }
            let made = try KafkaHandle(
                .uncommittedProbe, configuration, events: 0, diagnostics: handle.diagnostics)
            held = made
            return made
        }
    }

    /// Asks the partitions' leaders for a logical offset, all partitions of a leader at once. (The library's
    /// watermark query ignores its deadline.)
    private func offsets(
        _ logical: Int32, of topic: String, _ partitions: [Int32], through handle: KafkaHandle, timeout: Duration? = nil
    ) throws(LogError) -> [Int64] {
        let operation = "asking for offsets of \(topic)"
        let wait = handle.wait(until: .now + (timeout ?? self.timeout))
        var patience = Self.leaderPatience
        while true {
            let list = PartitionList(capacity: partitions.count)
            for partition in partitions { list.add(topic, partition, offset: Int64(logical)) }
            var code = unsafe rd_kafka_offsets_for_times(
                handle.pointer, list.pointer, wait.slice(min(patience, ClusterWait.longestQuestion)))
            let answers = list.elements
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                code = answers.first { $0.code != RD_KAFKA_RESP_ERR_NO_ERROR }?.code ?? code
            }
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                return answers.sorted { $0.place < $1.place }.map(\.offset)
            }
            let failure = KafkaFailure(code: code).logError(during: operation)
            guard failure.code == .unknownTopic || KafkaFailure.isTransient(code) else { throw failure }
            if wait.isOver { throw handle.timedOut(operation) }
            usleep(TopicMetadata.pollIntervalMicroseconds)
            // The client keeps the leaders that it once heard of (a broker that has died since, none, or no such topic of one
            // that had just started) and would ask them for minutes.
            let known = try TopicMetadata.all(handle, deadline: wait.end)[topic]?.partitions ?? 0
            guard failure.code != .unknownTopic || partitions.allSatisfy({ $0 < known }) else { throw failure }
            patience *= 2
        }
    }

    /// How long the leaders that the client knows are waited for at first. A dead one never answers.
    private static let leaderPatience = Duration.seconds(1)

    /// What a group committed, whatever it does at the moment.
    ///
    /// - Parameter isSettled: fails where a transaction on a position is pending, in place of leaving it out.
    func committed(
        group: String, topic: String, partitions: Int32, isSettled: Bool
    ) throws(LogError) -> [CommittedPosition?] {
        let places = PartitionList(capacity: Int(partitions))
        for partition in 0..<partitions { places.add(topic, partition, offset: Int64(RD_KAFKA_OFFSET_INVALID)) }
        var request: OpaquePointer? = unsafe rd_kafka_ListConsumerGroupOffsets_new(group, places.pointer)
        defer { unsafe rd_kafka_ListConsumerGroupOffsets_destroy(request) }
        let operation = "asking for the positions of group \(group)"
        let event = unsafe try ask(
            operation, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, kind: RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT
        ) { options, queue in
            unsafe rd_kafka_error_destroy(rd_kafka_AdminOptions_set_require_stable_offsets(options, isSettled ? 1 : 0))
            unsafe rd_kafka_ListConsumerGroupOffsets(handle.pointer, &request, 1, options, queue)
        }
        let result = unsafe rd_kafka_event_ListConsumerGroupOffsets_result(event.pointer)
        var count = 0
        guard let groups = unsafe rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count), count == 1 else {
            throw LogError(.malformed, .fatal, "\(operation): no answer for the group")
        }
        if let error = unsafe rd_kafka_group_result_error(groups[0]) {
            let code = unsafe rd_kafka_error_code(error)
            throw KafkaFailure(code: code).logError(during: operation)
        }
        var positions = [CommittedPosition?](repeating: nil, count: Int(partitions))
        guard let found = unsafe rd_kafka_group_result_partitions(groups[0]) else { return positions }
        let list = unsafe PartitionList(borrowing: UnsafeMutablePointer(mutating: found))
        for element in list.elements {
            try KafkaFailure.check(element.code, "\(operation) in \(element.place)")
            guard element.offset >= 0 else { continue }
            positions[Int(element.place.partition)] = CommittedPosition(
                offset: element.offset, metadata: element.metadata)
        }
        return positions
    }

    // MARK: Requests

    /// Sends an admin request and waits for its answer.
    ///
    /// - Parameter kind: of the event that answers.
    func ask(
        _ operation: String, _ request: rd_kafka_admin_op_t, kind: Int32, timeout: Duration? = nil,
        send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void
    ) throws(LogError) -> KafkaEvent {
        let queue = KafkaQueue.new(of: handle)
        defer { queue.close() }
        let options = unsafe rd_kafka_AdminOptions_new(handle.pointer, request)
        defer { unsafe rd_kafka_AdminOptions_destroy(options) }
        unsafe rd_kafka_AdminOptions_set_request_timeout(options, (timeout ?? self.timeout).milliseconds, nil, 0)
        unsafe queue.withPointer { pointer in unsafe send(options, pointer) }
        return try answer(in: queue, kind: kind, operation, timeout: timeout)
    }

    /// Waits for the answer of an admin call.
    func answer(in queue: KafkaQueue, kind: Int32, _ operation: String, timeout: Duration? = nil)
        throws(LogError) -> KafkaEvent
    {
        // The request ends by itself in its time, with an answer that says so.
        let wait = handle.wait(until: ContinuousClock.now + (timeout ?? self.timeout) + .seconds(1))
        while true {
            guard let event = queue.poll(wait.slice()) else {
                if wait.isOver { throw handle.timedOut(operation) }
                continue
            }
            guard event.kind == kind else { continue }
            guard event.code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                if event.code == RD_KAFKA_RESP_ERR__TIMED_OUT { throw handle.timedOut(operation) }
                throw KafkaFailure(code: event.code, text: event.errorText).logError(during: operation)
            }
            return event
        }
    }
}
