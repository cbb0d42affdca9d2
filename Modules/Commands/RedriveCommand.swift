import CommandLineKit
import Contracts
import Domain
import EventLog
import Foundation
import JSON
import ReadModel
import TaskRuntime
import WorkerService

/// `dlq redrive`: dead letters back to the topics that they came from.
enum RedriveCommand {
    static let command = Command(
        "dlq", "redrive", summary: "Puts dead letters back to their topics, each once.",
        arguments: [CommandArgument("RECORD", isRequired: false, "one of them: referral.v1/3/1234")],
        options: [
            CommandOption(flag: "all", "all that nobody has put back"),
            CommandOption("worker", "WORKER", "of one worker: referral, approval, payout or notification"),
            CommandOption("code", "CODE", "of one code, such as schema"),
            CommandOption(
                "edit", "FILE",
                "the event's new data, or a whole structured CloudEvent in its place; `-` for standard input"),
            CommandOption("rate", "N", default: "100", "records a second at most"),
            CommandOption("reason", "TEXT", "why; recorded"), CommandOption(flag: "yes", "do not ask"),
            CommandOption(flag: "dry-run", "only say what would be put back"),
        ],
        example: "dlq redrive --all --code refused --as psn_olivia --dry-run"
    ) { call in
        let options = try GlobalOptions(call)
        let actor = try options.actor()
        let choice = try Choice(call)
        let edited = try call["edit"].map { try Edited(file: $0) }
        let rate = try call.integer("rate", in: 1...100_000) ?? 100
        let installation = try Installation(options, runsWorkers: true)
        defer { installation.close() }
        let letters = try installation.withReadModel { model in
            try choice.of(model.decoded(.deadLetter, as: RecordDeadLettered.self))
        }
        let run = RedriveRun(installation, letters, edited: edited, actor: actor, reason: call["reason"], rate: rate)
        let plan = try run.plan()
        let terminal = options.terminal
        terminal.print(plan.text)
        if call.isSet("dry-run") || plan.count == 0 {
            terminal.answer("", Answer(.planned, plan.members))
            return plan.count == 0 && !plan.kept.isEmpty ? .failed : .done
        }
        guard try terminal.confirm("Put them back?", isAnswered: call.isSet("yes")) else { return .failed }
        let refusals = try RefusedRecords(installation)
        let count = try run.putBack()
        try installation.settle()
        try installation.clock.drain(timeout: options.timeout)
        let again = try refusals.since(installation, where: run.isRefusal)
        let text = ["\(count) put back, \(count - again.count) processed", again.text].compactMap(\.self)
        terminal.answer(
            text.joined(separator: "\n"), Answer(.done, [("put_back", .count(count))] + again.members))
        return again.count == 0 ? .done : .failed
    }

    /// Which dead letters are meant.
    private struct Choice {
        var record: String?
        var worker: WorkerName?
        var code: String?

        init(_ call: Invocation) throws {
            record = call.arguments.first
            code = call["code"]
            worker = try call["worker"].map { try word($0, of: "--worker") }
            let isMany = call.isSet("all") || code != nil || worker != nil
            guard (record != nil) != isMany else {
                throw UsageError("name one RECORD, or choose with --all, --worker and --code")
            }
            guard call["edit"] == nil || record != nil else {
                throw UsageError("--edit: name the one RECORD that it is for")
            }
        }

        func of(_ letters: [RecordDeadLettered]) throws -> [RecordDeadLettered] {
            guard let record else {
                return letters.filter { letter in
                    letter.redrive == nil && (worker ?? letter.worker) == letter.worker
                        && (code ?? letter.code) == letter.code
                }
            }
            guard let letter = letters.first(where: { $0.entityID == record }) else {
                throw CommandFailure("there is no dead letter of \(record)")
            }
            if let redrive = letter.redrive {
                throw CommandFailure("\(record) was put back by \(redrive.actor) at \(redrive.at): once is enough")
            }
            return [letter]
        }
    }

    /// What a record is to hold instead.
    struct Edited {
        let bytes: [UInt8]
        /// A whole CloudEvent, not only its data.
        let isStructured: Bool

        init(file: String) throws {
            let bytes = try InputFile.bytes(of: file)
            guard bytes.count <= TopicCatalogue.maximumRecordBytes else {
                throw CommandFailure(
                    "\(file): \(bytes.count) bytes, at most \(TopicCatalogue.maximumRecordBytes) are processed")
            }
            do throws(JSONFailure) {
                try self.init(bytes)
            } catch {
                throw CommandFailure("\(file): \(error.problems.first.map { "\($0)" } ?? "no JSON")")
            }
        }

