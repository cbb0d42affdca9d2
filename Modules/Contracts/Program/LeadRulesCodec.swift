import Domain
package import JSON

extension IntakeRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let standard = Program.Defaults.intake
        self.init(
            requiredFields: reader.enumerations("required_fields", ReferralField.self),
            freeMailDomains: reader.strings("free_mail_domains"),
            maximumBackdatingPartnerDays: reader.optionalInteger("max_backdating_partner_days", in: ProgramBounds.days)
                ?? standard.maximumBackdatingPartnerDays,
            maximumBackdatingCRMDays: reader.optionalInteger("max_backdating_crm_days", in: ProgramBounds.days)
                ?? standard.maximumBackdatingCRMDays,
            duplicateDays: reader.optionalInteger("duplicate_days", in: ProgramBounds.days) ?? standard.duplicateDays,
            resubmissionDays: reader.optionalInteger("resubmission_days", in: ProgramBounds.days)
                ?? standard.resubmissionDays,
            acceptanceDays: reader.optionalInteger("acceptance_days", in: ProgramBounds.days)
                ?? standard.acceptanceDays)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumerations("required_fields", requiredFields)
        writer.strings("free_mail_domains", freeMailDomains)
        writer.integer("max_backdating_partner_days", maximumBackdatingPartnerDays)
        writer.integer("max_backdating_crm_days", maximumBackdatingCRMDays)
        writer.integer("duplicate_days", duplicateDays)
        writer.integer("resubmission_days", resubmissionDays)
        writer.integer("acceptance_days", acceptanceDays)
    }
}

extension ScoringRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let fit = reader.requiredObjects("fit", ScoringCriterion.self)
        let intent = reader.objects("intent", ScoringCriterion.self)
        self.init(fit: fit, intent: intent.isEmpty ? Program.Defaults.intent : intent)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.objects("fit", fit)
        writer.objects("intent", intent)
    }
}

extension ScoringCriterion: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            name: reader.string("name"), subject: reader.enumeration("subject", Subject.self),
            weight: reader.integer("weight", in: ProgramBounds.counts),
            points: reader.requiredObjects("points", PointRow.self))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.enumeration("subject", subject)
        writer.integer("weight", weight)
        writer.objects("points", points)
    }
}

extension PointRow: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            from: reader.optionalInteger("from"), upTo: reader.optionalInteger("below"),
            values: reader.strings("values"), points: reader.integer("points", in: ProgramBounds.score))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("from", from)
        writer.integer("below", upTo)
        writer.strings("values", values)
        writer.integer("points", points)
    }
}

extension RoutingRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let standard = Program.Defaults.routing
        self.init(
            rejectBelowFit: reader.optionalInteger("reject_below_fit", in: ProgramBounds.score)
                ?? standard.rejectBelowFit,
            acceptFit: reader.optionalInteger("accept_fit", in: ProgramBounds.score) ?? standard.acceptFit,
            acceptIntent: reader.optionalInteger("accept_intent", in: ProgramBounds.score) ?? standard.acceptIntent,
            acceptTiers: reader.enumerations("accept_tiers", Tier.self, default: standard.acceptTiers))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("reject_below_fit", rejectBelowFit)
        writer.integer("accept_fit", acceptFit)
        writer.integer("accept_intent", acceptIntent)
        writer.explicitEnumerations("accept_tiers", acceptTiers)
    }
}

extension HandoffRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            contact: reader.value("contact", as: PersonID.self),
            firstContactBusinessDays: reader.optionalInteger("first_contact_business_days", in: ProgramBounds.days)
                ?? Program.Defaults.firstContactBusinessDays)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("contact", contact)
        writer.integer("first_contact_business_days", firstContactBusinessDays)
    }
}
