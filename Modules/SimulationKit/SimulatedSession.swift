import EventLog

/// The contract of a turn session over the simulated broker: a consumer and a transactional producer whose library works
/// on by itself (joins, heartbeats) while the loop is busy, and dies or stands still with its process.
///
/// Membership is the production's own state machine (`GroupOwnership`).
final class SimulatedSession: TurnSession {
    /// Where the library's membership stands.
    private enum Phase {
        case idle, joining, member
        /// The loop has been told to give its partitions up.
        case giving
    }

    private enum Rebalance {
        case assigned([Int32])
        case revoked
    }

    private let process: SimulatedProcess
    private let broker: SimulatedBroker
    private let group: SimulatedGroup
    private let configuration: SessionConfiguration
    private let epoch: Int
    private let transactionTimeout: Int64

    private var ownership: GroupOwnership<GroupMembership>
    /// What the library believes to be at this moment.
    private var membership = GroupMembership.none
    private var phase = Phase.idle
    private var member = 0
    private var queue: [Rebalance] = []
    /// Per resumed partition: the next offset to fetch, and where it was resumed.
    private var cursors: [Int32: (next: Int64, first: Int64)] = [:]
    private var isTurnOpen = false
    /// Appended, and not delivered yet.
    private var buffer: [OutgoingRecord] = []
    private var changelogEnds: [Int32: Int64] = [:]

    private var scheduler: Scheduler { broker.scheduler }
    private var faults: Faults { broker.faults }

    init(_ configuration: SessionConfiguration, process: SimulatedProcess, broker: SimulatedBroker) throws(LogError) {
        self.configuration = configuration
        self.process = process
        self.broker = broker
        transactionTimeout = configuration.transactionTimeout.milliseconds
        group = broker.group(configuration.group, topic: configuration.topic)
        ownership = GroupOwnership(topic: configuration.topic)
        try process.call("open", failing: .retriable)
        epoch = broker.initProducer(configuration.identity)
        try SimulatedSession.waitUntilSettled(configuration.identity, process, broker)
        #if SIMULATION
            ownership.current = { [unowned self] in membership }
        #endif
    }

    private static func waitUntilSettled(
        _ identity: String, _ process: SimulatedProcess, _ broker: SimulatedBroker
    ) throws(LogError) {
        while broker.isSettling(identity) {
            broker.scheduler.wait(until: broker.scheduler.now + 100) { !broker.isSettling(identity) }
            try process.requireLife()
        }
    }

    // MARK: The library's own thread

    private func work() {
        switch phase {
        case .idle:
            queue = []
            member = group.join(
                instance: configuration.membership == .static ? configuration.identity : nil,
                isAlive: { [process] in process.isRunning })
            phase = .joining
        case .joining:
            switch group.heartbeat(member) {
            case .stable(let generation, let partitions):
                membership = GroupMembership(member: member, generation: generation)
                queue.append(.assigned(partitions))
                phase = .member
            case .rebalancing: break
            case .unknownMember: phase = .idle
            case .fenced: process.isFenced = true
            }
        case .member, .giving:
            switch group.heartbeat(member) {
            case .stable(let generation, _) where generation == membership.generation: break
            case .stable, .rebalancing: giveUp()
            case .unknownMember:
                membership = .none
                giveUp()
            case .fenced:
                membership = .none
                process.isFenced = true
            }
        }
    }

    private func giveUp() {
        guard phase == .member else { return }
        queue.append(.revoked)
        phase = .giving
    }

    private var hasNews: Bool {
        if process.isFenced || !queue.isEmpty || phase == .idle { return true }
        switch group.heartbeat(member) {
        case .stable(let generation, _): if phase == .joining || generation != membership.generation { return true }
        case .rebalancing: if phase == .member { return true }
        case .unknownMember, .fenced: return true
        }
        return cursors.contains { partition, cursor in cursor.next < input(partition).lastStableOffset }
    }

