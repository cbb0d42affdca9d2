/// One entry of what a partner earned for a cause: a positive amount, or a linked reversal of one. Its amount is never
/// edited; what later entries took from it is counted beside it.
package struct Commission: Sendable, Hashable {
    package enum Entry: String, Sendable, CaseIterable {
        case earning
        /// Taken from an earning that was in no payout yet.
        case reversal
        /// Taken back after the earning was in a payout; carried forward until it is recovered.
        case clawback
    }

    package enum State: String, Sendable, CaseIterable {
        // Earnings.
        case accrued, eligible, allocated, paid
        /// Reversals took all of it before any payout.
        case reversed
        /// A discount settled it on the invoice: nothing is posted or paid.
        case recorded

        // Reversals and clawbacks.
        /// Taken from an earning, or from a payout. Of an earning: its payout kept all of it for clawbacks, and the bank
        /// returned the rest.
        case netted
        /// A clawback of which something is to be recovered and in no payout.
        case outstanding
        case repaid
        case writtenOff = "written_off"
    }

    package var id: CommissionID
    package var entry: Entry
    package var state: State
    /// Positive for an earning, negative for a reversal or clawback.
    package var amount: Money
    /// What reversals took of an earning, in minor units.
    package var reversed: Int64
    /// Of an earning: what its payout kept for clawbacks, once the bank returned the rest. Of a clawback: what is recovered,
    /// and what payouts that are not submitted yet keep of it.
    package var settled: Int64
    package var partner: PartnerID
    package var partnerType: PartnerType
    package var cause: String
    package var trigger: PlanLine.Trigger
    /// The plan line's name.
    package var line: String
    package var revision: Int64
    package var account: AccountReference
    package var productLine: String
    package var opportunity: OpportunityID?
    package var referral: ReferralID?
    package var registration: RegistrationID?
    package var attribution: AttributionID?
    package var creditClass: CreditClass
    package var share: BasisPoints
    /// The partner's part of the deal that the line prices, in the deal's currency.
    package var base: Money
    /// `nil` for a flat fee.
    package var rate: BasisPoints?
    /// The exchange rate into the partner's currency; `nil` where it is the deal's.
    package var fx: FXRate?
    package var terms: TermsReference?
    package var programVersion: Int64
    package var tier: Tier
    package var closedAt: Timestamp
    package var accruedAt: Timestamp
    /// When the hold is over.
    package var holdUntil: Timestamp
    package var eligibleAt: Timestamp?
    /// The entry of the previous revision that this one corrects.
    package var adjusts: CommissionID?
    /// The earning that this reversal or clawback takes from.
    package var reverses: CommissionID?
    package var payout: PayoutID?
    /// Of a clawback: the payout that paid the earning although another one pays it, too. It is no correction of what was
    /// earned. `nil` for any other entry.
    package var overpaidBy: PayoutID?
    /// Kinds of the open blocks on this commission or its cause.
    package var blocks: [BlockKind]
    package var playRun: String?
    /// The first of the two people that a write-off needs.
    package var writeOffProposedBy: Actor?

    package init(
        id: CommissionID, entry: Entry, state: State, amount: Money, trigger: CommissionTrigger, line: String,
        base: Money, rate: BasisPoints?, fx: FXRate?, accruedAt: Timestamp, holdUntil: Timestamp,
        adjusts: CommissionID? = nil, reverses: CommissionID? = nil
    ) {
        self.id = id
        self.entry = entry
        self.state = state
        self.amount = amount
        reversed = 0
        settled = 0
        partner = trigger.partner
        partnerType = trigger.partnerType
        cause = trigger.cause.text
        self.trigger = trigger.trigger
        self.line = line
        revision = trigger.revision
        account = trigger.account
        productLine = trigger.productLine
        opportunity = trigger.opportunity
        referral = trigger.referral
        registration = trigger.registration
        attribution = trigger.attribution
        creditClass = trigger.creditClass
        share = trigger.share
        self.base = base
        self.rate = rate
        self.fx = fx
        terms = trigger.terms
        programVersion = trigger.programVersion
        tier = trigger.tier
        closedAt = trigger.closedAt
        self.accruedAt = accruedAt
        self.holdUntil = holdUntil
        self.adjusts = adjusts
        self.reverses = reverses
        blocks = []
        playRun = trigger.playRun
    }

    /// The clawback of what a payout paid of this earning, which another payout pays, too.
    ///
    /// - Parameter amount: in minor units, positive.
    package func overpaid(_ amount: Int64, by payout: PayoutID, as id: CommissionID, at time: Timestamp) -> Commission {
        var clawback = self
        clawback.id = id
        clawback.entry = .clawback
        clawback.state = .outstanding
        clawback.amount.minor = -amount
        clawback.reversed = 0
        clawback.settled = 0
        clawback.accruedAt = time
        clawback.eligibleAt = nil
        clawback.adjusts = nil
        clawback.reverses = self.id
        clawback.payout = nil
        clawback.overpaidBy = payout
        clawback.blocks = []
        clawback.writeOffProposedBy = nil
        return clawback
    }

    /// What is left of an earning to be paid, or of a clawback to be recovered; in minor units, never negative.
    package var open: Int64 {
        switch entry {
        case .earning: amount.minor - reversed - settled
        case .clawback: -amount.minor - settled
        case .reversal: 0
        }
    }
}

// MARK: - Lifecycle

extension Commission {
    /// A step that the lifecycle does not have.
    package struct IllegalTransition: Error, Sendable, Hashable, CustomStringConvertible {
        package var commission: CommissionID
        package var from: State
        package var to: State

        package var description: String { "\(commission) is \(from.rawValue), it cannot become \(to.rawValue)" }
    }

    private static let steps: [Entry: [State: Set<State>]] = [
        .earning: [
            .accrued: [.eligible, .reversed], .eligible: [.allocated, .reversed], .allocated: [.eligible, .paid],
            .paid: [.eligible, .netted],
        ],
        .clawback: [
            .outstanding: [.allocated, .repaid, .writtenOff], .allocated: [.netted, .outstanding],
            .netted: [.outstanding], .repaid: [.outstanding], .writtenOff: [.outstanding],
        ],
    ]

    /// Goes to another state, if the lifecycle has that step: an earning accrued, eligible, allocated, paid, back to eligible
    /// on a final refusal or a return; a clawback outstanding, allocated, netted, or repaid, or written off, and back to
    /// outstanding where a payout that kept a part of it is refused.
    package mutating func move(to next: State) throws(IllegalTransition) {
        guard Commission.steps[entry]?[state]?.contains(next) ?? false else {
            throw IllegalTransition(commission: id, from: state, to: next)
        }
        state = next
    }

    /// Hold over, no block: the only way to become eligible.
    package mutating func becomeEligible(at time: Timestamp) throws(IllegalTransition) {
        guard time >= holdUntil, blocks.isEmpty else {
            throw IllegalTransition(commission: id, from: state, to: .eligible)
        }
        try move(to: .eligible)
        eligibleAt = time
    }

    /// Why an accrued commission is eligible now.
    package var eligibleStep: ExplanationStep {
        ExplanationStep(
            rule: "hold", programVersion: programVersion,
            text: "The hold ended at \(holdUntil) and nothing blocks it: the amount is payable.",
            arithmetic: "\(closedAt.date) <= \(holdUntil.date)")
    }
}
