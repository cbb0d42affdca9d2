/// What a credit is worth, as the approval worker sees it: a target of one revision, never a delta.
package struct CommissionTrigger: Sendable, Hashable {
    package var partner: PartnerID
    package var partnerType: PartnerType
    package var account: AccountReference
    package var productLine: String
    /// The deal; `nil` only for an introduction that has none.
    package var opportunity: OpportunityID?
    /// The introduction that qualified, or the referral behind the claim.
    package var referral: ReferralID?
    package var trigger: PlanLine.Trigger
    /// The attribution's count; an older or equal one changes nothing.
    package var revision: Int64
    package var attribution: AttributionID?
    package var registration: RegistrationID?
    package var creditClass: CreditClass
    /// The partner's share of the deal. 0 takes the credit back: every line's target is zero.
    package var share: BasisPoints
    /// The partner's part of the deal's first-year value, already allocated by the share so that all parts add up.
    package var firstYear: Money
    /// The partner's part of the deal's total value, allocated likewise.
    package var total: Money
    /// The locked stage; `nil` where the class has none.
    package var stage: RegistrationStage?
    package var duties: [String]
    package var settlement: PlanLine.Settlement
    package var tier: Tier
    package var kind: OpportunityType
    /// The locked terms; `nil` where the partner had none in force, which pays nothing.
    package var terms: TermsReference?
    /// The programme version whose hold and exchange-rate limits apply.
    package var programVersion: Int64
    package var registeredAt: Timestamp?
    /// When the deal was won; for an introduction when it qualified.
    package var closedAt: Timestamp
    /// Money from a conflict's decision waits until an appeal is no longer possible; `nil` where nothing but the hold counts.
    package var eligibleFrom: Timestamp?
    package var playRun: String?
    package var flags: [FraudHint]

    package init(
        partner: PartnerID, partnerType: PartnerType, account: AccountReference, productLine: String,
        opportunity: OpportunityID?, referral: ReferralID?, trigger: PlanLine.Trigger, revision: Int64,
        attribution: AttributionID?, registration: RegistrationID?, creditClass: CreditClass, share: BasisPoints,
        firstYear: Money, total: Money, stage: RegistrationStage?, duties: [String], settlement: PlanLine.Settlement,
        tier: Tier, kind: OpportunityType, terms: TermsReference?, programVersion: Int64, registeredAt: Timestamp?,
        closedAt: Timestamp, eligibleFrom: Timestamp? = nil, playRun: String? = nil, flags: [FraudHint] = []
    ) {
        self.partner = partner
        self.partnerType = partnerType
        self.account = account
        self.productLine = productLine
        self.opportunity = opportunity
        self.referral = referral
        self.trigger = trigger
        self.revision = revision
        self.attribution = attribution
        self.registration = registration
        self.creditClass = creditClass
        self.share = share
        self.firstYear = firstYear
        self.total = total
        self.stage = stage
        self.duties = duties
        self.settlement = settlement
        self.tier = tier
        self.kind = kind
        self.terms = terms
        self.programVersion = programVersion
        self.registeredAt = registeredAt
        self.closedAt = closedAt
        self.eligibleFrom = eligibleFrom
        self.playRun = playRun
        self.flags = flags
    }

    /// What the money is for, unique with the partner: the deal of a win, the referral of an introduction.
    package var cause: CommissionCause {
        switch trigger {
        case .closedWon: .won(opportunity ?? OpportunityID(unchecked: ""))
        case .qualifiedIntroduction: .introduced(referral ?? ReferralID(unchecked: ""))
        }
    }
}

/// What a commission is earned for. Written `closed_won:<opportunity>` or `qualified_introduction:<referral>`.
package enum CommissionCause: Sendable, Hashable, CustomStringConvertible {
    case won(OpportunityID)
    case introduced(ReferralID)

    package var text: String {
        switch self {
        case .won(let opportunity): "closed_won:\(opportunity)"
        case .introduced(let referral): "qualified_introduction:\(referral)"
        }
    }

    package var description: String { text }
}
