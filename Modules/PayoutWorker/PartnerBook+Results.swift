import Contracts
import Domain
import Register
import TaskRuntime

/// What became of a submitted payout.
extension PartnerBook {
    func apply(_ event: PayoutResultReceived) throws {
        guard var payout = try payout(event.payout) else {
            throw DeadLetter(.refused, "\(id) has no payout \(event.payout)")
        }
        for person in [event.decision, event.reportedBy].compactMap(\.self) { try requirePerson(person) }
        let step = ExplanationStep(
            rule: "payout_result", programVersion: nil,
            text:
                "\(event.result.rawValue)\(event.code.map { " (\($0))" } ?? "")\(event.reason.map { ": \($0)" } ?? "")"
                + (event.decision.map { ", decided by \($0)" } ?? "")
                + (event.reportedBy.map { ", handed in by \($0)" } ?? "")
                + (event.note.map { ": \($0)" } ?? "") + ".")
        let effect = payout.effect(of: event.result, isDecision: event.decision != nil)
        if effect != .repeated {
            payout.reason = event.reason ?? payout.reason
            payout.valueDate = event.valueDate ?? payout.valueDate
        }
        switch effect {
        case .refuse(let reason): throw DeadLetter(.refused, reason)
        case .repeated:
            payout.repeatedResults += 1
            try record(payout, "result_repeated", [step])
        case .confirm: try confirm(&payout, step)
        case .fail: try fail(&payout, step)
        case .bounce: try bounce(&payout, .returned, step)
        case .dispute: try dispute(&payout, event.result, step)
        case .settle(let outcome): try settle(&payout, outcome, by: event.decision ?? .programme, step)
        }
    }

    private func close(
        _ payout: inout Payout, _ outcome: Payout.State, _ change: String, _ template: NotificationTemplate?,
        _ step: ExplanationStep
    ) throws {
        payout.state = outcome
        payout.settledAt = now
        try record(payout, change, [step])
        if let template { try tell(payout, template) }
    }

    private func confirm(_ payout: inout Payout, _ step: ExplanationStep) throws {
        try close(&payout, .confirmed, "confirmed", .payoutConfirmed, step)
        try post(.confirmed, Money(minor: payout.net, currency: payout.currency), payout: payout.id, steps: [step])
        for line in payout.lines {
            var commission = try known(line.commission)
            try commission.move(to: .paid)
            try record(commission, "paid", [step])
        }
    }

    /// A final refusal: the opposite of submitted; the lines are payable again.
    private func fail(_ payout: inout Payout, _ step: ExplanationStep) throws {
        try close(&payout, .failed, "failed", .payoutFailed, step)
        try post(
            .failed, Money(minor: payout.net, currency: payout.currency), netted: payout.netted, payout: payout.id,
            steps: [step])
        for line in payout.clawbacks { try free(line, of: payout.id, step) }
        try freeLines(of: payout, step)
    }

    private func freeLines(of payout: Payout, _ step: ExplanationStep) throws {
        for line in payout.lines {
            var commission = try known(line.commission)
            try free(&commission, "freed", [step])
        }
    }

    /// The bank sent the money back: what was kept for clawbacks stays kept, the rest is payable again.
    private func bounce(_ payout: inout Payout, _ outcome: Payout.State, _ step: ExplanationStep) throws {
        guard try Self.transferred(payout).allSatisfy({ try known($0.commission).payout == payout.id }) else {
            throw DeadLetter(
                .refused,
                "\(payout.id) was paid twice, and its money is owed back: what came back of it is a repayment")
        }
        try close(&payout, outcome, "returned", .payoutReturned, step)
        try post(.returned, Money(minor: payout.net, currency: payout.currency), payout: payout.id, steps: [step])
        for (line, kept) in zip(payout.lines, PayoutPlanning.keptPerLine(payout)) {
            var commission = try known(line.commission)
            // What was kept is counted once: after an earlier return the payout may have been said to have arrived.
            guard commission.state != .netted else { continue }
            commission.settled += commission.open - (line.amount - kept)
            if commission.open > 0 {
                try free(&commission, "freed", [step])
            } else {
                try commission.move(to: .netted)
                try record(commission, "netted", [step])
            }
        }
    }

    // MARK: Contradictions

    /// Two results that cannot both be true: nothing moves, nothing more is paid, a person decides.
    private func dispute(_ payout: inout Payout, _ result: PayoutResult, _ step: ExplanationStep) throws {
        payout.disputedFrom = payout.state
        let known = payout.state.rawValue
        try close(&payout, .disputed, "disputed", .payoutDisputed, step)
        try place(
            .partner, .dispute, reference: payout.id.text,
            evidence: ["\(payout.id) was \(known), then reported \(result.rawValue)"],
            owner: try register.program(at: now)?.owner(of: .programPromise), reviewOn: now.date + 1, by: .programme)
        if let ownerID = try register.program(at: now)?.owner(of: .programPromise),
            let owner = try register.person(ownerID)
        {
            turn.tell(
                owner, .payoutDisputed, about: payout.id.text,
                parameters: [
                    "payout": payout.id.text, "amount": Money(minor: payout.net, currency: payout.currency).description,
                    "reason": "it was \(known), then reported \(result.rawValue)",
                ])
        }
        try cancelUnsubmitted(because: payout.id)
    }

