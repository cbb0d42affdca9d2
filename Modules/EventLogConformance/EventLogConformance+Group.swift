import EventLog

extension EventLogConformance {
    func secondSessionFences() throws {
        let topics = try makeTopics()
        let (group, identity) = (unique("group"), unique("member"))
        let first = try openSession(topics, group: group, identity: identity, membership: .static)
        defer { leave(first) }
        try assignment(of: first)
        try first.begin()
        try appendAtOnce(record(topics.output, 0, 1), in: first)
        let second = try openSession(topics, group: group, identity: identity, membership: .static)
        defer { leave(second) }
        let error = try requireFailure("a commit of the older session") {
            _ = try first.commit([TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: turnDeadline)
        }
        // A broker tells the older producer of its epoch before the group tells the older member of its identity.
        let fences: [LogError.Code] = [.fenced, .producerFenced]
        try requireEqual(fences.contains(error.code), true, "a code of fencing, \(error.code.rawValue)")
        try requireEqual(error.errorClass, .fatal, "the class")
        try requireEqual(try assignment(of: second), [0, 1], "the assignment of the newer session")
        try requireEqual(try second.committed(0, timeout: patience), nil, "the position")
        try second.begin()
        try second.append(record(topics.output, 0, 2))
        _ = try second.commit([TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: turnDeadline)
        try requireEqual(try contents(of: topics.output).map(\.value), [[2]], "outputs")
    }

    func joinAndLeave() throws {
        let topics = try makeTopics(partitions: 5)
        let group = unique("group")
        let first = try openSession(topics, group: group, identity: unique("member-a"))
        defer { leave(first) }
        try requireEqual(try assignment(of: first), [0, 1, 2, 3, 4], "the assignment of the only member")
        let second = try openSession(topics, group: group, identity: unique("member-b"))
        var owned = Ownership(first: [0, 1, 2, 3, 4], second: [])
        try settle(&owned, first, second) { $0.first.count == 3 && $0.second.count == 2 }
        try requireEqual(owned.first, [0, 1, 2], "the share of the member that comes first")
        try requireEqual(owned.second, [3, 4], "the share of the other")
        leave(second)
        owned.second = []
        try settle(&owned, first, nil) { $0.first.count == 5 }
    }

    /// Who owns what, as the members were told.
    private struct Ownership {
        var first: [Int32]
        var second: [Int32]
    }

    /// Serves both members until `isSettled`; no partition may have two owners meanwhile.
    private func settle(
        _ owned: inout Ownership, _ first: any TurnSession, _ second: (any TurnSession)?,
        until isSettled: (Ownership) -> Bool
    ) throws {
        let deadline = ContinuousClock.now + patience
        while !isSettled(owned) {
            guard .now < deadline else { throw ConformanceFailure("no new assignment within \(patience): \(owned)") }
            try serve(first, &owned.first)
            if let second { try serve(second, &owned.second) }
            try require(
                Set(owned.first).isDisjoint(with: owned.second), "a partition has two owners: \(owned)")
        }
    }

    private func serve(_ session: any TurnSession, _ owned: inout [Int32]) throws {
        for event in try session.poll(maximumRecords: 10, timeout: .milliseconds(50)) {
            switch event {
            case .assigned(let partitions): owned = partitions.sorted()
            case .revoked, .lost:
                owned = []
                try session.finishRevocation()
            case .records, .outOfRange: throw ConformanceFailure("\(event) of a paused partition")
            }
        }
    }

    /// Opens two members and lets the partitions move, while the first has a turn open; `whenRevoked` is called between
    /// its revocation and the end of it. Returns the members with their partitions.
    private func movePartitions(
        _ topics: Topics, _ group: String, whenRevoked: (any TurnSession) throws -> Void
    ) throws -> (first: any TurnSession, second: any TurnSession, owned: [Int32]) {
        let first = try openSession(topics, group: group, identity: unique("member-a"))
        try assignment(of: first)
        try first.begin()
        try appendAtOnce(record(topics.output, 0, 1), in: first)
        let second = try openSession(topics, group: group, identity: unique("member-b"))
        let deadline = ContinuousClock.now + patience
        var owned: [Int32] = []
        var isRevoked = false
        while owned.isEmpty {
            guard .now < deadline else { throw ConformanceFailure("no assignment within \(patience)") }
            for event in try first.poll(maximumRecords: 10, timeout: .milliseconds(50)) {
                if case .revoked = event {
                    isRevoked = true
                    try whenRevoked(first)
                    try first.finishRevocation()
                }
            }
            for event in try second.poll(maximumRecords: 10, timeout: .milliseconds(50)) {
                if case .assigned(let partitions) = event {
                    try require(isRevoked, "partitions are revoked before they are assigned elsewhere")
                    owned = partitions
                }
            }
        }
        return (first, second, owned)
    }

    func lateOwner() throws {
        let topics = try makeTopics()
        let group = unique("group")
        let (first, second, owned) = try movePartitions(topics, group) { _ in }
        defer {
            leave(first)
            leave(second)
        }
        try requireEqual(owned, [1], "the partitions of the second member")
        let error = try requireFailure("a commit after the partition went to another member") {
            _ = try first.commit([TurnOffset(partition: 1, offset: 5, metadata: "late")], deadline: turnDeadline)
        }
        try requireEqual(error.errorClass, .abortable, "the class")
        try first.abort()
        try requireEqual(try second.committed(1, timeout: patience), nil, "the position")
        try requireEqual(try contents(of: topics.output).count, 0, "outputs")
        try second.begin()
        try second.append(record(topics.output, 0, 2))
        _ = try second.commit([TurnOffset(partition: 1, offset: 6, metadata: "")], deadline: turnDeadline)
        try requireEqual(try contents(of: topics.output).map(\.value), [[2]], "outputs of the new owner")
    }

    func revokedTurn() throws {
        let topics = try makeTopics()
        let group = unique("group")
        let deadline = turnDeadline
        let (first, second, _) = try movePartitions(topics, group) { session in
            _ = try session.commit(
                [TurnOffset(partition: 1, offset: 5, metadata: "turn=1 epoch=1")], deadline: deadline)
        }
        defer {
            leave(first)
            leave(second)
        }
        try requireEqual(
            try second.committed(1, timeout: patience), CommittedPosition(offset: 5, metadata: "turn=1 epoch=1"),
            "the position that the owner before committed")
        try requireEqual(try contents(of: topics.output).map(\.value), [[1], [0]], "outputs")
    }
}
