package import Domain
package import JSON

/// One entry of `terms`; it takes effect with its programme version where it names no time of its own.
struct TermsFields: JSONCodable {
    private var id: TermsID
    private var version: Int64
    private var effectiveFrom: Timestamp?
    private var partnerType: PartnerType?
    private var partner: PartnerID?
    private var rounding: RoundingMode
    private var acceptanceRequired: Bool
    private var lines: [PlanLine]

    init(_ terms: TermsVersion) {
        id = terms.id
        version = terms.version
        effectiveFrom = terms.effectiveFrom
        partnerType = terms.partnerType
        partner = terms.partner
        rounding = terms.rounding
        acceptanceRequired = terms.acceptanceRequired
        lines = terms.lines
    }

    init(reading reader: inout ObjectReader) {
        id = reader.value("terms_id", as: TermsID.self)
        version = reader.integer("version", in: 1...Int64.max)
        effectiveFrom = reader.optionalValue("effective_from", as: Timestamp.self)
        partnerType = reader.optionalEnumeration("partner_type", PartnerType.self)
        partner = reader.optionalValue("partner_id", as: PartnerID.self)
        rounding = reader.optionalEnumeration("rounding", RoundingMode.self) ?? .halfEven
        acceptanceRequired = reader.optionalBoolean("acceptance_required") ?? false
        lines = reader.objects("lines", PlanLine.self)
        reader.rejectUnknown()
    }

    func terms(defaultEffectiveFrom: Timestamp) -> TermsVersion {
        TermsVersion(
            id: id, version: version, effectiveFrom: effectiveFrom ?? defaultEffectiveFrom, partnerType: partnerType,
            partner: partner, rounding: rounding, lines: lines, acceptanceRequired: acceptanceRequired)
    }

    func write(to writer: inout ObjectWriter) {
        writer.value("terms_id", id)
        writer.integer("version", version)
        writer.value("effective_from", effectiveFrom)
        writer.enumeration("partner_type", partnerType)
        writer.value("partner_id", partner)
        writer.enumeration("rounding", rounding)
        writer.boolean("acceptance_required", acceptanceRequired)
        writer.objects("lines", lines)
    }
}

/// A terms version on its own, as events and rows carry it: `effective_from` is there.
extension TermsVersion: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self = TermsFields(reading: &reader).terms(defaultEffectiveFrom: Timestamp(millisecondsSince1970: 0))
    }

    package func write(to writer: inout ObjectWriter) {
        TermsFields(self).write(to: &writer)
    }
}

extension PlanLine: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let name = reader.string("name")
        let trigger = reader.optionalEnumeration("trigger", Trigger.self) ?? .closedWon
        let base = reader.optionalEnumeration("base", Base.self) ?? .firstYear
        self.init(
            name: name, trigger: trigger, base: base, price: Price(reading: &reader),
            settlement: reader.optionalEnumeration("settlement", Settlement.self) ?? .payout,
            classes: reader.enumerations("classes", CreditClass.self, default: Program.Defaults.lineClasses),
            kinds: reader.enumerations("kinds", OpportunityType.self, default: Program.Defaults.lineKinds),
            range: reader.optionalObject("range", RateRange.self)?.range, caps: reader.amounts("caps"),
            minimums: reader.amounts("minimums"),
            onWinWithoutRegistration: reader.optionalBasisPoints("on_win_without_registration_bp"),
            creditsFee: reader.optionalBoolean("credit_fee") ?? false)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.enumeration("trigger", trigger)
        writer.enumeration("base", base)
        price.write(to: &writer)
        writer.enumeration("settlement", settlement)
        writer.explicitEnumerations("classes", classes)
        writer.explicitEnumerations("kinds", kinds)
        writer.object("range", range.map(RateRange.init))
        writer.amounts("caps", caps)
        writer.amounts("minimums", minimums)
        writer.basisPoints("on_win_without_registration_bp", onWinWithoutRegistration)
        writer.boolean("credit_fee", creditsFee)
    }
}

