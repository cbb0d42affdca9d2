extension Attribution {
    /// The next revision, or `nil` where nothing changed that anybody is credited or paid by: neither the decision, nor what
    /// the targets carry of the deal.
    ///
    /// - Parameter previous: the revision before; `nil` for the first.
    package static func next(
        after previous: Attribution?, id: AttributionID, opportunity: Opportunity, closedAt: Timestamp,
        decision: AttributionDecision, programVersion: Int64, at time: Timestamp
    ) -> Attribution? {
        let next = Attribution(
            id: id, opportunity: opportunity.id, account: opportunity.account, productLine: opportunity.productLine,
            kind: opportunity.kind, motion: opportunity.motion, revision: (previous?.revision ?? 0) + 1,
            state: decision.state, revenueClass: decision.revenueClass, firstYearValue: opportunity.firstYearValue,
            totalValue: opportunity.totalValue ?? opportunity.firstYearValue, closedAt: closedAt,
            programVersion: programVersion, decidedAt: time, conflict: decision.conflict, credits: decision.credits,
            evidenceUsed: decision.evidenceUsed, evidenceRefused: decision.evidenceRefused,
            salesCompensation: decision.salesCompensation, reversedMinor: opportunity.reversedMinor,
            conditions: DealConditions(opportunity), lockedCredits: previous?.lockedCredits ?? [])
        guard let previous, next.isSame(as: previous) else { return next }
        return nil
    }

    /// The revision that takes a win back: nobody is credited, the deal counts as nothing.
    package func voided(at time: Timestamp) -> Attribution {
        var next = self
        next.revision += 1
        next.state = .void
        next.revenueClass = .direct
        next.lockedCredits = credits.isEmpty ? lockedCredits : credits
        next.credits = []
        next.conflict = nil
        next.decidedAt = time
        next.firstYearValue = .zero(firstYearValue.currency)
        next.totalValue = .zero(totalValue.currency)
        next.salesCompensation.credited = .zero(firstYearValue.currency)
        return next
    }

    /// Where the other revision does not know its conditions, they are taken for the same. Locked credits credit nobody.
    private func isSame(as other: Attribution) -> Bool {
        state == other.state && revenueClass == other.revenueClass && credits == other.credits
            && firstYearValue == other.firstYearValue && totalValue == other.totalValue && closedAt == other.closedAt
            && conflict == other.conflict && salesCompensation == other.salesCompensation && motion == other.motion
            && kind == other.kind && productLine == other.productLine
            && (other.conditions == nil || conditions == other.conditions)
    }

    /// The part of the deal's value that counts under a class; the three add up to it.
    package func value(of revenueClass: RevenueClass) -> Money {
        revenueClass == self.revenueClass ? firstYearValue : .zero(firstYearValue.currency)
    }
}
