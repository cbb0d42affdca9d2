package import Domain
package import JSON

extension Registration: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            id: reader.value("registration_id", as: RegistrationID.self),
            referral: reader.value("referral_id", as: ReferralID.self),
            account: reader.object("account", AccountReference.self), productLine: reader.string("product_line"),
            partner: reader.value("partner_id", as: PartnerID.self),
            partnerType: reader.enumeration("partner_type", PartnerType.self),
            tier: reader.enumeration("tier", Tier.self), sequence: reader.integer("sequence"),
            submittedAt: reader.value("submitted_at", as: Timestamp.self),
            claimedStage: reader.enumeration("claimed_stage", RegistrationStage.self),
            programVersion: reader.integer("program_version"),
            terms: reader.optionalObject("terms", TermsReference.self),
            evidence: reader.objects("evidence", Evidence.self),
            opportunity: reader.optionalValue("opportunity_id", as: OpportunityID.self))
        state = reader.enumeration("state", RegistrationState.self)
        stage = reader.enumeration("stage", RegistrationStage.self)
        decision = reader.optionalObject("decision", ClaimDecision.self)
        window = reader.optionalObject("window", ProtectionWindow.self)
        extensions = reader.objects("extensions", ProtectionExtension.self)
        conflict = reader.optionalValue("conflict_id", as: ConflictID.self)
        share = BasisPoints(reader.optionalInteger("share_bp") ?? 10_000)
        isForfeited = reader.optionalBoolean("forfeited") ?? false
        convertedAt = reader.optionalValue("converted_at", as: Timestamp.self)
        tailUntil = reader.optionalValue("tail_until", as: Timestamp.self)
        roles = reader.optionalObject("roles", RoleList.self)?.roles ?? [:]
        changedAt = reader.value("changed_at", as: Timestamp.self)
        isReminded = reader.optionalBoolean("reminded") ?? false
        timerDue = reader.optionalValue("timer_due", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("registration_id", id)
        writer.value("referral_id", referral)
        writer.object("account", account)
        writer.string("product_line", productLine)
        writer.value("partner_id", partner)
        writer.enumeration("partner_type", partnerType)
        writer.enumeration("tier", tier)
        writer.integer("sequence", sequence)
        writer.value("submitted_at", submittedAt)
        writer.enumeration("claimed_stage", claimedStage)
        writer.integer("program_version", programVersion)
        writer.object("terms", terms)
        writer.objects("evidence", evidence)
        writer.value("opportunity_id", opportunity)
        writer.enumeration("state", state)
        writer.enumeration("stage", stage)
        writer.object("decision", decision)
        writer.object("window", window)
        writer.objects("extensions", extensions)
        writer.value("conflict_id", conflict)
        writer.integer("share_bp", share == .whole ? nil : share.value)
        writer.boolean("forfeited", isForfeited ? true : nil)
        writer.value("converted_at", convertedAt)
        writer.value("tail_until", tailUntil)
        writer.object("roles", RoleList(roles))
        writer.value("changed_at", changedAt)
        writer.boolean("reminded", isReminded ? true : nil)
        writer.value("timer_due", timerDue)
    }
}

extension ClaimDecision: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            actor: reader.value("actor", as: Actor.self), at: reader.value("at", as: Timestamp.self),
            reason: reader.optionalEnumeration("reason", RejectReason.self), note: reader.optionalString("note"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("actor", actor)
        writer.value("at", at)
        writer.enumeration("reason", reason)
        writer.string("note", note)
    }
}

extension ProtectionWindow: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(start: reader.value("start", as: Timestamp.self), end: reader.value("end", as: Timestamp.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("start", start)
        writer.value("end", end)
    }
}

extension ProtectionExtension: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            requestedAt: reader.value("requested_at", as: Timestamp.self), requestedBy: reader.string("requested_by"),
            reason: reader.string("reason"), days: reader.integer("days"),
            due: reader.value("due", as: Timestamp.self), isEscalated: reader.optionalBoolean("escalated") ?? false,
            decision: reader.optionalObject("decision", ExtensionDecision.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("requested_at", requestedAt)
        writer.string("requested_by", requestedBy)
        writer.string("reason", reason)
        writer.integer("days", days)
        writer.value("due", due)
        writer.boolean("escalated", isEscalated ? true : nil)
        writer.object("decision", decision)
    }
}

extension ExtensionDecision: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            isApproved: reader.boolean("approved"), actor: reader.value("actor", as: Actor.self),
            at: reader.value("at", as: Timestamp.self), note: reader.optionalString("note"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.boolean("approved", isApproved)
        writer.value("actor", actor)
        writer.value("at", at)
        writer.string("note", note)
    }
}
