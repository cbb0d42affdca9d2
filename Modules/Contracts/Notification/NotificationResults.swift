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

/// A sink took messages: one event for all that one partition's sender handed over together.
///
/// It is written to that partition, whatever the recipients, and has no key. Each message stands for itself: an entry
/// that cannot be read or names no waiting message takes nothing from the others.
package struct NotificationSent: EventPayload, Hashable {
    package static let type = "io.tributary.notification.sent.v1"

    package struct Message: JSONCodable, Sendable, Hashable {
        package var notification: NotificationID
        package var attempt: Int64

        package init(notification: NotificationID, attempt: Int64) {
            self.notification = notification
            self.attempt = attempt
        }

        package init(reading reader: inout ObjectReader) {
            notification = reader.value("notification_id", as: NotificationID.self)
            attempt = reader.optionalInteger("attempt", in: 1...1_000_000) ?? 1
        }

        package func write(to writer: inout ObjectWriter) {
            writer.value("notification_id", notification)
            writer.integer("attempt", attempt == 1 ? nil : attempt)
        }
    }

    /// Name of the sink: `null`, `eml`, `smtp`.
    package var sink: String
    package var messages: [Message]
    /// What is wrong with the entries that could not be read; they are not in `messages`.
    package private(set) var refused: [JSONProblem] = []
    package var occurredAt: Timestamp

    package init(sink: String, messages: [Message], occurredAt: Timestamp) {
        self.sink = sink
        self.messages = messages
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        sink = reader.string("sink")
        (messages, refused) = reader.separateObjects("messages", Message.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("sink", sink)
        writer.objects("messages", messages)
        writer.value("occurred_at", occurredAt)
    }
}

/// Messages were not sent. Written as `NotificationSent` is.
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

    package struct Message: JSONCodable, Sendable, Hashable {
        package var notification: NotificationID
        package var attempt: Int64
        package var outcome: Outcome
        /// `false` for an attempt that was announced and handed back: it counts for nothing, and instead of trying again
        /// later the message is due at once. A field of its own and no outcome, so that whoever does not know it still
        /// reads the event, and tries again later.
        package var isMade: Bool
        /// For people; no personal data.
        package var reason: String

        package init(
            notification: NotificationID, attempt: Int64, outcome: Outcome, isMade: Bool = true, reason: String
        ) {
            self.notification = notification
            self.attempt = attempt
            self.outcome = outcome
            self.isMade = isMade
            self.reason = reason
        }

        package init(reading reader: inout ObjectReader) {
            notification = reader.value("notification_id", as: NotificationID.self)
            attempt = reader.optionalInteger("attempt", in: 0...1_000_000) ?? 1
            outcome = reader.enumeration("outcome", Outcome.self)
            isMade = reader.optionalBoolean("made") ?? true
            reason = reader.string("reason")
        }

        package func write(to writer: inout ObjectWriter) {
            writer.value("notification_id", notification)
            writer.integer("attempt", attempt == 1 ? nil : attempt)
            writer.enumeration("outcome", outcome)
            writer.boolean("made", isMade ? nil : false)
            writer.string("reason", reason)
        }
    }

    package static let type = "io.tributary.notification.failed.v1"

    package var messages: [Message]
    /// What is wrong with the entries that could not be read; they are not in `messages`.
    package private(set) var refused: [JSONProblem] = []
    package var occurredAt: Timestamp

    package init(messages: [Message], occurredAt: Timestamp) {
        self.messages = messages
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        (messages, refused) = reader.separateObjects("messages", Message.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.objects("messages", messages)
        writer.value("occurred_at", occurredAt)
    }
}
