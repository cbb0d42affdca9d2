import Contracts
import Domain
import EventLog
import JSON
import Testing
import WorkerService

@testable import Commands

private let moment = Timestamp(rfc3339: "2024-03-01T00:00:00Z")!

/// `dlq redrive`: what it says before it puts anything back, and how fast it does.
@Suite(.timeLimit(.minutes(5))) struct RedrivePlanTests {
    private static let warning =
        "They come behind everything that has happened since: what an account's later events decided is not undone, "
        + "and a deadline or a first place may be lost."

    /// Makes the topics, and so many dead letters of the referral worker; every third is `refused`.
    ///
    /// - Parameter large: the number of one that is larger than its topic takes.
    private func makeLetters(_ count: Int, large: Int? = nil, in installation: Installation) throws
        -> [RecordDeadLettered]
    {
        let catalogue = installation.options.catalogue
        try installation.clock.createTopics(clock: .stream, at: moment)
        let partitions = try installation.log.partitionCount(of: catalogue.name(of: .outcome))
        var letters: [RecordDeadLettered] = []
        var records: [OutgoingRecord] = []
        for number in 0..<count {
            let failed = EventPosition(topic: "referral.v1", partition: 3, offset: Int64(100 + number))
            let letter = RecordDeadLettered(
                worker: .referral, position: failed, code: number % 3 == 0 ? "refused" : "schema", reason: "why",
                source: "/shop", eventID: "\(number)", eventType: "t", occurredAt: moment)
            let headers: LogHeaders = [
                LogHeader(HeaderName.specVersion, "1.0"), LogHeader(HeaderName.id, "\(number)"),
                LogHeader(HeaderName.source, "/shop"), LogHeader(HeaderName.type, "t"),
                LogHeader("__connect.errors.topic", catalogue.name(of: .referral)),
                LogHeader("__connect.errors.partition", "\(failed.partition)"),
                LogHeader("__connect.errors.offset", "\(failed.offset)"),
                LogHeader(HeaderName.errorCode, letter.code),
            ]
            records.append(
                OutgoingRecord(
                    topic: catalogue.name(of: .deadLetters(.referral)), partition: failed.partition,
                    key: Array("a".utf8),
                    value: Array("{}".utf8)
                        + [UInt8](repeating: 0x20, count: number == large ? TopicCatalogue.maximumRecordBytes : 0),
                    headers: headers))
            let envelope = EventEnvelope(
                id: "letter-\(number)", source: "/tributary/referral-worker/3", type: RecordDeadLettered.type,
                time: moment, subject: letter.entityID, key: letter.entityID)
            records.append(
                CloudEventCodec.encode(
                    envelope, data: JSONEncoding.encode(letter), topic: catalogue.name(of: .outcome),
                    partition: Partitioner.partition(of: letter.entityID, count: partitions)))
            letters.append(letter)
        }
        try installation.append(records)
        return letters
    }

    private func redrivenCount(_ installation: Installation) throws -> Int {
        var count = 0
        try installation.log.readThrough(installation.options.catalogue.name(of: .referral)) { record in
            if record.headers.contains(name: HeaderName.redriven) { count += 1 }
        }
        return count
    }

    @Test func `the plan says how many go back, by code, and what their place behind all others means`() throws {
        try DemoDirectory.with { directory in
            let installation = try Installation(directory.options(), runsWorkers: false)
            defer { installation.close() }
            let letters = try makeLetters(7, in: installation)
            let run = RedriveRun(
                installation, letters, edited: nil, actor: .person(PersonID("psn_ines")!), reason: nil, rate: 100)
            let plan = try run.plan()
            #expect(plan.count == 7 && plan.kept.isEmpty)
            #expect(
                plan.text == "7 dead letters go back to their topics\n  3: refused\n  4: schema\n" + Self.warning)
            #expect(try redrivenCount(installation) == 0)
        }
    }

    /// The others are not to wait behind it for ever.
    @Test func `one that no topic takes stays, and the others go back`() throws {
        try DemoDirectory.with { directory in
            let installation = try Installation(directory.options(), runsWorkers: false)
            defer { installation.close() }
            let letters = try makeLetters(7, large: 2, in: installation)
            let run = RedriveRun(
                installation, letters, edited: nil, actor: .person(PersonID("psn_ines")!), reason: nil, rate: 100_000)
            let plan = try run.plan()
            #expect(plan.count == 6)
            #expect(
                plan.kept == [
                    "too many bytes with its headers, at most \(TopicCatalogue.maximumRecordBytes) go in: "
                        + "give less data with --edit": 1
                ])
            #expect(try run.putBack() == 6)
            #expect(try redrivenCount(installation) == 6)
        }
    }

    /// A timer that failed before a record has the record's position.
    @Test func `a dead letter at another's position is told from it`() throws {
        try DemoDirectory.with { directory in
            let installation = try Installation(directory.options(), runsWorkers: false)
            defer { installation.close() }
            var letters = try makeLetters(1, in: installation)
            let catalogue = installation.options.catalogue
            var timer = letters[0]
            timer.item = "timer-1"
            try installation.append([
                OutgoingRecord(
                    topic: catalogue.name(of: .deadLetters(.referral)), partition: 3, key: nil, value: Array("{}".utf8),
                    headers: [
                        LogHeader("__connect.errors.topic", catalogue.name(of: .referral)),
                        LogHeader("__connect.errors.partition", "3"), LogHeader("__connect.errors.offset", "100"),
                        LogHeader("tributary-error-item", "timer-1"), LogHeader(HeaderName.errorCode, timer.code),
                    ])
            ])
            letters.insert(timer, at: 0)
            func plan(_ letters: [RecordDeadLettered]) throws -> RedriveRun.Plan {
                try RedriveRun(
                    installation, letters, edited: nil, actor: .person(PersonID("psn_ines")!), reason: nil, rate: 100
                ).plan()
            }
            #expect(try plan([letters[1]]).count == 1)
            let both = try plan(letters)
            #expect(both.count == 1)
            #expect(both.kept == ["no CloudEvent: give a structured one with --edit": 1])
        }
    }

    @Test func `where nothing goes back there is nothing to warn of`() {
        let plan = RedriveRun.Plan(kept: ["why": 2])
        #expect(plan.text == "0 dead letters go back to their topics\n  2 stay: why")
    }

    @Test(.enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
    func `where nobody can be asked it says its plan and puts nothing back`() throws {
        try DemoDirectory.with { directory in
            let options = try directory.options()
            do {
                let installation = try Installation(options, runsWorkers: false)
                defer { installation.close() }
                _ = try makeLetters(2, in: installation)
            }
            let ended = try BuiltProgram.run(
                ["dlq", "redrive", "--all", "--as", "psn_ines", "--data", directory.path], in: directory.path)
            #expect(ended.code == 1)
            #expect(
                ended.output
                    == "2 dead letters go back to their topics\n  1: refused\n  1: schema\n" + Self.warning + "\n")
            #expect(
                ended.errors.contains("Put them back? Nobody can be asked here: add --yes."), "\(ended.errors)")
            let installation = try Installation(options, runsWorkers: false)
            defer { installation.close() }
            #expect(try redrivenCount(installation) == 0)
        }
    }

    /// A tenth of a second's worth goes at once, and as long as it may take passes before the next.
    @Test(
        arguments: [
            (25, 100, [10, 20], .milliseconds(100)), (6, 25, [2, 4], .milliseconds(80)),
            (3, 5, [1, 2], .milliseconds(200)), (10, 100, [], .zero),
        ] as [(Int, Int, [Int], Duration)])
    func `the rate is kept`(count: Int, rate: Int, written: [Int], pause: Duration) throws {
        try DemoDirectory.with { directory in
            let installation = try Installation(directory.options(), runsWorkers: false)
            defer { installation.close() }
            let letters = try makeLetters(count, in: installation)
            var pauses: [Duration] = []
            var found: [Result<Int, any Error>] = []
            let run = RedriveRun(
                installation, letters, edited: nil, actor: .person(PersonID("psn_ines")!), reason: nil, rate: rate
            ) { duration in
                pauses.append(duration)
                found.append(Result { try redrivenCount(installation) })
            }
            #expect(try run.putBack() == count)
            #expect(pauses == Array(repeating: pause, count: written.count))
            #expect(try found.map { try $0.get() } == written, "so many were there when it paused")
            #expect(try redrivenCount(installation) == count)
        }
    }
}