    private func unassign() {
        ownership.release()
        cursors = [:]
        queue = []
        phase = membership != .none && group.rejoin(member) ? .joining : .idle
        if phase == .idle { membership = .none }
    }

    // MARK: Polling

    func poll(maximumRecords: Int, timeout: Duration) throws(LogError) -> [SessionEvent] {
        try process.call("poll", failing: scheduler.random.chance(percent: 20) ? .fatal : .retriable)
        try ownership.requireNoRevocation()
        let deadline = scheduler.now + timeout.milliseconds
        while true {
            work()
            if process.isFenced {
                throw LogError(.fenced, .fatal, "another member has the instance id \(configuration.identity)")
            }
            if let event = served() { return [event] }
            let records = fetch(maximumRecords)
            if !records.isEmpty { return [.records(records)] }
            guard scheduler.now < deadline else { return [] }
            scheduler.wait(until: deadline) { [unowned self] in hasNews }
            try process.requireLife()
        }
    }

    private func served() -> SessionEvent? {
        guard !queue.isEmpty else { return nil }
        switch queue.removeFirst() {
        case .assigned(let partitions):
            guard membership != .none else {
                unassign()
                return nil
            }
            cursors = [:]
            ownership.assign(partitions, metadata: membership)
            process.trace("assigned \(partitions) \(membership)")
            return .assigned(partitions)
        case .revoked:
            cursors = [:]
            let event = ownership.revoke { $0 != membership }
            if event == nil { unassign() }
            return event
        }
    }

    private func fetch(_ maximum: Int) -> [LogRecord] {
        var records: [LogRecord] = []
        for (partition, cursor) in cursors.sorted(by: { $0.key < $1.key }) where records.count < maximum {
            var next = cursor.next
            if faults.deliversAgain { next = max(cursor.first, next - scheduler.random.between(1, 4)) }
            let read = input(partition).read(from: next, maximum: min(maximum - records.count, SimulatedSession.atOnce))
            records += read.records
            cursors[partition]!.next = max(cursor.next, read.position)
        }
        return records
    }

    private static let atOnce = 20

    private func input(_ partition: Int32) -> SimulatedPartition {
        broker.partition(TopicPartition(configuration.topic, partition))
    }

    func finishRevocation() throws(LogError) {
        try process.call("finish revocation")
        try ownership.requireRevocation()
        unassign()
    }

    // MARK: Positions and changelog

    func committed(_ partition: Int32, timeout: Duration) throws(LogError) -> CommittedPosition? {
        try process.call("committed", failing: .retriable)
        let deadline = scheduler.now + timeout.components.seconds * 1_000
        while group.pending[partition] ?? 0 > 0 {
            guard scheduler.now < deadline else {
                throw LogError(.timedOut, .retriable, "a transaction on the position is pending")
            }
            scheduler.wait(until: deadline) { [unowned self] in group.pending[partition] ?? 0 == 0 }
            try process.requireLife()
        }
        return group.committed[partition]
    }

    func resume(_ partition: Int32, at offset: Int64) throws(LogError) {
        try process.call("resume", failing: .abortable)
        try ownership.require(partition)
        guard cursors[partition] == nil else {
            throw LogError(.invalidState, .fatal, "\(partition) is not paused")
        }
        cursors[partition] = (offset, offset)
    }

    func pause(_ partition: Int32) throws(LogError) {
        try process.call("pause")
        try ownership.require(partition)
        cursors[partition] = nil
    }

    func changelogBounds(_ partition: Int32) throws(LogError) -> (first: Int64, end: Int64) {
        try process.call("changelog bounds", failing: .retriable)
        return (0, changelog(partition).end)
    }

