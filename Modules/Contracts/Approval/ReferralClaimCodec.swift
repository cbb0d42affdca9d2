package import Domain
package import JSON

extension ReferralClaim: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("referral_id", as: ReferralID.self),
            account: reader.object("account", AccountReference.self), productLine: reader.string("product_line"),
            partner: reader.value("partner_id", as: PartnerID.self),
            partnerType: reader.enumeration("partner_type", PartnerType.self),
            tier: reader.enumeration("tier", Tier.self),
            registration: reader.optionalValue("registration_id", as: RegistrationID.self),
            state: reader.enumeration("state", State.self), sequence: reader.integer("sequence"),
            submittedAt: reader.value("submitted_at", as: Timestamp.self),
            programVersion: reader.integer("program_version"),
            terms: reader.optionalObject("terms", TermsReference.self))
        proposedReasons = reader.enumerations("proposed_reasons", RejectReason.self)
        hints = reader.enumerations("hints", FraudHint.self)
        review = reader.optionalObject("review", ReviewClock.self)
        isReminded = reader.optionalBoolean("reminded") ?? false
        isEscalated = reader.optionalBoolean("escalated") ?? false
        decision = reader.optionalObject("decision", ClaimDecision.self)
        handoff = reader.optionalObject("handoff", Handoff.self)
        returnedAt = reader.optionalValue("returned_at", as: Timestamp.self)
        opportunity = reader.optionalValue("opportunity_id", as: OpportunityID.self)
        timerDue = reader.optionalValue("timer_due", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("referral_id", id)
        writer.object("account", account)
        writer.string("product_line", productLine)
        writer.value("partner_id", partner)
        writer.enumeration("partner_type", partnerType)
        writer.enumeration("tier", tier)
        writer.value("registration_id", registration)
        writer.enumeration("state", state)
        writer.integer("sequence", sequence)
        writer.value("submitted_at", submittedAt)
        writer.integer("program_version", programVersion)
        writer.object("terms", terms)
        writer.enumerations("proposed_reasons", proposedReasons)
        writer.enumerations("hints", hints)
        writer.object("review", review)
        writer.boolean("reminded", isReminded ? true : nil)
        writer.boolean("escalated", isEscalated ? true : nil)
        writer.object("decision", decision)
        writer.object("handoff", handoff)
        writer.value("returned_at", returnedAt)
        writer.value("opportunity_id", opportunity)
        writer.value("timer_due", timerDue)
    }
}

extension ReviewClock: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            openedAt: reader.value("opened_at", as: Timestamp.self),
            reminder: reader.value("reminder", as: Timestamp.self), due: reader.value("due", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("opened_at", openedAt)
        writer.value("reminder", reminder)
        writer.value("due", due)
    }
}

extension Handoff: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            contact: reader.value("contact", as: PersonID.self),
            acceptedAt: reader.value("accepted_at", as: Timestamp.self),
            firstContactDue: reader.value("first_contact_due", as: Timestamp.self),
            firstContactAt: reader.optionalValue("first_contact_at", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("contact", contact)
        writer.value("accepted_at", acceptedAt)
        writer.value("first_contact_due", firstContactDue)
        writer.value("first_contact_at", firstContactAt)
    }
}
