import Contracts
import Domain
import Register
import TaskRuntime

/// One partner's money while one record or timer is processed: its rows, and what handlers do to them.
final class PartnerBook {
    let id: PartnerID
    let turn: TurnContext
    let register: Register
    /// `nil` until the partner's first money.
    private(set) var row: PartnerRow?
    /// Why an amount is taken back, as the record says it; for messages.
    var reason: String?

    var state: TaskState { turn.state }
    var now: Timestamp { turn.now }

    init(_ id: PartnerID, turn: TurnContext, register: Register) throws {
        self.id = id
        self.turn = turn
        self.register = register
        row = try turn.state.get(PayoutTable.partner, StateKey(id.text), as: PartnerRow.self)
    }

    // MARK: Register

    func partner() throws -> Partner {
        guard let partner = try register.partner(id) else { throw DeadLetter(.refused, "no partner \(id)") }
        return partner
    }

    /// The version in force now.
    func program() throws -> Program {
        guard let program = try register.program(at: now) else {
            throw DeadLetter(.refused, "no programme is in force at \(now)")
        }
        return program
    }

    // MARK: The partner's row

    func change(_ body: (inout PartnerRow) -> Void) throws {
        var next = row ?? PartnerRow(partner: id)
        body(&next)
        row = next
        try state.put(PayoutTable.partner, StateKey(id.text), next)
    }

    /// From here on the partition keeps an account for the partner.
    func open() throws {
        if row == nil {
            try change { _ in }
            try review(checksPayee: true)
        } else {
            try review(checksPayee: false)
        }
    }

    // MARK: Commissions

    func commission(_ id: CommissionID) throws -> Commission? {
        try state.get(PayoutTable.commission, StateKey(self.id.text, id.text), as: Commission.self)
    }

    /// A commission that another row names.
    func known(_ id: CommissionID) throws -> Commission {
        guard let commission = try commission(id) else {
            throw DeadLetter(.processingFailed, "the store has no commission \(id)")
        }
        return commission
    }

    func put(_ commission: Commission) throws {
        try state.put(PayoutTable.commission, StateKey(id.text, commission.id.text), commission)
    }

    /// Stores the commission's new image and tells readers.
    func record(_ commission: Commission, _ change: String, _ steps: [ExplanationStep]) throws {
        try put(commission)
        turn.record(CommissionFact(change: change, commission: commission, explanation: steps, occurredAt: now))
    }

    // MARK: Indexes

    private func eligibleKey(_ commission: Commission) -> StateKey {
        StateKey(id.text, commission.amount.currency.code).appending(commission.eligibleAt ?? commission.holdUntil)
            .appending(commission.id.text)
    }

    private func heldKey(_ commission: Commission) -> StateKey { StateKey(id.text, commission.id.text) }

    private func clawbackKey(_ clawback: Commission) -> StateKey {
        StateKey(id.text, clawback.amount.currency.code).appending(clawback.accruedAt).appending(clawback.id.text)
    }

    /// Keeps an unpaid earning where it is looked for: among the payable ones, or among those that a block holds.
    func index(_ commission: Commission) throws {
        let reference = ReferenceRow(partner: id, id: commission.id.text)
        if commission.state == .eligible && commission.blocks.isEmpty {
            try state.put(PayoutTable.eligible, eligibleKey(commission), reference)
        } else {
            try state.put(PayoutTable.held, heldKey(commission), reference)
        }
    }

    /// Takes an earning out of both lists. Call it before the state, the blocks or the eligible time change.
    func unindex(_ commission: Commission) throws {
        if commission.state == .eligible { try state.delete(PayoutTable.eligible, eligibleKey(commission)) }
        if !commission.blocks.isEmpty || commission.state == .accrued, try isHeld(commission) {
            try state.delete(PayoutTable.held, heldKey(commission))
        }
    }

    func isHeld(_ commission: Commission) throws -> Bool {
        try state.bytes(PayoutTable.held, heldKey(commission)) != nil
    }

    /// Commissions that wait for a block to end.
    func heldCommissions() throws -> [CommissionID] {
        try state.rows(PayoutTable.held, prefix: StateKey(id.text), as: ReferenceRow.self)
            .map { CommissionID(unchecked: $0.row.id) }
    }

    /// Unblocked payable commissions up to a time, oldest first, with what is left of each.
    func eligibleLines(_ currency: Currency, upTo time: Timestamp) throws -> [Payout.Line] {
        let prefix = StateKey(id.text, currency.code)
        let end = prefix.appending(time + TimeSpan(milliseconds: 1))
        return try state.rows(PayoutTable.eligible, from: prefix, upTo: end, limit: .max, as: ReferenceRow.self)
            .map { entry -> Payout.Line in
                let commission = try known(CommissionID(unchecked: entry.row.id))
                return Payout.Line(commission: commission.id, amount: commission.open)
            }
    }

    func indexClawback(_ clawback: Commission) throws {
        try state.put(
            PayoutTable.clawback, clawbackKey(clawback), ReferenceRow(partner: id, id: clawback.id.text))
    }

    func unindexClawback(_ clawback: Commission) throws {
        try state.delete(PayoutTable.clawback, clawbackKey(clawback))
    }

    /// Clawbacks of which something is in no payout, oldest first.
    func outstandingClawbacks(_ currency: Currency) throws -> [Commission] {
        try state.rows(PayoutTable.clawback, prefix: StateKey(id.text, currency.code), as: ReferenceRow.self)
            .map { try known(CommissionID(unchecked: $0.row.id)) }
    }
}
