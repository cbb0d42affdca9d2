package import Domain
package import JSON

extension Attribution: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("attribution_id", as: AttributionID.self),
            opportunity: reader.value("opportunity_id", as: OpportunityID.self),
            account: reader.object("account", AccountReference.self), productLine: reader.string("product_line"),
            kind: reader.enumeration("kind", OpportunityType.self),
            motion: reader.enumeration("motion", SalesMotion.self),
            revision: reader.integer("revision"), state: reader.enumeration("state", State.self),
            revenueClass: reader.enumeration("revenue_class", RevenueClass.self),
            firstYearValue: reader.object("first_year_value", Money.self),
            totalValue: reader.object("total_value", Money.self),
            closedAt: reader.value("closed_at", as: Timestamp.self),
            programVersion: reader.integer("program_version"),
            decidedAt: reader.value("decided_at", as: Timestamp.self),
            conflict: reader.optionalValue("conflict_id", as: ConflictID.self),
            credits: reader.objects("credits", Credit.self),
            evidenceUsed: reader.objects("evidence_used", EvidenceNote.self),
            evidenceRefused: reader.objects("evidence_refused", EvidenceNote.self),
            salesCompensation: reader.object("sales_compensation", SalesCompensation.self),
            reversedMinor: reader.optionalInteger("reversed_minor") ?? 0,
            conditions: reader.optionalObject("conditions", DealConditions.self),
            lockedCredits: reader.objects("locked_credits", Credit.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("attribution_id", id)
        writer.value("opportunity_id", opportunity)
        writer.object("account", account)
        writer.string("product_line", productLine)
        writer.enumeration("kind", kind)
        writer.enumeration("motion", motion)
        writer.integer("revision", revision)
        writer.enumeration("state", state)
        writer.enumeration("revenue_class", revenueClass)
        writer.object("first_year_value", firstYearValue)
        writer.object("total_value", totalValue)
        writer.value("closed_at", closedAt)
        writer.integer("program_version", programVersion)
        writer.value("decided_at", decidedAt)
        writer.value("conflict_id", conflict)
        writer.objects("credits", credits)
        writer.objects("evidence_used", evidenceUsed)
        writer.objects("evidence_refused", evidenceRefused)
        writer.object("sales_compensation", salesCompensation)
        writer.integer("reversed_minor", reversedMinor == 0 ? nil : reversedMinor)
        writer.object("conditions", conditions)
        writer.objects("locked_credits", lockedCredits)
    }
}

extension DealConditions: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            duties: reader.strings("duties"), settlement: reader.enumeration("settlement", PlanLine.Settlement.self),
            playRun: reader.optionalString("play_run_id"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.strings("duties", duties)
        writer.enumeration("settlement", settlement)
        writer.string("play_run_id", playRun)
    }
}

extension Credit: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            partner: reader.value("partner_id", as: PartnerID.self),
            partnerType: reader.enumeration("partner_type", PartnerType.self),
            tier: reader.enumeration("tier", Tier.self), creditClass: reader.enumeration("class", CreditClass.self),
            reason: reader.enumeration("reason", Reason.self),
            stage: reader.optionalEnumeration("stage", RegistrationStage.self),
            share: BasisPoints(reader.integer("share_bp", in: 0...10_000)),
            firstYear: reader.object("first_year", Money.self), total: reader.object("total", Money.self),
            registration: reader.optionalValue("registration_id", as: RegistrationID.self),
            registeredAt: reader.optionalValue("registered_at", as: Timestamp.self),
            referral: reader.optionalValue("referral_id", as: ReferralID.self),
            terms: reader.optionalObject("terms", TermsReference.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.enumeration("partner_type", partnerType)
        writer.enumeration("tier", tier)
        writer.enumeration("class", creditClass)
        writer.enumeration("reason", reason)
        writer.enumeration("stage", stage)
        writer.integer("share_bp", share.value)
        writer.object("first_year", firstYear)
        writer.object("total", total)
        writer.value("registration_id", registration)
        writer.value("registered_at", registeredAt)
        writer.value("referral_id", referral)
        writer.object("terms", terms)
    }
}

extension EvidenceNote: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            reference: reader.string("reference"), party: reader.value("party", as: Party.self),
            text: reader.string("text"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("reference", reference)
        writer.value("party", party)
        writer.string("text", text)
    }
}

extension SalesCompensation: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            salesRep: reader.optionalString("sales_rep"), rule: reader.enumeration("rule", Rule.self),
            share: BasisPoints(reader.integer("share_bp", in: 0...10_000)),
            credited: reader.object("credited", Money.self), play: reader.optionalString("play"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("sales_rep", salesRep)
        writer.enumeration("rule", rule)
        writer.integer("share_bp", share.value)
        writer.object("credited", credited)
        writer.string("play", play)
    }
}
