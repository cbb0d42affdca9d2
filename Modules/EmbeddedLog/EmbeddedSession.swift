import EventLog

/// One worker thread's membership of a group, its consumer and its transactions.
///
/// Used by one thread. A turn's records stay in memory until its commit, so an aborted turn never touches the file.
final class EmbeddedSession: TurnSession {
    private let log: EmbeddedLog
    private let configuration: SessionConfiguration
    private let topic: TopicLog
    private let changelog: TopicLog
    private let member: GroupCoordinator.MemberID
    private let epoch: Int
    private let fetcher: RecordFetcher
    /// Resumed partitions, in their order.
    private var cursors: [FetchCursor] = []
    private var turnOfFetch = 0
    private var isTurnOpen = false
    private var transaction = TransactionBuffer()
    private var topics: KnownTopics
    private var isClosed = false

    init(
        log: EmbeddedLog, configuration: SessionConfiguration, topic: TopicLog, changelog: TopicLog,
        member: GroupCoordinator.MemberID, epoch: Int
    ) {
        self.log = log
        self.configuration = configuration
        self.topic = topic
        self.changelog = changelog
        self.member = member
        self.epoch = epoch
        fetcher = RecordFetcher(log: log)
        topics = KnownTopics(log: log)
    }

    deinit { leave() }

    // MARK: Polling

    func poll(maximumRecords: Int, timeout: Duration) throws(LogError) -> [SessionEvent] {
        let deadline = ContinuousClock.now + timeout
        while true {
            if let event = try groupEvent() { return [event] }
            if let event = pauseOutOfRange() { return [event] }
            guard let found = try fetch(maximumRecords) else { continue }
            if !found.isEmpty { return [.records(found)] }
            guard try waitForNews(until: deadline) else { return [] }
        }
    }

    /// `nil` where retention passed a position meanwhile; the cursors stand where they stood.
    private func fetch(_ maximum: Int) throws(LogError) -> [LogRecord]? {
        let before = cursors
        do throws(LogError) {
            return try fetcher.fetch(&cursors, turn: &turnOfFetch, maximum: maximum)
        } catch {
            guard error.code == .offsetOutOfRange else { throw error }
            cursors = before
            return nil
        }
    }

    /// Pauses a partition whose next record is not in the log.
    private func pauseOutOfRange() -> SessionEvent? {
        let found: (index: Int, reason: String)? = log.monitor.locked {
            for (index, cursor) in cursors.enumerated() {
                if let reason = cursor.partition.reasonOutOfRange(cursor.next) { return (index, reason) }
            }
            return nil
        }
        guard let found else { return nil }
        let partition = cursors.remove(at: found.index).partition.partition
        return .outOfRange(partition, reason: found.reason)
    }

    private func groupEvent() throws(LogError) -> SessionEvent? {
        let event = try log.monitor.locked { () throws(LogError) in
            try requireMembership()
            guard !group.isRevoking(member) else {
                throw LogError(.invalidState, .fatal, "polled before the revocation was finished")
            }
            expire()
            return log.groups[configuration.group]!.nextEvent(of: member)
        }
        switch event {
        case .assigned(let partitions):
            cursors = []
            return .assigned(partitions)
        case .revoked(let partitions):
            cursors = []
            return .revoked(partitions)
        case .lost(let partitions):
            cursors = []
            return .lost(partitions)
        case nil:
            return nil
        }
    }

    /// `false` when the deadline has passed.
    private func waitForNews(until deadline: ContinuousClock.Instant) throws(LogError) -> Bool {
        try log.monitor.locked { () throws(LogError) in
            while true {
                try requireMembership()
                let expiry = expire()
                if cursors.contains(where: \.hasMore) { return true }
                var copy = group
                if copy.nextEvent(of: member) != nil { return true }
                let isInTime = log.monitor.wait(for: .news, until: min(deadline, expiry ?? deadline))
                if !isInTime && deadline <= .now { return false }
            }
        }
    }

    /// Takes partitions from members that do not answer; returns when to look again. Inside the monitor.
    @discardableResult
    private func expire() -> ContinuousClock.Instant? {
        let answer = log.groups[configuration.group]!.expire(now: .now)
        if answer.isChanged { log.monitor.signalAll(.news) }
        return answer.next
    }

    /// Inside the monitor.
    private var group: GroupCoordinator { log.groups[configuration.group]! }

    /// Inside the monitor.
    private func requireMembership() throws(LogError) {
        if let error = log.unusable ?? lostMembership() { throw error }
    }

    private func lostMembership() -> LogError? {
        guard !isClosed else { return LogError(.invalidState, .fatal, "the session is closed") }
        guard log.isCurrent(configuration.identity, epoch: epoch), !group.isFenced(member) else {
            return LogError(.fenced, .fatal, "another session has the identity \(configuration.identity)")
        }
        return nil
    }

    func finishRevocation() throws(LogError) {
        try log.monitor.locked { () throws(LogError) in
            try requireMembership()
            guard log.groups[configuration.group]!.finishRevocation(member, now: .now) else {
                throw LogError(.invalidState, .fatal, "no revocation is open")
            }
            log.monitor.signalAll(.news)
        }
    }

    // MARK: Positions

