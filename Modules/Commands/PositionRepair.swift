import CommandLineKit
import Contracts
import EventLog
import Foundation
import JSON
import TaskRuntime

/// Judges the positions of a worker's group against its changelog and its input, and writes those that have to be.
final class PositionRepair {
    /// Where to go on in a partition that has not got a position.
    enum Edge: String, CaseIterable {
        case first, end
    }

    /// What is to be done about a partition's position.
    enum Verdict {
        /// As it is, a worker goes on by itself.
        case keep(String)
        case write(CommittedPosition, String)
        /// Out of range, and nobody has said where to go on.
        case undecided(String)
        /// What is right cannot be told from here.
        case refused(String)

        var text: String {
            switch self {
            case .keep(let text), .write(_, let text), .undecided(let text), .refused(let text): text
            }
        }
    }

    /// What changes with every turn of the worker.
    struct Snapshot: Equatable {
        var positions: [CommittedPosition?]
        var changelogEnds: [Int64]
    }

    /// What the changelog of a partition says.
    private struct History {
        var turn: TurnRow?
        /// When the log took it, in milliseconds since 1970.
        var turnTime: Int64 = 0
        var hasRows = false
    }

    /// How far the clocks of two brokers may be apart.
    private static let clockTolerance: Int64 = 60_000

    let partitionCount: Int32
    private let log: any EventLog & GroupPositionWriting
    private let options: GlobalOptions
    private let group: String
    private let topic: String
    private let changelog: String

    init(_ worker: WorkerName, _ installation: Installation) throws {
        options = installation.options
        guard let log = installation.log as? any EventLog & GroupPositionWriting else {
            throw CommandFailure("another process works on \(options.place): stop it first")
        }
        self.log = log
        let catalogue = options.catalogue
        group = WorkerGroup.name(worker, prefix: catalogue.prefix)
        topic = catalogue.name(of: worker.input)
        changelog = catalogue.name(of: .changelog(worker))
        partitionCount = try log.partitionCount(of: topic)
    }

    func snapshot() throws -> Snapshot {
        Snapshot(
            positions: try log.positions(ofGroup: group, topic: topic), changelogEnds: try log.endOffsets(of: changelog)
        )
    }

    func write(_ positions: [Int32: CommittedPosition]) throws {
        try log.write(positions, ofGroup: group, topic: topic)
    }

    /// A static member that was stopped is one until its session is over.
    func waitForMembersToLeave() throws {
        guard let log = log as? any GroupDescribing else { return }
        let deadline = ContinuousClock.now + options.timeout
        var isTold = false
        while let member = try log.members(ofGroup: group, topic: topic).first {
            guard ContinuousClock.now < deadline else {
                throw CommandFailure("\(member.identity) is still a member of group \(group): stop the worker first")
            }
            if !isTold {
                options.terminal.complain(
                    "waiting for \(member.identity) to leave group \(group): one that was stopped does so when its session "
                        + "is over")
            }
            isTold = true
            Thread.sleep(forTimeInterval: 0.5)
        }
    }

    // MARK: Judging

    /// Of each partition about whose position there is something to say. Nobody may work on them meanwhile.
    ///
    /// - Parameter known: of each partition.
    func verdicts(_ known: [CommittedPosition?], _ edge: Edge?) throws -> [(partition: Int32, verdict: Verdict)] {
        try requireReadableChangelog()
        let firsts = try log.firstOffsets(of: topic)
        let ends = try log.endOffsets(of: topic)
        let histories = try histories()
        return try firsts.indices.compactMap { index in
            let partition = Int32(index)
            let range = firsts[index]...max(firsts[index], ends[index])
            let history = histories[partition] ?? History()
            let isLost = known[index].flatMap { TurnRow.parse(metadata: $0.metadata) } == nil
            let isOther = try isLost && isOtherTopic(than: history, partition, range)
            return Self.verdict(known[index], history, range, isOther: isOther, edge).map { (partition, $0) }
        }
    }

