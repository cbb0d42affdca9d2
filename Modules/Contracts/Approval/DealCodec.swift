package import Domain
package import JSON

extension Touch: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("touch_id", as: TouchID.self), account: reader.object("account", AccountReference.self),
            party: reader.value("party", as: Party.self), kind: reader.enumeration("kind", TouchKindName.self),
            productLine: reader.optionalString("product_line"), source: reader.optionalString("source"),
            confirmedBy: reader.optionalString("confirmed_by"), minutes: reader.optionalInteger("minutes"),
            note: reader.optionalString("note"), occurredAt: reader.value("occurred_at", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("touch_id", id)
        writer.object("account", account)
        writer.value("party", party)
        writer.enumeration("kind", kind)
        writer.string("product_line", productLine)
        writer.string("source", source)
        writer.string("confirmed_by", confirmedBy)
        writer.integer("minutes", minutes)
        writer.string("note", note)
        writer.value("occurred_at", occurredAt)
    }
}

extension Opportunity: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("opportunity_id", as: OpportunityID.self), revision: reader.integer("revision"),
            account: reader.object("account", AccountReference.self), productLine: reader.string("product_line"),
            stage: reader.enumeration("stage", OpportunityStage.self),
            motion: reader.enumeration("motion", SalesMotion.self),
            kind: reader.enumeration("kind", OpportunityType.self),
            partner: reader.optionalValue("partner_id", as: PartnerID.self), duties: reader.strings("duties"),
            settlement: reader.enumeration("settlement", PlanLine.Settlement.self),
            play: reader.optionalString("play"), playRun: reader.optionalString("play_run_id"),
            firstYearValue: reader.object("first_year_value", Money.self),
            totalValue: reader.optionalObject("total_value", Money.self),
            createdAt: reader.value("created_at", as: Timestamp.self),
            closedAt: reader.optionalValue("closed_at", as: Timestamp.self),
            lostReason: reader.optionalString("lost_reason"), salesRep: reader.optionalString("sales_rep"),
            changedAt: reader.value("changed_at", as: Timestamp.self))
        qualifiedAt = reader.optionalValue("qualified_at", as: Timestamp.self)
        proposalAt = reader.optionalValue("proposal_at", as: Timestamp.self)
        firstWonAt = reader.optionalValue("first_won_at", as: Timestamp.self)
        reversedMinor = reader.optionalInteger("reversed_minor") ?? 0
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("opportunity_id", id)
        writer.integer("revision", revision)
        writer.object("account", account)
        writer.string("product_line", productLine)
        writer.enumeration("stage", stage)
        writer.enumeration("motion", motion)
        writer.enumeration("kind", kind)
        writer.value("partner_id", partner)
        writer.strings("duties", duties)
        writer.enumeration("settlement", settlement)
        writer.string("play", play)
        writer.string("play_run_id", playRun)
        writer.object("first_year_value", firstYearValue)
        writer.object("total_value", totalValue)
        writer.value("created_at", createdAt)
        writer.value("closed_at", closedAt)
        writer.string("lost_reason", lostReason)
        writer.string("sales_rep", salesRep)
        writer.value("changed_at", changedAt)
        writer.value("qualified_at", qualifiedAt)
        writer.value("proposal_at", proposalAt)
        writer.value("first_won_at", firstWonAt)
        writer.integer("reversed_minor", reversedMinor == 0 ? nil : reversedMinor)
    }
}
