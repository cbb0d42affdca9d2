import CommandLineKit
import Contracts
import Domain
import EventLog
import Hashing
import Importing
import JSON
import ReadModel
import WorkerService

/// One payout run as the log knows it: its parts, its payouts, and the file that pays it.
struct PayoutRunView: Equatable {
    let id: PayoutRunID
    /// By partition.
    let parts: [PayoutRun]
    let payouts: [Payout]

    /// What the run pays: all but what was taken back.
    var paid: [Payout] { payouts.filter { $0.state != .cancelled } }

    /// Whether every partition has answered the request.
    func requireWhole(partitions: Int32) throws {
        guard parts.map(\.partition) == Array(0..<Int64(partitions)) else {
            throw CommandFailure(
                "\(parts.count) of \(partitions) partitions have planned \(id): wait for the payout worker")
        }
    }

    /// Whether every partition has its part approved. A part that is approved later would change the file.
    func requireApproved(partitions: Int32) throws {
        try requireWhole(partitions: partitions)
        let waiting = parts.filter { $0.approvedAt == nil }.map { "\($0.partition)" }
        guard waiting.isEmpty else {
            throw CommandFailure(
                "\(id) is not approved in partition \(waiting.joined(separator: ", ")): no file is made of it; approve "
                    + "it, or wait for the payout worker")
        }
    }

    /// Whether no payout has money that another run may pay by now. Asked before a file is taken, not when one that was
    /// taken is written once more.
    func requireUnsettled() throws {
        let freed: [Payout.State] = [.failed, .returned, .disputed]
        guard let payout = paid.first(where: { freed.contains($0.state) }) else { return }
        throw CommandFailure(
            "\(payout.id) is \(payout.state.rawValue), but not every partition has taken the file of \(id): its money "
                + "may be paid by another run, and no file is made")
    }

    /// Whether every part has taken the file with this hash.
    func hasTaken(_ hash: String) -> Bool { !parts.isEmpty && parts.allSatisfy { $0.fileSHA256 == hash } }

    /// The hash of the file that every part has taken.
    var takenFile: String? { parts.first?.fileSHA256.flatMap { hasTaken($0) ? $0 : nil } }

    /// What the file pays of every part, hashed, by partition.
    func paidHashes() -> [String] {
        let count = Int32(parts.count)
        let payouts = Dictionary(grouping: paid) { Int64(Partitioner.partition(of: $0.partner.text, count: count)) }
        return parts.map { SHA256Digest(of: $0.canonicalText(of: payouts[$0.partition] ?? [])).hex }
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
        try MoneySums(paid.map { Money(minor: $0.net, currency: $0.currency) })
    }

    func totals() throws -> String { "\(paid.count) payouts, \(try sums().text(none: "nothing to pay"))" }

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
        let register = RegisterReader(installation)
        return try file(
            accounts: PayoutAccounts(try register.history(of: PayeeUpdated.self)),
            programs: try register.history(of: ProgramPublished.self).map(\.program))
    }

    /// - Parameter programs: every version that the register's topic has, also refused ones.
    func file(accounts: PayoutAccounts, programs: [Program]) throws -> PayoutFile {
        guard let approvedAt = parts.compactMap(\.approvedAt).max(), let date = parts.first?.executionDate else {
            throw CommandFailure("\(id) is not approved: no file is made of it")
        }
        let debtor = try debtor(at: approvedAt, programs)
        let transfers = try paid.map { payout in
            let account = try accounts.account(of: payout)
            return PayoutTransfer(
                payout: payout.id, partner: payout.partner,
                net: Money(minor: payout.net, currency: payout.currency),
                creditorName: account.name, creditorAccount: account.iban, creditorAgent: account.bic)
        }
        return PayoutFile(
            run: id, createdAt: approvedAt, executionDate: date, debtorName: debtor.name,
            debtorAccount: debtor.account, transfers: transfers)
    }

    /// Who pays, as the parts have it that were approved. Parts of versions that did not name it go by the programme,
    /// which must be in the register with one content.
    private func debtor(at approvedAt: Timestamp, _ programs: [Program]) throws -> PayoutRun.Debtor {
        let named = Set(parts.compactMap(\.debtor))
        if let debtor = named.first {
            guard named.count == 1 else {
                throw CommandFailure("the partitions name \(named.count) debtors for \(id): no file is made of it")
            }
            return debtor
        }
        guard let version = programs.filter({ $0.effectiveFrom <= approvedAt }).map(\.version).max() else {
            throw CommandFailure("no programme was in force at \(approvedAt)")
        }
        let debtors = Set(
            programs.filter { $0.version == version }.map {
                PayoutRun.Debtor(name: $0.payout.debtorName, account: $0.payout.debtorAccount)
            })
        guard let debtor = debtors.first, debtors.count == 1 else {
            throw CommandFailure(
                "the register has version \(version) of the programme with \(debtors.count) debtors, of which one was "
                    + "refused: no file is made of \(id)")
        }
        return debtor
    }
}

