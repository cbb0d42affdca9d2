package import Domain
package import JSON

/// A record went to a worker's dead-letter topic instead of being applied.
package struct RecordDeadLettered: Fact, Hashable {
    package static let type = "io.tributary.record.dead_lettered.v1"

    package var worker: WorkerName
    /// Without the prefix: `referral.v1`.
    package var topic: String
    package var partition: Int64
    package var offset: Int64
    /// What met the record at that position and failed, where it was not the record itself: a timer (`timer-...`), or a held
    /// event that cannot be read (`held-...`).
    package var item: String?
    /// The dead letter's code: `not_cloudevent`, `schema`, `refused` ...
    package var code: String
    /// For people; no personal data.
    package var reason: String
    /// The event's source, id and type, as far as its envelope could be read.
    package var source: String?
    package var eventID: String?
    package var eventType: String?
    /// Who put it back to its topic; `nil` while nobody did.
    package var redrive: Redrive?
    package var occurredAt: Timestamp

    /// That a dead letter was put back.
    package struct Redrive: JSONCodable, Sendable, Hashable {
        package var actor: Actor
        package var at: Timestamp
        /// Its data was another then.
        package var isEdited: Bool
        package var reason: String?

        package init(actor: Actor, at: Timestamp, isEdited: Bool, reason: String?) {
            self.actor = actor
            self.at = at
            self.isEdited = isEdited
            self.reason = reason
        }

        package init(reading reader: inout ObjectReader) {
            actor = reader.value("actor", as: Actor.self)
            at = reader.value("at", as: Timestamp.self)
            isEdited = reader.optionalBoolean("edited") ?? false
            reason = reader.optionalString("reason")
        }

        package func write(to writer: inout ObjectWriter) {
            writer.value("actor", actor)
            writer.value("at", at)
            writer.boolean("edited", isEdited ? true : nil)
            writer.string("reason", reason)
        }
    }

    /// `<topic>/<partition>/<offset>`
    package var place: String { "\(topic)/\(partition)/\(offset)" }

    /// The place, and behind it the item where there is one: a position may have several dead letters.
    package var entityID: String { Self.entityID(of: place, item: item) }

    package static func entityID(of place: String, item: String?) -> String { item.map { "\(place)/\($0)" } ?? place }

    package init(
        worker: WorkerName, position: EventPosition, item: String? = nil, code: String, reason: String, source: String?,
        eventID: String?, eventType: String?, occurredAt: Timestamp
    ) {
        self.worker = worker
        topic = position.topic
        partition = Int64(position.partition)
        offset = position.offset
        self.item = item
        self.code = code
        self.reason = reason
        self.source = source
        self.eventID = eventID
        self.eventType = eventType
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        worker = reader.enumeration("worker", WorkerName.self)
        topic = reader.string("topic")
        partition = reader.integer("partition")
        offset = reader.integer("offset")
        item = reader.optionalString("item")
        code = reader.string("code")
        reason = reader.string("reason")
        source = reader.optionalString("source")
        eventID = reader.optionalString("id")
        eventType = reader.optionalString("type")
        redrive = reader.optionalObject("redrive", Redrive.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("worker", worker)
        writer.string("topic", topic)
        writer.integer("partition", partition)
        writer.integer("offset", offset)
        writer.string("item", item)
        writer.string("code", code)
        writer.string("reason", reason)
        writer.string("source", source)
        writer.string("id", eventID)
        writer.string("type", eventType)
        writer.object("redrive", redrive)
        writer.value("occurred_at", occurredAt)
    }
}

/// What became of a command. A refused one has a dead letter beside it.
package struct CommandCompleted: Fact, Hashable {
    package enum Outcome: String, Sendable, CaseIterable {
        case accepted, refused
    }

    package static let type = "io.tributary.command.completed.v1"

    package var commandID: String
    package var worker: WorkerName
    package var outcome: Outcome
    /// What the command was about: a referral, a conflict, a run.
    package var subject: String?
    /// What happened, in plain words.
    package var text: String
    package var occurredAt: Timestamp

    package var entityID: String { commandID }

    package init(
        commandID: String, worker: WorkerName, outcome: Outcome, subject: String?, text: String, occurredAt: Timestamp
    ) {
        self.commandID = commandID
        self.worker = worker
        self.outcome = outcome
        self.subject = subject
        self.text = text
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        commandID = reader.string("command_id")
        worker = reader.enumeration("worker", WorkerName.self)
        outcome = reader.enumeration("outcome", Outcome.self)
        subject = reader.optionalString("entity_id")
        text = reader.string("text")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("command_id", commandID)
        writer.enumeration("worker", worker)
        writer.enumeration("outcome", outcome)
        writer.string("entity_id", subject)
        writer.string("text", text)
        writer.value("occurred_at", occurredAt)
    }
}

extension EventCatalogue {
    /// What the runtime itself tells.
    static let runtime: [EventDescription] = [
        .fact(RecordDeadLettered.self),
        .fact(CommandCompleted.self),
    ]
}
