extension ProgramCheck {
    /// Flat fees of an introduction that need no second look, in major units of the programme's currency.
    static let usualIntroductionFee: ClosedRange<Int64> = 500...2_000

    mutating func checkTerms() {
        for (index, terms) in program.terms.enumerated() {
            let pointer = "/terms/\(index)"
            checkOwner(of: terms, pointer)
            checkVersion(of: terms, at: index, pointer)
            for (position, line) in terms.lines.enumerated() {
                let own = "\(pointer)/lines/\(position)"
                if !line.name.isName { error("\(own)/name", "expected 1 to 40 of a-z, 0-9, _ and -") }
                if terms.lines[..<position].contains(where: { $0.name == line.name }) {
                    error("\(own)/name", "\(line.name) is named twice in these terms")
                }
                check(line, of: terms, own)
            }
        }
        for type in Set(program.partnerTypes).sorted(by: { $0.rawValue < $1.rawValue }) {
            let covers = program.terms.contains {
                $0.partner == nil && $0.partnerType == type && $0.effectiveFrom <= program.effectiveFrom
            }
            if !covers {
                error(
                    "/terms",
                    "no terms for partner type \(type.rawValue) are in effect from \(program.effectiveFrom) on")
            }
        }
    }

    private mutating func checkOwner(of terms: TermsVersion, _ pointer: String) {
        switch (terms.partnerType, terms.partner) {
        case (nil, nil): error(pointer, "needs partner_type or partner_id")
        case (.some, .some): error("\(pointer)/partner_id", "give partner_type or partner_id, not both")
        case (let type?, nil):
            if !program.partnerTypes.contains(type) {
                warn(
                    "\(pointer)/partner_type",
                    "\(type.rawValue) is not among the partner types: nobody gets these terms")
            }
        case (nil, let partner?):
            if !context.partners.isEmpty, !context.partners.contains(where: { $0.id == partner }) {
                warn("\(pointer)/partner_id", "the register has no partner \(partner)")
            }
        }
    }

    private mutating func checkVersion(of terms: TermsVersion, at index: Int, _ pointer: String) {
        for (other, earlier) in program.terms[..<index].enumerated() {
            if earlier.id == terms.id, earlier.version == terms.version {
                error(
                    "\(pointer)/version", "\(terms.id) version \(terms.version) is there already (terms \(other + 1))")
            } else if earlier.id == terms.id,
                (earlier.version < terms.version) != (earlier.effectiveFrom < terms.effectiveFrom)
            {
                error("\(pointer)/effective_from", "a higher version of \(terms.id) must take effect later")
            } else if earlier.id != terms.id, earlier.partner == terms.partner,
                earlier.partnerType == terms.partnerType, earlier.effectiveFrom == terms.effectiveFrom
            {
                error("\(pointer)/effective_from", "\(earlier.id) takes effect for the same partners at the same time")
            }
        }
        let published = context.published.flatMap(\.terms).first { $0.id == terms.id && $0.version == terms.version }
        if let published, published != terms {
            error(
                "\(pointer)/version",
                "\(terms.id) version \(terms.version) is published with other content; a change needs a new version")
        }
    }

    // MARK: Lines

    private mutating func check(_ line: PlanLine, of terms: TermsVersion, _ pointer: String) {
        if line.classes.isEmpty { error("\(pointer)/classes", "is empty: the line pays nobody") }
        if line.kinds.isEmpty { error("\(pointer)/kinds", "is empty: the line pays no kind of opportunity") }
        for (rate, place) in line.rates {
            if !(0...10_000).contains(rate.value) {
                error("\(pointer)\(place)", "\(rate.value) is no share: give 0 to 10000 basis points")
            }
        }
        checkRange(of: line, of: terms, pointer)
        checkStages(of: line, pointer)
        checkTrigger(of: line, of: terms, pointer)
        checkAmounts(of: line, pointer)
    }

    /// Rates must lie in the line's own range, or the one that is usual for the partner type.
    private mutating func checkRange(of line: PlanLine, of terms: TermsVersion, _ pointer: String) {
        guard let range = line.range ?? terms.partnerType.flatMap({ line.usualRange(for: $0) }) else { return }
        let source =
            line.range == nil ? "the range of \(terms.partnerType?.rawValue ?? "the type")" : "the line's range"
        for (rate, place) in line.rates where rate.value > 0 && !range.contains(rate) {
            error(
                "\(pointer)\(place)",
                "\(rate) is outside \(source), \(range.lowerBound) to \(range.upperBound)"
                    + (line.range == nil ? "; give the line a range of its own if that is meant" : ""))
        }
    }

