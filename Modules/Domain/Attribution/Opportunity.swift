/// The deal in the CRM, as its latest revision says.
package struct Opportunity: Sendable, Hashable {
    package var id: OpportunityID
    /// The CRM's own count; an older one changes nothing.
    package var revision: Int64
    package var account: AccountReference
    package var productLine: String
    package var stage: OpportunityStage
    package var motion: SalesMotion
    package var kind: OpportunityType
    /// The partner that the CRM names.
    package var partner: PartnerID?
    package var duties: [String]
    package var settlement: PlanLine.Settlement
    /// The programme's play by which it is sold, as the CRM tags it; the programme may not have it.
    package var play: String?
    package var playRun: String?
    package var firstYearValue: Money
    package var totalValue: Money?
    package var createdAt: Timestamp
    /// When it was won or lost.
    package var closedAt: Timestamp?
    package var lostReason: String?
    package var salesRep: String?
    /// When it was first seen in `qualified` or later, and in `proposal` or later, by judging time.
    package var qualifiedAt: Timestamp?
    package var proposalAt: Timestamp?
    /// Judging time of the first win: every revision of the attribution goes by the rules in force then.
    package var firstWonAt: Timestamp?
    /// What was reversed of the first-year value, in minor units of its currency.
    package var reversedMinor: Int64
    package var changedAt: Timestamp

    package init(
        id: OpportunityID, revision: Int64, account: AccountReference, productLine: String, stage: OpportunityStage,
        motion: SalesMotion, kind: OpportunityType, partner: PartnerID?, duties: [String],
        settlement: PlanLine.Settlement, play: String?, playRun: String?, firstYearValue: Money, totalValue: Money?,
        createdAt: Timestamp, closedAt: Timestamp?, lostReason: String?, salesRep: String?, changedAt: Timestamp
    ) {
        self.id = id
        self.revision = revision
        self.account = account
        self.productLine = productLine
        self.stage = stage
        self.motion = motion
        self.kind = kind
        self.partner = partner
        self.duties = duties
        self.settlement = settlement
        self.play = play
        self.playRun = playRun
        self.firstYearValue = firstYearValue
        self.totalValue = totalValue
        self.createdAt = createdAt
        self.closedAt = closedAt
        self.lostReason = lostReason
        self.salesRep = salesRep
        self.changedAt = changedAt
        reversedMinor = 0
    }
}

package enum OpportunityStage: String, Sendable, CaseIterable {
    case qualified, discovery, proposal, negotiation
    case closedWon = "closed_won"
    case closedLost = "closed_lost"

    package var isClosed: Bool { self == .closedWon || self == .closedLost }

    /// Whether a deal in this stage has passed `qualified`. A lost one may have been lost before.
    package var impliesQualified: Bool { self != .closedLost }

    /// Whether a deal in this stage has reached `proposal`.
    package var impliesProposal: Bool { self == .proposal || self == .negotiation || self == .closedWon }
}

/// Who sells, and how.
package enum SalesMotion: String, Sendable, CaseIterable {
    case direct, resold
    case partnerSourced = "partner_sourced"
    case coSold = "co_sold"
    case partnerClosed = "partner_closed"
}

extension Opportunity {
    /// The deal after a newer revision: what was reached before, the first win and the reversals stay.
    package func replaced(by newer: Opportunity) -> Opportunity {
        var next = newer
        next.qualifiedAt = qualifiedAt
        next.proposalAt = proposalAt
        next.firstWonAt = firstWonAt
        next.reversedMinor = reversedMinor
        next.noteStage()
        return next
    }

    /// Remembers when the stage was first reached.
    package mutating func noteStage() {
        if qualifiedAt == nil, stage.impliesQualified { qualifiedAt = changedAt }
        if proposalAt == nil, stage.impliesProposal { proposalAt = changedAt }
        if firstWonAt == nil, stage == .closedWon { firstWonAt = changedAt }
    }

    /// Open and in `proposal` or later just before a time.
    package func isLateStage(before time: Timestamp) -> Bool {
        guard let proposalAt, proposalAt < time else { return false }
        guard stage.isClosed, let closedAt else { return true }
        return closedAt >= time
    }
}
