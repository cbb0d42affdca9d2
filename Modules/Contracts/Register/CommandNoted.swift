package import Domain
package import JSON

/// Why somebody ran a command that moves many records or time: in the register's topic, where nothing is ever removed, and
/// no worker reads it. What the command wrote carries its id.
package struct CommandNoted: EventPayload, Hashable {
    package static let type = "io.tributary.command.noted.v1"

    package var commandID: String
    /// As it was called, without its options: `import`.
    package var command: String
    /// Its plan as it was shown.
    package var effect: String
    package var reason: String
    /// `nil` where nobody said who.
    package var actor: Actor?
    package var occurredAt: Timestamp

    package init(
        commandID: String, command: String, effect: String, reason: String, actor: Actor?, occurredAt: Timestamp
    ) {
        self.commandID = commandID
        self.command = command
        self.effect = effect
        self.reason = reason
        self.actor = actor
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        commandID = reader.string("command_id")
        command = reader.string("command")
        effect = reader.string("effect")
        reason = reader.string("reason")
        actor = reader.optionalValue("actor", as: Actor.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("command_id", commandID)
        writer.string("command", command)
        writer.string("effect", effect)
        writer.string("reason", reason)
        writer.value("actor", actor)
        writer.value("occurred_at", occurredAt)
    }
}