    private mutating func checkStages(of line: PlanLine, _ pointer: String) {
        guard case .stageRates(let rates) = line.price else { return }
        let ordered = RegistrationStage.allCases.compactMap { rates[$0] }
        if ordered.count < RegistrationStage.allCases.count {
            error("\(pointer)/stage_rates_bp", "must give a rate for each of the four stages")
        }
        if zip(ordered, ordered.dropFirst()).contains(where: { $0 < $1 }) {
            warn(
                "\(pointer)/stage_rates_bp",
                "a later stage pays more than an earlier one: early registration should pay best")
        }
    }

    private mutating func checkTrigger(of line: PlanLine, of terms: TermsVersion, _ pointer: String) {
        let introduces = terms.lines.contains { $0.trigger == .qualifiedIntroduction }
        switch line.trigger {
        case .qualifiedIntroduction:
            if line.settlement == .discount {
                error("\(pointer)/settlement", "an introduction has no invoice to take a discount from")
            }
            if case .flat(let amounts) = line.price {
                checkIntroductionFee(amounts, pointer)
            } else {
                error("\(pointer)/trigger", "an introduction earns a flat fee: its opportunity is not won yet")
            }
            if line.creditsFee { error("\(pointer)/credit_fee", "belongs to the line that pays on the win") }
        case .closedWon:
            if line.creditsFee, !introduces {
                warn("\(pointer)/credit_fee", "these terms have no introduction fee that could be deducted")
            }
        }
    }

    private mutating func checkIntroductionFee(_ amounts: [Currency: Int64], _ pointer: String) {
        guard let minor = amounts[program.currency] else { return }
        var unit: Int64 = 1
        for _ in 0..<program.currency.exponent { unit *= 10 }
        let usual = ProgramCheck.usualIntroductionFee
        if minor < usual.lowerBound * unit || minor > usual.upperBound * unit {
            warn(
                "\(pointer)/flat/\(program.currency)",
                "\(Money(minor: minor, currency: program.currency)) is outside the usual \(usual.lowerBound) to \(usual.upperBound) per qualified introduction"
            )
        }
    }

    /// A table with one entry needs one for each currency in use: what is missing would not limit at all.
    private mutating func checkAmounts(of line: PlanLine, _ pointer: String) {
        if case .flat(let amounts) = line.price { checkCurrencies(amounts, "\(pointer)/flat", "fee") }
        if !line.caps.isEmpty { checkCurrencies(line.caps, "\(pointer)/caps", "cap") }
        if !line.minimums.isEmpty { checkCurrencies(line.minimums, "\(pointer)/minimums", "minimum") }
        for (currency, cap) in line.caps.sorted(by: { $0.key < $1.key }) {
            if let minimum = line.minimums[currency], minimum > cap {
                error("\(pointer)/minimums/\(currency)", "must not be above the cap (\(cap))")
            }
        }
    }
}

extension PlanLine {
    /// Every rate of the line and where it stands; of duties, the base alone and with all of them.
    fileprivate var rates: [(BasisPoints, String)] {
        var rates: [(BasisPoints, String)] = []
        switch price {
        case .stageRates(let stages):
            rates = RegistrationStage.allCases.compactMap { stage in
                stages[stage].map { ($0, "/stage_rates_bp/\(stage.rawValue)") }
            }
        case .rate(let rate): rates = [(rate, "/rate_bp")]
        case .dutyRates(let base, let perDuty):
            let all = perDuty.values.reduce(base.value) { $0 + $1.value }
            rates = [(base, "/duty_rates/base_bp"), (BasisPoints(all), "/duty_rates/per_duty_bp")]
        case .tierRates(let tiers):
            rates = Tier.allCases.compactMap { tier in tiers[tier].map { ($0, "/tier_rates_bp/\(tier.rawValue)") } }
        case .flat: break
        }
        if let rate = onWinWithoutRegistration { rates.append((rate, "/on_win_without_registration_bp")) }
        return rates
    }

    /// 10 to 25 % like a referral, 20 to 40 % like a reseller; types that may do either are bound by how the line is
    /// priced. Technology and strategic partners have no usual range.
    fileprivate func usualRange(for type: PartnerType) -> ClosedRange<BasisPoints>? {
        // A tier's bonus comes on top of what the range is about.
        if case .tierRates = price { return nil }
        let referral = BasisPoints(1_000)...BasisPoints(2_500)
        let reseller = BasisPoints(2_000)...BasisPoints(4_000)
        switch type {
        case .referral: return referral
        case .reseller: return reseller
        case .agency, .systemIntegrator, .distribution:
            switch price {
            case .stageRates: return referral
            case .dutyRates: return reseller
            case .rate, .tierRates, .flat: return referral.lowerBound...reseller.upperBound
            }
        case .technology, .strategic: return nil
        }
    }
}