    /// Payouts that may pay the disputed money again are taken back before they leave.
    private func cancelUnsubmitted(because disputed: PayoutID) throws {
        let open = try state.rows(PayoutTable.unsubmitted, prefix: StateKey(id.text), as: ReferenceRow.self)
        for (_, row) in open {
            guard var payout = try payout(PayoutID(unchecked: row.id)) else { continue }
            let step = ExplanationStep(
                rule: "payout_cancelled", programVersion: nil,
                text: "\(disputed) is disputed: \(payout.id) was not submitted yet and is taken back.")
            try close(&payout, .cancelled, "cancelled", nil, step)
            for line in payout.clawbacks { try free(line, of: payout.id, step) }
            try freeLines(of: payout, step)
        }
    }

    /// A person says which of the results is true.
    private func settle(
        _ payout: inout Payout, _ outcome: Payout.State, by judge: Actor, _ step: ExplanationStep
    ) throws {
        let before = payout.disputedFrom ?? .submitted
        payout.disputedFrom = nil
        switch (before, outcome) {
        case (.failed, .confirmed): try payAfterAll(&payout, step)
        case (.returned, .confirmed): try payReturned(&payout, step)
        case (.confirmed, .failed), (.confirmed, .returned): try bounce(&payout, outcome, step)
        default: try close(&payout, outcome == .confirmed ? .confirmed : before, "settled", nil, step)
        }
        _ = try closeBlocks(.partner, .dispute, reference: payout.id.text, by: judge, note: step.text)
        try partnerBlockEnded()
    }

    /// The refused payout was paid: its lines are not paid again. Where another payout pays them, the money went out twice.
    private func payAfterAll(_ payout: inout Payout, _ step: ExplanationStep) throws {
        let lines = payout.lines + payout.clawbacks
        guard try lines.allSatisfy({ try isAsItWas($0) }) else {
            return try payTwice(&payout, step)
        }
        for line in lines { try allocate(line, to: payout.id, step) }
        try postSubmission(payout, [step])
        try confirm(&payout, step)
    }

    /// The payout that was reported returned did arrive.
    private func payReturned(_ payout: inout Payout, _ step: ExplanationStep) throws {
        let open = Self.transferred(payout)
        guard try open.allSatisfy({ try isAsItWas($0) }) else {
            return try payTwice(&payout, step)
        }
        for line in open { try allocate(line, to: payout.id, step) }
        let net = Money(minor: payout.net, currency: payout.currency)
        try post(.submitted, net, payout: payout.id, steps: [step])
        try close(&payout, .confirmed, "settled", .payoutConfirmed, step)
        try post(.confirmed, net, payout: payout.id, steps: [step])
        for line in open {
            var commission = try known(line.commission)
            try commission.move(to: .paid)
            try record(commission, "paid", [step])
        }
    }

    /// What the transfer itself brought of each line: not what was kept of it for clawbacks.
    private static func transferred(_ payout: Payout) -> [Payout.Line] {
        zip(payout.lines, PayoutPlanning.keptPerLine(payout)).filter { $0.amount > $1 }
            .map { Payout.Line(commission: $0.commission, amount: $0.amount - $1) }
    }

    /// Whether a line is in no other payout, and as great as it was; of a clawback, whether as much can be kept.
    private func isAsItWas(_ line: Payout.Line) throws -> Bool {
        let commission = try known(line.commission)
        return commission.entry == .clawback
            ? commission.state == .outstanding && commission.open >= line.amount
            : commission.state == .eligible && commission.open == line.amount
    }

    /// The money went out, and its lines are no more what they were: another payout has them, or a reversal or repayment
    /// changed them. The lines stay where they are, and the partner owes back what this one brought.
    private func payTwice(_ payout: inout Payout, _ step: ExplanationStep) throws {
        let transferred = Self.transferred(payout)
        let net = Money(minor: payout.net, currency: payout.currency)
        reason = "it was paid twice"
        for line in transferred { try overpay(line, by: payout.id, step) }
        let owed = ExplanationStep(
            rule: "paid_twice", programVersion: nil,
            text: "\(payout.id) arrived after its lines were freed and settled otherwise: its \(net) are owed back.")
        // Out of what the partner owes, in place of the lines that this payout no longer has.
        try post(.failed, .zero(payout.currency), netted: payout.net, payout: payout.id, steps: [step, owed])
        try post(.submitted, net, payout: payout.id, steps: [step, owed])
        try close(&payout, .confirmed, "settled", .payoutConfirmed, step)
        try post(.confirmed, net, payout: payout.id, steps: [step])
    }

    private func overpay(_ line: Payout.Line, by payout: PayoutID, _ step: ExplanationStep) throws {
        let clawbackID = turn.deriveID(
            CommissionID.self, prefix: "clw_", routingKey: id.text,
            parts: id.text, "paid twice", payout.text, line.commission.text)
        let clawback = try known(line.commission).overpaid(line.amount, by: payout, as: clawbackID, at: now)
        let owed = ExplanationStep(
            rule: "paid_twice", programVersion: nil,
            text: "\(payout) paid \(line.commission), which was settled otherwise since: it is owed back.",
            arithmetic: "0 - \(line.amount) = -\(line.amount)")
        try record(clawback, "clawed_back", [step, owed])
        try indexClawback(clawback)
        try tellCommission(clawback, .clawbackRaised)
    }
}
