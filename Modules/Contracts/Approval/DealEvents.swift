package import Domain
package import JSON

/// A partner or the direct team did something on an account.
package struct TouchRecorded: EventPayload {
    package static let type = "io.tributary.touch.recorded.v1"

    package var account: AccountReference
    package var touch: TouchID
    package var party: Party
    package var kind: TouchKindName
    package var productLine: String?
    package var source: String?
    package var confirmedBy: String?
    package var minutes: Int64?
    package var note: String?
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, touch: TouchID, party: Party, kind: TouchKindName, productLine: String? = nil,
        source: String? = nil, confirmedBy: String? = nil, minutes: Int64? = nil, note: String? = nil,
        occurredAt: Timestamp
    ) {
        self.account = account
        self.touch = touch
        self.party = party
        self.kind = kind
        self.productLine = productLine
        self.source = source
        self.confirmedBy = confirmedBy
        self.minutes = minutes
        self.note = note
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        touch = reader.value("touch_id", as: TouchID.self)
        party = reader.value("party", as: Party.self)
        kind = reader.enumeration("kind", TouchKindName.self)
        productLine = reader.optionalString("product_line")
        source = reader.optionalString("source")
        // A blank text is nobody: the touch stands, unconfirmed.
        confirmedBy = reader.optionalString("confirmed_by").flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        minutes = reader.optionalInteger("minutes", in: 0...1_000_000)
        note = reader.optionalString("note")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("touch_id", touch)
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

/// The CRM's current image of a deal.
package struct OpportunityUpdated: EventPayload {
    package static let type = "io.tributary.opportunity.updated.v1"

    package var account: AccountReference
    package var opportunity: OpportunityID
    /// The CRM's own count; an older one changes nothing.
    package var revision: Int64
    package var productLine: String
    package var stage: OpportunityStage
    package var motion: SalesMotion
    /// `new` where it is absent.
    package var kind: OpportunityType
    package var partner: PartnerID?
    package var duties: [String]
    /// `payout` where it is absent.
    package var settlement: PlanLine.Settlement
    /// A play of the programme, by its id; one that the programme does not have changes nothing.
    package var play: String?
    package var playRun: String?
    package var firstYearValue: Money
    /// The first-year value where it is absent.
    package var totalValue: Money?
    package var createdAt: Timestamp
    package var closedAt: Timestamp?
    /// Required on a lost deal.
    package var lostReason: String?
    package var salesRep: String?
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, opportunity: OpportunityID, revision: Int64, productLine: String,
        stage: OpportunityStage, motion: SalesMotion, kind: OpportunityType = .new, partner: PartnerID? = nil,
        duties: [String] = [], settlement: PlanLine.Settlement = .payout, play: String? = nil, playRun: String? = nil,
        firstYearValue: Money, totalValue: Money? = nil, createdAt: Timestamp, closedAt: Timestamp? = nil,
        lostReason: String? = nil, salesRep: String? = nil, occurredAt: Timestamp
    ) {
        self.account = account
        self.opportunity = opportunity
        self.revision = revision
        self.productLine = productLine
        self.stage = stage
        self.motion = motion
        self.kind = kind
        self.partner = partner
        self.duties = duties
        self.settlement = settlement
        self.play = play
        self.playRun = playRun
        self.firstYearValue = firstYearValue
        self.totalValue = totalValue
        self.createdAt = createdAt
        self.closedAt = closedAt
        self.lostReason = lostReason
        self.salesRep = salesRep
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        opportunity = reader.value("opportunity_id", as: OpportunityID.self)
        revision = reader.integer("revision", in: 0...Int64.max)
        productLine = reader.string("product_line")
        stage = reader.enumeration("stage", OpportunityStage.self)
        motion = reader.enumeration("motion", SalesMotion.self)
        kind = reader.optionalEnumeration("kind", OpportunityType.self) ?? .new
        partner = reader.optionalValue("partner_id", as: PartnerID.self)
        duties = reader.strings("duties")
        settlement = reader.optionalEnumeration("settlement", PlanLine.Settlement.self) ?? .payout
        play = reader.optionalString("play")
        playRun = reader.optionalString("play_run_id")
        firstYearValue = reader.object("first_year_value", Money.self)
        totalValue = reader.optionalObject("total_value", Money.self)
        createdAt = reader.value("created_at", as: Timestamp.self)
        closedAt = reader.optionalValue("closed_at", as: Timestamp.self)
        lostReason = reader.optionalString("lost_reason")
        salesRep = reader.optionalString("sales_rep")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("opportunity_id", opportunity)
        writer.integer("revision", revision)
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
        writer.value("occurred_at", occurredAt)
    }
}

/// Won revenue was taken back: a refund, a chargeback, a cancellation.
package struct RevenueReversed: EventPayload {
    package enum Period: String, Sendable, CaseIterable {
        case firstYear = "first_year"
        /// After the first year: changes no commission.
        case later
    }

    package static let type = "io.tributary.revenue.reversed.v1"

    package var account: AccountReference
    package var opportunity: OpportunityID
    /// Positive, in the deal's currency.
    package var amount: Money
    /// `first_year` where it is absent.
    package var period: Period
    package var reason: String
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, opportunity: OpportunityID, amount: Money, period: Period = .firstYear,
        reason: String, occurredAt: Timestamp
    ) {
        self.account = account
        self.opportunity = opportunity
        self.amount = amount
        self.period = period
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        opportunity = reader.value("opportunity_id", as: OpportunityID.self)
        amount = reader.object("amount", Money.self)
        period = reader.optionalEnumeration("period", Period.self) ?? .firstYear
        reason = reader.string("reason")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("opportunity_id", opportunity)
        writer.object("amount", amount)
        writer.enumeration("period", period)
        writer.string("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}
