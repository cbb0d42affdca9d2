import EventLog
import Foundation

extension EventLogConformance {
    func topicsAreCreatedOnce() throws {
        let name = unique("law")
        let specifications = [
            TopicSpecification(name: name + ".kept", partitions: 3, cleanup: .delete(retentionMilliseconds: nil)),
            TopicSpecification(
                name: name + ".days", partitions: 1, cleanup: .delete(retentionMilliseconds: 86_400_000),
                maximumRecordBytes: 2 << 20),
            TopicSpecification(name: name + ".rows", partitions: 2, cleanup: .compact(minimumLagMilliseconds: 1_000)),
        ]
        try log.createTopics(specifications)
        try log.createTopics(specifications)
        let found = try log.topics()
        for specification in specifications {
            try requireEqual(found[specification.name], specification, "the topic as the log has it")
            try requireEqual(
                try log.partitionCount(of: specification.name), specification.partitions, "its partitions")
        }
        var other = specifications[0]
        other.partitions = 4
        let error = try requireFailure("another partition count") { try log.createTopics([other]) }
        try require(
            error.message.contains("3") && error.message.contains("4"), "both counts are named, not: \(error.message)")
    }

    func unknownTopicsAreNamed() throws {
        let topics = try makeTopics()
        let missing = unique("missing")
        let producer = try log.producer(identity: unique("producer"))
        defer { producer.close() }
        let attempts: [(String, () throws -> Void)] = [
            ("partitions", { _ = try self.log.partitionCount(of: missing) }),
            ("end offsets", { _ = try self.log.endOffsets(of: missing) }),
            ("append", { try producer.append([self.record(missing, 0, 1)]) }),
            ("append beside the last partition", { try producer.append([self.record(topics.output, 2, 1)]) }),
            ("append before the first partition", { try producer.append([self.record(topics.output, -1, 1)]) }),
        ]
        for (what, attempt) in attempts {
            try requireEqual(try requireFailure(what, attempt).code, .unknownTopic, what)
        }
        try producer.append([record(topics.output, 1, 7)])
        try requireEqual(try contents(of: topics.output).map(\.value), [[7]], "the producer goes on")
    }

    func recordsKeepTheirOrder() throws {
        let topics = try makeTopics(partitions: 3)
        let producer = try log.producer(identity: unique("producer"))
        defer { producer.close() }
        var sent: [[UInt8]] = []
        for transaction in 0..<10 {
            let records = (0..<30).map { number in
                let key = "key-\(number % 7)"
                return OutgoingRecord(
                    topic: topics.output, partition: Partitioner.partition(of: key, count: 3), key: Array(key.utf8),
                    value: [UInt8(transaction), UInt8(number)])
            }
            try producer.append(records)
            sent += records.map { [UInt8($0.partition)] + $0.value! }
        }
        let found = try contents(of: topics.output)
        for partition in UInt8(0)..<3 {
            let inPartition = found.filter { $0.partition == Int32(partition) }
            try requireEqual(
                inPartition.map { $0.value! }, sent.filter { $0[0] == partition }.map { Array($0[1...]) },
                "records of partition \(partition)")
            try require(
                zip(inPartition, inPartition.dropFirst()).allSatisfy {
                    $0.offset < $1.offset && $0.appendTimeMilliseconds <= $1.appendTimeMilliseconds
                }, "offsets grow and append times never go back")
            for record in inPartition {
                let expected = Partitioner.partition(of: record.key!, count: 3)
                try requireEqual(expected, Int32(partition), "the partition of a key")
            }
        }
    }

    func contentsArriveIntact() throws {
        let topics = try makeTopics(partitions: 1)
        let headers: LogHeaders = [
            LogHeader("a", [1]), LogHeader("b", []), LogHeader("a", [2]), LogHeader("c", [UInt8]?.none),
            LogHeader("d", [0xff, 0xfe, 0x00]), LogHeader("name with spaces and é", "x"),
        ]
        let contents: [(key: [UInt8]?, value: [UInt8]?, headers: LogHeaders)] = [
            ([1], [2], headers), (nil, [3], []), ([], [4], []), ([5], nil, [LogHeader("only", [6])]), ([7], [], []),
            (nil, nil, []), ([0xff, 0x00, 0x80], Array(0...255), LogHeaders(headers.reversed())),
        ]
        try append(
            contents.map {
                OutgoingRecord(topic: topics.output, partition: 0, key: $0.key, value: $0.value, headers: $0.headers)
            })
        let found = try self.contents(of: topics.output)
        try requireEqual(found.count, contents.count, "records")
        for (record, expected) in zip(found, contents) {
            try requireEqual(record.key, expected.key, "the key")
            try requireEqual(record.value, expected.value, "the value")
            try requireEqual(record.headers, expected.headers, "the headers")
        }
        try requireEqual(found[0].header("a"), [2], "the last of two headers of one name")
    }

