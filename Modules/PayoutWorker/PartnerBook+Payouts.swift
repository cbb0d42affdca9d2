import Contracts
import Domain
import Register
import TaskRuntime

/// One partner's payouts: planned, approved, submitted.
extension PartnerBook {
    func payout(_ id: PayoutID) throws -> Payout? {
        try state.get(PayoutTable.payout, StateKey(self.id.text, id.text), as: Payout.self)
    }

    /// Stores the payout's new image and tells readers.
    func record(_ payout: Payout, _ change: String, _ steps: [ExplanationStep]) throws {
        try state.put(PayoutTable.payout, StateKey(id.text, payout.id.text), payout)
        let unsubmitted = StateKey(id.text, payout.id.text)
        if payout.state == .planned || payout.state == .approved {
            try state.put(PayoutTable.unsubmitted, unsubmitted, ReferenceRow(partner: id, id: payout.id.text))
        } else {
            try state.delete(PayoutTable.unsubmitted, unsubmitted)
        }
        turn.record(PayoutFact(change: change, payout: payout, explanation: steps, occurredAt: now))
    }

    // MARK: Planning

    /// What a run pays the partner, per currency, and what waits.
    func plan(_ run: PayoutRun, _ program: Program) throws -> (payouts: [Payout], rolledOver: [RolledOver]) {
        try review(checksPayee: false)
        var payouts: [Payout] = []
        var rolledOver: [RolledOver] = []
        for balance in try balances() where balance[.payable] > 0 {
            let lines = try eligibleLines(balance.currency, upTo: run.cutOff)
            guard !lines.isEmpty else { continue }
            switch try plan(lines, balance.currency, program) {
            case .payout(let plan): payouts.append(try freeze(plan, balance.currency, run))
            case .rollsOver(let reason, let amount):
                rolledOver.append(
                    RolledOver(
                        partner: id, amount: Money(minor: amount, currency: balance.currency), reason: reason))
            }
        }
        return (payouts, rolledOver)
    }

    private func plan(
        _ lines: [Payout.Line], _ currency: Currency, _ program: Program
    ) throws -> PayoutPlanning.Result {
        if let blocks = row?.blocks, !blocks.isEmpty {
            let waiting = lines.reduce(Int64(0)) { $0.saturatingAdding($1.amount) }
            return .rollsOver(blocks.contains(.missingPayee) ? .noPayee : .blocked, waiting)
        }
        let status = try partner().status
        return try PayoutPlanning.plan(
            eligible: lines,
            clawbacks: try outstandingClawbacks(currency).map { Payout.Line(commission: $0.id, amount: $0.open) },
            currency: currency, minimum: program.payout.minimums[currency],
            ignoresMinimum: status == .ended || status == .endedForCause, programVersion: program.version)
    }

    /// From here on no reversal changes the lines: it becomes a clawback.
    private func freeze(_ plan: PayoutPlanning.Plan, _ currency: Currency, _ run: PayoutRun) throws -> Payout {
        let payoutID = turn.deriveID(
            PayoutID.self, routingKey: id.text, parts: id.text, run.id.text, currency.code)
        let payee = try register.payee(id)
        let payout = Payout(
            id: payoutID, run: run, partner: id, currency: currency, lines: plan.lines, clawbacks: plan.clawbacks,
            gross: plan.gross, net: plan.net, payeeVersion: payee?.version ?? 0,
            accountFingerprint: payee?.accountFingerprint, plannedAt: now)
        try record(payout, "planned", plan.steps)
        try state.put(
            PayoutTable.runPayout, StateKey(run.id.text, payoutID.text), ReferenceRow(partner: id, id: payoutID.text))
        let step = ExplanationStep(
            rule: "payout_line", programVersion: nil, text: "Frozen in \(payoutID) of \(run.id).")
        for line in plan.lines + plan.clawbacks { try allocate(line, to: payoutID, step) }
        try tell(payout, .payoutPlanned)
        return payout
    }

    /// Of a clawback what is not kept stays outstanding: another payout, the partner or a write-off may take it.
    func allocate(_ line: Payout.Line, to payout: PayoutID, _ step: ExplanationStep) throws {
        var commission = try known(line.commission)
        commission.payout = payout
        if commission.entry == .clawback {
            commission.settled += line.amount
            try move(&commission, endingAs: .allocated)
        } else {
            try unindex(commission)
            try commission.move(to: .allocated)
        }
        try record(commission, "allocated", [step])
    }

    // MARK: Approval and submission

    func approve(_ payout: Payout, _ run: PayoutRun) throws {
        var payout = payout
        payout.state = .approved
        payout.approvedBy = run.approvedBy
        payout.approvedAt = run.approvedAt
        let step = ExplanationStep(
            rule: "maker_is_not_checker", programVersion: nil,
            text: "\(payout.plannedBy) asked for the run, \(run.approvedBy?.text ?? "") approved it.")
        try record(payout, "approved", [step])
    }

    /// The file is recorded: the money is on its way, what was kept for clawbacks is settled.
    func submit(_ payout: Payout, _ run: PayoutRun) throws {
        var payout = payout
        payout.state = .submitted
        payout.submittedAt = now
        payout.fileSHA256 = run.fileSHA256
        let step = Self.netStep(payout, "Submitted with the file \(run.fileSHA256 ?? "").")
        try record(payout, "submitted", [step])
        try postSubmission(payout, [step])
        try tell(payout, .payoutSubmitted)
    }

    /// Another file takes the place of one that never became visible: nothing moves.
    func follow(_ payout: Payout, _ run: PayoutRun) throws {
        var payout = payout
        payout.fileSHA256 = run.fileSHA256
        let text = "The file \(run.fileSHA256 ?? "") takes the place of one that another partition refused."
        try record(payout, "submitted", [Self.netStep(payout, text)])
    }

    func postSubmission(_ payout: Payout, _ steps: [ExplanationStep]) throws {
        try post(
            .submitted, Money(minor: payout.net, currency: payout.currency), netted: payout.netted,
            payout: payout.id, steps: steps)
        for line in payout.clawbacks {
            var clawback = try known(line.commission)
            if clawback.state == .allocated && clawback.payout == payout.id { try clawback.move(to: .netted) }
            try record(clawback, "netted", steps)
        }
    }

    static func netStep(_ payout: Payout, _ text: String) -> ExplanationStep {
        ExplanationStep(
            rule: "payout_net", programVersion: nil, text: text,
            arithmetic: "\(payout.gross) - \(payout.netted) = \(payout.net)")
    }

    /// One message to the partner about a payout.
    func tell(_ payout: Payout, _ template: NotificationTemplate) throws {
        guard let partner = try register.partner(id) else { return }
        var parameters: NotificationParameters = [
            "payout": payout.id.text, "run": payout.run.text,
            "amount": Money(minor: payout.net, currency: payout.currency).description,
            "gross": Money(minor: payout.gross, currency: payout.currency).description,
            "kept": Money(minor: payout.netted, currency: payout.currency).description,
            "commissions": String(payout.lines.count),
            "execution_date": payout.executionDate.description,
        ]
        parameters["reason"] = payout.reason
        turn.tell(partner, template, about: payout.id.text, parameters: parameters)
    }
}
