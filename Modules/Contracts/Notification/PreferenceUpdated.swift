package import Domain
package import JSON

/// Which messages a recipient does not want. Replaces what was said before.
package struct PreferenceUpdated: EventPayload, Hashable {
    package static let type = "io.tributary.preference.updated.v1"

    package var recipient: NotificationRecipient
    package var muted: [NotificationTemplate]
    package var occurredAt: Timestamp

    package init(recipient: NotificationRecipient, muted: [NotificationTemplate], occurredAt: Timestamp) {
        self.recipient = recipient
        self.muted = muted
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        recipient = reader.value("recipient", as: NotificationRecipient.self)
        muted = reader.enumerations("muted", NotificationTemplate.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("recipient", recipient)
        writer.enumerations("muted", muted)
        writer.value("occurred_at", occurredAt)
    }
}