    func readChangelog(_ partition: Int32, from offset: Int64, maximum: Int, timeout: Duration) throws(LogError)
        -> ChangelogSlice
    {
        try process.call("read changelog", failing: .retriable)
        let source = changelog(partition)
        let deadline = scheduler.now + timeout.milliseconds
        if source.lastStableOffset <= offset {
            scheduler.wait(until: deadline) { source.lastStableOffset > offset }
            try process.requireLife()
        }
        let slice = min(maximum, Int(scheduler.random.between(5, 200)))
        let read = source.read(from: offset, maximum: slice)
        return ChangelogSlice(records: read.records, position: max(offset, read.position))
    }

    private func changelog(_ partition: Int32) -> SimulatedPartition {
        broker.partition(TopicPartition(configuration.changelogTopic, partition))
    }

    // MARK: Turns

    func begin() throws(LogError) {
        try process.call("begin", failing: .abortable)
        guard !isTurnOpen else { throw LogError(.invalidState, .fatal, "a turn is open already") }
        isTurnOpen = true
        buffer = []
        changelogEnds = [:]
    }

    func append(_ record: OutgoingRecord) throws(LogError) {
        guard isTurnOpen else { throw LogError(.invalidState, .fatal, "no turn is open") }
        buffer.append(record)
        if scheduler.random.chance(percent: 30) { try deliver() }
    }

    /// Records leave one after the other, as the client's own thread sends them.
    private func deliver() throws(LogError) {
        while let record = buffer.first {
            try process.call("deliver", failing: .abortable)
            try SimulatedSession.waitUntilSettled(configuration.identity, process, broker)
            try broker.produce(record, configuration.identity, epoch: epoch, timeout: transactionTimeout)
            buffer.removeFirst()
            if record.topic == configuration.changelogTopic {
                changelogEnds[record.partition] = changelog(record.partition).end
            }
        }
    }

    func commit(_ offsets: [TurnOffset], deadline: ContinuousClock.Instant) throws(LogError) -> [Int32: Int64] {
        try process.call("commit")
        guard isTurnOpen else { throw LogError(.invalidState, .fatal, "no turn is open") }
        if scheduler.random.chance(percent: 50) { work() }
        let metadata = try ownership.metadata(for: offsets)
        try deliver()
        try process.call("send offsets", failing: .abortable)
        try SimulatedSession.waitUntilSettled(configuration.identity, process, broker)
        try broker.sendOffsets(
            offsets, group: configuration.group, metadata: metadata, configuration.identity, epoch: epoch,
            timeout: transactionTimeout)
        try process.call("end transaction")
        if faults.turnIsTorn, broker.tear(configuration.identity, epoch: epoch) {
            throw LogError(.unknownOutcome, .fatal, "the transaction timed out")
        }
        if faults.answerIsLost {
            if scheduler.random.chance(percent: 50) {
                try broker.endTransaction(configuration.identity, epoch: epoch, commits: true)
            }
            throw LogError(.unknownOutcome, .fatal, "no answer to the commit")
        }
        try broker.endTransaction(configuration.identity, epoch: epoch, commits: true)
        isTurnOpen = false
        process.trace(
            "committed " + offsets.map { "\($0.partition)@\($0.offset) \($0.metadata)" }.joined(separator: ", "))
        try process.call("transaction ended")
        return changelogEnds
    }

    func abort() throws(LogError) {
        try process.call("abort", failing: .fatal)
        guard isTurnOpen else { return }
        isTurnOpen = false
        buffer = []
        try broker.endTransaction(configuration.identity, epoch: epoch, commits: false)
    }

    // MARK: Leaving

    func close(deadline: ContinuousClock.Instant) {
        guard process.isRunning else { return }
        buffer = []
        ownership.release()
        if isTurnOpen, !process.isFenced {
            do throws(LogError) {
                try broker.endTransaction(configuration.identity, epoch: epoch, commits: false)
            } catch {
                process.trace("close: \(error)")
            }
        }
        isTurnOpen = false
        if configuration.membership == .dynamic, member != 0 { group.leave(member) }
    }
}
