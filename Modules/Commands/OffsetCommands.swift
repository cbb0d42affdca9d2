import CommandLineKit
import Contracts
import EventLog
import JSON
import TaskRuntime

/// `offsets restore`: positions of a group put right, out of its changelog.
enum OffsetCommands {
    static let all = [restore]

    static let restore = Command(
        "offsets", "restore",
        summary: "Writes a stopped worker's positions anew from its changelog, where they are lost or out of range.",
        arguments: [CommandArgument("WORKER", "referral, approval, payout or notification")],
        options: [
            CommandOption(
                "to", "first|end",
                "where the topic has not got a position, because records were deleted unread or it was made anew: go on at "
                    + "its first kept record or at its end"),
            CommandOption("partition", "N", "only this one"),
            CommandOption(flag: "yes", "do not ask"), CommandOption(flag: "dry-run", "only say what would be written"),
        ],
        example: "offsets restore approval --dry-run"
    ) { call in
        let options = try GlobalOptions(call)
        let worker: WorkerName = try word(call.arguments[0], of: "WORKER")
        let edge: PositionRepair.Edge? = try call["to"].map { try word($0, of: "--to") }
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        let repair = try PositionRepair(worker, installation)
        let only = try call.integer("partition", in: 0...Int(repair.partitionCount - 1)).map { Int32($0) }
        try repair.waitForMembersToLeave()
        let before = try repair.snapshot()
        let found = try repair.verdicts(before.positions, edge).filter { only == nil || $0.partition == only }
        for (partition, verdict) in found { options.terminal.print("partition \(partition): \(verdict.text)") }
        try requireAnswers(found.map(\.verdict))
        let written = found.compactMap { partition, verdict in
            if case .write(let position, _) = verdict { (partition: partition, position: position) } else { nil }
        }
        let members: [(String, JSONValue)] = [
            ("worker", .string(worker.rawValue)),
            ("positions", .object(written.map { (String($0.partition), .integer($0.position.offset)) })),
        ]
        guard !written.isEmpty else {
            options.terminal.answer("no position has to be written", Answer(.done, members))
            return .done
        }
        if call.isSet("dry-run") {
            options.terminal.answer("", Answer(.planned, members))
            return .done
        }
        guard try options.terminal.confirm("Write them?", isAnswered: call.isSet("yes")) else { return .failed }
        guard try repair.snapshot() == before else {
            throw CommandFailure(
                "the worker has worked meanwhile, and nothing was written: stop it, then call this again")
        }
        try repair.write(Dictionary(uniqueKeysWithValues: written.map { ($0.partition, $0.position) }))
        options.terminal.answer("\(written.count) positions written; start the worker", Answer(.done, members))
        return .done
    }

    private static func requireAnswers(_ verdicts: [PositionRepair.Verdict]) throws {
        let refused = verdicts.count { if case .refused = $0 { true } else { false } }
        guard refused == 0 else {
            throw CommandFailure("\(refused) positions cannot be told from the changelog: nothing was written")
        }
        let open = verdicts.count { if case .undecided = $0 { true } else { false } }
        guard open == 0 else {
            throw CommandFailure(
                "\(open) positions are out of their topic's range: --to first goes on at the first kept record, --to end at "
                    + "the end; what lies between is left out. --partition takes them one by one")
        }
    }
}
