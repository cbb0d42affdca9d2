import Contracts
import EventLog

/// The broker: topics, transactions and groups as Apache Kafka keeps them. It never dies; what its clients see of it does.
///
/// `@unchecked Sendable`: used by the holder of the scheduler's baton only.
final class SimulatedBroker: @unchecked Sendable {
    let scheduler: Scheduler
    let faults: Faults
    private var topics: [String: [SimulatedPartition]] = [:]
    private var epochs: [String: Int] = [:]
    private var transactions: [String: SimulatedTransaction] = [:]
    private(set) var groups: [String: SimulatedGroup] = [:]
    /// What must never have happened, as soon as it has.
    private(set) var violations: [String] = []

    init(scheduler: Scheduler, faults: Faults, catalogue: TopicCatalogue) {
        self.scheduler = scheduler
        self.faults = faults
        for specification in catalogue.specifications {
            topics[specification.name] = (0..<specification.partitions).map {
                SimulatedPartition(TopicPartition(specification.name, $0))
            }
        }
    }

    func partition(_ place: TopicPartition) -> SimulatedPartition { topics[place.topic]![Int(place.partition)] }

    func partitionCount(of topic: String) -> Int32? { topics[topic].map { Int32($0.count) } }

    func partitions(of topic: String) -> [SimulatedPartition] { topics[topic] ?? [] }

    func group(_ name: String, topic: String) -> SimulatedGroup {
        if let known = groups[name] { return known }
        let group = SimulatedGroup(name, partitions: partitionCount(of: topic) ?? 0, scheduler: scheduler)
        groups[name] = group
        return group
    }

    /// Appends without a transaction, as clients from outside do.
    func append(_ record: OutgoingRecord) {
        partition(TopicPartition(record.topic, record.partition)).append(record, at: scheduler.now, nil)
    }

    // MARK: Transactions

    /// A newer holder of the identity: the one before is fenced, its open transaction aborted.
    func initProducer(_ identity: String) -> Int {
        if let open = transactions[identity], open.state == .ongoing { end(open, commits: false) }
        epochs[identity, default: 0] += 1
        return epochs[identity]!
    }

    /// Whether the identity's last transaction still waits for markers: it takes no new one before.
    func isSettling(_ identity: String) -> Bool {
        guard let transaction = transactions[identity] else { return false }
        return transaction.state == .committing || transaction.state == .aborting
    }

    private func transaction(_ identity: String, epoch: Int) throws(LogError) -> SimulatedTransaction {
        guard epochs[identity] == epoch else {
            throw LogError(.producerFenced, .fatal, "the producer \(identity) has a newer epoch")
        }
        if let open = transactions[identity], open.state == .ongoing { return open }
        let transaction = SimulatedTransaction(producer: identity, epoch: epoch, startedAt: scheduler.now)
        transactions[identity] = transaction
        return transaction
    }

    func produce(_ record: OutgoingRecord, _ identity: String, epoch: Int, timeout: Int64) throws(LogError) {
        let transaction = try openTransaction(identity, epoch: epoch, timeout: timeout)
        partition(TopicPartition(record.topic, record.partition)).append(record, at: scheduler.now, transaction)
    }

    private func openTransaction(
        _ identity: String, epoch: Int, timeout: Int64
    ) throws(LogError) -> SimulatedTransaction {
        let known = transactions[identity]
        let transaction = try transaction(identity, epoch: epoch)
        if transaction !== known {
            // Nobody's open transaction stands in the readers' way for ever.
            scheduler.after(timeout + scheduler.random.between(0, 1_000)) { [self] in
                guard transaction.state == .ongoing else { return }
                epochs[identity]! += 1
                end(transaction, commits: false)
            }
        }
        return transaction
    }

    /// Adds positions to the transaction, where the member and its generation are the group's.
    func sendOffsets(
        _ offsets: [TurnOffset], group name: String, metadata: GroupMembership, _ identity: String, epoch: Int,
        timeout: Int64
    ) throws(LogError) {
        let transaction = try openTransaction(identity, epoch: epoch, timeout: timeout)
        let group = groups[name]!
        guard group.admits(metadata) else {
            throw LogError(.ownershipLost, .abortable, "\(metadata) is not of the group's generation")
        }
        transaction.group = name
        for offset in offsets {
            if transaction.positions[offset.partition] == nil { group.pending[offset.partition, default: 0] += 1 }
            transaction.positions[offset.partition] = CommittedPosition(
                offset: offset.offset, metadata: offset.metadata)
        }
    }

    func endTransaction(_ identity: String, epoch: Int, commits: Bool) throws(LogError) {
        guard epochs[identity] == epoch else {
            throw LogError(.producerFenced, .fatal, "the producer \(identity) has a newer epoch")
        }
        guard let open = transactions[identity], open.state == .ongoing else { return }
        end(open, commits: commits)
    }

    /// Markers come to the partitions one by one, each in its own time.
    private func end(_ transaction: SimulatedTransaction, commits: Bool, isTorn: Bool = false) {
        transaction.state = commits ? .committing : .aborting
        var remaining = transaction.places.count + 1
        func settle() {
            remaining -= 1
            if remaining == 0 { transaction.state = .complete }
        }
        for place in transaction.places {
            scheduler.after(faults.markerDelay()) { [self] in
                partition(place).mark(transaction, isCommitted: commits, at: scheduler.now)
                settle()
            }
        }
        scheduler.after(faults.markerDelay()) { [self] in
            settlePositions(of: transaction, commits: commits && !isTorn)
            settle()
        }
    }

    /// What brokers before 4.0 and their clients can do to a transaction that timed out: its records become visible, its
    /// positions do not.
    func tear(_ identity: String, epoch: Int) -> Bool {
        guard epochs[identity] == epoch, let open = transactions[identity], open.state == .ongoing,
            let group = open.group.flatMap({ groups[$0] }),
            // The torn first turn of a partition cannot be told from a lost position: it needs a person, as documented.
            open.positions.keys.allSatisfy({ group.committed[$0] != nil })
        else { return false }
        epochs[identity]! += 1
        end(open, commits: true, isTorn: true)
        return true
    }

    private func settlePositions(of transaction: SimulatedTransaction, commits: Bool) {
        guard let name = transaction.group, let group = groups[name] else { return }
        for (partition, position) in transaction.positions.sorted(by: { $0.key < $1.key }) {
            group.pending[partition]! -= 1
            guard commits else { continue }
            if let earlier = group.committed[partition] { check(position, after: earlier, name, partition) }
            group.committed[partition] = position
        }
    }

    /// Positions and turns of a partition only ever rise.
    private func check(
        _ position: CommittedPosition, after earlier: CommittedPosition, _ group: String, _ partition: Int32
    ) {
        let turns = [earlier, position].map { $0.metadata.split(separator: " ").first?.dropFirst(5) }
            .map { $0.flatMap { Int64($0) } ?? -1 }
        guard position.offset < earlier.offset || turns[1] <= turns[0] else { return }
        violations.append(
            "\(group)/\(partition) went from \(earlier.offset) (\(earlier.metadata)) to \(position.offset) "
                + "(\(position.metadata))")
    }

    /// Whether no transaction waits for anything.
    var isSettled: Bool { transactions.values.allSatisfy { $0.state == .complete } }
}
