package import Domain
package import JSON

/// A credit, paying or not, as a target of one revision. A later revision replaces it; one with `share_bp` 0 and base 0
/// takes it back. The payout worker posts the difference.
package struct CommissionTriggered: EventPayload, Hashable {
    package static let type = "io.tributary.commission.triggered.v1"

    package var trigger: CommissionTrigger
    package var occurredAt: Timestamp

    package init(_ trigger: CommissionTrigger, occurredAt: Timestamp) {
        self.trigger = trigger
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        trigger = CommissionTrigger(reading: &reader)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        trigger.write(to: &writer)
        writer.value("occurred_at", occurredAt)
    }
}

/// Won revenue of a deal was taken back; sent to each credited partner. Both amounts are of the whole deal, in its
/// currency; `reversed_total` is everything reversed so far, never more than `base`. Sent again with the new base when a
/// later revision changes the deal's value.
package struct CommissionReversed: EventPayload, Hashable {
    package static let type = "io.tributary.commission.reversed.v1"

    package var partner: PartnerID
    package var opportunity: OpportunityID
    package var base: Money
    package var reversedTotal: Money
    package var reason: String?
    /// The attribution's count when it was sent; what comes with an older one changes nothing. `nil` in events of
    /// versions that did not say.
    package var revision: Int64?
    package var occurredAt: Timestamp

    package init(
        partner: PartnerID, opportunity: OpportunityID, base: Money, reversedTotal: Money, reason: String? = nil,
        revision: Int64? = nil, occurredAt: Timestamp
    ) {
        self.partner = partner
        self.opportunity = opportunity
        self.base = base
        self.reversedTotal = reversedTotal
        self.reason = reason
        self.revision = revision
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        opportunity = reader.value("opportunity_id", as: OpportunityID.self)
        base = reader.object("base", Money.self)
        reversedTotal = reader.object("reversed_total", Money.self)
        reason = reader.optionalString("reason")
        revision = reader.optionalInteger("revision", in: 1...Int64.max)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.value("opportunity_id", opportunity)
        writer.object("base", base)
        writer.object("reversed_total", reversedTotal)
        writer.string("reason", reason)
        writer.integer("revision", revision)
        writer.value("occurred_at", occurredAt)
    }
}

/// A partner's activity as one sender counts it, that is over the accounts of its own partition: totals, so that the last
/// event of each sender counts, and the senders' counts are added up.
package struct PartnerActivity: EventPayload, Hashable {
    package static let type = "io.tributary.partner.activity.v1"

    package var partner: PartnerID
    /// Registrations that are open without any movement of a deal.
    package var openRegistrations: Int64
    /// Referrals decided so far, either way.
    package var decidedReferrals: Int64
    /// Of these, the accepted ones.
    package var acceptedReferrals: Int64
    package var occurredAt: Timestamp

    package init(
        partner: PartnerID, openRegistrations: Int64 = 0, decidedReferrals: Int64 = 0, acceptedReferrals: Int64 = 0,
        occurredAt: Timestamp
    ) {
        self.partner = partner
        self.openRegistrations = openRegistrations
        self.decidedReferrals = decidedReferrals
        self.acceptedReferrals = acceptedReferrals
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        openRegistrations = reader.optionalInteger("open_registrations", in: 0...Int64.max) ?? 0
        decidedReferrals = reader.optionalInteger("decided_referrals", in: 0...Int64.max) ?? 0
        acceptedReferrals = reader.optionalInteger("accepted_referrals", in: 0...Int64.max) ?? 0
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.integer("open_registrations", openRegistrations)
        writer.integer("decided_referrals", decidedReferrals)
        writer.integer("accepted_referrals", acceptedReferrals)
        writer.value("occurred_at", occurredAt)
    }
}

/// `first_year` and `total` of a credit.
private struct BaseFields: JSONCodable {
    var firstYear: Money
    var total: Money

    init(firstYear: Money, total: Money) {
        self.firstYear = firstYear
        self.total = total
    }

    init(reading reader: inout ObjectReader) {
        firstYear = reader.object("first_year", Money.self)
        total = reader.object("total", Money.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.object("first_year", firstYear)
        writer.object("total", total)
    }
}

extension CommissionTrigger: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        let partner = reader.value("partner_id", as: PartnerID.self)
        let partnerType = reader.enumeration("partner_type", PartnerType.self)
        let account = reader.object("account", AccountReference.self)
        let productLine = reader.string("product_line")
        let opportunity = reader.optionalValue("opportunity_id", as: OpportunityID.self)
        let referral = reader.optionalValue("referral_id", as: ReferralID.self)
        let trigger = reader.enumeration("trigger", PlanLine.Trigger.self)
        let revision = reader.integer("revision", in: 1...Int64.max)
        let attribution = reader.optionalValue("attribution_id", as: AttributionID.self)
        let registration = reader.optionalValue("registration_id", as: RegistrationID.self)
        let creditClass = reader.enumeration("class", CreditClass.self)
        let share = reader.basisPoints("share_bp")
        let base = reader.object("base", BaseFields.self)
        self.init(
            partner: partner, partnerType: partnerType, account: account, productLine: productLine,
            opportunity: opportunity, referral: referral, trigger: trigger, revision: revision,
            attribution: attribution, registration: registration, creditClass: creditClass, share: share,
            firstYear: base.firstYear, total: base.total,
            stage: reader.optionalEnumeration("stage", RegistrationStage.self), duties: reader.strings("duties"),
            settlement: reader.optionalEnumeration("settlement", PlanLine.Settlement.self) ?? .payout,
            tier: reader.enumeration("tier", Tier.self), kind: reader.enumeration("kind", OpportunityType.self),
            terms: reader.optionalObject("terms_version", TermsReference.self),
            programVersion: reader.integer("program_version", in: 1...Int64.max),
            registeredAt: reader.optionalValue("registered_at", as: Timestamp.self),
            closedAt: reader.value("closed_at", as: Timestamp.self),
            eligibleFrom: reader.optionalValue("eligible_from", as: Timestamp.self),
            playRun: reader.optionalString("play_run_id"), flags: reader.enumerations("flags", FraudHint.self))
        check(&reader)
    }

    /// The event must name its cause, and amounts that can be paid for.
    private func check(_ reader: inout ObjectReader) {
        guard !reader.isRecording else { return }
        if trigger == .closedWon && opportunity == nil {
            reader.fail("opportunity_id", expected: "the deal that was won", found: "nothing")
        }
        if trigger == .qualifiedIntroduction && referral == nil {
            reader.fail("referral_id", expected: "the referral that introduced", found: "nothing")
        }
        if firstYear.isNegative || total.isNegative {
            reader.fail("base", expected: "amounts of at least 0", found: "a negative one")
        }
    }

    package func write(to writer: inout ObjectWriter) {
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
        writer.object("base", BaseFields(firstYear: firstYear, total: total))
        writer.enumeration("stage", stage)
        writer.strings("duties", duties)
        writer.enumeration("settlement", settlement)
        writer.enumeration("tier", tier)
        writer.enumeration("kind", kind)
        writer.object("terms_version", terms)
        writer.integer("program_version", programVersion)
        writer.value("registered_at", registeredAt)
        writer.value("closed_at", closedAt)
        writer.value("eligible_from", eligibleFrom)
        writer.string("play_run_id", playRun)
        writer.enumerations("flags", flags)
    }
}
