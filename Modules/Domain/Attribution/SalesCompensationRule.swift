extension SalesCompensationRules {
    /// The representative's share of the standard commission, by revenue class first and motion second.
    package func compensation(
        for revenueClass: RevenueClass, motion: SalesMotion, salesRep: String?, firstYearValue: Money
    ) -> SalesCompensation {
        let (rule, share) = share(for: revenueClass, motion: motion)
        let credited = RoundingMode.halfEven.divide(Int128(firstYearValue.minor) * Int128(share.value), by: 10_000)
        return SalesCompensation(
            salesRep: salesRep, rule: rule, share: share,
            credited: Money(minor: Int64(credited), currency: firstYearValue.currency))
    }

    private func share(
        for revenueClass: RevenueClass, motion: SalesMotion
    ) -> (SalesCompensation.Rule, BasisPoints) {
        guard revenueClass == .sourced else { return (.notSourced, notSourced) }
        switch motion {
        case .coSold: return (.sourcedCoSold, sourcedCoSold)
        case .partnerClosed, .resold: return (.sourcedPartnerClosed, sourcedPartnerClosed)
        case .direct, .partnerSourced: return (.sourcedOther, sourcedOther)
        }
    }
}

extension SalesCompensation {
    package func step(firstYearValue: Money, programVersion: Int64) -> ExplanationStep {
        ExplanationStep(
            rule: "sales_compensation", programVersion: programVersion,
            text: "The representative gets \(share) of the standard commission (\(rule.rawValue)).",
            arithmetic: "round_half_even(\(firstYearValue.minor) x \(share.value) / 10000) = \(credited.minor)")
    }
}
