package import Domain
package import JSON

extension Commission: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let id = reader.value("commission_id", as: CommissionID.self)
        let entry = reader.enumeration("entry", Entry.self)
        let state = reader.enumeration("state", State.self)
        let amount = reader.object("amount", Money.self)
        let reversed = reader.integer("reversed")
        let settled = reader.integer("settled")
        let cause = reader.string("cause")
        let line = reader.string("line")
        let base = reader.object("base", Money.self)
        let trigger = CommissionTrigger(
            partner: reader.value("partner_id", as: PartnerID.self),
            partnerType: reader.enumeration("partner_type", PartnerType.self),
            account: reader.object("account", AccountReference.self), productLine: reader.string("product_line"),
            opportunity: reader.optionalValue("opportunity_id", as: OpportunityID.self),
            referral: reader.optionalValue("referral_id", as: ReferralID.self),
            trigger: reader.enumeration("trigger", PlanLine.Trigger.self), revision: reader.integer("revision"),
            attribution: reader.optionalValue("attribution_id", as: AttributionID.self),
            registration: reader.optionalValue("registration_id", as: RegistrationID.self),
            creditClass: reader.enumeration("class", CreditClass.self), share: reader.basisPoints("share_bp"),
            firstYear: base, total: base, stage: nil, duties: [], settlement: .payout,
            tier: reader.enumeration("tier", Tier.self), kind: .new,
            terms: reader.optionalObject("terms_version", TermsReference.self),
            programVersion: reader.integer("program_version"), registeredAt: nil,
            closedAt: reader.value("closed_at", as: Timestamp.self), playRun: reader.optionalString("play_run_id"))
        self.init(
            id: id, entry: entry, state: state, amount: amount, trigger: trigger, line: line, base: base,
            rate: reader.optionalInteger("rate_bp").map { BasisPoints($0) },
            fx: reader.optionalObject("fx", FXRate.self), accruedAt: reader.value("accrued_at", as: Timestamp.self),
            holdUntil: reader.value("hold_until", as: Timestamp.self),
            adjusts: reader.optionalValue("adjusts", as: CommissionID.self),
            reverses: reader.optionalValue("reverses", as: CommissionID.self))
        self.cause = cause
        self.reversed = reversed
        // Earlier versions counted what a payout keeps of a clawback with its submission; they kept it whole.
        let isKept = entry == .clawback && state == .allocated
        self.settled = isKept ? Int64(clamping: amount.minor.magnitude) : settled
        eligibleAt = reader.optionalValue("eligible_at", as: Timestamp.self)
        payout = reader.optionalValue("payout_id", as: PayoutID.self)
        overpaidBy = reader.optionalValue("overpaid_by", as: PayoutID.self)
        blocks = reader.enumerations("blocks", BlockKind.self)
        writeOffProposedBy = reader.optionalValue("write_off_proposed_by", as: Actor.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("commission_id", id)
        writer.enumeration("entry", entry)
        writer.enumeration("state", state)
        writer.object("amount", amount)
        writer.integer("reversed", reversed)
        writer.integer("settled", settled)
        writer.string("cause", cause)
        writer.string("line", line)
        writer.object("base", base)
        writer.value("partner_id", partner)
        writer.enumeration("partner_type", partnerType)
        writer.object("account", account)
        writer.string("product_line", productLine)
        writer.value("opportunity_id", opportunity)
        writer.value("referral_id", referral)
        writer.enumeration("trigger", trigger)
        writer.integer("revision", revision)
        writer.value("attribution_id", attribution)
        writer.value("registration_id", registration)
        writer.enumeration("class", creditClass)
        writer.basisPoints("share_bp", share)
        writer.enumeration("tier", tier)
        writer.object("terms_version", terms)
        writer.integer("program_version", programVersion)
        writer.value("closed_at", closedAt)
        writer.string("play_run_id", playRun)
        writer.basisPoints("rate_bp", rate)
        writer.object("fx", fx)
        writer.value("accrued_at", accruedAt)
        writer.value("hold_until", holdUntil)
        writer.value("adjusts", adjusts)
        writer.value("reverses", reverses)
        writer.value("eligible_at", eligibleAt)
        writer.value("payout_id", payout)
        writer.value("overpaid_by", overpaidBy)
        writer.enumerations("blocks", blocks)
        writer.value("write_off_proposed_by", writeOffProposedBy)
    }
}
