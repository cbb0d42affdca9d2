package import Domain
package import JSON

/// Asks every partition to plan what it owes. Broadcast in `payout.v1`.
package struct PayoutRunRequested: EventPayload, Hashable {
    package static let type = "io.tributary.payout.run_requested.v1"

    package var run: PayoutRunID
    /// Commissions eligible later than this wait for the next run.
    package var cutOff: Timestamp
    package var rail: PayoutRules.Rail
    package var executionDate: CalendarDate
    package var actor: Actor
    /// Why, in the actor's words.
    package var reason: String?
    package var occurredAt: Timestamp

    package init(
        run: PayoutRunID, cutOff: Timestamp, rail: PayoutRules.Rail, executionDate: CalendarDate, actor: Actor,
        reason: String? = nil, occurredAt: Timestamp
    ) {
        self.run = run
        self.cutOff = cutOff
        self.rail = rail
        self.executionDate = executionDate
        self.actor = actor
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        run = reader.value("run_id", as: PayoutRunID.self)
        cutOff = reader.value("cut_off", as: Timestamp.self)
        rail = reader.enumeration("rail", PayoutRules.Rail.self)
        executionDate = reader.value("execution_date", as: CalendarDate.self)
        actor = reader.value("actor", as: Actor.self)
        reason = reader.optionalString("reason")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("run_id", run)
        writer.value("cut_off", cutOff)
        writer.enumeration("rail", rail)
        writer.value("execution_date", executionDate)
        writer.value("actor", actor)
        writer.string("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}

/// A second person approves the whole run, naming the hash of every part. Broadcast in `payout.v1`.
package struct PayoutRunApproved: EventPayload, Hashable {
    package static let type = "io.tributary.payout.run_approved.v1"

    package var run: PayoutRunID
    /// SHA-256 (hex) of every partition's part.
    package var parts: [String]
    package var actor: Actor
    /// Why, in the actor's words.
    package var reason: String?
    package var occurredAt: Timestamp

    package init(
        run: PayoutRunID, parts: [String], actor: Actor, reason: String? = nil, occurredAt: Timestamp
    ) {
        self.run = run
        self.parts = parts
        self.actor = actor
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        run = reader.value("run_id", as: PayoutRunID.self)
        parts = reader.strings("parts")
        actor = reader.value("actor", as: Actor.self)
        reason = reader.optionalString("reason")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("run_id", run)
        writer.strings("parts", parts)
        writer.value("actor", actor)
        writer.string("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}

/// The run's file exists, with this hash; it becomes visible only once every partition has taken it. Broadcast in
/// `payout.v1`; the first one counts, and a partition refuses one that does not pay what is approved there.
package struct PayoutFileRecorded: EventPayload, Hashable {
    package static let type = "io.tributary.payout.file_recorded.v1"

    package var run: PayoutRunID
    package var fileSHA256: String
    /// SHA-256 (hex) of what the file pays of every part, by partition; empty in records of versions that did not say.
    package var parts: [String]
    package var actor: Actor
    /// Why, in the actor's words.
    package var reason: String?
    package var occurredAt: Timestamp

    package init(
        run: PayoutRunID, fileSHA256: String, parts: [String] = [], actor: Actor, reason: String? = nil,
        occurredAt: Timestamp
    ) {
        self.run = run
        self.fileSHA256 = fileSHA256
        self.parts = parts
        self.actor = actor
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        run = reader.value("run_id", as: PayoutRunID.self)
        fileSHA256 = reader.string("file_sha256")
        parts = reader.strings("parts")
        actor = reader.value("actor", as: Actor.self)
        reason = reader.optionalString("reason")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("run_id", run)
        writer.string("file_sha256", fileSHA256)
        writer.strings("parts", parts)
        writer.value("actor", actor)
        writer.string("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}

/// What a rail or a bank statement says became of a payout. With `decision` set, a named person settles a disputed one.
package struct PayoutResultReceived: EventPayload, Hashable {
    package static let type = "io.tributary.payout.result_received.v1"

    package var partner: PartnerID
    package var payout: PayoutID
    package var result: PayoutResult
    /// As the rail has it, for example `RJCT`.
    package var code: String?
    package var reason: String?
    package var valueDate: CalendarDate?
    /// Who decides a disputed payout; `nil` for what a rail reports.
    package var decision: Actor?
    /// Who handed the result in, an active person of no partner; `nil` for a rail that reports by itself.
    package var reportedBy: Actor?
    /// What that person says about it.
    package var note: String?
    package var occurredAt: Timestamp

    package init(
        partner: PartnerID, payout: PayoutID, result: PayoutResult, code: String? = nil, reason: String? = nil,
        valueDate: CalendarDate? = nil, decision: Actor? = nil, reportedBy: Actor? = nil, note: String? = nil,
        occurredAt: Timestamp
    ) {
        self.partner = partner
        self.payout = payout
        self.result = result
        self.code = code
        self.reason = reason
        self.valueDate = valueDate
        self.decision = decision
        self.reportedBy = reportedBy
        self.note = note
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        payout = reader.value("payout_id", as: PayoutID.self)
        result = reader.enumeration("result", PayoutResult.self)
        code = reader.optionalString("code")
        reason = reader.optionalString("reason")
        valueDate = reader.optionalValue("value_date", as: CalendarDate.self)
        decision = reader.optionalValue("decision", as: Actor.self)
        reportedBy = reader.optionalValue("reported_by", as: Actor.self)
        note = reader.optionalString("note")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.value("payout_id", payout)
        writer.enumeration("result", result)
        writer.string("code", code)
        writer.string("reason", reason)
        writer.value("value_date", valueDate)
        writer.value("decision", decision)
        writer.value("reported_by", reportedBy)
        writer.string("note", note)
        writer.value("occurred_at", occurredAt)
    }
}

/// A partner paid money back. It settles its clawbacks, oldest first.
package struct RepaymentReceived: EventPayload, Hashable {
    package static let type = "io.tributary.repayment.received.v1"

    package var partner: PartnerID
    /// Positive.
    package var amount: Money
    package var reference: String?
    package var occurredAt: Timestamp

    package init(partner: PartnerID, amount: Money, reference: String? = nil, occurredAt: Timestamp) {
        self.partner = partner
        self.amount = amount
        self.reference = reference
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        amount = reader.object("amount", Money.self)
        reference = reader.optionalString("reference")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.object("amount", amount)
        writer.string("reference", reference)
        writer.value("occurred_at", occurredAt)
    }
}

/// A person gives up the rest of a clawback. The first such event proposes it; a second one, by another person, does it.
package struct ClawbackWrittenOff: EventPayload, Hashable {
    package static let type = "io.tributary.clawback.written_off.v1"

    package var partner: PartnerID
    package var clawback: CommissionID
    package var reason: String
    package var actor: Actor
    package var occurredAt: Timestamp

    package init(partner: PartnerID, clawback: CommissionID, reason: String, actor: Actor, occurredAt: Timestamp) {
        self.partner = partner
        self.clawback = clawback
        self.reason = reason
        self.actor = actor
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        partner = reader.value("partner_id", as: PartnerID.self)
        clawback = reader.value("clawback_id", as: CommissionID.self)
        reason = reader.string("reason")
        actor = reader.value("actor", as: Actor.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("partner_id", partner)
        writer.value("clawback_id", clawback)
        writer.string("reason", reason)
        writer.value("actor", actor)
        writer.value("occurred_at", occurredAt)
    }
}
