import Contracts
import Domain
import Register
import TaskRuntime

/// Blocks: placed by checks, by the register and by people; what they hold, and what their end sets free.
extension PartnerBook {
    private func blockKey(_ target: BlockTarget, _ kind: BlockKind, _ reference: String) -> StateKey {
        StateKey(id.text, target.text, kind.rawValue, reference)
    }

    private func blocks(_ target: BlockTarget) throws -> [Block] {
        try state.rows(PayoutTable.block, prefix: StateKey(id.text, target.text), as: Block.self).map(\.row)
    }

    func block(_ target: BlockTarget, _ kind: BlockKind, _ reference: String) throws -> Block? {
        try state.get(PayoutTable.block, blockKey(target, kind, reference), as: Block.self)
    }

    private func openKinds(_ target: BlockTarget) throws -> [BlockKind] {
        let open = Set(try blocks(target).filter(\.isOpen).map(\.kind))
        return BlockKind.allCases.filter(open.contains)
    }

    /// Kinds of the open blocks on the commission itself and on its deal.
    func openKinds(for commission: Commission) throws -> [BlockKind] {
        var open = Set(try openKinds(.commission(commission.id)))
        if commission.trigger == .closedWon, let opportunity = commission.opportunity {
            open.formUnion(try openKinds(.opportunity(opportunity)))
        }
        return BlockKind.allCases.filter(open.contains)
    }

    // MARK: Placing

    /// Places a block, unless the same one is open already. `false` then.
    @discardableResult
    func place(
        _ target: BlockTarget, _ kind: BlockKind, reference: String, evidence: [String], owner: PersonID?,
        reviewOn: CalendarDate?, by actor: Actor
    ) throws -> Bool {
        let key = blockKey(target, kind, reference)
        if let present = try state.get(PayoutTable.block, key, as: Block.self), present.isOpen { return false }
        let blockID = DerivedID.text(
            prefix: "blk_", routingKey: id.text,
            parts: [id.text, target.text, kind.rawValue, reference, now.description])
        let block = Block(
            id: blockID, partner: id, target: target, kind: kind, reference: reference, evidence: evidence,
            owner: owner, reviewOn: reviewOn, placedBy: actor, placedAt: now)
        try state.put(PayoutTable.block, key, block)
        let step = ExplanationStep(
            rule: "block_\(kind.rawValue)", programVersion: nil,
            text: "Placed by \(actor)" + (evidence.isEmpty ? "." : ": \(evidence.joined(separator: "; "))."))
        turn.record(BlockFact(change: "placed", block: block, explanation: [step], occurredAt: now))
        try hold(target, step)
        if let partner = try register.partner(id) {
            turn.tell(partner, .commissionBlocked, about: blockID, parameters: try parameters(of: block))
        }
        return true
    }

    private func hold(_ target: BlockTarget, _ step: ExplanationStep) throws {
        switch target {
        case .partner:
            let open = try openKinds(.partner)
            try change { $0.blocks = open }
        case .opportunity(let opportunity):
            for commission in try commissions(of: opportunity) { try refresh(commission, "blocked", step) }
        case .commission(let commissionID):
            if let commission = try commission(commissionID) { try refresh(commission, "blocked", step) }
        }
    }

    /// The earnings of a deal.
    private func commissions(of opportunity: OpportunityID) throws -> [Commission] {
        let cause = CommissionCause.won(opportunity).text
        guard let row = try state.get(PayoutTable.cause, StateKey(id.text, cause), as: CauseRow.self) else { return [] }
        return try row.lines.flatMap { line in
            try state.get(PayoutTable.target, StateKey(id.text, cause, line), as: TargetRow.self)?.earnings ?? []
        }.map { try known($0) }
    }

    /// Brings a commission's list of blocks up to date; one that became free goes on at once.
    private func refresh(_ commission: Commission, _ change: String, _ step: ExplanationStep) throws {
        let open = try openKinds(for: commission)
        guard open != commission.blocks else { return }
        let isUnpaid = commission.state == .accrued || commission.state == .eligible
        let wasListed = try commission.state == .eligible || isHeld(commission)
        if isUnpaid && wasListed { try unindex(commission) }
        var commission = commission
        commission.blocks = open
        try record(commission, change, [step])
        guard isUnpaid else { return }
        if commission.state == .eligible {
            try index(commission)
        } else if wasListed {
            try makeEligible(commission)
        }
    }

    /// What the partner is told: what waits and the kind of the reason, never the evidence of a suspicion.
    private func parameters(of block: Block) throws -> NotificationParameters {
        var parameters = NotificationParameters()
        switch block.target {
        case .partner: break
        case .opportunity(let opportunity): parameters["opportunity"] = opportunity.text
        case .commission(let id): parameters = try commission(id).map(Self.parameters) ?? [:]
        }
        parameters["kind"] = block.kind.rawValue
        return parameters
    }

    // MARK: Releasing

