package import Domain
package import JSON

/// What became of a message. Tells who and what, not the address and not the text.
///
/// A message that waits has no fact: that it was asked for stands in `notification.v1`.
package struct NotificationFact: Fact, Hashable {
    package enum State: String, Sendable, CaseIterable {
        case sent, failed, unknown, stale
        /// The recipient does not want such messages.
        case suppressed
    }

    package static let type = "io.tributary.notification.changed.v1"

    package var notification: NotificationID
    package var recipient: NotificationRecipient
    package var template: NotificationTemplate
    package var about: String
    package var state: State
    /// Attempts made so far.
    package var attempts: Int64
    /// Name of the sink that took it; `nil` unless it was sent.
    package var sink: String?
    package var effectiveAt: Timestamp
    /// Why it was not sent.
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { notification.text }

    package init(
        notification: NotificationID, recipient: NotificationRecipient, template: NotificationTemplate, about: String,
        state: State, attempts: Int64, sink: String? = nil, effectiveAt: Timestamp, explanation: [ExplanationStep] = [],
        occurredAt: Timestamp
    ) {
        self.notification = notification
        self.recipient = recipient
        self.template = template
        self.about = about
        self.state = state
        self.attempts = attempts
        self.sink = sink
        self.effectiveAt = effectiveAt
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        notification = reader.value("notification_id", as: NotificationID.self)
        recipient = reader.value("recipient", as: NotificationRecipient.self)
        template = reader.enumeration("template", NotificationTemplate.self)
        about = reader.string("about")
        state = reader.enumeration("state", State.self)
        attempts = reader.integer("attempts")
        sink = reader.optionalString("sink")
        effectiveAt = reader.value("effective_at", as: Timestamp.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("notification_id", notification)
        writer.value("recipient", recipient)
        writer.enumeration("template", template)
        writer.string("about", about)
        writer.enumeration("state", state)
        writer.integer("attempts", attempts)
        writer.string("sink", sink)
        writer.value("effective_at", effectiveAt)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}
