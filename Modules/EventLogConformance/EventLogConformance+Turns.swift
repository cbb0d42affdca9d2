import EventLog
import Foundation

extension EventLogConformance {
    func turnIsAtomic() throws {
        let topics = try makeTopics()
        let group = unique("group")
        let session = try openSession(topics, group: group)
        defer { leave(session) }
        try requireEqual(try assignment(of: session), [0, 1], "the assignment of the only member")
        try requireEqual(try session.committed(0, timeout: patience), nil, "the position of a new group")
        try requireEqual(try log.committedOffsets(group: group, topic: topics.input), [nil, nil], "its positions")
        for turn in UInt8(1)...2 {
            try session.begin()
            try session.append(record(topics.output, 0, turn))
            try session.append(record(topics.changelog, 1, turn))
            try session.append(record(topics.changelog, 1, turn + 10))
            try session.append(record(topics.output, 1, turn))
            let written = try session.commit(
                [
                    TurnOffset(partition: 0, offset: Int64(turn) * 5, metadata: "turn=\(turn) epoch=1"),
                    TurnOffset(partition: 1, offset: Int64(turn), metadata: ""),
                ], deadline: turnDeadline)
            let rows = try contents(of: topics.changelog)
            try requireEqual(written, [1: rows.last!.offset + 1], "the changelog's positions after turn \(turn)")
            try requireEqual(
                try session.committed(0, timeout: patience),
                CommittedPosition(offset: Int64(turn) * 5, metadata: "turn=\(turn) epoch=1"), "the position")
        }
        try requireEqual(try contents(of: topics.output).map(\.value), [[1], [2], [1], [2]], "outputs")
        try requireEqual(try contents(of: topics.changelog).map(\.value), [[1], [11], [2], [12]], "changelog rows")
        try requireEqual(try log.committedOffsets(group: group, topic: topics.input), [10, 2], "positions")
    }

