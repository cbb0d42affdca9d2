package import Domain
package import JSON

/// The CRM gave a deal to another account.
package struct OpportunityMoved: EventPayload {
    package static let type = "io.tributary.opportunity.moved.v1"

    /// Where it is.
    package var account: AccountReference
    package var opportunity: OpportunityID
    /// Where it belongs.
    package var to: AccountReference
    package var reason: String?
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, opportunity: OpportunityID, to: AccountReference, reason: String? = nil,
        occurredAt: Timestamp
    ) {
        self.account = account
        self.opportunity = opportunity
        self.to = to
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        opportunity = reader.value("opportunity_id", as: OpportunityID.self)
        to = reader.object("to", AccountReference.self)
        reason = reader.optionalString("reason")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("opportunity_id", opportunity)
        writer.object("to", to)
        writer.string("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}

/// A moved deal, as it comes to the account where it belongs. Sent by the account that it leaves.
package struct OpportunityArrived: EventPayload {
    package static let type = "io.tributary.opportunity.arrived.v1"

    package var account: AccountReference
    package var from: AccountReference
    package var opportunity: Opportunity
    /// The last revision under the account that it leaves, which counts as nothing; the next one follows it.
    package var attribution: Attribution?
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, from: AccountReference, opportunity: Opportunity, attribution: Attribution?,
        occurredAt: Timestamp
    ) {
        self.account = account
        self.from = from
        self.opportunity = opportunity
        self.attribution = attribution
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        from = reader.object("from", AccountReference.self)
        opportunity = reader.object("opportunity", Opportunity.self)
        attribution = reader.optionalObject("attribution", Attribution.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.object("from", from)
        writer.object("opportunity", opportunity)
        writer.object("attribution", attribution)
        writer.value("occurred_at", occurredAt)
    }
}

/// An account has a deal that it did not have before. Goes under the deal's id, where the first account is remembered: two
/// accounts need not share a partition, their deal's id always does.
package struct OpportunityPlaced: EventPayload {
    package static let type = "io.tributary.opportunity.placed.v1"

    package var opportunity: OpportunityID
    package var account: AccountReference
    /// It was moved there, and is the other account's no more.
    package var isMoved: Bool
    package var occurredAt: Timestamp

    package init(opportunity: OpportunityID, account: AccountReference, isMoved: Bool = false, occurredAt: Timestamp) {
        self.opportunity = opportunity
        self.account = account
        self.isMoved = isMoved
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        opportunity = reader.value("opportunity_id", as: OpportunityID.self)
        account = reader.object("account", AccountReference.self)
        isMoved = reader.optionalBoolean("moved") ?? false
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("opportunity_id", opportunity)
        writer.object("account", account)
        writer.boolean("moved", isMoved ? true : nil)
        writer.value("occurred_at", occurredAt)
    }
}

/// A deal is another account's: told to the account that claimed it, which gives it up, and to the one that has it. The
/// account that gave it up tells the one that has it once more, with the last revision that it decided.
package struct OpportunityRefused: EventPayload {
    package static let type = "io.tributary.opportunity.refused.v1"

    /// Who is told.
    package var account: AccountReference
    package var opportunity: OpportunityID
    package var owner: AccountReference
    package var refused: AccountReference
    /// The last revision of the account that gave the deal up, which counts as nothing: the owner's next one follows it.
    package var attribution: Attribution?
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, opportunity: OpportunityID, owner: AccountReference, refused: AccountReference,
        attribution: Attribution? = nil, occurredAt: Timestamp
    ) {
        self.account = account
        self.opportunity = opportunity
        self.owner = owner
        self.refused = refused
        self.attribution = attribution
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        opportunity = reader.value("opportunity_id", as: OpportunityID.self)
        owner = reader.object("owner", AccountReference.self)
        refused = reader.object("refused", AccountReference.self)
        attribution = reader.optionalObject("attribution", Attribution.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("opportunity_id", opportunity)
        writer.object("owner", owner)
        writer.object("refused", refused)
        writer.object("attribution", attribution)
        writer.value("occurred_at", occurredAt)
    }
}
