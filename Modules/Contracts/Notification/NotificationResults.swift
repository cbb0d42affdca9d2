package import Domain
package import JSON

/// An attempt to send begins. In the log before the attempt is made, wherever a repeated attempt would reach the recipient
/// twice.
package struct NotificationSending: EventPayload, Hashable {
    package static let type = "io.tributary.notification.sending.v1"

    package var notification: NotificationID
    package var recipient: NotificationRecipient
    /// From 1 on.
    package var attempt: Int64
    package var occurredAt: Timestamp

    package init(
        notification: NotificationID, recipient: NotificationRecipient, attempt: Int64, occurredAt: Timestamp
    ) {
        self.notification = notification
        self.recipient = recipient
        self.attempt = attempt
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        notification = reader.value("notification_id", as: NotificationID.self)
        recipient = reader.value("recipient", as: NotificationRecipient.self)
        attempt = reader.integer("attempt", in: 1...1_000_000)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("notification_id", notification)
        writer.value("recipient", recipient)
        writer.integer("attempt", attempt)
        writer.value("occurred_at", occurredAt)
    }
}

/// The sink took the message.
package struct NotificationSent: EventPayload, Hashable {
    package static let type = "io.tributary.notification.sent.v1"

    package var notification: NotificationID
    package var recipient: NotificationRecipient
    package var attempt: Int64
    /// Name of the sink: `null`, `eml`, `smtp`.
    package var sink: String
    package var occurredAt: Timestamp

    package init(
        notification: NotificationID, recipient: NotificationRecipient, attempt: Int64, sink: String,
        occurredAt: Timestamp
    ) {
        self.notification = notification
        self.recipient = recipient
        self.attempt = attempt
        self.sink = sink
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        notification = reader.value("notification_id", as: NotificationID.self)
        recipient = reader.value("recipient", as: NotificationRecipient.self)
        attempt = reader.integer("attempt", in: 1...1_000_000)
        sink = reader.string("sink")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("notification_id", notification)
        writer.value("recipient", recipient)
        writer.integer("attempt", attempt)
        writer.string("sink", sink)
        writer.value("occurred_at", occurredAt)
    }
}

/// The message was not sent.
package struct NotificationFailed: EventPayload, Hashable {
    package enum Outcome: String, Sendable, CaseIterable {
        /// It may work later.
        case retry
        /// The sink refused it for good.
        case failed
        /// The attempt had no answer: whether the recipient got it cannot be told. After the second one a person decides.
        case unknown
        /// What it tells is too long ago.
        case stale
    }

    package static let type = "io.tributary.notification.failed.v1"

    package var notification: NotificationID
    package var recipient: NotificationRecipient
    package var attempt: Int64
    package var outcome: Outcome
    /// For people; no personal data.
    package var reason: String
    package var occurredAt: Timestamp

    package init(
        notification: NotificationID, recipient: NotificationRecipient, attempt: Int64, outcome: Outcome,
        reason: String, occurredAt: Timestamp
    ) {
        self.notification = notification
        self.recipient = recipient
        self.attempt = attempt
        self.outcome = outcome
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        notification = reader.value("notification_id", as: NotificationID.self)
        recipient = reader.value("recipient", as: NotificationRecipient.self)
        attempt = reader.integer("attempt", in: 0...1_000_000)
        outcome = reader.enumeration("outcome", Outcome.self)
        reason = reader.string("reason")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("notification_id", notification)
        writer.value("recipient", recipient)
        writer.integer("attempt", attempt)
        writer.enumeration("outcome", outcome)
        writer.string("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}
