import CommandLineKit
import Contracts
import EventLog
import Foundation
import JSON
import TaskRuntime

/// `offsets restore`: positions of a group put right, out of its changelog.
enum OffsetCommands {
    static let all = [restore]

    /// Where to go on in a partition that has not got the last turn's position.
    private enum Edge: String, CaseIterable {
        case first, end
    }

    static let restore = Command(
        "offsets", "restore",
        summary: "Writes a stopped worker's positions anew from its changelog, where they are lost or out of range.",
        arguments: [CommandArgument("WORKER", "referral, approval, payout or notification")],
        options: [
            CommandOption(
                "to", "first|end",
                "where the topic has not got a position, because records were deleted unread or it was made anew: go on at "
                    + "its first kept record or at its end"),
            CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be written"),
        ],
        example: "offsets restore approval --dry-run"
    ) { call in
        let options = try GlobalOptions(call)
        let worker: WorkerName = try word(call.arguments[0], of: "WORKER")
        let edge: Edge? = try call["to"].map { try word($0, of: "--to") }
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        guard let log = installation.log as? any EventLog & GroupPositionWriting else {
            throw CommandFailure("another process works on \(options.place): stop it first")
        }
        let lost = try lostPositions(of: worker, log, options)
        for (partition, position) in lost { options.terminal.print("partition \(partition): \(position)") }
        let outOfRange = lost.count { !$0.position.isInRange }
        guard outOfRange == 0 || edge != nil else {
            throw CommandFailure(
                "\(outOfRange) positions are out of their topic's range: --to first goes on at the first kept record, "
                    + "--to end at the end; what lies between is left out")
        }
        let written = lost.map { (partition: $0.partition, position: $0.position.restored(to: edge ?? .first)) }
        let members: [(String, JSONValue)] = [
            ("worker", .string(worker.rawValue)),
            ("positions", .object(written.map { (String($0.partition), .integer($0.position.offset)) })),
        ]
        guard !written.isEmpty else {
            options.terminal.answer("every position is where the changelog says", Answer(.done, members))
            return .done
        }
        if call.isSet("dry-run") {
            options.terminal.answer("", Answer(.planned, members))
            return .done
        }
        guard try options.terminal.confirm("Write them?", isAnswered: call.isSet("yes")) else { return .failed }
        let group = WorkerGroup.name(worker, prefix: options.catalogue.prefix)
        let topic = options.catalogue.name(of: worker.input)
        try waitForMembersToLeave(group, topic, installation)
        try log.write(
            Dictionary(uniqueKeysWithValues: written.map { ($0.partition, $0.position) }),
            ofGroup: group, topic: topic)
        options.terminal.answer("\(written.count) positions written; start the worker", Answer(.done, members))
        return .done
    }

    /// A static member that was stopped is one until its session is over.
    private static func waitForMembersToLeave(
        _ group: String, _ topic: String, _ installation: Installation
    ) throws {
        guard let log = installation.log as? any GroupDescribing else { return }
        let deadline = ContinuousClock.now + installation.options.timeout
        var isTold = false
        while let member = try log.members(ofGroup: group, topic: topic).first {
            guard ContinuousClock.now < deadline else {
                throw CommandFailure("\(member.identity) is still a member of group \(group): stop the worker first")
            }
            if !isTold {
                installation.options.terminal.complain(
                    "waiting for \(member.identity) to leave group \(group): one that was stopped does so when its session "
                        + "is over")
            }
            isTold = true
            Thread.sleep(forTimeInterval: 0.5)
        }
    }

    /// A position that is not the one of the changelog's last turn, or not one of its topic.
    private struct LostPosition: CustomStringConvertible {
        /// What the group has; `nil` for nothing.
        var known: CommittedPosition?
        /// Of the changelog's last turn.
        var last: CommittedPosition
        /// The offsets at which reading the topic can begin.
        var range: ClosedRange<Int64>

        var isInRange: Bool { range.contains(last.offset) }

        /// Whether the worker would go on elsewhere than after its last turn, or not at all. For want of that position another
        /// may have been written, of the same turn.
        var isLost: Bool {
            guard let known else { return true }
            return isInRange ? known != last : known.metadata != last.metadata || !range.contains(known.offset)
        }

        func restored(to edge: Edge) -> CommittedPosition {
            var position = last
            if !isInRange { position.offset = edge == .first ? range.lowerBound : range.upperBound }
            return position
        }

        var description: String {
            let last = "the changelog's last turn stands at \(last.offset) (\(last.metadata))"
            guard !isInRange else {
                return "\(known.map { "\($0.offset) (\($0.metadata))" } ?? "no position"), \(last)"
            }
            let (first, end) = (range.lowerBound, range.upperBound)
            return self.last.offset < first
                ? "\(last), \(first - self.last.offset) unread records are gone; the topic has \(first) to \(end)"
                : "\(last), beyond the topic's end; it has \(first) to \(end)"
        }
    }

    private static func lostPositions(
        of worker: WorkerName, _ log: any EventLog & GroupPositionWriting, _ options: GlobalOptions
    ) throws -> [(partition: Int32, position: LostPosition)] {
        let catalogue = options.catalogue
        let topic = catalogue.name(of: worker.input)
        let turns = try lastTurns(of: worker, log, options)
        let known = try log.positions(ofGroup: WorkerGroup.name(worker, prefix: catalogue.prefix), topic: topic)
        let firsts = try log.firstOffsets(of: topic)
        let ends = try log.endOffsets(of: topic)
        return firsts.indices.compactMap { index in
            let turn = turns[Int32(index)]
            let position = LostPosition(
                known: known[index],
                last: CommittedPosition(
                    offset: turn?.inputOffset ?? 0, metadata: turn?.metadata ?? TurnRow.metadata(turn: 0, epoch: 0)),
                range: firsts[index]...max(firsts[index], ends[index]))
            // A group that has not begun has no position, and begins at 0.
            guard position.isLost, turn != nil || !position.isInRange else { return nil }
            return (Int32(index), position)
        }
    }

    private static func lastTurns(
        of worker: WorkerName, _ log: any EventLog, _ options: GlobalOptions
    ) throws -> [Int32: TurnRow] {
        var turns: [Int32: TurnRow] = [:]
        var read = 0
        try log.readThrough(options.catalogue.name(of: .changelog(worker))) { record in
            read += 1
            if read.isMultiple(of: 10_000) { options.terminal.progress("reading the changelog: \(read) rows") }
            let change = try Changelog.change(in: record).change
            guard change.table == TurnRow.table, let value = change.value else { return }
            turns[record.partition] = try JSONDocument.decode(TurnRow.self, from: value)
        }
        options.terminal.endProgress()
        return turns
    }
}
