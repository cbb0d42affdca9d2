package import Domain
package import JSON

/// A person decides a conflict, or the appeal against a decision.
package struct ConflictDecided: EventPayload {
    package static let type = "io.tributary.conflict.decided.v1"

    package var account: AccountReference
    package var conflict: ConflictID
    package var outcome: ConflictOutcome
    /// Required for `customer_choice`.
    package var winner: Party?
    /// Required for `split`; they add up to 10,000.
    package var shares: [ConflictShare]
    /// What the decision rests on: at least one reference.
    package var evidence: [String]
    package var note: String?
    package var actor: Actor
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, conflict: ConflictID, outcome: ConflictOutcome, winner: Party? = nil,
        shares: [ConflictShare] = [], evidence: [String], note: String? = nil, actor: Actor, occurredAt: Timestamp
    ) {
        self.account = account
        self.conflict = conflict
        self.outcome = outcome
        self.winner = winner
        self.shares = shares
        self.evidence = evidence
        self.note = note
        self.actor = actor
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        conflict = reader.value("conflict_id", as: ConflictID.self)
        outcome = reader.enumeration("outcome", ConflictOutcome.self)
        winner = reader.optionalValue("winner", as: Party.self)
        shares = reader.objects("shares", ConflictShare.self)
        evidence = reader.strings("evidence")
        note = reader.optionalString("note")
        actor = reader.value("actor", as: Actor.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("conflict_id", conflict)
        writer.enumeration("outcome", outcome)
        writer.value("winner", winner)
        writer.objects("shares", shares)
        writer.strings("evidence", evidence)
        writer.string("note", note)
        writer.value("actor", actor)
        writer.value("occurred_at", occurredAt)
    }
}

/// A party does not accept a decision: once, and decided by another person.
package struct ConflictAppealed: EventPayload {
    package static let type = "io.tributary.conflict.appealed.v1"

    package var account: AccountReference
    package var conflict: ConflictID
    package var party: Party
    package var appealedBy: String
    package var reason: String
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, conflict: ConflictID, party: Party, appealedBy: String, reason: String,
        occurredAt: Timestamp
    ) {
        self.account = account
        self.conflict = conflict
        self.party = party
        self.appealedBy = appealedBy
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        conflict = reader.value("conflict_id", as: ConflictID.self)
        party = reader.value("party", as: Party.self)
        appealedBy = reader.string("appealed_by")
        reason = reader.string("reason")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("conflict_id", conflict)
        writer.value("party", party)
        writer.string("appealed_by", appealedBy)
        writer.string("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}

extension ConflictShare: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            party: reader.value("party", as: Party.self), share: BasisPoints(reader.integer("share_bp", in: 0...10_000))
        )
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("party", party)
        writer.integer("share_bp", share.value)
    }
}