    /// Inside the monitor.
    private func requireOwnership(of partition: Int32) throws(LogError) {
        try requireMembership()
        guard group.partitions(of: member).contains(partition) else { throw notOwned(partition) }
    }

    private func notOwned(_ partition: Int32) -> LogError {
        LogError(.ownershipLost, .abortable, "\(configuration.topic)/\(partition) is not assigned to this session")
    }

    func committed(_ partition: Int32, timeout: Duration) throws(LogError) -> CommittedPosition? {
        let id = try topic.partition(partition).id
        let deadline = ContinuousClock.now + timeout
        return try log.monitor.locked { () throws(LogError) in
            try requireMembership()
            while log.pendingPositions[configuration.group]?[id] ?? 0 > 0 {
                guard log.monitor.wait(for: .commits, until: deadline) else {
                    throw LogError(
                        .timedOut, .retriable, "a transaction on \(configuration.topic)/\(partition) is still pending")
                }
                try requireMembership()
            }
            return log.committedPositions[configuration.group]?[id]
        }
    }

    func resume(_ partition: Int32, at offset: Int64) throws(LogError) {
        let place = try topic.partition(partition)
        try log.monitor.locked { () throws(LogError) in try requireOwnership(of: partition) }
        guard !cursors.contains(where: { $0.partition === place }) else {
            throw LogError(.invalidState, .fatal, "\(configuration.topic)/\(partition) is not paused")
        }
        cursors.append(FetchCursor(partition: place, next: offset))
        cursors.sort { $0.partition.partition < $1.partition.partition }
    }

    func pause(_ partition: Int32) throws(LogError) {
        try log.monitor.locked { () throws(LogError) in try requireOwnership(of: partition) }
        cursors.removeAll { $0.partition.partition == partition }
    }

    // MARK: Changelog

    func changelogBounds(_ partition: Int32) throws(LogError) -> (first: Int64, end: Int64) {
        let place = try changelog.partition(partition)
        return try log.monitor.locked { () throws(LogError) in
            try requireMembership()
            return (place.first, place.end)
        }
    }

    func readChangelog(_ partition: Int32, from offset: Int64, maximum: Int, timeout: Duration) throws(LogError)
        -> ChangelogSlice
    {
        let cursor = FetchCursor(partition: try changelog.partition(partition), next: offset)
        let deadline = ContinuousClock.now + timeout
        while true {
            let fetch = try fetcher.fetch(cursor.partition, from: offset, maximum: maximum)
            if fetch.next > offset { return ChangelogSlice(records: fetch.records, position: fetch.next) }
            let isInTime = try log.monitor.locked { () throws(LogError) in
                while !cursor.hasMore {
                    try requireMembership()
                    guard log.monitor.wait(for: .news, until: deadline) else { return false }
                }
                return true
            }
            if !isInTime { return ChangelogSlice(records: [], position: offset) }
        }
    }

    // MARK: Turns

    func begin() throws(LogError) {
        guard !isTurnOpen else { throw LogError(.invalidState, .fatal, "a turn is open already") }
        isTurnOpen = true
    }

    func append(_ record: OutgoingRecord) throws(LogError) {
        guard isTurnOpen else { throw LogError(.invalidState, .fatal, "no turn is open") }
        let partition = try topics[record.topic].partition(record.partition)
        try transaction.append(record, to: partition)
    }

    func commit(_ offsets: [TurnOffset], deadline: ContinuousClock.Instant) throws(LogError) -> [Int32: Int64] {
        guard isTurnOpen else { throw LogError(.invalidState, .fatal, "no turn is open") }
        guard !offsets.isEmpty else {
            // The offsets carry the fence, here as on a broker.
            throw LogError(.invalidState, .abortable, "a turn without positions would not be fenced")
        }
        var positions: [CommitRequest.Position] = []
        for offset in offsets {
            positions.append(
                CommitRequest.Position(
                    partition: try topic.partition(offset.partition),
                    committed: CommittedPosition(offset: offset.offset, metadata: offset.metadata)))
        }
        let request = CommitRequest(taking: &transaction, group: configuration.group, positions: positions)
        try log.commit(request) {
            if let error = lostMembership() { return error }
            let owned = group.partitions(of: member)
            return offsets.first { !owned.contains($0.partition) }.map { notOwned($0.partition) }
        }
        isTurnOpen = false
        return ends(of: request)
    }

    /// The offsets after this turn's records in the changelog.
    private func ends(of request: CommitRequest) -> [Int32: Int64] {
        var ends: [Int32: Int64] = [:]
        for batch in request.batches where batch.partition.topic == configuration.changelogTopic {
            ends[batch.partition.partition] = batch.end
        }
        return ends
    }

    func abort() throws(LogError) {
        dropTurn()
    }

    private func dropTurn() {
        isTurnOpen = false
        transaction.clear()
    }

    // MARK: Leaving

    func close(deadline: ContinuousClock.Instant) { leave() }

    /// Leaves the group at once: in one process a member that is gone does not come back as another one.
    private func leave() {
        guard !isClosed else { return }
        isClosed = true
        dropTurn()
        cursors = []
        fetcher.close()
        log.monitor.locked {
            log.groups[configuration.group]?.leave(member, now: .now)
            if log.groups[configuration.group]?.isEmpty == true { log.groups[configuration.group] = nil }
            log.monitor.signalAll(.news)
        }
    }
}
