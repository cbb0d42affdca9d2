package import Domain
package import JSON

extension Referral: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("referral_id", as: ReferralID.self),
            account: reader.optionalValue("account_key", as: AccountKey.self),
            submission: reader.object("submission", ReferralSubmission.self),
            origin: reader.object("origin", ReferralOrigin.self),
            submittedAt: reader.value("submitted_at", as: Timestamp.self),
            programVersion: reader.integer("program_version"))
        state = reader.enumeration("state", ReferralState.self)
        changedAt = reader.value("changed_at", as: Timestamp.self)
        assessment = reader.optionalObject("assessment", ReferralAssessment.self)
        reason = reader.optionalEnumeration("reason", RejectReason.self)
        problems = reader.objects("problems", FieldProblem.self)
        duplicateOf = reader.optionalValue("duplicate_of", as: ReferralID.self)
        actor = reader.optionalValue("actor", as: Actor.self)
        note = reader.optionalString("note")
        resubmitBy = reader.optionalValue("resubmit_by", as: Timestamp.self)
        opportunity = reader.optionalValue("opportunity_id", as: OpportunityID.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("referral_id", id)
        writer.value("account_key", account)
        writer.object("submission", submission)
        writer.object("origin", origin)
        writer.value("submitted_at", submittedAt)
        writer.integer("program_version", programVersion)
        writer.enumeration("state", state)
        writer.value("changed_at", changedAt)
        writer.object("assessment", assessment)
        writer.enumeration("reason", reason)
        writer.objects("problems", problems)
        writer.value("duplicate_of", duplicateOf)
        writer.value("actor", actor)
        writer.string("note", note)
        writer.value("resubmit_by", resubmitBy)
        writer.value("opportunity_id", opportunity)
    }
}

extension ReferralOrigin: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(source: reader.string("source"), eventID: reader.string("event_id"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("source", source)
        writer.string("event_id", eventID)
    }
}

extension ReferralAssessment: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            partnerType: reader.enumeration("partner_type", PartnerType.self),
            tier: reader.enumeration("tier", Tier.self), terms: reader.optionalObject("terms", TermsReference.self),
            fit: reader.object("fit", Score.self), intent: reader.object("intent", Score.self),
            route: reader.enumeration("route", ReferralRoute.self),
            reasons: reader.enumerations("reasons", RouteReason.self),
            hints: reader.enumerations("hints", FraudHint.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("partner_type", partnerType)
        writer.enumeration("tier", tier)
        writer.object("terms", terms)
        writer.object("fit", fit)
        writer.object("intent", intent)
        writer.enumeration("route", route)
        writer.enumerations("reasons", reasons)
        writer.enumerations("hints", hints)
    }
}

extension Score: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            value: reader.integer("value", in: 0...100),
            contributions: reader.objects("contributions", Contribution.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("value", value)
        writer.objects("contributions", contributions)
    }
}

extension Score.Contribution: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            criterion: reader.string("criterion"), weight: reader.integer("weight"), points: reader.integer("points"),
            found: reader.optionalString("found"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("criterion", criterion)
        writer.integer("weight", weight)
        writer.integer("points", points)
        writer.string("found", found)
    }
}

extension FieldProblem: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(reader.string("pointer"), expected: reader.string("expected"), found: reader.string("found"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("pointer", pointer)
        writer.string("expected", expected)
        writer.string("found", found)
    }
}