extension PayoutRunView {
    init(_ id: PayoutRunID, model: ReadModel) throws {
        let parts = try model.decoded(
            .payoutRunPart, as: PayoutRunPartFact.self, where: "json_extract(data, '$.run_part.run_id') = '\(id.text)'"
        ).map(\.runPart).sorted { $0.partition < $1.partition }
        let payouts = try model.decoded(
            .payout, as: PayoutFact.self, where: "json_extract(data, '$.payout.run_id') = '\(id.text)'"
        ).map(\.payout).sorted { $0.id < $1.id }
        guard !parts.isEmpty else { throw CommandFailure("there is no payout run \(id)") }
        self.init(id: id, parts: parts, payouts: payouts)
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

    /// Records the file's hash, and what it pays of every part, first; only when every part has taken it, the file
    /// becomes visible. May be repeated: what has taken it already answers again.
    ///
    /// - Returns: the refusal, or `nil` where the file is at `path` now.
    func export(_ run: PayoutRunView, to path: String, actor: Actor, reason: String?) throws -> String? {
        let topic = installation.options.catalogue.name(of: .payout)
        try run.requireApproved(partitions: try installation.log.partitionCount(of: topic))
        let bytes = try run.file(installation).csv
        let hash = SHA256Digest(of: bytes).hex
        if let taken = run.takenFile {
            guard taken == hash else {
                return "the run was submitted with a file of another content (\(taken)); nothing is written"
            }
        } else {
            try run.requireUnsettled()
            if let refusal = try record(hash, of: run, actor: actor, reason: reason) {
                return "\(refusal); nothing is written"
            }
        }
        try BankFile.write(bytes, to: path)
        return nil
    }

    /// Tells every part of the file, and waits until all have taken it.
    ///
    /// - Returns: why one has refused it.
    private func record(_ hash: String, of run: PayoutRunView, actor: Actor, reason: String?) throws -> String? {
        let time = try installation.commandTime()
        let outcome = try CommandSender(installation: installation).broadcast(
            PayoutFileRecorded(
                run: run.id, fileSHA256: hash, parts: run.paidHashes(), actor: actor, reason: reason,
                occurredAt: time),
            to: .payout, at: time)
        if let refusal = outcome.refusal { return refusal }
        let hasTaken = try installation.withReadModel { try PayoutRunView(run.id, model: $0).hasTaken(hash) }
        return hasTaken ? nil : "not every partition has taken the file of \(run.id): export again"
    }

    private static let resultSource = "/tributary/results"

    /// Sends the results of a file; each line is an event of its own. What a payout knows already is counted and moves
    /// nothing; what it cannot have had is refused, and told.
    func reconcile(
        _ lines: [PayoutResultLine], payouts: [PayoutID: PartnerID], actor: Actor, reason: String?
    ) throws -> (sent: Int, refused: RefusedRecords.Count) {
        let time = try installation.commandTime()
        let catalogue = installation.options.catalogue
        let topic = catalogue.name(of: .payout)
        let count = try installation.log.partitionCount(of: topic)
        let refusals = try RefusedRecords(installation)
        var ids: Set<String> = []
        var records: [OutgoingRecord] = []
        for line in lines {
            guard let partner = payouts[line.payout] else { continue }
            let event = PayoutResultReceived(
                partner: partner, payout: line.payout, result: line.result, code: line.code, reason: line.reason,
                valueDate: line.valueDate, reportedBy: actor, note: reason, occurredAt: time)
            let envelope = EventEnvelope(
                id: "\(line.payout)-\(line.code)-\(line.valueDate?.description ?? "")@\(time)",
                source: PayoutCycle.resultSource,
                type: PayoutResultReceived.type, time: time, key: partner.text)
            ids.insert(envelope.id)
            records.append(
                CloudEventCodec.encode(
                    envelope, data: JSONEncoding.encode(event), topic: topic,
                    partition: Partitioner.partition(of: partner.text, count: count)))
        }
        if !records.isEmpty { try installation.append(records) }
        try installation.settle()
        try installation.clock.drain([.payout], timeout: installation.options.timeout)
        let refused = try refusals.since(installation) {
            $0.headerText(HeaderName.source) == PayoutCycle.resultSource
                && $0.headerText(HeaderName.id).map(ids.contains) ?? false
        }
        return (records.count, refused)
    }
}
