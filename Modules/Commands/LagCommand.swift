import CommandLineKit
import Contracts
import EventLog
import Foundation
import JSON
import Operations

/// `lag`: how far each worker is behind, from the log alone.
enum LagCommand {
    static let all = [lag]

    static let lag = Command(
        "lag", summary: "Shows how far each worker is behind: records, and the age of the oldest one that waits.",
        options: [
            CommandOption("max-seconds", "N", "fail where a record waits for longer than that"),
            CommandOption(
                "ops", "HOST:PORT,...", environment: "TRIBUTARY_OPS",
                "workers' ops ports, asked for the state of their partitions"),
        ],
        example: "lag --max-seconds 60"
    ) { call in
        let options = try GlobalOptions(call)
        let limit = try call.integer("max-seconds", in: 0...31_536_000)
        let states = try WorkerStates(asking: call["ops"])
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        try installation.requireCreated()
        let rows = try measure(installation, states)
        if options.isJSON {
            for row in rows { Terminal().print(String(decoding: JSONEncoding.encode(row), as: UTF8.self)) }
        } else {
            Terminal().print(table(rows).text)
        }
        for problem in states.problems { Terminal().complain(problem) }
        for row in rows where row.isHeldForLong {
            Terminal().complain(
                "\(row.worker.rawValue) \(row.lag.partition): an open transaction has held \(row.lag.records) records back for "
                    + "\(seconds(row.lag.seconds)) s, from offset \(row.lag.end - row.lag.records) on")
        }
        let late = rows.filter { limit.map(Double.init) ?? .infinity < $0.lag.seconds }
        guard let worst = late.max(by: { $0.lag.seconds < $1.lag.seconds }) else { return .done }
        Terminal().complain(
            "\(late.count) partitions are more than \(limit ?? 0) s behind, the worst \(worst.worker.rawValue) "
                + "\(worst.lag.partition) by \(seconds(worst.lag.seconds)) s")
        return .failed
    }

    /// Seconds after which the broker should have ended the longest transaction of a dead worker.
    private static let longTransaction = 30.0

    struct Row: JSONWritable {
        var worker: WorkerName
        var lag: PartitionLag
        /// `nil` where no member has the partition.
        var owner: String?
        var host: String?
        /// `nil` where no worker that was asked has the partition.
        var state: String?

        var isHeldForLong: Bool { lag.isHeld && lag.seconds > LagCommand.longTransaction }

        func write(to writer: inout ObjectWriter) {
            writer.string("worker", worker.rawValue)
            writer.integer("partition", Int64(lag.partition))
            writer.integer("records", lag.records)
            writer.json("seconds", .number(LagCommand.seconds(lag.seconds)))
            writer.integer("position", lag.position)
            writer.integer("end", lag.end)
            if lag.isHeld { writer.boolean("held_by_transaction", true) }
            writer.string("owner", owner)
            writer.string("host", host)
            writer.string("state", state)
        }
    }

    private static func measure(_ installation: Installation, _ states: WorkerStates) throws -> [Row] {
        let catalogue = installation.options.catalogue
        let probe = LagProbe(
            log: installation.log, catalogue: catalogue, asksAtOnce: true,
            now: { Int64(Date().timeIntervalSince1970 * 1_000) })
        defer { probe.close() }
        var rows: [Row] = []
        for worker in WorkerName.allCases {
            let members =
                try (installation.log as? any GroupDescribing)?.members(
                    ofGroup: WorkerGroup.name(worker, prefix: catalogue.prefix), topic: catalogue.name(of: worker.input)
                ) ?? []
            for lag in try probe.measure(worker) {
                let owner = members.first { $0.partitions.contains(lag.partition) }
                rows.append(
                    Row(
                        worker: worker, lag: lag, owner: owner?.identity,
                        host: owner.flatMap { $0.host.isEmpty ? nil : $0.host },
                        state: states.state(of: worker, partition: lag.partition)))
            }
        }
        return rows
    }

    private static func table(_ rows: [Row]) -> Table {
        Table(
            ["worker", "partition", "records", "seconds", "owner", "state"],
            rows: rows.map { row in
                [
                    row.worker.rawValue, "\(row.lag.partition)", "\(row.lag.records)", seconds(row.lag.seconds),
                    (row.owner ?? "nobody") + (row.host.map { " (\($0))" } ?? ""),
                    row.isHeldForLong ? "held by an open transaction" : row.state ?? "-",
                ]
            })
    }

    /// With one decimal.
    static func seconds(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
