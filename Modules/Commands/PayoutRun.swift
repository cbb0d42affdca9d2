import CommandLineKit
import Contracts
import Domain
import EventLog
import Foundation
import Hashing
import Importing
import JSON
import ReadModel
import WorkerService

/// One payout run as the log knows it: its parts, its payouts, and the file that pays it.
struct PayoutRunView {
    let id: PayoutRunID
    let parts: [PayoutRun]
    let payouts: [Payout]

    init(_ id: PayoutRunID, model: ReadModel) throws {
        self.id = id
        parts = try model.decoded(
            .payoutRunPart, as: PayoutRunPartFact.self, where: "json_extract(data, '$.run_part.run_id') = '\(id.text)'"
        ).map(\.runPart).sorted { $0.partition < $1.partition }
        payouts = try model.decoded(
            .payout, as: PayoutFact.self, where: "json_extract(data, '$.payout.run_id') = '\(id.text)'"
        ).map(\.payout).sorted { $0.id < $1.id }
        guard !parts.isEmpty else { throw CommandFailure("there is no payout run \(id)") }
    }

    /// Whether every partition has answered the request.
    func requireWhole(partitions: Int32) throws {
        guard parts.count == Int(partitions) else {
            throw CommandFailure(
                "\(parts.count) of \(partitions) partitions have planned \(id): wait for the payout worker")
        }
    }

    var table: Table {
        Table(
            ["payout", "partner", "lines", "clawbacks", "net", "state"],
            rows: payouts.map {
                [
                    $0.id.text, $0.partner.text, "\($0.lines.count)", "\($0.clawbacks.count)",
                    Money(minor: $0.net, currency: $0.currency).description, $0.state.rawValue,
                ]
            })
    }

    private func sums() throws -> MoneySums {
        try MoneySums(payouts.map { Money(minor: $0.net, currency: $0.currency) })
    }

    func totals() throws -> String { "\(payouts.count) payouts, \(try sums().text(none: "nothing to pay"))" }

    /// As members of an answer.
    func members() throws -> [(String, JSONValue)] {
        [
            ("run_id", .string(id.text)), ("state", .string(parts.first?.state.rawValue ?? "")),
            (
                "payouts",
                .array(
                    payouts.map { payout in
                        .object([
                            ("payout_id", .string(payout.id.text)), ("partner_id", .string(payout.partner.text)),
                            ("lines", .count(payout.lines.count)), ("clawbacks", .count(payout.clawbacks.count)),
                            ("net", .money(Money(minor: payout.net, currency: payout.currency))),
                            ("state", .string(payout.state.rawValue)),
                        ])
                    })
            ), ("total", try sums().json),
        ]
    }

    /// The same run gives the same bytes for ever.
    func file(_ installation: Installation) throws -> PayoutFile {
        guard let approvedAt = parts.compactMap(\.approvedAt).max(), let date = parts.first?.executionDate else {
            throw CommandFailure("\(id) is not approved: no file is made of it")
        }
        let register = RegisterReader(installation)
        var payees: [String: PayeeUpdated] = [:]
        for entry in try register.entries(PayeeUpdated.self) {
            payees["\(entry.payee.partner.text)/\(entry.payee.version)"] = entry
        }
        let programs = try register.entries(ProgramPublished.self).map(\.program)
        guard let program = programs.filter({ $0.effectiveFrom <= approvedAt }).max(by: { $0.version < $1.version })
        else {
            throw CommandFailure("no programme was in force at \(approvedAt)")
        }
        var transfers: [PayoutTransfer] = []
        for payout in payouts where payout.state != .cancelled {
            guard let account = payees["\(payout.partner.text)/\(payout.payeeVersion)"]?.account else {
                throw CommandFailure(
                    "\(payout.id): version \(payout.payeeVersion) of the payee of \(payout.partner) is not in the register"
                )
            }
            transfers.append(
                PayoutTransfer(
                    payout: payout.id, partner: payout.partner,
                    net: Money(minor: payout.net, currency: payout.currency),
                    creditorName: account.name, creditorAccount: account.iban, creditorAgent: account.bic))
        }
        return PayoutFile(
            run: id, createdAt: approvedAt, executionDate: date, debtorName: program.payout.debtorName,
            debtorAccount: program.payout.debtorAccount, transfers: transfers)
    }
}

