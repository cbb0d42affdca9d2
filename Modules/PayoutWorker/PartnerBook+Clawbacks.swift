import Contracts
import Domain
import TaskRuntime

/// Clawbacks: kept by payouts whole or in part, repaid by the partner, or given up by two people.
extension PartnerBook {
    /// Outstanding, and listed as that, while something of it is in no payout and not settled; otherwise at its end.
    func move(_ clawback: inout Commission, endingAs end: Commission.State) throws {
        let next: Commission.State = clawback.open > 0 ? .outstanding : end
        guard clawback.state != next else { return }
        if clawback.state == .outstanding { try unindexClawback(clawback) }
        try clawback.move(to: next)
        if next == .outstanding { try indexClawback(clawback) }
    }

    /// What a payout kept is to be recovered again, whatever became of the rest meanwhile.
    func free(_ line: Payout.Line, of payout: PayoutID, _ step: ExplanationStep) throws {
        var clawback = try known(line.commission)
        clawback.settled -= line.amount
        if clawback.payout == payout { clawback.payout = nil }
        // More is open than was proposed to be given up: that takes two people anew.
        clawback.writeOffProposedBy = nil
        try move(&clawback, endingAs: .outstanding)
        try record(clawback, "freed", [step])
    }

    /// Settles outstanding clawbacks, oldest first. More than is outstanding is not taken.
    func repay(_ event: RepaymentReceived) throws {
        guard event.amount.minor > 0 else { throw DeadLetter(.refused, "a repayment is positive") }
        let currency = event.amount.currency
        let clawbacks = try outstandingClawbacks(currency)
        let outstanding = clawbacks.reduce(Int128(0)) { $0 + Int128($1.open) }
        guard Int128(event.amount.minor) <= outstanding else {
            throw DeadLetter(
                .refused, "\(event.amount) is more than the \(outstanding) minor units of \(currency) that \(id) owes")
        }
        var left = event.amount.minor
        var steps: [ExplanationStep] = []
        for var clawback in clawbacks where left > 0 {
            let part = min(left, clawback.open)
            let step = ExplanationStep(
                rule: "repayment", programVersion: nil,
                text: "The partner repaid\(event.reference.map { " (\($0))" } ?? ""); the oldest clawback first.",
                arithmetic: "\(clawback.open) - \(part) = \(clawback.open - part)")
            left -= part
            clawback.settled += part
            try move(&clawback, endingAs: .repaid)
            try record(clawback, "repaid", [step])
            steps.append(step)
        }
        try post(.repaid, event.amount, steps: steps)
    }

    /// The first person proposes, a second one does it. `true` when it is done.
    func writeOff(_ event: ClawbackWrittenOff) throws -> Bool {
        try requirePerson(event.actor)
        guard var clawback = try commission(event.clawback), clawback.entry == .clawback else {
            throw DeadLetter(.refused, "\(id) has no clawback \(event.clawback)")
        }
        guard clawback.state == .outstanding else {
            throw DeadLetter(.refused, "\(clawback.id) is \(clawback.state.rawValue), not outstanding")
        }
        guard let proposer = clawback.writeOffProposedBy else {
            clawback.writeOffProposedBy = event.actor
            let step = ExplanationStep(
                rule: "write_off", programVersion: nil, text: "\(event.actor) proposes to give it up: \(event.reason).")
            try record(clawback, "write_off_proposed", [step])
            return false
        }
        guard proposer != event.actor else {
            throw DeadLetter(
                .refused, "\(event.actor) proposed to write off \(clawback.id); another person must confirm")
        }
        let open = clawback.open
        let step = ExplanationStep(
            rule: "write_off", programVersion: nil,
            text: "\(proposer) and \(event.actor) give it up: \(event.reason).", arithmetic: "\(open) - \(open) = 0")
        clawback.settled += open
        try move(&clawback, endingAs: .writtenOff)
        try record(clawback, "written_off", [step])
        try post(
            .writtenOff, Money(minor: open, currency: clawback.amount.currency), commission: clawback.id, steps: [step])
        return true
    }
}
