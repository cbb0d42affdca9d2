package import Domain
package import JSON

/// The data of one event type. Its schema is recorded from `init(reading:)`; types evolve by optional fields only.
package protocol EventPayload: JSONCodable, Sendable {
    /// The full CloudEvents type, `io.tributary.<noun>.<verb>.v1`.
    static var type: String { get }

    /// When it happened, by its sender. Judging time is derived from it; it is never trusted alone on a wall clock.
    var occurredAt: Timestamp { get }
}

/// A fact for readers in `outcome.v1`: the whole current image of one entity, and why it is so.
package protocol Fact: EventPayload {
    /// Key of the record and subject of the event.
    var entityID: String { get }
}

/// A payload that is handed on by reference: a cast copies what it finds by value, text by text.
package final class LentPayload<Payload: EventPayload>: EventPayload {
    package static var type: String { Payload.type }

    package let payload: Payload

    package var occurredAt: Timestamp { payload.occurredAt }

    package init(reading reader: inout ObjectReader) { payload = Payload(reading: &reader) }

    package func write(to writer: inout ObjectWriter) { payload.write(to: &writer) }
}