/// The steps of a payout cycle, for the commands and the demo alike.
struct PayoutCycle {
    let installation: Installation

    func plan(
        _ id: PayoutRunID, cutOff: Timestamp, executionDate: CalendarDate, actor: Actor, reason: String?
    ) throws -> CommandSender.Outcome {
        let time = try installation.commandTime()
        return try CommandSender(installation: installation).broadcast(
            PayoutRunRequested(
                run: id, cutOff: cutOff, rail: .csv, executionDate: executionDate, actor: actor, reason: reason,
                occurredAt: time),
            to: .payout, at: time)
    }

    func approve(_ run: PayoutRunView, actor: Actor, reason: String?) throws -> CommandSender.Outcome {
        let time = try installation.commandTime()
        return try CommandSender(installation: installation).broadcast(
            PayoutRunApproved(
                run: run.id, parts: run.parts.map(\.sha256), actor: actor, reason: reason, occurredAt: time),
            to: .payout, at: time)
    }

    /// Records the file's hash first; only when every partition has taken it, the file becomes visible.
    ///
    /// - Returns: the refusal, or `nil` where the file is at `path` now.
    func export(_ run: PayoutRunView, to path: String, actor: Actor, reason: String?) throws -> String? {
        let bytes = try run.file(installation).csv
        let hash = SHA256Digest(of: bytes).hex
        if let recorded = run.parts.compactMap(\.fileSHA256).first {
            guard recorded == hash else {
                return "the run was submitted with a file of another content (\(recorded)); nothing is written"
            }
        } else {
            let time = try installation.commandTime()
            let outcome = try CommandSender(installation: installation).broadcast(
                PayoutFileRecorded(run: run.id, fileSHA256: hash, actor: actor, reason: reason, occurredAt: time),
                to: .payout, at: time)
            if let refusal = outcome.refusal { return refusal }
        }
        let temporary = path + ".part"
        try Data(bytes).write(to: URL(fileURLWithPath: temporary))
        guard unsafe rename(temporary, path) == 0 else {
            throw CommandFailure("\(path) cannot be written: errno \(errno)")
        }
        return nil
    }

    /// Sends the results of a file; each line is an event of its own. What a payout knows already is counted and moves
    /// nothing.
    func reconcile(
        _ lines: [PayoutResultLine], payouts: [PayoutID: PartnerID], actor: Actor, reason: String?
    ) throws -> Int {
        let time = try installation.commandTime()
        let catalogue = installation.options.catalogue
        let topic = catalogue.name(of: .payout)
        let count = try installation.log.partitionCount(of: topic)
        var records: [OutgoingRecord] = []
        for line in lines {
            guard let partner = payouts[line.payout] else { continue }
            let event = PayoutResultReceived(
                partner: partner, payout: line.payout, result: line.result, code: line.code, reason: line.reason,
                valueDate: line.valueDate, reportedBy: actor, note: reason, occurredAt: time)
            let envelope = EventEnvelope(
                id: "\(line.payout)-\(line.code)-\(line.valueDate?.description ?? "")@\(time)",
                source: "/tributary/results",
                type: PayoutResultReceived.type, time: time, key: partner.text)
            records.append(
                CloudEventCodec.encode(
                    envelope, data: JSONEncoding.encode(event), topic: topic,
                    partition: Partitioner.partition(of: partner.text, count: count)))
        }
        if !records.isEmpty { try installation.append(records) }
        try installation.settle()
        try installation.clock.drain([.payout], timeout: installation.options.timeout)
        return records.count
    }
}
