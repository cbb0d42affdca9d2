package import Domain
package import JSON

/// A claim changed: its whole current image, and why.
package struct RegistrationFact: Fact {
    package static let type = "io.tributary.registration.changed.v1"

    /// What happened: `submitted`, `approved`, `extended`, `expired` and so on.
    package var change: String
    package var registration: Registration
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { registration.id.text }

    package init(change: String, registration: Registration, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.change = change
        self.registration = registration
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        change = reader.string("change")
        registration = reader.object("registration", Registration.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("change", change)
        writer.object("registration", registration)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// A conflict changed: its whole current image, and why.
package struct ConflictFact: Fact {
    package static let type = "io.tributary.conflict.changed.v1"

    /// `opened`, `joined`, `decided`, `appealed`, `lapsed`.
    package var change: String
    package var conflict: Conflict
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { conflict.id.text }

    package init(change: String, conflict: Conflict, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.change = change
        self.conflict = conflict
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        change = reader.string("change")
        conflict = reader.object("conflict", Conflict.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("change", change)
        writer.object("conflict", conflict)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// A deal changed: its whole current image.
package struct OpportunityFact: Fact {
    package static let type = "io.tributary.opportunity.changed.v1"

    /// `created`, `updated`, `won`, `lost`, `reopened`, `reversed`.
    package var change: String
    package var opportunity: Opportunity
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { opportunity.id.text }

    package init(change: String, opportunity: Opportunity, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.change = change
        self.opportunity = opportunity
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        change = reader.string("change")
        opportunity = reader.object("opportunity", Opportunity.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("change", change)
        writer.object("opportunity", opportunity)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// A revision of an attribution: every credit, the revenue class, the sales compensation beside it, the evidence used and
/// refused.
package struct AttributionFact: Fact {
    package static let type = "io.tributary.attribution.decided.v1"

    package var attribution: Attribution
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { attribution.id.text }

    package init(attribution: Attribution, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.attribution = attribution
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        attribution = reader.object("attribution", Attribution.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("attribution", attribution)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}

/// A touch as it counts: dated by judging time, evidence or not.
package struct TouchFact: Fact {
    package static let type = "io.tributary.touch.noted.v1"

    package var touch: Touch
    package var isEvidence: Bool
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { touch.id.text }

    package init(touch: Touch, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.touch = touch
        isEvidence = touch.isEvidence
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        touch = reader.object("touch", Touch.self)
        isEvidence = reader.boolean("evidence")
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("touch", touch)
        writer.boolean("evidence", isEvidence)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}