    /// Whether the topic is not the one that the last turn had read: below its position it has a record that came later. A
    /// topic that is deleted takes the group's positions with it, and the log has no other name for one that is made anew.
    private func isOtherTopic(than history: History, _ partition: Int32, _ range: ClosedRange<Int64>) throws -> Bool {
        guard let end = history.turn?.inputOffset, end > range.lowerBound, range.contains(end) else { return false }
        let reader = try log.reader(for: .glance)
        defer { reader.close() }
        let first = try reader.first(
            of: TopicPartition(topic, partition), from: range.lowerBound, below: end, within: options.timeout)
        return first.map { $0.appendTimeMilliseconds > history.turnTime + Self.clockTolerance } ?? false
    }

    /// Turns of an open transaction's time are in nobody's sight.
    private func requireReadableChangelog() throws {
        guard let finder = log as? any OpenTransactionFinding else { return }
        let open = try finder.openTransactions(of: changelog, partitions: Array(0..<partitionCount))
        guard let (partition, transaction) = open.min(by: { $0.key < $1.key }) else { return }
        throw CommandFailure(
            "an open transaction holds the changelog of partition \(partition) back from offset "
                + "\(transaction.firstOffset) on: wait for its time-out, or end it")
    }

    private func histories() throws -> [Int32: History] {
        var histories: [Int32: History] = [:]
        var read = 0
        var rows = Changelog.RowReader()
        try log.readThrough(changelog) { record in
            read += 1
            if read.isMultiple(of: 10_000) { options.terminal.progress("reading the changelog: \(read) rows") }
            let change = try rows.change(in: record).change
            histories[record.partition, default: History()].hasRows = true
            guard change.table == TurnRow.table, let value = change.value else { return }
            histories[record.partition]!.turn = try JSONDocument.decode(TurnRow.self, from: value)
            histories[record.partition]!.turnTime = record.appendTimeMilliseconds
        }
        options.terminal.endProgress()
        return histories
    }

    private static func verdict(
        _ known: CommittedPosition?, _ history: History, _ range: ClosedRange<Int64>, isOther: Bool, _ edge: Edge?
    ) -> Verdict? {
        let last = history.turn
        let own = known.flatMap { TurnRow.parse(metadata: $0.metadata) }
        let told =
            "the group has \(known.map { "\($0.offset) (\($0.metadata.isEmpty ? "not ours" : $0.metadata))" } ?? "no position"), "
            + (last.map { "the changelog's last turn stands at \($0.inputOffset) (\($0.metadata))" }
                ?? "the changelog has no turn")
        if let own, own.turn > last?.turn ?? 0 {
            return .refused("\(told): the changelog has lost turns; bring it back")
        }
        if last == nil, history.hasRows {
            return .refused(
                "\(told), but rows of one that was never committed: the positions of the group are gone, or it was torn"
            )
        }
        // A position of ours stands, also before the changelog's last turn: that was torn, and is done again.
        let base =
            own == nil
            ? CommittedPosition(
                offset: last?.inputOffset ?? 0, metadata: last?.metadata ?? TurnRow.metadata(turn: 0, epoch: 0))
            : known!
        guard range.contains(base.offset), !isOther else {
            return outOfRange(base, told, range, isOther: isOther, edge)
        }
        if let own, let last, own.turn < last.turn {
            return .keep("\(told): turns after \(own.turn) were not committed, the worker does them again")
        }
        // A group that has not begun begins at 0 by itself.
        guard own == nil, known != nil || last != nil else { return nil }
        return .write(base, told)
    }

    private static func outOfRange(
        _ base: CommittedPosition, _ told: String, _ range: ClosedRange<Int64>, isOther: Bool, _ edge: Edge?
    ) -> Verdict {
        let (first, end) = (range.lowerBound, range.upperBound)
        let place =
            if isOther {
                "the topic was made anew since, its records are later than that turn, it has \(first) to \(end)"
            } else if base.offset < first {
                "\(first - base.offset) unread offsets are gone, the topic has \(first) to \(end)"
            } else {
                "that is beyond the topic's end, it has \(first) to \(end)"
            }
        guard let edge else { return .undecided("\(told); \(place)") }
        let position = CommittedPosition(offset: edge == .first ? first : end, metadata: base.metadata)
        return .write(position, "\(told); \(place); goes on at \(position.offset)")
    }
}
