import CommandLineKit
import Contracts
import EventLog
import JSON
import TaskRuntime

/// `offsets restore`: positions that a group lost, out of its changelog.
enum OffsetCommands {
    static let all = [restore]

    static let restore = Command(
        "offsets", "restore",
        summary: "Writes a stopped worker's positions back from its changelog, where the broker lost them.",
        arguments: [CommandArgument("WORKER", "referral, approval, payout or notification")],
        options: [
            CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be written"),
        ],
        example: "offsets restore approval --dry-run"
    ) { call in
        let options = try GlobalOptions(call)
        let worker: WorkerName = try word(call.arguments[0], of: "WORKER")
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        let lost = try lostPositions(of: worker, installation)
        let terminal = options.terminal
        for (partition, loss) in lost {
            terminal.print(
                "partition \(partition): \(loss.known.map(String.init) ?? "no position"), the changelog's last turn stands at "
                    + "\(loss.position.offset) (\(loss.position.metadata))")
        }
        let members: [(String, JSONValue)] = [
            ("worker", .string(worker.rawValue)),
            (
                "positions",
                .object(lost.map { (String($0.partition), .integer($0.loss.position.offset)) })
            ),
        ]
        guard !lost.isEmpty else {
            terminal.answer("every position is where the changelog says", Answer(.done, members))
            return .done
        }
        if call.isSet("dry-run") {
            terminal.answer("", Answer(.planned, members))
            return .done
        }
        guard let log = installation.log as? any GroupPositionWriting else {
            throw CommandFailure("the embedded log keeps positions with its records: they are not lost alone")
        }
        guard try terminal.confirm("Write them?", isAnswered: call.isSet("yes")) else { return .failed }
        try log.write(
            Dictionary(uniqueKeysWithValues: lost.map { ($0.partition, $0.loss.position) }),
            ofGroup: WorkerGroup.name(worker, prefix: options.catalogue.prefix),
            topic: options.catalogue.name(of: worker.input))
        terminal.answer("\(lost.count) positions written; start the worker", Answer(.done, members))
        return .done
    }

    /// A position that is not the one of the changelog's last turn.
    private struct Loss {
        /// What the group has; `nil` for nothing.
        var known: Int64?
        var position: CommittedPosition
    }

    private static func lostPositions(
        of worker: WorkerName, _ installation: Installation
    ) throws -> [(partition: Int32, loss: Loss)] {
        let catalogue = installation.options.catalogue
        let known = try installation.log.committedOffsets(
            group: WorkerGroup.name(worker, prefix: catalogue.prefix), topic: catalogue.name(of: worker.input))
        var turns: [Int32: TurnRow] = [:]
        var read = 0
        try installation.log.readThrough(catalogue.name(of: .changelog(worker))) { record in
            read += 1
            if read.isMultiple(of: 10_000) {
                installation.options.terminal.progress("reading the changelog: \(read) rows")
            }
            let change = try Changelog.change(in: record).change
            guard change.table == TurnRow.table, let value = change.value else { return }
            turns[record.partition] = try JSONDocument.decode(TurnRow.self, from: value)
        }
        installation.options.terminal.endProgress()
        return turns.sorted { $0.key < $1.key }.compactMap { partition, turn in
            let own = Int(partition) < known.count ? known[Int(partition)] : nil
            guard own != turn.inputOffset else { return nil }
            return (
                partition,
                Loss(known: own, position: CommittedPosition(offset: turn.inputOffset, metadata: turn.metadata))
            )
        }
    }
}
