/// Why money waits. Fact blocks end with the register entry that supplies the fact; judgement blocks only by a decision of
/// a named person who is not the partner's.
package enum BlockKind: String, Sendable, CaseIterable {
    case dispute
    case fraudReview = "fraud_review"
    case missingTaxForm = "missing_tax_form"
    case missingPayee = "missing_payee"
    case missingFXRate = "missing_fx_rate"
    case programmePaused = "programme_paused"

    package var isJudgement: Bool { self == .dispute || self == .fraudReview }
}

/// What a block holds: everything of the partner, everything for one cause, or one commission.
package enum BlockTarget: Sendable, Hashable {
    case partner
    case opportunity(OpportunityID)
    case commission(CommissionID)

    /// Unique among the partner's targets.
    package var text: String {
        switch self {
        case .partner: "partner"
        case .opportunity(let opportunity): "opportunity:\(opportunity)"
        case .commission(let commission): "commission:\(commission)"
        }
    }
}

/// One block, open until `releasedAt`.
package struct Block: Sendable, Hashable {
    /// `blk_`, derived from partner, target, kind and reference.
    package var id: String
    package var partner: PartnerID
    package var target: BlockTarget
    package var kind: BlockKind
    /// What it rests on, for example a conflict's id; tells blocks of one kind and target apart.
    package var reference: String
    package var evidence: [String]
    package var owner: PersonID?
    package var reviewOn: CalendarDate?
    package var placedBy: Actor
    package var placedAt: Timestamp
    package var releasedBy: Actor?
    package var releasedAt: Timestamp?
    package var note: String?

    package init(
        id: String, partner: PartnerID, target: BlockTarget, kind: BlockKind, reference: String, evidence: [String],
        owner: PersonID?, reviewOn: CalendarDate?, placedBy: Actor, placedAt: Timestamp, releasedBy: Actor? = nil,
        releasedAt: Timestamp? = nil, note: String? = nil
    ) {
        self.id = id
        self.partner = partner
        self.target = target
        self.kind = kind
        self.reference = reference
        self.evidence = evidence
        self.owner = owner
        self.reviewOn = reviewOn
        self.placedBy = placedBy
        self.placedAt = placedAt
        self.releasedBy = releasedBy
        self.releasedAt = releasedAt
        self.note = note
    }

    package var isOpen: Bool { releasedAt == nil }
}
