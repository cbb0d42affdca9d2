import CommandLineKit
import Contracts
import Domain
import EventLog
import Hashing
import Importing
import JSON
import WorkerService

/// Sends a command as an event and waits for the outcome that names it.
struct CommandSender {
    static let source = "/tributary/cli"

    /// What came back.
    struct Outcome {
        /// Short types and ids of the facts that answered.
        var facts: [(type: String, id: String)]
        /// Why the command was refused; `nil` where it was done.
        var refusal: String?
    }

    let installation: Installation

    /// One event under its key.
    func send<Payload: EventPayload>(
        _ payload: Payload, to topic: Topic, key: String, at time: Timestamp
    ) throws -> Outcome {
        let catalogue = installation.options.catalogue
        let name = catalogue.name(of: topic)
        let data = JSONEncoding.encode(payload)
        let command = CommandSender.newID(for: data)
        let record = CloudEventCodec.encode(
            envelope(command, Payload.type, key: key, time), data: data, topic: name,
            partition: Partitioner.partition(of: key, count: try installation.log.partitionCount(of: name)))
        return try sendAndWait([record], command: command, expected: 1)
    }

    /// One event to every partition of a topic, in one transaction.
    func broadcast<Payload: EventPayload>(
        _ payload: Payload, to topic: Topic, at time: Timestamp
    ) throws -> Outcome {
        let name = installation.options.catalogue.name(of: topic)
        let data = JSONEncoding.encode(payload)
        let command = CommandSender.newID(for: data)
        let records = try Broadcast.records(
            of: data, envelope: envelope(command, Payload.type, key: nil, time), to: [name], on: installation.log)
        return try sendAndWait(records, command: command, expected: records.count)
    }

    /// Entries of the register, in one transaction; waits until every worker that reads it has taken or refused them.
    ///
    /// - Parameter command: its id, where it has one already.
    func register(_ entries: [any RegisterEntry], command: String? = nil) throws -> Outcome {
        let catalogue = installation.options.catalogue
        let command = command ?? CommandSender.newID(for: Array(entries.map(\.registerKey).joined(separator: " ").utf8))
        let outcomes = catalogue.name(of: .outcome)
        let start = try installation.log.endOffsets(of: outcomes)
        let writer = try installation.registerWriter()
        defer { writer.close() }
        try writer.write(entries, source: CommandSender.source, commandID: command)
        try installation.settle()
        try installation.clock.drain([.referral, .approval, .payout], timeout: installation.options.timeout)
        var outcome = Outcome(facts: [], refusal: nil)
        try installation.log.readThrough(outcomes, from: start) { record in
            if record.headerText(HeaderName.commandID) == command { try outcome.take(record) }
        }
        return outcome
    }

    private func envelope(_ command: String, _ type: String, key: String?, _ time: Timestamp) -> EventEnvelope {
        EventEnvelope(
            id: command, source: CommandSender.source, type: type, time: time, subject: nil, key: key,
            commandID: command)
    }

    static let idPrefix = "cmd_"

    static func newID(for data: [UInt8]) -> String {
        idPrefix + Hexadecimal.text(Hashing.randomBytes(count: 8)) + Hexadecimal.text(Hashing.first64(of: data))
    }

    /// Waits until `expected` partitions have answered; on a stream clock the ticks make them answer.
    private func sendAndWait(_ records: [OutgoingRecord], command: String, expected: Int) throws -> Outcome {
        let log = installation.log
        let topic = installation.options.catalogue.name(of: .outcome)
        var positions: [TopicPartition: Int64] = [:]
        for (partition, end) in try log.endOffsets(of: topic).enumerated() {
            positions[TopicPartition(topic, Int32(partition))] = end
        }
        try installation.append(records)
        try installation.settle()
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign(positions)
        var outcome = Outcome(facts: [], refusal: nil)
        var answers: Set<String> = []
        let deadline = ContinuousClock.now + installation.options.timeout
        while answers.count < expected {
            guard ContinuousClock.now < deadline else {
                throw CommandFailure(
                    "no outcome within \(installation.options.timeout); the command \(command) is in the log and may still "
                        + "take effect: do the workers run?")
            }
            for record in try reader.read(maximum: 500, timeout: .milliseconds(200))
            where record.headerText(HeaderName.commandID) == command {
                answers.insert(record.headerText(HeaderName.cause) ?? "")
                try outcome.take(record)
            }
        }
        return outcome
    }
}

extension CommandSender.Outcome {
    /// Takes up a fact that answers the command.
    fileprivate mutating func take(_ record: LogRecord) throws {
        let type = record.headerText(HeaderName.type) ?? ""
        if type == RecordDeadLettered.type, let value = record.value {
            let letter = try JSONDocument.decode(RecordDeadLettered.self, from: value)
            refusal = "\(letter.reason) [\(letter.code)]"
        }
        facts.append((type, String(decoding: record.key ?? [], as: UTF8.self)))
    }

    /// Says what happened, and how the program ends.
    ///
    /// - Parameter members: of the answer as JSON.
    func report(
        _ options: GlobalOptions, done text: @autoclosure () throws -> String,
        _ members: @autoclosure () throws -> [(String, JSONValue)] = []
    ) rethrows -> ExitCode {
        if let refusal {
            options.terminal.complain("refused: \(refusal)")
            options.terminal.answer("", Answer(.refused, [("reason", .string(refusal))]))
            return .failed
        }
        try options.terminal.answer(try text(), Answer(.done, try members()))
        return .done
    }
}
