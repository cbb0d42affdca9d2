import EventLog

extension EventLogConformance {
    /// Reads a changelog partition from its first offset to the end that it had at the start; `whenStalled` is called
    /// once, after a read that brought no progress.
    private func restore(_ partition: Int32, with session: any TurnSession, whenStalled: () throws -> Void = {})
        throws -> [LogRecord]
    {
        let bounds = try session.changelogBounds(partition)
        var position = bounds.first
        var rows: [LogRecord] = []
        var isStalled = false
        let deadline = ContinuousClock.now + patience
        while position < bounds.end {
            guard .now < deadline else {
                throw ConformanceFailure("the changelog was read to \(position) of \(bounds.end) within \(patience)")
            }
            let slice = try session.readChangelog(partition, from: position, maximum: 7, timeout: .milliseconds(300))
            try require(slice.records.count <= 7, "at most 7 rows were asked for, \(slice.records.count) came")
            if slice.position == position && !isStalled {
                isStalled = true
                try whenStalled()
            }
            rows += slice.records
            position = slice.position
        }
        return rows
    }

    func compactedChangelog() throws {
        let topics = try makeTopics(partitions: 1)
        var expected: [[UInt8]: [UInt8]] = [:]
        for round in UInt8(0)..<5 {
            var rows: [OutgoingRecord] = []
            for key in UInt8(0)..<20 {
                let isGone = round == 4 && key % 5 == 0
                expected[[key]] = isGone ? nil : [round, key]
                rows.append(
                    OutgoingRecord(
                        topic: topics.changelog, partition: 0, key: [key], value: isGone ? nil : [round, key]))
            }
            try append(rows)
        }
        let end = try log.endOffsets(of: topics.changelog)
        try compact?(topics.changelog)
        try requireEqual(try log.endOffsets(of: topics.changelog), end, "the end after compaction")
        let session = try openSession(topics, group: unique("group"))
        defer { leave(session) }
        try assignment(of: session)
        var found: [[UInt8]: [UInt8]] = [:]
        for row in try restore(0, with: session) { found[row.key!] = row.value }
        try requireEqual(found, expected, "the last row of each key")
    }

    func restorePastOpenTransaction() throws {
        let topics = try makeTopics(partitions: 1)
        let dead = try openSession(topics, group: unique("group"))
        defer { leave(dead) }
        try assignment(of: dead)
        let owner = try openSession(topics, group: unique("group"))
        defer { leave(owner) }
        try assignment(of: owner)
        try commit(rows: UInt8(0)..<10, with: owner, topics)
        // An owner before stopped in the middle of its turn: its rows lie between those of the new one.
        try dead.begin()
        try appendAtOnce(record(topics.changelog, 0, 99), in: dead)
        try commit(rows: UInt8(10)..<20, with: owner, topics)
        try dead.append(record(topics.changelog, 0, 99))
        try commit(rows: UInt8(20)..<30, with: owner, topics)
        let rows = try restore(0, with: owner) { try dead.abort() }
        try requireEqual(rows.map(\.value), (UInt8(0)..<30).map { [$0] }, "the rows that were committed")
    }

    private func commit(rows: Range<UInt8>, with session: any TurnSession, _ topics: Topics) throws {
        try session.begin()
        for number in rows { try session.append(record(topics.changelog, 0, number)) }
        _ = try session.commit([TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: turnDeadline)
    }
}
