import CommandLineKit
import Contracts
import Domain
import EventLog
import Hashing
import JSON

/// Sends a command as an event and waits for the outcome that names it.
struct CommandSender {
    /// What came back.
    struct Outcome {
        /// Short types and ids of the facts that answered.
        var facts: [(type: String, id: String)]
        /// Why the command was refused; `nil` where it was done.
        var refusal: String?
    }

    let installation: Installation

    /// One event under its key.
    ///
    /// - Parameter id: of the command; equal ids are one command, so that a repetition changes nothing.
    func send<Payload: EventPayload>(
        _ payload: Payload, to topic: Topic, key: String, id: String? = nil, at time: Timestamp
    ) throws -> Outcome {
        let catalogue = installation.options.catalogue
        let name = catalogue.name(of: topic)
        let data = JSONEncoding.encode(payload)
        let command = id ?? commandID(data)
        let record = CloudEventCodec.encode(
            envelope(command, Payload.type, key: key, time), data: data, topic: name,
            partition: Partitioner.partition(of: key, count: try installation.log.partitionCount(of: name)))
        return try sendAndWait([record], command: command, expected: 1)
    }

    /// One event to every partition of a topic, in one transaction.
    func broadcast<Payload: EventPayload>(
        _ payload: Payload, to topic: Topic, id: String? = nil, at time: Timestamp
    ) throws -> Outcome {
        let name = installation.options.catalogue.name(of: topic)
        let data = JSONEncoding.encode(payload)
        let command = id ?? commandID(data)
        var envelope = envelope(command, Payload.type, key: nil, time)
        envelope.isBroadcast = true
        let count = try installation.log.partitionCount(of: name)
        let records = (0..<count).map {
            CloudEventCodec.encode(envelope, data: data, topic: name, partition: $0)
        }
        return try sendAndWait(records, command: command, expected: Int(count))
    }

    private func envelope(_ command: String, _ type: String, key: String?, _ time: Timestamp) -> EventEnvelope {
        EventEnvelope(
            id: command, source: "/tributary/cli", type: type, time: time, subject: nil, key: key, commandID: command)
    }

    private func commandID(_ data: [UInt8]) -> String {
        "cmd_" + Hexadecimal.text(Hashing.randomBytes(count: 8)) + Hexadecimal.text(Hashing.first64(of: data))
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
                let type = record.headerText(HeaderName.type) ?? ""
                if type == RecordDeadLettered.type, let value = record.value {
                    let letter = try JSONDocument.decode(RecordDeadLettered.self, from: value)
                    outcome.refusal = "\(letter.reason) [\(letter.code)]"
                }
                outcome.facts.append((type, String(decoding: record.key ?? [], as: UTF8.self)))
            }
        }
        return outcome
    }
}

extension CommandSender.Outcome {
    /// Says what happened, and how the program ends.
    func report(_ options: GlobalOptions, done text: String) -> ExitCode {
        let terminal = Terminal()
        if let refusal {
            terminal.complain("refused: \(refusal)")
            return .failed
        }
        terminal.print(options.isJSON ? #"{"outcome":"done"}"# : text)
        return .done
    }
}