    /// A named person, of no partner, ends a judgement block. One that has ended already is no question any more: whoever
    /// decides about it after somebody else, repeats what was decided.
    func release(_ event: BlockReleased) throws {
        guard event.kind.isJudgement else {
            throw DeadLetter(
                .refused, "a block \(event.kind.rawValue) ends with the register entry that supplies the fact")
        }
        try requireJudge(of: event)
        let ended = try closeBlocks(
            event.target, event.kind, reference: event.reference, by: event.actor, note: event.note)
        guard !ended.isEmpty else {
            if let reference = event.reference, try block(event.target, event.kind, reference) != nil { return }
            throw DeadLetter(.refused, "no open block \(event.kind.rawValue) on \(event.target.text) of \(id)")
        }
        if event.kind == .fraudReview { try clearFindings(of: ended) }
        try letGo(event.target, ended)
    }

    /// A fact arrived.
    func endFactBlock(_ kind: BlockKind) throws {
        let ended = try closeBlocks(.partner, kind, reference: nil, by: .programme, note: nil)
        if !ended.isEmpty { try letGo(.partner, ended) }
    }

    /// Marks blocks as ended and tells readers; what they held is for the caller.
    func closeBlocks(
        _ target: BlockTarget, _ kind: BlockKind, reference: String?, by actor: Actor, note: String?
    ) throws -> [Block] {
        var ended: [Block] = []
        for var block in try blocks(target) where block.isOpen && block.kind == kind {
            guard reference == nil || block.reference == reference else { continue }
            block.releasedBy = actor
            block.releasedAt = now
            block.note = note
            try state.put(PayoutTable.block, blockKey(target, kind, block.reference), block)
            turn.record(
                BlockFact(change: "released", block: block, explanation: [Self.releaseStep(block)], occurredAt: now))
            ended.append(block)
        }
        return ended
    }

    private static func releaseStep(_ block: Block) -> ExplanationStep {
        ExplanationStep(
            rule: "release_\(block.kind.rawValue)", programVersion: nil,
            text: "Released by \(block.releasedBy?.text ?? "")\(block.note.map { ": \($0)" } ?? "").")
    }

    private func letGo(_ target: BlockTarget, _ ended: [Block]) throws {
        guard let last = ended.last else { return }
        let step = Self.releaseStep(last)
        switch target {
        case .partner: try partnerBlockEnded()
        case .opportunity(let opportunity):
            for commission in try commissions(of: opportunity) { try refresh(commission, "released", step) }
        case .commission(let commissionID): try refresh(try known(commissionID), "released", step)
        }
        if let partner = try register.partner(id) {
            turn.tell(partner, .blockReleased, about: last.id, parameters: try parameters(of: last))
        }
    }

    /// Everything of the partner that only its own blocks held goes on at once.
    func partnerBlockEnded() throws {
        let open = try openKinds(.partner)
        try change { $0.blocks = open }
        guard open.isEmpty else { return }
        for held in try heldCommissions() {
            let commission = try known(held)
            if commission.blocks.isEmpty { try makeEligible(commission) }
        }
    }

    /// What a person has looked at is not asked again for the same cause.
    private func clearFindings(of ended: [Block]) throws {
        for block in ended {
            guard case .commission(let commissionID) = block.target else { continue }
            let key = StateKey(id.text, try known(commissionID).cause)
            guard var cause = try state.get(PayoutTable.cause, key, as: CauseRow.self) else { continue }
            let findings = block.reference.split(separator: "+").compactMap { FraudFinding(rawValue: String($0)) }
            cause.cleared = FraudFinding.allCases.filter { cause.cleared.contains($0) || findings.contains($0) }
            try state.put(PayoutTable.cause, key, cause)
        }
    }

    // MARK: People

    /// An active person of the register who belongs to no partner.
    func requirePerson(_ actor: Actor) throws { try Self.requirePerson(actor, in: register, about: id) }

    /// - Parameter partner: whose money it is; `nil` where it is many partners'.
    static func requirePerson(_ actor: Actor, in register: Register, about partner: PartnerID? = nil) throws {
        guard case .person(let personID) = actor else {
            throw DeadLetter(.refused, "\(actor) is no person: money is decided by a named one")
        }
        guard let person = try register.person(personID), person.isActive else {
            throw DeadLetter(.refused, "\(personID) is no active person of the register")
        }
        if let employer = person.partner {
            let whose = employer == partner ? "its" : "a partner's"
            throw DeadLetter(.refused, "\(personID) belongs to \(employer) and does not decide about \(whose) money")
        }
    }

    /// What the approval worker held because of a conflict ends as that worker tells it, with whoever decided the conflict:
    /// a policy, or a person who may be active no more when the time for an appeal is over. Anything else ends only with a
    /// person.
    private func requireJudge(of event: BlockReleased) throws {
        if event.actor != .programme, event.kind == .dispute, case .opportunity = event.target,
            let reference = event.reference, ConflictID(reference) != nil,
            turn.event?.source.hasPrefix(WorkerName.approval.sourcePrefix) ?? false,
            try block(event.target, event.kind, reference)?.placedBy ?? .programme == .programme
        {
            return
        }
        try requirePerson(event.actor)
    }
}