    func largeRecords() throws {
        let topics = try makeTopics(partitions: 1)
        let limit = 1 << 20
        // Not to be compressed: the limit holds for the record itself.
        var random = SystemRandomNumberGenerator()
        let large = (0..<limit).map { _ in UInt8.random(in: 0...255, using: &random) }
        let session = try openSession(topics, group: unique("group"))
        defer { leave(session) }
        try assignment(of: session)
        try session.begin()
        try session.append(record(topics.output, 0, 1))
        let error = try requireFailure("a record over the limit") {
            try session.append(OutgoingRecord(topic: topics.output, partition: 0, key: [1], value: large))
        }
        try requireEqual(error.code, .recordTooLarge, "the code")
        try requireEqual(error.errorClass, .abortable, "the class")
        try session.abort()
        try session.begin()
        try session.append(OutgoingRecord(topic: topics.output, partition: 0, key: nil, value: large))
        _ = try session.commit([TurnOffset(partition: 0, offset: 0, metadata: "")], deadline: turnDeadline)
        let found = try contents(of: topics.output)
        try requireEqual(found.count, 1, "records after the refused turn and the next one")
        try require(found[0].value == large, "the largest record arrives whole")
    }

    func failedAppend() throws {
        let topics = try makeTopics(partitions: 1)
        let producer = try log.producer(identity: unique("producer"))
        defer { producer.close() }
        let large = OutgoingRecord(
            topic: topics.output, partition: 0, key: [9], value: [UInt8](repeating: 9, count: 2 << 20))
        let error = try requireFailure("an append with one record over the limit") {
            try producer.append([record(topics.output, 0, 1), large, record(topics.output, 0, 2)])
        }
        try requireEqual(error.code, .recordTooLarge, "the code")
        try producer.append([record(topics.output, 0, 3)])
        try requireEqual(try contents(of: topics.output).map(\.value), [[3]], "records beside the failed append")
    }

    func endOffsetsGrow() throws {
        let topics = try makeTopics(partitions: 2)
        try requireEqual(try log.endOffsets(of: topics.output), [0, 0], "the ends of an empty topic")
        try fill(topics.output, 1, count: 3)
        let ends = try log.endOffsets(of: topics.output)
        try requireEqual(ends[0], 0, "the end of the empty partition")
        let last = try contents(of: topics.output).last?.offset
        try require(ends[1] > last ?? .max, "the end \(ends[1]) lies after the last record \(last ?? -1)")
        for partition: Int32 in 0...1 {
            try requireEqual(
                try log.endOffset(of: TopicPartition(topics.output, partition)), ends[Int(partition)],
                "the end of partition \(partition) alone")
        }
        try fill(topics.output, 1, count: 1)
        try require(try log.endOffsets(of: topics.output)[1] > ends[1], "the end grows")
    }

    func waitingReaderIsWoken() throws {
        let topics = try makeTopics(partitions: 1)
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([TopicPartition(topics.output, 0): 0])
        try requireEqual(try reader.read(maximum: 10, timeout: .milliseconds(1)).count, 0, "records of an empty topic")
        let (log, producer) = (log, unique("producer"))
        let record = record(topics.output, 0, 1)
        let hasEnded = DispatchSemaphore(value: 0)
        let thread = Thread {
            defer { hasEnded.signal() }
            // A failure here shows itself as a reader that is not woken.
            guard let producer = try? log.producer(identity: producer) else { return }
            _ = try? producer.append([record])
            producer.close()
        }
        thread.start()
        // An append ends later than its records are read, and the log must not be closed under it.
        defer { hasEnded.wait() }
        let timeout = patience * 10
        let start = ContinuousClock.now
        try requireEqual(try reader.read(maximum: 10, timeout: timeout).map(\.value), [[1]], "the record waited for")
        try require(ContinuousClock.now - start < patience, "the reader is woken, it does not wait for its timeout")
    }

    func newerProducerFences() throws {
        let topics = try makeTopics(partitions: 1)
        let identity = unique("producer")
        let first = try log.producer(identity: identity)
        defer { first.close() }
        try first.append([record(topics.output, 0, 1)])
        let second = try log.producer(identity: identity, transactionTimeout: .seconds(5))
        defer { second.close() }
        let error = try requireFailure("an append of the older producer") {
            try first.append([record(topics.output, 0, 2)])
        }
        try requireEqual(error.errorClass, .fatal, "the class")
        try requireEqual(error.code, .producerFenced, "the code")
        try second.append([record(topics.output, 0, 3)])
        try requireEqual(try contents(of: topics.output).map(\.value), [[1], [3]], "records")
    }
}
