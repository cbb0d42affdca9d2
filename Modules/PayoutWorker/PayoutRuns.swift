import Contracts
import Domain
import Hashing
import Register
import TaskRuntime

/// This partition's part of payout runs: planned by a request, approved by a second person, submitted with the file.
struct PayoutRuns {
    let turn: TurnContext
    let register: Register
    let partition: Int64

    /// The most partners whose rolled-over money a part names one by one; the others are in their balances.
    static let maximumRolledOver = 2_000

    private var state: TaskState { turn.state }

    // MARK: Planning

    /// Freezes every partner's payable lines as they stand now, and answers with payouts and the part's hash.
    func plan(_ request: PayoutRunRequested) throws {
        try requirePerson(request.actor)
        let key = StateKey(request.run.text)
        guard try state.bytes(PayoutTable.run, key) == nil else {
            throw DeadLetter(.refused, "\(request.run) was requested before")
        }
        guard let program = try register.program(at: turn.now) else {
            throw DeadLetter(.refused, "no programme is in force at \(turn.now)")
        }
        guard program.payout.rails.contains(request.rail) else {
            throw DeadLetter(.refused, "the programme has no rail \(request.rail.rawValue)")
        }
        var run = PayoutRun(
            id: request.run, cutOff: request.cutOff, rail: request.rail, executionDate: request.executionDate,
            requestedBy: request.actor, requestedAt: turn.now, partition: partition)
        run.debtor = try debtor(for: request, program)
        var payouts: [Payout] = []
        for partner in try state.rows(PayoutTable.partner, prefix: StateKey(), as: PartnerRow.self).map(\.row.partner) {
            let book = try PartnerBook(partner, turn: turn, register: register)
            let planned = try book.plan(run, program)
            payouts += planned.payouts
            run.rolledOver += planned.rolledOver
        }
        run.rolledOver = Array(run.rolledOver.prefix(PayoutRuns.maximumRolledOver))
        run.count = Int64(payouts.count)
        for payout in payouts {
            let (sum, overflow) = run.totals[payout.currency, default: 0].addingReportingOverflow(payout.net)
            guard !overflow else {
                throw DeadLetter(
                    .refused, "the payouts of \(run.id) in \(payout.currency) are more than can be added up")
            }
            run.totals[payout.currency] = sum
        }
        run.sha256 = SHA256Digest(of: run.canonicalText(of: payouts)).hex
        try record(
            run, "planned", "\(run.count) payouts are planned; \(run.rolledOver.count) amounts wait.",
            reason: request.reason)
    }

    /// Of the programme in force when the run was asked for: that time is one and the same in every partition.
    private func debtor(for request: PayoutRunRequested, _ program: Program) throws -> PayoutRun.Debtor {
        let rules = (try register.program(at: request.occurredAt) ?? program).payout
        return PayoutRun.Debtor(name: rules.debtorName, account: rules.debtorAccount)
    }

    // MARK: Approval and file

    /// - Returns: whether it was not approved before, by the same person.
    func approve(_ approval: PayoutRunApproved) throws -> Bool {
        try requirePerson(approval.actor)
        var run = try run(approval.run)
        var isFirst = false
        try refusing { isFirst = try run.approve(parts: approval.parts, by: approval.actor, at: turn.now) }
        guard isFirst else { return false }
        for (book, payout) in try payouts(of: run.id) where payout.state == .planned {
            try book.approve(payout, run)
        }
        try record(
            run, "approved", "\(approval.actor) approved what \(run.requestedBy) asked for.", reason: approval.reason)
        return true
    }

    /// - Returns: whether this file was not taken before.
    func submit(_ file: PayoutFileRecorded) throws -> Bool {
        guard SHA256Digest(hex: file.fileSHA256) != nil else {
            throw DeadLetter(.refused, "/file_sha256: expected 64 hexadecimal digits")
        }
        try requirePerson(file.actor)
        var run = try run(file.run)
        let planned = try payouts(of: run.id)
        let paid = SHA256Digest(of: run.canonicalText(of: planned.map(\.1).filter { $0.state != .cancelled })).hex
        var isNew = false
        try refusing {
            isNew = try run.recordFile(file.fileSHA256, parts: file.parts, paid: paid, at: turn.now)
        }
        guard isNew else { return false }
        for (book, payout) in planned {
            switch payout.state {
            case .approved: try book.submit(payout, run)
            case .submitted: try book.follow(payout, run)
            default: break
            }
        }
        try record(
            run, "submitted", "The file \(file.fileSHA256) is the one that pays this run.", reason: file.reason)
        return true
    }

    private func run(_ id: PayoutRunID) throws -> PayoutRun {
        guard let run = try state.get(PayoutTable.run, StateKey(id.text), as: PayoutRun.self) else {
            throw DeadLetter(.refused, "no payout run \(id)")
        }
        return run
    }

    private func payouts(of run: PayoutRunID) throws -> [(PartnerBook, Payout)] {
        try state.rows(PayoutTable.runPayout, prefix: StateKey(run.text), as: ReferenceRow.self).compactMap { _, row in
            let book = try PartnerBook(row.partner, turn: turn, register: register)
            return try book.payout(PayoutID(unchecked: row.id)).map { (book, $0) }
        }
    }

    private func record(_ run: PayoutRun, _ change: String, _ text: String, reason: String?) throws {
        try state.put(PayoutTable.run, StateKey(run.id.text), run)
        let step = ExplanationStep(
            rule: "payout_run", programVersion: nil, text: text + (reason.map { " Reason: \($0)" } ?? ""))
        turn.record(PayoutRunPartFact(change: change, runPart: run, explanation: [step], occurredAt: turn.now))
    }

    private func refusing(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let refusal as PayoutRun.Refusal {
            throw DeadLetter(.refused, refusal.description)
        }
    }

    /// An active person who belongs to no partner.
    private func requirePerson(_ actor: Actor) throws { try PartnerBook.requirePerson(actor, in: register) }
}