    func abortedTurn() throws {
        let topics = try makeTopics()
        let group = unique("group")
        let session = try openSession(topics, group: group)
        defer { leave(session) }
        try assignment(of: session)
        try session.begin()
        for number in UInt8(1)...50 { try session.append(record(topics.output, Int32(number % 2), number)) }
        try session.append(record(topics.changelog, 0, 1))
        try session.abort()
        try requireEqual(try session.committed(0, timeout: patience), nil, "the position after an aborted turn")
        try session.begin()
        try session.append(record(topics.output, 0, 99))
        let written = try session.commit(
            [TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: turnDeadline)
        try requireEqual(written, [:], "changelog positions of a turn without rows")
        try requireEqual(try contents(of: topics.output).map(\.value), [[99]], "outputs")
        try requireEqual(try contents(of: topics.changelog).count, 0, "changelog rows")
    }

    func openTurn() throws {
        let topics = try makeTopics()
        let session = try openSession(topics, group: unique("group"))
        defer { leave(session) }
        try assignment(of: session)
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([TopicPartition(topics.output, 0): 0, TopicPartition(topics.output, 1): 0])
        try session.begin()
        try appendAtOnce(record(topics.output, 0, 1), in: session)
        // What was appended later, elsewhere, arrives: so the reader had its chance to see the open turn.
        try append([record(topics.output, 1, 2)])
        try requireEqual(try read(1, from: reader), [[2]], "records beside an open turn")
        _ = try session.commit([TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: turnDeadline)
        try requireEqual(try read(2, from: reader), [[1], [0]], "records after the commit")
    }

    /// Appends a record, and one of the value 0 behind it, so that the first is in the log and not with the client: there it
    /// may wait a little for others.
    func appendAtOnce(_ record: OutgoingRecord, in session: any TurnSession) throws {
        try session.append(record)
        Thread.sleep(forTimeInterval: 0.1)
        try session.append(
            OutgoingRecord(topic: record.topic, partition: record.partition, key: record.key, value: [0]))
        Thread.sleep(forTimeInterval: 0.1)
    }

    private func read(_ count: Int, from reader: any LogReader) throws -> [[UInt8]?] {
        var found: [[UInt8]?] = []
        let deadline = ContinuousClock.now + patience
        while found.count < count, .now < deadline {
            found += try reader.read(maximum: 10, timeout: .milliseconds(100)).map(\.value)
        }
        return found
    }

    func turnWithoutPositions() throws {
        let topics = try makeTopics()
        let session = try openSession(topics, group: unique("group"))
        defer { leave(session) }
        try assignment(of: session)
        try session.begin()
        try session.append(record(topics.output, 0, 1))
        let error = try requireFailure("a commit without positions") {
            _ = try session.commit([], deadline: turnDeadline)
        }
        try requireEqual(error.errorClass, .abortable, "the class")
        try session.abort()
        try requireEqual(try contents(of: topics.output).count, 0, "outputs")
    }

    func restart() throws {
        let topics = try makeTopics()
        let (group, identity) = (unique("group"), unique("member"))
        try fill(topics.input, 0, count: 5)
        try fill(topics.input, 1, count: 2)
        let first = try openSession(topics, group: group, identity: identity)
        try assignment(of: first)
        try first.resume(0, at: 0)
        let consumed = try records(of: first, count: 5)
        try requireEqual(consumed.map(\.value), (0..<5).map { [$0] }, "records in order")
        try require(consumed.allSatisfy { $0.partition == 0 }, "a paused partition brings nothing")
        try first.begin()
        try first.append(record(topics.output, 0, 1))
        _ = try first.commit(
            [TurnOffset(partition: 0, offset: consumed[2].offset + 1, metadata: "turn=3 epoch=7")],
            deadline: turnDeadline)
        leave(first)

        let second = try openSession(topics, group: group, identity: identity)
        defer { leave(second) }
        try requireEqual(try assignment(of: second), [0, 1], "the assignment after the restart")
        let position = try second.committed(0, timeout: patience)
        try requireEqual(
            position, CommittedPosition(offset: consumed[2].offset + 1, metadata: "turn=3 epoch=7"), "the position")
        try requireEqual(try second.committed(1, timeout: patience), nil, "a position that was never committed")
        try second.resume(0, at: position!.offset)
        try requireEqual(try records(of: second, count: 2).map(\.value), [[3], [4]], "records after the restart")
    }

    func pauseAndResume() throws {
        let topics = try makeTopics()
        try fill(topics.input, 0, count: 4)
        try fill(topics.input, 1, count: 2)
        let session = try openSession(topics, group: unique("group"))
        defer { leave(session) }
        try assignment(of: session)
        try session.resume(0, at: 0)
        let first = try records(of: session, count: 4)
        try session.pause(0)
        try session.resume(1, at: 0)
        try requireEqual(
            try records(of: session, count: 2).map(\.partition), [1, 1], "partitions while one is paused")
        try session.resume(0, at: first[1].offset)
        try requireEqual(
            try records(of: session, count: 3).map(\.value), [[1], [2], [3]], "records read again after a rollback")
    }

    /// A worker that takes little at a time comes to each partition's records soon.
    func backlogOfAnother() throws {
        let topics = try makeTopics()
        try fill(topics.input, 0, count: 2_000)
        try fill(topics.input, 1, count: 1)
        let session = try openSession(topics, group: unique("group"))
        defer { leave(session) }
        try assignment(of: session)
        try session.resume(0, at: 0)
        var taken = try records(of: session, count: 10)
        // By now the client may have fetched all of it.
        try require(taken.allSatisfy { $0.partition == 0 }, "a paused partition brings nothing")
        try session.resume(1, at: 0)
        while !taken.contains(where: { $0.partition == 1 }) {
            try require(taken.count < 1_500, "the other partition's record behind \(taken.count) of the backlog's")
            taken += try records(of: session, count: 1, atMost: 10)
            // Nothing tells when the client has fetched it.
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    func positionBeyondTheEnd() throws {
        let topics = try makeTopics(partitions: 2)
        for partition in 0..<2 { try fill(topics.input, Int32(partition), count: 2) }
        let session = try openSession(topics, group: unique("group"))
        defer { leave(session) }
        try assignment(of: session)
        try session.resume(0, at: 1_000)
        let reason = try outOfRange(of: session, partition: 0)
        try require(reason.contains("position 1000 is beyond the end"), "the reason: \(reason)")
        try session.resume(1, at: 0)
        try requireEqual(
            try records(of: session, count: 2).map(\.partition), [1, 1], "the other partition's records")
    }
}
