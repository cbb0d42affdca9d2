import CommandLineKit
import Contracts
import Domain
import EventLog
import JSON

/// `--reason` of commands whose events have no room for it: kept in the register's topic, and shown by the command's id.
enum CommandNotes {
    static let option = CommandOption("reason", "TEXT", "why; recorded under the command's id, which `show` takes")

    /// Records the reason before anything else is written.
    ///
    /// - Returns: the command's id, for what it writes; `nil` where no reason was given.
    static func record(
        _ command: String, effect: String, of call: Invocation, in installation: Installation
    ) throws -> String? {
        guard let reason = call["reason"] else { return nil }
        guard reason.contains(where: { !$0.isWhitespace }) else { throw UsageError("--reason: expected a text") }
        let id = CommandSender.newID(for: Array((command + effect + reason).utf8))
        let time = Installation.wallTime()
        let note = CommandNoted(
            commandID: id, command: command, effect: effect, reason: reason,
            actor: call["as"] == nil ? nil : try installation.options.actor(), occurredAt: time)
        let envelope = EventEnvelope(
            id: id, source: CommandSender.source, type: CommandNoted.type, time: time, subject: id, key: id,
            commandID: id)
        try installation.append([
            CloudEventCodec.encode(
                envelope, data: JSONEncoding.encode(note), topic: installation.options.catalogue.name(of: .program),
                partition: 0)
        ])
        installation.options.terminal.print("recorded as \(id)")
        return id
    }

    /// The note of a command; `nil` where it has none.
    static func find(_ id: String, in installation: Installation) throws -> JSONValue? {
        // The topic is as long as the log is old.
        guard id.hasPrefix(CommandSender.idPrefix) else { return nil }
        var found: JSONValue?
        try installation.log.readThrough(installation.options.catalogue.name(of: .program)) { record in
            guard record.headerText(HeaderName.type) == CommandNoted.type, let value = record.value,
                record.key.map({ String(decoding: $0, as: UTF8.self) }) == id
            else { return }
            found = try JSONDocument.parse(value)
        }
        return found
    }
}
