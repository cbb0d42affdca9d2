extension SalesCompensationRules {
    /// The representative's share of the standard commission, by revenue class first and motion second; what the deal's
    /// play says of it comes before the programme.
    package func compensation(
        for revenueClass: RevenueClass, motion: SalesMotion, play: CoSellingPlay? = nil, salesRep: String?,
        firstYearValue: Money
    ) -> SalesCompensation {
        let rule = SalesCompensation.Rule(revenueClass, motion: motion)
        let own = play?.salesCompensation[rule]
        let share = own ?? self[rule]
        let credited = RoundingMode.halfEven.divide(Int128(firstYearValue.minor) * Int128(share.value), by: 10_000)
        return SalesCompensation(
            salesRep: salesRep, rule: rule, share: share,
            credited: Money(minor: Int64(credited), currency: firstYearValue.currency),
            play: own == nil ? nil : play?.id)
    }

    private subscript(rule: SalesCompensation.Rule) -> BasisPoints {
        switch rule {
        case .sourcedCoSold: sourcedCoSold
        case .sourcedPartnerClosed: sourcedPartnerClosed
        case .sourcedOther: sourcedOther
        case .notSourced: notSourced
        }
    }
}

extension SalesCompensation.Rule {
    fileprivate init(_ revenueClass: RevenueClass, motion: SalesMotion) {
        guard revenueClass == .sourced else {
            self = .notSourced
            return
        }
        switch motion {
        case .coSold: self = .sourcedCoSold
        case .partnerClosed, .resold: self = .sourcedPartnerClosed
        case .direct, .partnerSourced: self = .sourcedOther
        }
    }
}

extension SalesCompensation {
    /// - Parameters:
    ///   - named: the play that the deal names, by its id.
    ///   - plays: those of the programme version that judges.
    package func steps(
        firstYearValue: Money, named: String? = nil, plays: [CoSellingPlay] = [], programVersion: Int64
    ) -> [ExplanationStep] {
        var steps: [ExplanationStep] = []
        var text = "The representative gets \(share) of the standard commission (\(rule.rawValue))"
        if let play {
            text += ", as play \(play) splits it"
        } else if let named {
            if plays.contains(where: { $0.id == named }) {
                text += "; play \(named) names no share of its own for it"
            } else {
                steps.append(
                    ExplanationStep(
                        rule: "unknown_play", programVersion: programVersion,
                        text:
                            "Version \(programVersion) has no play \(named), which the deal names: the standard split holds."
                    ))
            }
        }
        steps.append(
            ExplanationStep(
                rule: "sales_compensation", programVersion: programVersion, text: text + ".",
                arithmetic: "round_half_even(\(firstYearValue.minor) x \(share.value) / 10000) = \(credited.minor)"))
        return steps
    }
}
