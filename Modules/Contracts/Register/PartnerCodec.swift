package import Domain
package import JSON

extension Partner: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("partner_id", as: PartnerID.self), version: reader.integer("version", in: 1...Int64.max),
            name: reader.string("name"), domain: reader.string("domain"),
            types: reader.enumerations("types", PartnerType.self),
            tier: reader.optionalEnumeration("tier", Tier.self) ?? .registered,
            status: reader.optionalEnumeration("status", Status.self) ?? .active,
            currency: reader.value("currency", as: Currency.self), locale: reader.optionalString("locale") ?? "en",
            contact: reader.object("contact", ContactAddress.self),
            isTaxFormOnFile: reader.optionalBoolean("tax_form_on_file") ?? false,
            vatID: reader.optionalString("vat_id"), effectiveAt: reader.value("effective_at", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", id)
        writer.integer("version", version)
        writer.string("name", name)
        writer.string("domain", domain)
        writer.enumerations("types", types)
        writer.enumeration("tier", tier)
        writer.enumeration("status", status)
        writer.value("currency", currency)
        writer.string("locale", locale)
        writer.object("contact", contact)
        writer.boolean("tax_form_on_file", isTaxFormOnFile)
        writer.string("vat_id", vatID)
        writer.value("effective_at", effectiveAt)
    }
}

extension Person: JSONCodable {
    /// The fields that are about the human being stand together in `person`.
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("person_id", as: PersonID.self), version: reader.integer("version", in: 1...Int64.max),
            contact: reader.object("person", ContactAddress.self), roles: reader.enumerations("roles", Role.self),
            partner: reader.optionalValue("partner_id", as: PartnerID.self),
            isActive: reader.optionalBoolean("active") ?? true,
            effectiveAt: reader.value("effective_at", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("person_id", id)
        writer.integer("version", version)
        writer.object("person", contact)
        writer.enumerations("roles", roles)
        writer.value("partner_id", partner)
        writer.boolean("active", isActive)
        writer.value("effective_at", effectiveAt)
    }
}

extension TermsAcceptance: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            partner: reader.value("partner_id", as: PartnerID.self), terms: reader.value("terms_id", as: TermsID.self),
            version: reader.integer("version", in: 1...Int64.max), acceptedBy: reader.string("accepted_by"),
            acceptedAt: reader.value("occurred_at", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.value("terms_id", terms)
        writer.integer("version", version)
        writer.string("accepted_by", acceptedBy)
        writer.value("occurred_at", acceptedAt)
    }
}

extension Payee: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            partner: reader.value("partner_id", as: PartnerID.self),
            version: reader.integer("version", in: 1...Int64.max), isVerified: reader.boolean("verified"),
            accountFingerprint: reader.string("account_fingerprint"),
            effectiveAt: reader.value("effective_at", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.integer("version", version)
        writer.boolean("verified", isVerified)
        writer.string("account_fingerprint", accountFingerprint)
        writer.value("effective_at", effectiveAt)
    }
}

extension PayeeAccount: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(name: reader.string("name"), iban: reader.string("iban"), bic: reader.optionalString("bic"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.string("iban", iban)
        writer.string("bic", bic)
    }
}

extension FXRate: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            from: reader.value("from", as: Currency.self), to: reader.value("to", as: Currency.self),
            date: reader.value("date", as: CalendarDate.self), rate: reader.value("rate", as: FXRateText.self).text,
            source: reader.string("source"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("from", from)
        writer.value("to", to)
        writer.value("date", date)
        writer.string("rate", rate)
        writer.string("source", source)
    }
}

/// A decimal greater than zero with at most 9 digits before and 10 after the point; no sign, no exponent.
private struct FXRateText: JSONScalar {
    let text: String

    init(text: String) { self.text = text }

    init?(jsonText: String) {
        guard FXRate.isRate(jsonText) else { return nil }
        text = jsonText
    }

    var jsonText: String { text }
    static var jsonExpectation: String { "a decimal greater than 0 with at most 10 places such as 1.0842" }
    static var jsonSchema: [(String, String)] { [("pattern", "^[0-9]{1,9}([.][0-9]{1,10})?$")] }
    static var jsonNeutral: FXRateText { FXRateText(text: "1") }
}