        init(_ bytes: [UInt8]) throws(JSONFailure) {
            let tree = try JSONDocument.parse(bytes)
            guard case .object = tree else {
                throw JSONFailure(problems: [JSONProblem(pointer: "", expected: "an object", found: "another value")])
            }
            self.bytes = bytes
            isStructured = tree["specversion"] != nil
        }

        /// The value that a dead letter gets: where it had a structured event, that event with the new data.
        func value(for letter: LogRecord) throws(RedriveRun.Kept) -> [UInt8] {
            let contentType = (letter.headerText(HeaderName.contentType) ?? "").lowercased()
            guard !isStructured, contentType.hasPrefix("application/cloudevents+json") else { return bytes }
            guard case .object(let members)? = try? JSONDocument.parse(letter.value ?? []) else {
                throw RedriveRun.Kept("its envelope cannot be read: give a whole structured event with --edit")
            }
            return event(members.filter { name, _ in !Self.dataMembers.contains(name) })
        }

        /// The envelope with the data behind its members, byte for byte: printed anew, a number might get other digits.
        private func event(_ envelope: [(String, JSONValue)]) -> [UInt8] {
            var event = JSONValue.object(envelope).text
            event.removeLast()
            if !envelope.isEmpty { event.append(UInt8(ascii: ",")) }
            return event + Array(#""data":"#.utf8) + bytes + [UInt8(ascii: "}")]
        }

        /// What a structured event has of its data; without a content type it is JSON.
        private static let dataMembers: Set<String> = ["data", "data_base64", "datacontenttype"]
    }
}

/// Dead letters on their way back.
struct RedriveRun {
    private let installation: Installation
    private let letters: [String: RecordDeadLettered]
    /// Where they failed.
    private let places: Set<String>
    private let edited: RedriveCommand.Edited?
    private let actor: Actor
    private let reason: String?
    private let rate: Int
    private let pause: (Duration) -> Void

    /// What goes back in one transaction, at most.
    private static let bytesPerBatch = 8 << 20
    private static let batchesPerSecond = 10

    /// - Parameters:
    ///   - rate: records a second.
    ///   - pause: waits between two transactions, so that the rate is kept.
    init(
        _ installation: Installation, _ letters: [RecordDeadLettered], edited: RedriveCommand.Edited?, actor: Actor,
        reason: String?, rate: Int, pause: @escaping (Duration) -> Void = { Thread.sleep(for: $0) }
    ) {
        self.installation = installation
        self.letters = Dictionary(letters.map { ($0.entityID, $0) }) { first, _ in first }
        places = Set(letters.map(\.place))
        self.edited = edited
        self.actor = actor
        self.reason = reason
        self.rate = rate
        self.pause = pause
    }

    struct Plan {
        /// How many go back.
        var count = 0
        /// By code.
        var codes: [String: Int] = [:]
        /// Why the others cannot, by reason.
        var kept: [String: Int] = [:]

        var text: String {
            var lines = ["\(count) dead letters go back to their topics"]
            lines += codes.sorted { $0.key < $1.key }.map { "  \($0.value): \($0.key)" }
            lines += kept.sorted { $0.key < $1.key }.map { "  \($0.value) stay: \($0.key)" }
            if count > 0 {
                lines.append(
                    "They come behind everything that has happened since: what an account's later events decided is not "
                        + "undone, and a deadline or a first place may be lost.")
            }
            return lines.joined(separator: "\n")
        }

