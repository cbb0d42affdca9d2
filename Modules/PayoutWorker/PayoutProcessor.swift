package import Contracts
package import Domain
import EventLog
import JSON
import Register
package import TaskRuntime

/// The payout worker's logic: commissions, the ledger, payout runs and statements of the partners of one partition.
package final class PayoutProcessor: Processor {
    package static let tables = PayoutTable.all + Register.tables

    private let state: TaskState
    private let register: Register
    /// Named in the part of a payout run that this partition answers for.
    private let partition: Int32

    package init(state: TaskState, partition: Int32) {
        self.state = state
        self.partition = partition
        register = Register(state: state)
    }

    package func decode(_ event: Event) throws -> any EventPayload {
        switch event.type {
        case CommissionTriggered.type: return try event.payload(CommissionTriggered.self)
        case CommissionReversed.type: return try event.payload(CommissionReversed.self)
        case PartnerActivity.type: return try event.payload(PartnerActivity.self)
        case BlockPlaced.type: return try event.payload(BlockPlaced.self)
        case BlockReleased.type: return try event.payload(BlockReleased.self)
        case PayoutRunRequested.type: return try event.payload(PayoutRunRequested.self)
        case PayoutRunApproved.type: return try event.payload(PayoutRunApproved.self)
        case PayoutFileRecorded.type: return try event.payload(PayoutFileRecorded.self)
        case PayoutResultReceived.type: return try event.payload(PayoutResultReceived.self)
        case RepaymentReceived.type: return try event.payload(RepaymentReceived.self)
        case ClawbackWrittenOff.type: return try event.payload(ClawbackWrittenOff.self)
        default:
            if let entry = try Register.decode(event) { return entry }
            throw DeadLetter(.unknownType, "the payout worker knows no event type `\(event.type.prefix(80))`")
        }
    }

    /// The partner's id; register entries and run requests are broadcast and have none.
    package func routingKey(of payload: any EventPayload, event: Event) -> String? {
        switch payload {
        case let event as CommissionTriggered: event.trigger.partner.text
        case let event as CommissionReversed: event.partner.text
        case let event as PartnerActivity: event.partner.text
        case let event as BlockPlaced: event.partner.text
        case let event as BlockReleased: event.partner.text
        case let event as PayoutResultReceived: event.partner.text
        case let event as RepaymentReceived: event.partner.text
        case let event as ClawbackWrittenOff: event.partner.text
        default: nil
        }
    }

    /// Money is never dated back: what a bank or a person says counts from when it came.
    package func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan { .zero }

    package func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws {
        register.advance(to: turn.now)
        switch payload {
        case let event as CommissionTriggered:
            try book(event.trigger.partner, turn).trigger(event.trigger)
        case let event as CommissionReversed: try book(event.partner, turn).reverse(event)
        case let activity as PartnerActivity:
            try book(activity.partner, turn).count(activity, from: event.source)
        case let placed as BlockPlaced:
            try book(placed.partner, turn).place(placed)
            complete(event, turn, "block:\(placed.target.text)", "the block is placed")
        case let released as BlockReleased:
            try book(released.partner, turn).release(released)
            complete(event, turn, "block:\(released.target.text)", "the block is released")
        case let result as PayoutResultReceived:
            try book(result.partner, turn).apply(result)
            complete(event, turn, result.payout.text, "the result is taken")
        case let repayment as RepaymentReceived:
            try book(repayment.partner, turn).repay(repayment)
            complete(event, turn, repayment.partner.text, "the repayment is posted")
        case let writeOff as ClawbackWrittenOff:
            let isDone = try book(writeOff.partner, turn).writeOff(writeOff)
            complete(
                event, turn, writeOff.clawback.text,
                isDone ? "the clawback is written off" : "proposed: a second person must confirm it")
        case let requested as PayoutRunRequested:
            try runs(turn).plan(requested)
            complete(event, turn, requested.run.text, "partition \(partition) planned its part")
        case let approved as PayoutRunApproved:
            let isNew = try runs(turn).approve(approved)
            complete(event, turn, approved.run.text, "partition \(partition) approved its part", isAnswered: isNew)
        case let file as PayoutFileRecorded:
            let isNew = try runs(turn).submit(file)
            complete(event, turn, file.run.text, "partition \(partition) submitted its part", isAnswered: isNew)
        default: try enter(payload, turn)
        }
    }

    package func fire(_ timer: TaskTimer, in turn: TurnContext) throws {
        register.advance(to: turn.now)
        guard let (kind, id) = PayoutTimer.parse(timer.name) else {
            throw DeadLetter(.processingFailed, "no timer is named \(timer.name)")
        }
        let book = try book(PartnerID(unchecked: timer.payload), turn)
        switch kind {
        case .monthEnd: try book.issueStatements()
        case .release: try book.holdEnded(CommissionID(unchecked: id))
        case .standing: try book.review(checksPayee: true)
        }
    }

    package func stateDidReset() { register.reset() }

    private func book(_ partner: PartnerID, _ turn: TurnContext) throws -> PartnerBook {
        try PartnerBook(partner, turn: turn, register: register)
    }

    private func runs(_ turn: TurnContext) -> PayoutRuns {
        PayoutRuns(turn: turn, register: register, partition: Int64(partition))
    }

    /// The outcome of a command that came from outside; what workers send answers another command, and the command line waits
    /// for facts.
    ///
    /// - Parameter isAnswered: a fact tells what became of it; where none does, the command line waits for this.
    private func complete(
        _ event: Event, _ turn: TurnContext, _ subject: String, _ text: String, isAnswered: Bool = true
    ) {
        guard let commandID = event.commandID, !isAnswered || !event.source.hasPrefix("/tributary/") else { return }
        turn.record(
            CommandCompleted(
                commandID: commandID, worker: .payout, outcome: .accepted, subject: subject, text: text,
                occurredAt: turn.now))
    }

    // MARK: Register entries

    /// An entry of the register, and what it changes about money that waits for it.
    private func enter(_ payload: any EventPayload, _ turn: TurnContext) throws {
        guard try register.apply(payload, at: turn.now) else {
            throw DeadLetter(.unknownType, "no handler for \(type(of: payload))")
        }
        switch payload {
        case let entry as PartnerUpdated: try standing(of: entry.partner.id, from: entry.partner.effectiveAt, turn)
        case let entry as PayeeUpdated:
            try standing(of: entry.payee.partner, from: entry.payee.effectiveAt, turn)
            for other in FraudCheck.samePayee(as: entry.payee, among: try register.payees()) {
                try standing(of: other, from: entry.payee.effectiveAt, turn)
            }
        case let entry as FXPublished: try rateArrived(entry.rate, turn)
        default: break
        }
    }

    /// The partner's blocks follow its entry, now or when it takes effect.
    private func standing(of partner: PartnerID, from effectiveAt: Timestamp, _ turn: TurnContext) throws {
        if effectiveAt > turn.now {
            // Also for a partner without an account here: it may have one by then.
            try turn.schedule(
                TaskTimer(name: PayoutTimer.standing.name(of: partner.text), due: effectiveAt, payload: partner.text))
        } else {
            try book(partner, turn).review(checksPayee: true)
        }
    }

    private func rateArrived(_ rate: FXRate, _ turn: TurnContext) throws {
        let pair = StateKey(rate.from.code, rate.to.code)
        let waiting = try state.rows(
            PayoutTable.rateWaiting, from: pair.appending(Int64(rate.date.dayNumber)),
            upTo: pair.prefixEnd.map { StateKey(bytes: $0) }, limit: .max, as: ReferenceRow.self)
        for (key, row) in waiting {
            let age = row.maximumAgeDays.saturatingAdding(1)
            let newest = pair.appending(Int64(rate.date.dayNumber).saturatingAdding(age))
            guard key.bytes.lexicographicallyPrecedes(newest.bytes) else { continue }
            try book(row.partner, turn).rateArrived(cause: row.id, key: key)
        }
    }
}

extension PartnerBook {
    /// A person or the approval worker holds money. Fact blocks come from the register alone.
    func place(_ event: BlockPlaced) throws {
        _ = try partner()
        guard event.kind.isJudgement else {
            throw DeadLetter(.refused, "a block \(event.kind.rawValue) comes from the register, not from a decision")
        }
        if case .person = event.actor { try requirePerson(event.actor) }
        if case .commission(let id) = event.target, try commission(id) == nil {
            throw DeadLetter(.refused, "no commission \(id)")
        }
        try open()
        try place(
            event.target, event.kind, reference: event.reference, evidence: event.evidence, owner: event.owner,
            reviewOn: event.reviewOn, by: event.actor)
    }

    func holdEnded(_ id: CommissionID) throws {
        if let commission = try commission(id) { try makeEligible(commission) }
    }
}
