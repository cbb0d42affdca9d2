import Contracts
import Domain
import JSON
import TaskRuntime

/// Which account a deal belongs to. An account knows its own deals alone, so the partition of the deal's id remembers who had
/// it first; whoever claims it afterwards gives it up again.
extension AccountFile {
    /// A deal that was not known here: the first account that tells of it has it.
    func claim(_ deal: Opportunity) throws {
        try put(OpportunityAccountRow(account: key), of: deal.id)
        turn.emit(
            OpportunityPlaced(opportunity: deal.id, account: account, occurredAt: now), to: .approval,
            key: deal.id.text, subject: deal.id.text)
    }

    /// The deal and what is decided about it leave for the account where they belong.
    func move(_ event: OpportunityMoved) throws {
        guard event.to.key != key else {
            throw DeadLetter(.refused, "/to/domain: opportunity \(event.opportunity) is on this account already")
        }
        guard var deal = try opportunity(event.opportunity) else {
            // Told again.
            if try place(of: event.opportunity)?.account == event.to.key { return }
            throw DeadLetter(.refused, "opportunity \(event.opportunity) is not known on this account")
        }
        let why = step(
            "opportunity_moved",
            "The CRM moved opportunity \(deal.id) from \(key) to \(event.to.key)\(event.reason.map { ": \($0)" } ?? "")."
        )
        let lines = try giveUp(deal, why, to: OpportunityAccountRow(account: event.to.key, isMoved: true))
        let last = try attribution(of: deal.id)
        deal.account = event.to
        turn.record(OpportunityFact(change: "moved", opportunity: deal, explanation: [why], occurredAt: now))
        turn.emit(
            OpportunityPlaced(opportunity: deal.id, account: event.to, isMoved: true, occurredAt: now), to: .approval,
            key: deal.id.text, subject: deal.id.text)
        turn.emit(
            OpportunityArrived(
                account: event.to, from: account, opportunity: deal, attribution: last, occurredAt: now),
            to: .approval, key: event.to.key.text, subject: deal.id.text)
        for line in lines { try payIntroduction(on: line) }
    }

    /// A moved deal: decided by what is known of this account, in the next revision after the last one elsewhere.
    func arrive(_ event: OpportunityArrived) throws {
        let id = event.opportunity.id
        let why = step("opportunity_moved", "Opportunity \(id) came from \(event.from.key).")
        var deal = event.opportunity
        deal.account = account
        if let known = try opportunity(id) {
            try takeBack(try attribution(of: id), known, why)
            if known.revision > deal.revision { deal = deal.replaced(by: known) }
        }
        try put(deal)
        try put(OpportunityAccountRow(account: key, isMoved: true), of: id)
        if let last = event.attribution { try takeOver(last, of: id) }
        turn.record(OpportunityFact(change: "arrived", opportunity: deal, explanation: [why], occurredAt: now))
        try take(up: deal)
    }

    /// The deal is another account's, or another account claimed what is this one's.
    func settle(_ event: OpportunityRefused) throws {
        guard let deal = try opportunity(event.opportunity) else { return try passOn(event) }
        guard event.owner.key != key else {
            // The other account's image was the last one that readers saw.
            let why = step("another_account", "\(event.refused.key) claimed the opportunity, and was refused.")
            if let last = event.attribution { try outrun(last, of: deal, why) }
            return turn.record(
                OpportunityFact(change: "kept", opportunity: deal, explanation: [why], occurredAt: now))
        }
        // It was moved here since.
        guard try place(of: deal.id)?.isMoved != true else { return }
        let why = step("another_account", "Opportunity \(deal.id) belongs to \(event.owner.key).")
        let lines = try giveUp(deal, why, to: OpportunityAccountRow(account: event.owner.key))
        if let last = try attribution(of: deal.id) {
            tellRefusal(
                OpportunityRefused(
                    account: event.owner, opportunity: deal.id, owner: event.owner, refused: account,
                    attribution: last, occurredAt: now))
        }
        for line in lines { try payIntroduction(on: line) }
    }

    /// Takes back what the deal was credited and earned here, and remembers where it is now.
    ///
    /// - Returns: product lines on which another deal may earn the fee for an introduction.
    private func giveUp(
        _ deal: Opportunity, _ why: ExplanationStep, to place: OpportunityAccountRow
    ) throws -> [String] {
        try takeBack(try attribution(of: deal.id), deal, why)
        let lines = try takeBackIntroductions(of: deal)
        try remove(deal.id)
        try put(place, of: deal.id)
        return lines
    }

    /// The deal has left since; the account where it went needs what the one that gave it up decided last.
    private func passOn(_ event: OpportunityRefused) throws {
        guard event.attribution != nil, let place = try place(of: event.opportunity), place.account != key else {
            return
        }
        var next = event
        next.owner = AccountReference(key: place.account, name: nil)
        next.account = next.owner
        next.occurredAt = now
        tellRefusal(next)
    }

    private func tellRefusal(_ event: OpportunityRefused) {
        turn.emit(event, to: .approval, key: event.account.key.text, subject: event.opportunity.text)
    }
}

extension ApprovalProcessor {
    /// In the partition of the deal's id: remembers its account, and refuses it to any other.
    func place(_ event: OpportunityPlaced, in turn: TurnContext) throws {
        let key = StateKey(event.opportunity.text)
        let owner = try turn.state.get(ApprovalTable.opportunityOwner, key, as: OpportunityOwnerRow.self)?.account
        guard let owner, !event.isMoved else {
            return try turn.state.put(ApprovalTable.opportunityOwner, key, OpportunityOwnerRow(account: event.account))
        }
        guard owner.key != event.account.key else { return }
        // First the account that gives it up: what readers see last is the other one's image.
        for told in [event.account, owner] {
            turn.emit(
                OpportunityRefused(
                    account: told, opportunity: event.opportunity, owner: owner, refused: event.account,
                    occurredAt: turn.now),
                to: .approval, key: told.key.text, subject: event.opportunity.text)
        }
    }
}

/// Whose a deal is.
struct OpportunityOwnerRow: JSONCodable {
    var account: AccountReference

    init(account: AccountReference) { self.account = account }

    init(reading reader: inout ObjectReader) { account = reader.object("account", AccountReference.self) }

    func write(to writer: inout ObjectWriter) { writer.object("account", account) }
}
