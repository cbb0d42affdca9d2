package import JSON

/// Every event type there is: once, with the topics that carry it and the schema of its data.
///
/// Each part describes its own in an extension beside its payloads; the list below joins them.
package enum EventCatalogue {
    package static let all: [EventDescription] = [
        register, clock, referral, approval, payout, notification, runtime,
    ].flatMap { $0 }

    /// By full CloudEvents type.
    package static let byType: [String: EventDescription] = Dictionary(
        all.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })

    /// The types that a topic carries, in the order of the list; none for changelogs and dead letters, whose records
    /// are row images, and records as received.
    package static func events(on topic: Topic) -> [EventDescription] {
        all.filter { $0.topics.contains(topic) }
    }

    /// The data of any known event; an unknown type is a problem of its own.
    package static func payload(of event: Event) throws(EventProblem) -> any EventPayload {
        guard let description = byType[event.type] else {
            throw EventProblem(.unknownType, "no event type \(CloudEventCodec.quoted(Array(event.type.utf8)[...]))")
        }
        return try description.decode(event)
    }
}

/// One event type.
package struct EventDescription: Sendable {
    /// The full CloudEvents type, `io.tributary.<noun>.<verb>.v1`.
    package let type: String
    /// The name of the payload in code and documents: `ReferralSubmitted`.
    package let name: String
    package let topics: [Topic]
    /// JSON Schema (draft 2020-12) of the data, recorded from the code that reads it.
    package let schema: @Sendable () -> JSONValue
    package let decode: @Sendable (Event) throws(EventProblem) -> any EventPayload

    /// An event type and the topics that carry it.
    package static func of<Payload: EventPayload>(_: Payload.Type, in topics: Topic...) -> EventDescription {
        let name = String(describing: Payload.self)
        return EventDescription(
            type: Payload.type, name: name, topics: topics,
            schema: { JSONSchema.of(Payload.self, title: name) },
            decode: { (event: Event) throws(EventProblem) -> any EventPayload in try event.payload(Payload.self) })
    }

    /// A fact for readers: carried by `outcome.v1` alone.
    package static func fact<Payload: Fact>(_ payload: Payload.Type) -> EventDescription {
        of(payload, in: .outcome)
    }

    /// The type without `io.tributary.`: `referral.submitted.v1`.
    package var shortType: String {
        type.hasPrefix("io.tributary.") ? String(type.dropFirst(13)) : type
    }
}
