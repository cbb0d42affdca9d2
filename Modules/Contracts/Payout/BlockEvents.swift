package import Domain
package import JSON

/// Somebody's judgement holds money: a dispute or a suspicion. Fact blocks are not placed by events; they come and go with
/// the register.
package struct BlockPlaced: EventPayload, Hashable {
    package static let type = "io.tributary.block.placed.v1"

    package var partner: PartnerID
    package var target: BlockTarget
    package var kind: BlockKind
    /// What it rests on, for example a conflict's id.
    package var reference: String
    package var evidence: [String]
    package var owner: PersonID?
    package var reviewOn: CalendarDate?
    package var actor: Actor
    package var occurredAt: Timestamp

    package init(
        partner: PartnerID, target: BlockTarget, kind: BlockKind, reference: String, evidence: [String] = [],
        owner: PersonID? = nil, reviewOn: CalendarDate? = nil, actor: Actor, occurredAt: Timestamp
    ) {
        self.partner = partner
        self.target = target
        self.kind = kind
        self.reference = reference
        self.evidence = evidence
        self.owner = owner
        self.reviewOn = reviewOn
        self.actor = actor
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        target = BlockTarget(reading: &reader)
        kind = reader.enumeration("kind", BlockKind.self)
        reference = reader.string("reference")
        evidence = reader.strings("evidence")
        owner = reader.optionalValue("owner", as: PersonID.self)
        reviewOn = reader.optionalValue("review_on", as: CalendarDate.self)
        actor = reader.value("actor", as: Actor.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        target.write(to: &writer)
        writer.enumeration("kind", kind)
        writer.string("reference", reference)
        writer.strings("evidence", evidence)
        writer.value("owner", owner)
        writer.value("review_on", reviewOn)
        writer.value("actor", actor)
        writer.value("occurred_at", occurredAt)
    }
}

/// A named person, of no partner, ends a judgement block; or the approval worker does, whose conflict placed it. A block
/// that is named by its reference and ended already stays so.
package struct BlockReleased: EventPayload, Hashable {
    package static let type = "io.tributary.block.released.v1"

    package var partner: PartnerID
    package var target: BlockTarget
    package var kind: BlockKind
    /// The block's own reference; `nil` ends every open block of the kind on the target.
    package var reference: String?
    package var note: String?
    package var actor: Actor
    package var occurredAt: Timestamp

    package init(
        partner: PartnerID, target: BlockTarget, kind: BlockKind, reference: String? = nil, note: String? = nil,
        actor: Actor, occurredAt: Timestamp
    ) {
        self.partner = partner
        self.target = target
        self.kind = kind
        self.reference = reference
        self.note = note
        self.actor = actor
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        target = BlockTarget(reading: &reader)
        kind = reader.enumeration("kind", BlockKind.self)
        reference = reader.optionalString("reference")
        note = reader.optionalString("note")
        actor = reader.value("actor", as: Actor.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        target.write(to: &writer)
        writer.enumeration("kind", kind)
        writer.string("reference", reference)
        writer.string("note", note)
        writer.value("actor", actor)
        writer.value("occurred_at", occurredAt)
    }
}

/// Fields `scope` (`partner` or `commission`) and, for a commission, `commission_id` or `opportunity_id`.
extension BlockTarget {
    private enum Scope: String, CaseIterable {
        case partner, commission
    }

    init(reading reader: inout ObjectReader) {
        let scope = reader.enumeration("scope", Scope.self)
        let commission = reader.optionalValue("commission_id", as: CommissionID.self)
        let opportunity = reader.optionalValue("opportunity_id", as: OpportunityID.self)
        if let commission {
            self = .commission(commission)
        } else if let opportunity {
            self = .opportunity(opportunity)
        } else {
            self = .partner
        }
        guard !reader.isRecording else { return }
        if scope == .commission && self == .partner {
            reader.fail("commission_id", expected: "a commission or an opportunity id", found: "neither")
        }
        if scope == .partner && self != .partner {
            reader.fail("scope", expected: "`commission` where one is named", found: "`partner`")
        }
    }

    func write(to writer: inout ObjectWriter) {
        switch self {
        case .partner: writer.enumeration("scope", Scope.partner)
        case .opportunity(let opportunity):
            writer.enumeration("scope", Scope.commission)
            writer.value("opportunity_id", opportunity)
        case .commission(let commission):
            writer.enumeration("scope", Scope.commission)
            writer.value("commission_id", commission)
        }
    }
}

extension Block: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.string("block_id"), partner: reader.value("partner_id", as: PartnerID.self),
            target: BlockTarget(reading: &reader), kind: reader.enumeration("kind", BlockKind.self),
            reference: reader.string("reference"), evidence: reader.strings("evidence"),
            owner: reader.optionalValue("owner", as: PersonID.self),
            reviewOn: reader.optionalValue("review_on", as: CalendarDate.self),
            placedBy: reader.value("placed_by", as: Actor.self),
            placedAt: reader.value("placed_at", as: Timestamp.self),
            releasedBy: reader.optionalValue("released_by", as: Actor.self),
            releasedAt: reader.optionalValue("released_at", as: Timestamp.self), note: reader.optionalString("note"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("block_id", id)
        writer.value("partner_id", partner)
        target.write(to: &writer)
        writer.enumeration("kind", kind)
        writer.string("reference", reference)
        writer.strings("evidence", evidence)
        writer.value("owner", owner)
        writer.value("review_on", reviewOn)
        writer.value("placed_by", placedBy)
        writer.value("placed_at", placedAt)
        writer.value("released_by", releasedBy)
        writer.value("released_at", releasedAt)
        writer.string("note", note)
    }
}