extension PlanLine.Price {
    /// Reads `stage_rates_bp`, `rate_bp`, `duty_rates`, `tier_rates_bp` or `flat` out of a line; the default stage rates where there is
    /// none.
    init(reading reader: inout ObjectReader) {
        let stages = reader.integers("stage_rates_bp", by: RegistrationStage.self, in: 0...10_000)
        let hasStages = reader.json("stage_rates_bp") != nil
        let rate = reader.optionalBasisPoints("rate_bp")
        let duties = reader.optionalObject("duty_rates", DutyRates.self)
        let tiers = reader.integers("tier_rates_bp", by: Tier.self, in: 0...10_000)
        let hasTiers = reader.json("tier_rates_bp") != nil
        let flat = reader.amounts("flat")
        let hasFlat = reader.json("flat") != nil
        if [hasStages, rate != nil, duties != nil, hasTiers, hasFlat].count(where: { $0 }) > 1 {
            reader.fail(
                "name", expected: "a line with one of stage_rates_bp, rate_bp, duty_rates, tier_rates_bp and flat",
                found: "more than one of them")
        }
        if let rate {
            self = .rate(rate)
        } else if let duties {
            self = .dutyRates(base: duties.base, perDuty: duties.perDuty)
        } else if hasTiers {
            self = .tierRates(tiers.mapValues { BasisPoints($0) })
        } else if hasFlat {
            self = .flat(flat)
        } else {
            self = .stageRates(Program.Defaults.stageRates.merging(stages.mapValues { BasisPoints($0) }) { $1 })
        }
    }

    func write(to writer: inout ObjectWriter) {
        switch self {
        case .stageRates(let rates): writer.integers("stage_rates_bp", rates.mapValues(\.value))
        case .rate(let rate): writer.basisPoints("rate_bp", rate)
        case .dutyRates(let base, let perDuty):
            writer.object("duty_rates", DutyRates(base: base, perDuty: perDuty))
        case .tierRates(let rates): writer.integers("tier_rates_bp", rates.mapValues(\.value))
        case .flat(let amounts): writer.explicitAmounts("flat", amounts)
        }
    }
}

private struct DutyRates: JSONCodable {
    var base: BasisPoints
    var perDuty: [String: BasisPoints]

    init(base: BasisPoints, perDuty: [String: BasisPoints]) {
        self.base = base
        self.perDuty = perDuty
    }

    init(reading reader: inout ObjectReader) {
        base = reader.basisPoints("base_bp")
        perDuty = reader.integerMap("per_duty_bp").mapValues { BasisPoints($0) }
        for (duty, rate) in perDuty where !(0...10_000).contains(rate.value) {
            reader.fail("per_duty_bp", expected: "integers from 0 to 10000", found: "\(rate.value) for \(duty)")
        }
        reader.rejectUnknown()
    }

    func write(to writer: inout ObjectWriter) {
        writer.basisPoints("base_bp", base)
        writer.integerMap("per_duty_bp", perDuty.mapValues(\.value))
    }
}

/// `{"from_bp": 1000, "to_bp": 2500}`
private struct RateRange: JSONCodable {
    var range: ClosedRange<BasisPoints>

    init(_ range: ClosedRange<BasisPoints>) { self.range = range }

    init(reading reader: inout ObjectReader) {
        let from = reader.basisPoints("from_bp")
        let to = reader.basisPoints("to_bp")
        if to < from { reader.fail("to_bp", expected: "at least from_bp (\(from.value))", found: "\(to.value)") }
        range = min(from, to)...max(from, to)
        reader.rejectUnknown()
    }

    func write(to writer: inout ObjectWriter) {
        writer.basisPoints("from_bp", range.lowerBound)
        writer.basisPoints("to_bp", range.upperBound)
    }
}
