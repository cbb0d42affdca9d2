import Domain
package import JSON

extension ReviewRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let standard = Program.Defaults.review
        self.init(
            hours: reader.optionalInteger("hours", in: ProgramBounds.hours) ?? standard.hours,
            priorityHours: reader.optionalInteger("priority_hours", in: ProgramBounds.hours) ?? standard.priorityHours,
            priorityTiers: reader.enumerations("priority_tiers", Tier.self, default: standard.priorityTiers),
            onOverdue: reader.optionalEnumeration("on_overdue", OnOverdue.self) ?? standard.onOverdue,
            reminderAt: reader.optionalBasisPoints("reminder_at_bp") ?? standard.reminderAt,
            rejectReasons: reader.enumerations("reject_reasons", RejectReason.self, default: standard.rejectReasons))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("hours", hours)
        writer.integer("priority_hours", priorityHours)
        writer.explicitEnumerations("priority_tiers", priorityTiers)
        writer.enumeration("on_overdue", onOverdue)
        writer.basisPoints("reminder_at_bp", reminderAt)
        writer.explicitEnumerations("reject_reasons", rejectReasons)
    }
}

extension ProtectionRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let standard = Program.Defaults.protection
        self.init(
            days: reader.optionalInteger("days", in: ProgramBounds.days) ?? standard.days,
            daysByTier: reader.integers("days_by_tier", by: Tier.self, in: ProgramBounds.days),
            daysByType: reader.integers("days_by_type", by: PartnerType.self, in: ProgramBounds.days),
            reminderDays: reader.optionalInteger("reminder_days", in: ProgramBounds.days) ?? standard.reminderDays,
            extensionDays: reader.optionalInteger("extension_days", in: ProgramBounds.days) ?? standard.extensionDays,
            maximumExtensions: reader.optionalInteger("max_extensions", in: ProgramBounds.counts)
                ?? standard.maximumExtensions,
            directActivityDays: reader.optionalInteger("direct_activity_days", in: ProgramBounds.days)
                ?? standard.directActivityDays,
            unregisteredClaimDays: reader.optionalInteger("unregistered_claim_days", in: ProgramBounds.days)
                ?? standard.unregisteredClaimDays)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("days", days)
        writer.integers("days_by_tier", daysByTier)
        writer.integers("days_by_type", daysByType)
        writer.integer("reminder_days", reminderDays)
        writer.integer("extension_days", extensionDays)
        writer.integer("max_extensions", maximumExtensions)
        writer.integer("direct_activity_days", directActivityDays)
        writer.integer("unregistered_claim_days", unregisteredClaimDays)
    }
}

extension ConflictRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            appealDays: reader.optionalInteger("appeal_days", in: ProgramBounds.days)
                ?? Program.Defaults.conflict.appealDays)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("appeal_days", appealDays)
    }
}

extension AttributionRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let standard = Program.Defaults.attribution
        self.init(
            influenceDays: reader.optionalInteger("influence_days", in: ProgramBounds.days) ?? standard.influenceDays,
            assistingKinds: reader.enumerations(
                "assisting_kinds", TouchKindName.self, default: standard.assistingKinds))
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("influence_days", influenceDays)
        writer.explicitEnumerations("assisting_kinds", assistingKinds)
    }
}

extension SalesCompensationRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let standard = Program.Defaults.salesCompensation
        self.init(
            sourcedCoSold: reader.optionalBasisPoints("sourced_co_sold_bp") ?? standard.sourcedCoSold,
            sourcedPartnerClosed: reader.optionalBasisPoints("sourced_partner_closed_bp")
                ?? standard.sourcedPartnerClosed,
            sourcedOther: reader.optionalBasisPoints("sourced_other_bp") ?? standard.sourcedOther,
            notSourced: reader.optionalBasisPoints("not_sourced_bp") ?? standard.notSourced)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.basisPoints("sourced_co_sold_bp", sourcedCoSold)
        writer.basisPoints("sourced_partner_closed_bp", sourcedPartnerClosed)
        writer.basisPoints("sourced_other_bp", sourcedOther)
        writer.basisPoints("not_sourced_bp", notSourced)
    }
}

extension PartnerEndRules: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            tailDays: reader.optionalInteger("tail_days", in: ProgramBounds.days)
                ?? Program.Defaults.partnerEnd.tailDays)
        reader.rejectUnknown()
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("tail_days", tailDays)
    }
}