        var members: [(String, JSONValue)] {
            func counts(_ counts: [String: Int]) -> JSONValue {
                .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .count($0.value)) })
            }
            return [("records", .count(count)), ("codes", counts(codes)), ("kept", counts(kept))]
        }
    }

    /// Whether a dead letter is one of these, back again.
    func isRefusal(_ letter: LogRecord) -> Bool {
        let failed = letter.headerText(HeaderName.redriven)?.split(separator: " ")
        return failed?.last.map { places.contains(String($0)) } ?? false
    }

    func plan() throws -> Plan {
        var plan = Plan()
        var found: Set<String> = []
        try eachLetter { letter, outcome in
            found.insert(letter.entityID)
            switch outcome {
            case .success:
                plan.count += 1
                plan.codes[letter.code, default: 0] += 1
            case .failure(let kept): plan.kept[kept.reason, default: 0] += 1
            }
        }
        let gone = letters.keys.filter { !found.contains($0) }.count
        if gone > 0 { plan.kept["the dead-letter topic no longer holds them"] = gone }
        return plan
    }

    /// Puts them back at the rate asked for, each in one transaction with the fact that says so; returns how many.
    func putBack() throws -> Int {
        let time = try installation.commandTime()
        let perBatch = max(1, rate / RedriveRun.batchesPerSecond)
        var batch: [OutgoingRecord] = []
        var bytes = 0
        var count = 0
        func send() throws {
            guard !batch.isEmpty else { return }
            try installation.append(batch)
            let sent = batch.count / 2
            count += sent
            batch = []
            bytes = 0
            installation.options.terminal.progress("\(count) of \(letters.count) put back")
            if count < letters.count { pause(Duration.seconds(sent) / rate) }
        }
        try eachLetter { letter, outcome in
            guard case .success(let record) = outcome else { return }
            batch.append(record)
            batch.append(try fact(letter, time))
            bytes += (record.value?.count ?? 0) + record.headers.bytes.count
            if batch.count >= perBatch * 2 || bytes >= RedriveRun.bytesPerBatch { try send() }
        }
        try send()
        installation.options.terminal.endProgress()
        return count
    }

    /// Why a dead letter stays where it is.
    struct Kept: Error {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// Each chosen letter once, with the record that it becomes.
    private func eachLetter(_ body: (RecordDeadLettered, Result<OutgoingRecord, Kept>) throws -> Void) throws {
        let catalogue = installation.options.catalogue
        var done: Set<String> = []
        for worker in Set(letters.values.map(\.worker)).sorted(by: { $0.rawValue < $1.rawValue }) {
            let input = catalogue.name(of: worker.input)
            let partitions = try installation.log.partitionCount(of: input)
            try installation.log.readThrough(catalogue.name(of: .deadLetters(worker))) { record in
                guard let id = DeadLetterRecord.id(of: record, prefix: catalogue.prefix), let letter = letters[id],
                    record.headerText(HeaderName.errorCode) == letter.code, done.insert(id).inserted,
                    let position = DeadLetterRecord.position(of: record, prefix: catalogue.prefix)
                else { return }
                let back = Result { () throws(Kept) in
                    try RedriveRun.back(record, from: position, edited: edited, to: input, partitions: partitions)
                }
                try body(letter, back)
            }
        }
    }

    /// The record that a dead letter becomes. An edited one is read as its worker will read it: what is no event would
    /// be a dead letter again.
    static func back(
        _ letter: LogRecord, from failed: EventPosition, edited: RedriveCommand.Edited?, to topic: String,
        partitions: Int32
    ) throws(Kept) -> OutgoingRecord {
        let value = try edited?.value(for: letter)
        let record: OutgoingRecord
        do throws(DeadLetterRecord.NotWhole) {
            record = try DeadLetterRecord.redriven(
                letter, from: failed, data: value, isStructured: edited?.isStructured ?? false, to: topic,
                partitions: partitions)
        } catch {
            switch error {
            case .cut: throw Kept("only the beginning was kept: give the whole with --edit")
            case .headersCut: throw Kept("not all of its headers were kept: give a whole structured event with --edit")
            case .noEvent: throw Kept("no CloudEvent: give a structured one with --edit")
            }
        }
        guard record.byteCount <= TopicCatalogue.maximumRecordBytes else {
            let limit = "at most \(TopicCatalogue.maximumRecordBytes) go in"
            throw Kept(
                edited == nil
                    ? "too many bytes with its headers, \(limit): give less data with --edit"
                    : "\(record.byteCount) bytes with --edit, \(limit)")
        }
        guard edited != nil else { return record }
        let mended = LogRecord(
            topic: topic, partition: record.partition, offset: failed.offset,
            appendTimeMilliseconds: letter.appendTimeMilliseconds, key: record.key, value: record.value,
            headers: record.headers)
        do throws(EventProblem) {
            _ = try CloudEventCodec.decode(mended, prefix: "")
        } catch {
            throw Kept("no CloudEvent with --edit either (\(error.reason)): give a whole structured one")
        }
        return record
    }

    private func fact(_ letter: RecordDeadLettered, _ time: Timestamp) throws -> OutgoingRecord {
        var letter = letter
        letter.redrive = RecordDeadLettered.Redrive(actor: actor, at: time, isEdited: edited != nil, reason: reason)
        let topic = installation.options.catalogue.name(of: .outcome)
        let envelope = EventEnvelope(
            id: "redrive-\(letter.entityID)", source: CommandSender.source, type: RecordDeadLettered.type, time: time,
            subject: letter.entityID, key: letter.entityID)
        return CloudEventCodec.encode(
            envelope, data: JSONEncoding.encode(letter), topic: topic,
            partition: Partitioner.partition(
                of: letter.entityID, count: try installation.log.partitionCount(of: topic)))
    }
}
