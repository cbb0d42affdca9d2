package import Domain
package import JSON

/// The programme as `program.yaml` and `program.published` carry it. Reading fills what is left out with
/// `Program.Defaults` and refuses unknown fields; writing writes everything.
extension Program: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let effectiveFrom: Timestamp
        let currency: Currency
        let partnerTypes: [PartnerType]
        let id = reader.value("program_id", as: ProgramID.self)
        let version = reader.integer("version", in: 1...Int64.max)
        let name = reader.string("name")
        effectiveFrom = reader.value("effective_from", as: Timestamp.self)
        currency = reader.value("currency", as: Currency.self)
        let hypothesis = reader.object("hypothesis", PartnershipHypothesis.self)
        let areas = reader.requiredObjects("areas", OperatingArea.self)
        partnerTypes = reader.enumerations("partner_types", PartnerType.self)
        self.init(
            id: id, version: version, name: name, effectiveFrom: effectiveFrom, currency: currency,
            hypothesis: hypothesis, areas: areas, partnerTypes: partnerTypes,
            productLines: reader.strings("product_lines"),
            intake: reader.optionalObject("intake", IntakeRules.self) ?? Defaults.intake,
            scoring: reader.object("scoring", ScoringRules.self),
            routing: reader.optionalObject("routing", RoutingRules.self) ?? Defaults.routing,
            handoff: reader.object("handoff", HandoffRules.self),
            review: reader.optionalObject("review", ReviewRules.self) ?? Defaults.review,
            protection: reader.optionalObject("protection", ProtectionRules.self) ?? Defaults.protection,
            conflict: reader.optionalObject("conflict", ConflictRules.self) ?? Defaults.conflict,
            attribution: reader.optionalObject("attribution", AttributionRules.self) ?? Defaults.attribution,
            salesCompensation: reader.optionalObject("sales_compensation", SalesCompensationRules.self)
                ?? Defaults.salesCompensation,
            plays: reader.objects("plays", CoSellingPlay.self),
            commission: reader.optionalObject("commission", CommissionRules.self) ?? Defaults.commission,
            terms: reader.requiredObjects("terms", TermsFields.self).map {
                $0.terms(defaultEffectiveFrom: effectiveFrom)
            },
            payout: reader.object("payout", PayoutFields.self).rules(currency: currency),
            fraud: reader.optionalObject("fraud", FraudRules.self) ?? Defaults.fraud,
            partnerEnd: reader.optionalObject("partner_end", PartnerEndRules.self) ?? Defaults.partnerEnd,
            agreement: reader.optionalObject("agreement", Agreement.self) ?? Agreement(),
            suffixListHash: reader.optionalString("suffix_list_sha256"))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("program_id", id)
        writer.integer("version", version)
        writer.string("name", name)
        writer.value("effective_from", effectiveFrom)
        writer.value("currency", currency)
        writer.object("hypothesis", hypothesis)
        writer.objects("areas", areas)
        writer.enumerations("partner_types", partnerTypes)
        writer.strings("product_lines", productLines)
        writer.object("intake", intake)
        writer.object("scoring", scoring)
        writer.object("routing", routing)
        writer.object("handoff", handoff)
        writer.object("review", review)
        writer.object("protection", protection)
        writer.object("conflict", conflict)
        writer.object("attribution", attribution)
        writer.object("sales_compensation", salesCompensation)
        writer.objects("plays", plays)
        writer.object("commission", commission)
        writer.objects("terms", terms.map(TermsFields.init))
        writer.object("payout", PayoutFields(payout))
        writer.object("fraud", fraud)
        writer.object("partner_end", partnerEnd)
        writer.object("agreement", agreement)
        writer.string("suffix_list_sha256", suffixListHash)
    }
}

/// Bounds of the numbers in a programme file.
enum ProgramBounds {
    /// Ten years.
    static let days: ClosedRange<Int64> = 0...3_650
    static let hours: ClosedRange<Int64> = 1...8_760
    static let score: ClosedRange<Int64> = 0...100
    static let counts: ClosedRange<Int64> = 0...1_000_000
}

extension ObjectReader {
    /// Words out of a closed list; the default when absent. An empty list stays empty.
    mutating func enumerations<E: RawRepresentable & CaseIterable>(
        _ name: StaticString, _ type: E.Type, default defaultValue: [E]
    ) -> [E] where E.RawValue == String {
        let words = enumerations(name, type)
        return words.isEmpty && json(name) == nil ? defaultValue : words
    }

    /// Amounts by currency; the default when absent. An empty table stays empty.
    mutating func amounts(_ name: StaticString, default defaultValue: @autoclosure () -> [Currency: Int64])
        -> [Currency: Int64]
    {
        let amounts = amounts(name)
        return amounts.isEmpty && json(name) == nil ? defaultValue() : amounts
    }

    /// Numbers within a range by words out of a closed list; empty when absent.
    mutating func integers<E: RawRepresentable & CaseIterable & Hashable>(
        _ name: StaticString, by type: E.Type, in range: ClosedRange<Int64>
    ) -> [E: Int64] where E.RawValue == String {
        var values: [E: Int64] = [:]
        for (word, number) in integerMap(name) {
            guard let key = E(rawValue: word) else {
                let words = E.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
                fail(name, expected: "names out of \(words)", found: "\"\(word.prefix(60))\"")
                continue
            }
            if !range.contains(number) {
                fail(
                    name, expected: "integers from \(range.lowerBound) to \(range.upperBound)",
                    found: "\(number) for \(word)")
            }
            values[key] = number
        }
        return values
    }
}

extension ObjectWriter {
    /// Words that are written even if there are none: an empty list is not the default.
    mutating func explicitEnumerations<E: RawRepresentable>(_ name: StaticString, _ values: [E])
    where E.RawValue == String {
        json(name, .array(values.map { .string($0.rawValue) }))
    }

    /// Amounts that are written even if there are none: an empty table is not the default.
    mutating func explicitAmounts(_ name: StaticString, _ amounts: [Currency: Int64]) {
        json(name, .object(amounts.sorted { $0.key < $1.key }.map { ($0.key.code, .integer($0.value)) }))
    }

    mutating func integers<E: RawRepresentable & Hashable>(_ name: StaticString, _ values: [E: Int64])
    where E.RawValue == String {
        integerMap(name, Dictionary(uniqueKeysWithValues: values.map { ($0.key.rawValue, $0.value) }))
    }
}
