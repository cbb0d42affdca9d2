package import Domain
package import JSON

extension Conflict: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("conflict_id", as: ConflictID.self),
            account: reader.object("account", AccountReference.self), productLine: reader.string("product_line"),
            cause: reader.enumeration("cause", Cause.self), parties: reader.objects("parties", ConflictParty.self),
            openedAt: reader.value("opened_at", as: Timestamp.self))
        opportunity = reader.optionalValue("opportunity_id", as: OpportunityID.self)
        state = reader.enumeration("state", State.self)
        evidence = reader.objects("evidence", Evidence.self)
        decision = reader.optionalObject("decision", ConflictDecision.self)
        appeal = reader.optionalObject("appeal", ConflictAppeal.self)
        revision = reader.integer("revision")
        reviewDue = reader.optionalValue("review_due", as: Timestamp.self)
        disputedDeals = reader.objects("disputed_deals", DisputedDeal.self)
        isEscalated = reader.optionalBoolean("escalated") ?? false
        isFinal = reader.optionalBoolean("final") ?? false
        timerDue = reader.optionalValue("timer_due", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("conflict_id", id)
        writer.object("account", account)
        writer.string("product_line", productLine)
        writer.value("opportunity_id", opportunity)
        writer.enumeration("cause", cause)
        writer.objects("parties", parties)
        writer.value("opened_at", openedAt)
        writer.enumeration("state", state)
        writer.objects("evidence", evidence)
        writer.object("decision", decision)
        writer.object("appeal", appeal)
        writer.integer("revision", revision)
        writer.value("review_due", reviewDue)
        writer.objects("disputed_deals", disputedDeals)
        writer.boolean("escalated", isEscalated ? true : nil)
        writer.boolean("final", isFinal ? true : nil)
        writer.value("timer_due", timerDue)
    }
}

extension DisputedDeal: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            partner: reader.value("partner_id", as: PartnerID.self),
            opportunity: reader.value("opportunity_id", as: OpportunityID.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.value("opportunity_id", opportunity)
    }
}

extension ConflictParty: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            party: reader.value("party", as: Party.self),
            registration: reader.optionalValue("registration_id", as: RegistrationID.self),
            submittedAt: reader.optionalValue("submitted_at", as: Timestamp.self),
            touches: reader.objects("touches", DatedTouch.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("party", party)
        writer.value("registration_id", registration)
        writer.value("submitted_at", submittedAt)
        writer.objects("touches", touches)
    }
}

extension DatedTouch: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("touch_id", as: TouchID.self), kind: reader.enumeration("kind", TouchKindName.self),
            occurredAt: reader.value("occurred_at", as: Timestamp.self), isConfirmed: reader.boolean("confirmed"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("touch_id", id)
        writer.enumeration("kind", kind)
        writer.value("occurred_at", occurredAt)
        writer.boolean("confirmed", isConfirmed)
    }
}

extension ConflictDecision: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            outcome: reader.enumeration("outcome", ConflictOutcome.self),
            winner: reader.optionalValue("winner", as: Party.self),
            shares: reader.objects("shares", ConflictShare.self),
            evidence: reader.strings("evidence"), note: reader.optionalString("note"),
            actor: reader.value("actor", as: Actor.self), at: reader.value("at", as: Timestamp.self),
            appealUntil: reader.value("appeal_until", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("outcome", outcome)
        writer.value("winner", winner)
        writer.objects("shares", shares)
        writer.strings("evidence", evidence)
        writer.string("note", note)
        writer.value("actor", actor)
        writer.value("at", at)
        writer.value("appeal_until", appealUntil)
    }
}

extension ConflictAppeal: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            party: reader.value("party", as: Party.self), by: reader.string("by"),
            at: reader.value("at", as: Timestamp.self), reason: reader.string("reason"),
            against: reader.value("against", as: Actor.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("party", party)
        writer.string("by", by)
        writer.value("at", at)
        writer.string("reason", reason)
        writer.value("against", against)
    }
}
