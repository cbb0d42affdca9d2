import Domain
package import JSON

extension PartnershipHypothesis: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            partnerType: reader.enumeration("partner_type", PartnerType.self), sends: reader.string("sends"),
            why: reader.string("why"), gets: reader.string("gets"))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("partner_type", partnerType)
        writer.string("sends", sends)
        writer.string("why", why)
        writer.string("gets", gets)
    }
}

extension OperatingArea: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            area: reader.enumeration("area", Area.self), owner: reader.value("owner", as: PersonID.self),
            definition: reader.string("definition"))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("area", area)
        writer.value("owner", owner)
        writer.string("definition", definition)
    }
}

extension Agreement: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            title: reader.optionalString("title"), paymentTiming: reader.optionalString("payment_timing"),
            exclusivity: reader.optionalString("exclusivity"),
            intellectualProperty: reader.optionalString("intellectual_property"),
            permittedClaims: reader.optionalString("permitted_claims"),
            termination: reader.optionalString("termination"),
            referralProcess: reader.optionalString("referral_process"))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("title", title)
        writer.string("payment_timing", paymentTiming)
        writer.string("exclusivity", exclusivity)
        writer.string("intellectual_property", intellectualProperty)
        writer.string("permitted_claims", permittedClaims)
        writer.string("termination", termination)
        writer.string("referral_process", referralProcess)
    }
}
