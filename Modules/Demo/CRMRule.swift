package import Domain
package import JSON
package import YAML

/// How sample partners are added to a real CRM export: what of its deals they referred, claimed or worked on.
package struct CRMRule: Sendable, JSONReadable {
    /// Days before or after a deal's creation, both included.
    package struct Days: Sendable, Hashable, JSONReadable {
        package var from: Int
        package var to: Int

        package init(reading reader: inout ObjectReader) {
            from = Int(reader.integer("from", in: 0...365))
            to = Int(reader.integer("to", in: 0...365))
            reader.rejectUnknown()
            if !reader.isRecording && to < from {
                reader.fail("to", expected: "at least `from` (\(from))", found: "\(to)")
            }
        }
    }

    /// One kind of thing that partners, or direct sales, did on a part of the deals.
    package struct Part: Sendable, Hashable, JSONReadable {
        /// Of all deals, in basis points.
        package var share: Int64
        package var days: Days
        package var isBefore: Bool
        package var stage: RegistrationStage
        package var kinds: [TouchKindName]
        package var confirmedBy: PersonID?

        package init(reading reader: inout ObjectReader) {
            share = reader.integer("share_bp", in: 0...10_000)
            let before = reader.optionalObject("days_before", Days.self)
            let after = reader.optionalObject("days_after", Days.self)
            stage = reader.optionalEnumeration("stage", RegistrationStage.self) ?? .beforeContact
            kinds = reader.enumerations("kinds", TouchKindName.self)
            confirmedBy = reader.optionalValue("confirmed_by", as: PersonID.self)
            reader.rejectUnknown()
            isBefore = before != nil
            if let days = before ?? after {
                self.days = days
            } else {
                days = Days()
            }
            if !reader.isRecording && (before == nil) == (after == nil) {
                reader.fail("days_before", expected: "either `days_before` or `days_after`", found: "not one of them")
            }
        }
    }

    package var name: String
    package var starts: CalendarDate
    package var claims: Part
    package var contests: Part
    package var introductions: Part
    package var directTouches: Part
    package var partnerTouches: Part
    /// What the export calls a country, and its ISO 3166-1 code.
    package var countries: [String: String]
    package var industries: [String: String]

    package init(reading reader: inout ObjectReader) {
        name = reader.string("rule")
        starts = reader.value("starts", as: CalendarDate.self)
        claims = reader.object("claims", Part.self)
        contests = reader.object("contests", Part.self)
        introductions = reader.object("introductions", Part.self)
        directTouches = reader.object("direct_touches", Part.self)
        partnerTouches = reader.object("partner_touches", Part.self)
        countries = reader.stringMap("countries")
        industries = reader.stringMap("industries")
        reader.rejectUnknown()
    }

    /// Reads a rule file.
    package init(parsing bytes: [UInt8], file: String) throws(YAMLFailure) {
        self = try YAMLDocument.decode(CRMRule.self, from: bytes, file: file)
    }

    /// The rule in words, a line a part.
    package var lines: [String] {
        [
            "Rule \(name): 40 sample partners are in the programme from \(starts) on.",
            "\(percent(claims)) of all deals were registered (\(claims.stage.rawValue)) \(days(claims)) their creation;",
            "\(percent(contests)) were claimed by a second partner, \(days(contests)) the first;",
            "\(percent(introductions)) were introduced without a claim, \(days(introductions)) their creation;",
            "direct sales had contacted \(percent(directTouches)) of the accounts \(days(directTouches)) the deal;",
            "partners worked on \(percent(partnerTouches)), \(days(partnerTouches)) the creation, confirmed by sales.",
        ]
    }

    private func percent(_ part: Part) -> String { BasisPoints(part.share).description }

    private func days(_ part: Part) -> String {
        "\(part.days.from) to \(part.days.to) days \(part.isBefore ? "before" : "after")"
    }
}

extension CRMRule.Days {
    init() {
        from = 0
        to = 0
    }
}
