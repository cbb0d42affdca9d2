import EventLog

/// Topics of one law.
struct Topics {
    var input: String
    var changelog: String
    var output: String
    var partitions: Int32
}

extension EventLogConformance {
    func makeTopics(partitions: Int32 = 2) throws -> Topics {
        let name = unique("law")
        let topics = Topics(
            input: name + ".in", changelog: name + ".changelog", output: name + ".out", partitions: partitions)
        try log.createTopics([
            TopicSpecification(
                name: topics.input, partitions: partitions, cleanup: .delete(retentionMilliseconds: nil)),
            TopicSpecification(
                name: topics.changelog, partitions: partitions, cleanup: .compact(minimumLagMilliseconds: 0)),
            TopicSpecification(
                name: topics.output, partitions: partitions, cleanup: .delete(retentionMilliseconds: nil)),
        ])
        return topics
    }

    /// A dynamic member, unless said otherwise: its partitions are free at once when it leaves.
    func openSession(
        _ topics: Topics, group: String, identity: String? = nil,
        membership: SessionConfiguration.Membership = .dynamic
    ) throws -> any TurnSession {
        try log.session(
            SessionConfiguration(
                group: group, topic: topics.input, changelogTopic: topics.changelog,
                identity: identity ?? unique("member"), membership: membership, sessionTimeout: .seconds(6)))
    }

    func leave(_ session: any TurnSession) { session.close(deadline: .now + .seconds(5)) }

    /// Polls until the session is given partitions; a revocation before is answered.
    @discardableResult
    func assignment(of session: any TurnSession) throws -> [Int32] {
        let deadline = ContinuousClock.now + patience
        while .now < deadline {
            for event in try session.poll(maximumRecords: 100, timeout: .milliseconds(100)) {
                switch event {
                case .assigned(let partitions): return partitions.sorted()
                case .revoked, .lost: try session.finishRevocation()
                case .records, .outOfRange: throw ConformanceFailure("\(event) came before an assignment")
                }
            }
        }
        throw ConformanceFailure("no assignment within \(patience)")
    }

    /// Polls until `count` records have come, for up to `atMost` at a time.
    func records(of session: any TurnSession, count: Int, atMost: Int = 100) throws -> [LogRecord] {
        var found: [LogRecord] = []
        let deadline = ContinuousClock.now + patience
        while found.count < count {
            guard .now < deadline else {
                throw ConformanceFailure("\(found.count) of \(count) records within \(patience)")
            }
            for event in try session.poll(maximumRecords: atMost, timeout: .milliseconds(200)) {
                switch event {
                case .records(let records): found += records
                default: throw ConformanceFailure("\(event) where records were expected")
                }
            }
        }
        return found
    }

    /// Polls until the session says that a partition's position is out of range; why.
    func outOfRange(of session: any TurnSession, partition: Int32) throws -> String {
        let deadline = ContinuousClock.now + patience
        while .now < deadline {
            for event in try session.poll(maximumRecords: 100, timeout: .milliseconds(200)) {
                guard case .outOfRange(partition, let reason) = event else {
                    throw ConformanceFailure("\(event) where a position was to be out of range")
                }
                return reason
            }
        }
        throw ConformanceFailure("no word of a position that is out of range within \(patience)")
    }

    /// Every committed record of a topic, by partition and offset.
    func contents(of topic: String) throws -> [LogRecord] {
        let ends = try log.endOffsets(of: topic)
        let reader = try log.reader()
        defer { reader.close() }
        let places = ends.indices.map { TopicPartition(topic, Int32($0)) }
        try reader.assign(Dictionary(uniqueKeysWithValues: places.map { ($0, 0) }))
        var found: [LogRecord] = []
        let deadline = ContinuousClock.now + patience
        while true {
            let positions = try reader.positions()
            if zip(places, ends).allSatisfy({ positions[$0] ?? 0 >= $1 }) { break }
            guard .now < deadline else {
                throw ConformanceFailure("\(topic) was read to \(positions), its ends are \(ends)")
            }
            found += try reader.read(maximum: 1_000, timeout: .milliseconds(100))
        }
        return found.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    func append(_ records: [OutgoingRecord]) throws {
        let producer = try log.producer(identity: unique("producer"))
        defer { producer.close() }
        try producer.append(records)
    }

    /// Appends records with the values 0, 1, 2 ... to one partition.
    func fill(_ topic: String, _ partition: Int32, count: Int) throws {
        try append((0..<count).map { record(topic, partition, UInt8(truncatingIfNeeded: $0)) })
    }

    func record(_ topic: String, _ partition: Int32, _ number: UInt8) -> OutgoingRecord {
        OutgoingRecord(topic: topic, partition: partition, key: [number], value: [number])
    }

    var turnDeadline: ContinuousClock.Instant { .now + patience }
}
