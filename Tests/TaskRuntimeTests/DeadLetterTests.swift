import Contracts
import Domain
import EventLog
import Hashing
import JSON
import Testing

@testable import TaskRuntime

@Suite struct DeadLetterTests {
    @Test(
        arguments: [
            ([], #"{"name":"x"}"#, 0, DeadLetter.Code.notCloudEvent),
            (nil, "{", 0, .badJSON),
            (nil, #"{"name":1}"#, 0, .schema),
            (nil, "", TopicCatalogue.maximumRecordBytes + 1, .tooLarge),
        ] as [(LogHeaders?, String, Int, DeadLetter.Code)])
    func aBadRecordGoesRawBesideTheGoodOnes(headers: LogHeaders?, text: String, blanks: Int, code: DeadLetter.Code)
        throws
    {
        let value = Array(text.utf8) + [UInt8](repeating: 0x20, count: blanks)
        let task = try ProbeTask()
        _ = try task.send(Probe("a", at: 100))
        var bad = record(Probe("x", at: 100), offset: 1)
        if let headers { bad.headers = headers }
        bad.value = value
        #expect(try task.harness.task.process(bad))
        let letter = try #require(task.harness.task.takeOutputs().first)
        #expect(letter.topic == "tributary.referral-worker.dlq.v1")
        #expect(letter.value == value && letter.key == bad.key && letter.partition == 0)
        let reason = try #require(letter.text("__connect.errors.exception.message"))
        #expect(!reason.isEmpty)
        #expect(Array(letter.headers) == Array(bad.headers) + failureHeaders(of: bad, code, reason))
        #expect(try task.harness.process(record(Probe("b", at: 100), offset: 2)).texts() == ["100:b"])
        #expect(try task.rows() == ["100:a", "100:b"])
    }

    @Test(arguments: [false, true]) func ofMoreThanTheTopicTakesTheBeginningIsKept(isLarger: Bool) throws {
        let task = try ProbeTask()
        var large = record(Probe("x", at: 100), offset: 0)
        let room = DeadLetterRecord.maximumBytes - large.headers.bytes.count - (large.key?.count ?? 0)
        var value = [UInt8](repeating: 0x20, count: room + (isLarger ? 1 : 0))
        value[value.count - 1] = 0x21
        large.value = value
        #expect(try task.harness.task.process(large))
        let letter = try #require(task.harness.task.takeOutputs().first)
        let reason = "\(value.count) bytes, at most \(TopicCatalogue.maximumRecordBytes) are processed"
        var headers = Array(large.headers) + failureHeaders(of: large, .tooLarge, reason)
        if isLarger {
            headers.append(LogHeader("tributary-error-value-sha256", SHA256Digest(of: value).hex))
            headers.append(LogHeader("tributary-error-value-bytes", String(value.count)))
            value = Array(value.prefix(DeadLetterRecord.keptOfOversized))
        }
        #expect(Array(letter.headers) == headers)
        #expect(letter.value == value)
        #expect(letter.byteCount <= TopicCatalogue.maximumDeadLetterBytes)
    }

    /// Headers and keys have no limit of their own, and compress well.
    @Test(arguments: [0, 1 << 20, 15 << 20], [0, 17 << 20])
    func whateverIsLargeTheDeadLetterFitsAndSaysWhatWasCut(headerBytes: Int, keyBytes: Int) throws {
        let task = try ProbeTask()
        var large = record(Probe("x", at: 100), offset: 0)
        large.headers.removeAll { $0.name == HeaderName.id }
        let small = Array(large.headers)
        large.headers.append("x-large", String(repeating: "h", count: headerBytes))
        large.headers.append("x-small", "s")
        if keyBytes > 0 { large.key = [UInt8](repeating: 0x6b, count: keyBytes) }
        large.value = [UInt8](repeating: 0x20, count: 14 << 20)
        #expect(try task.harness.task.process(large))
        let outputs = task.harness.task.takeOutputs()
        let letter = try #require(outputs.first)
        #expect(letter.byteCount <= TopicCatalogue.maximumDeadLetterBytes)
        let isCut = headerBytes + keyBytes >= 1 << 20
        #expect(letter.value?.count == (isCut ? DeadLetterRecord.keptOfOversized : 14 << 20))
        #expect(letter.text("tributary-error-value-bytes") == (isCut ? "\(14 << 20)" : nil))
        let cutsHeaders = headerBytes + keyBytes > 15 << 20 || headerBytes == 15 << 20
        #expect(letter.text("tributary-error-headers-left-out") == (cutsHeaders && headerBytes > 0 ? "1" : nil))
        #expect(Array(letter.headers.prefix(small.count)) == small && letter.text("x-small") == "s")
        #expect(letter.key == (keyBytes > 0 ? nil : large.key))
        #expect(letter.text("tributary-error-key-bytes") == (keyBytes > 0 ? "\(keyBytes)" : nil))
        #expect(outputs.allSatisfy { $0.byteCount <= TopicCatalogue.maximumDeadLetterBytes })
        #expect(try task.harness.process(record(Probe("b", at: 100), offset: 1)).texts() == ["100:b"])
    }

    @Test(arguments: [false, true]) func eachFailureOfARecordCountsAndItsFirstTimeIsKept(stream: Bool) throws {
        let task = try ProbeTask(stream: stream)
        var input = record(Probe("x", at: 5_000, behaviour: "refuse"), offset: 10, appendedAt: 100)
        var places: [String] = []
        for attempts in 1...3 {
            #expect(try task.harness.task.process(input))
            if stream { #expect(try task.harness.task.process(tick(to: 5_000, offset: input.offset + 1))) }
            let letter = try #require(
                task.harness.task.takeOutputs().first { $0.headers.contains(name: HeaderName.errorCode) })
            let received = input.headers.filter { $0.name != HeaderName.errorFirstTime }
            #expect(
                Array(letter.headers) == Array(received)
                    + failureHeaders(of: input, .refused, "asked to refuse", attempts: attempts, firstTime: 100))
            #expect(letter.text(HeaderName.redriven) == (places.isEmpty ? nil : places.joined(separator: " ")))
            input = try putBack(letter, offset: input.offset + 10, at: input.appendTimeMilliseconds + 1_000)
            places.append("referral.v1/0/\(input.offset - 10)")
        }
    }

    private func tick(to milliseconds: Int64, offset: Int64) -> LogRecord {
        let envelope = EventEnvelope(
            id: "tick-\(offset)", source: "/t", type: ClockAdvanced.type, time: time(milliseconds), isBroadcast: true)
        return LogRecord(
            topic: "tributary.referral.v1", partition: 0, offset: offset, appendTimeMilliseconds: milliseconds,
            key: nil, value: JSONEncoding.encode(ClockAdvanced(to: time(milliseconds))),
            headers: CloudEventCodec.encode(envelope))
    }

    /// The record that `dlq redrive` makes of a dead letter.
    private func putBack(_ letter: OutgoingRecord, offset: Int64, at milliseconds: Int64) throws -> LogRecord {
        let letter = LogRecord(
            topic: letter.topic, partition: letter.partition, offset: 0, appendTimeMilliseconds: 0, key: letter.key,
            value: letter.value, headers: letter.headers)
        let failed = try #require(DeadLetterRecord.position(of: letter, prefix: "tributary"))
        let back = try DeadLetterRecord.redriven(
            letter, from: failed, data: nil, isStructured: false, to: "tributary.referral.v1", partitions: 1)
        return LogRecord(
            topic: back.topic, partition: back.partition, offset: offset, appendTimeMilliseconds: milliseconds,
            key: back.key, value: back.value, headers: back.headers)
    }

    /// Foreign clients may write any headers.
    @Test(
        arguments: [
            (nil, "7", 1, 100), ("referral.v1/0/1", "soon", 2, 100),
            ("referral.v1/0/1 referral.v1/0/2", "7", 3, 7),
        ] as [(String?, String, Int, Int64)])
    func anEarlierTimeCountsOnlyWhereTheRecordWasPutBack(
        places: String?, earlier: String, attempts: Int, firstTime: Int64
    ) throws {
        let task = try ProbeTask()
        var bad = record(Probe("x", at: 100, behaviour: "refuse"), offset: 3)
        if let places { bad.headers.append(HeaderName.redriven, places) }
        let received = bad.headers
        bad.headers.append(HeaderName.errorFirstTime, earlier)
        #expect(try task.harness.task.process(bad))
        let letter = try #require(task.harness.task.takeOutputs().first)
        #expect(
            Array(letter.headers) == Array(received)
                + failureHeaders(of: bad, .refused, "asked to refuse", attempts: attempts, firstTime: firstTime))
    }

    /// A task with nothing in it, over which earlier processes have trapped.
    private func task(_ watch: PastTraps) throws -> PartitionTask {
        try PartitionTask(
            configuration: ProbeTask().harness.task.configuration, state: TaskState(backend: MemoryStateBackend()),
            processor: ProbeProcessor(), position: 0, epoch: 1, watch: watch)
    }

    @Test(
        arguments: [
            (1, .refused, "asked to refuse", 2),
            (2, .crashLoop, "the process trapped over it 2 times; it was not processed again", 2),
            (3, .crashLoop, "the process trapped over it 3 times; it was not processed again", 3),
        ] as [(Int, DeadLetter.Code, String, Int)])
    func eachTrapIsAnAttempt(traps: Int, code: DeadLetter.Code, reason: String, attempts: Int) throws {
        let bad = record(Probe("x", at: 100, behaviour: "refuse"), offset: 3)
        let first = try task(PastTraps(over: .record, traps))
        #expect(try first.process(bad))
        let firstLetter = try #require(first.takeOutputs().first)
        #expect(
            Array(firstLetter.headers) == Array(bad.headers)
                + failureHeaders(of: bad, code, reason, attempts: attempts))
        var again = bad
        again.headers.append(HeaderName.redriven, "referral.v1/0/1")
        let received = again.headers
        again.headers.append(HeaderName.errorFirstTime, "7")
        let second = try task(PastTraps(over: .record, traps))
        #expect(try second.process(again))
        let secondLetter = try #require(second.takeOutputs().first)
        #expect(
            Array(secondLetter.headers) == Array(received)
                + failureHeaders(of: again, code, reason, attempts: attempts + 1, firstTime: 7))
    }

    @Test func aTrapOverATimerIsNoAttemptAtTheRecordBehindIt() throws {
        let task = try task(PastTraps(over: .timer, 2))
        #expect(try task.process(record(Probe("a", at: 100, timers: ["t": 200]), offset: 0)))
        _ = task.takeOutputs()
        let bad = record(Probe("x", at: 300, behaviour: "refuse"), offset: 1)
        #expect(try task.process(bad))
        let letters = task.takeOutputs().filter { $0.headers.contains(name: HeaderName.errorCode) }
        #expect(letters.count == 2)
        let reason = "timer t due \(time(200)): the process trapped over it 2 times; it was not processed again"
        #expect(
            letters.first.map { Array($0.headers.filter { $0.name != "tributary-error-item" }) }
                == failureHeaders(of: bad, .crashLoop, reason, attempts: 2))
        #expect(letters.first?.text("tributary-error-item")?.hasPrefix("timer-") == true)
        #expect(
            letters.last.map { Array($0.headers) } == Array(bad.headers)
                + failureHeaders(of: bad, .refused, "asked to refuse"))
    }

    /// Each is told of, shown and put back by itself.
    @Test func deadLettersOfOnePositionAreToldApart() throws {
        let task = try task(PastTraps(over: .timer, 2))
        let timers: [String: Int64] = ["t": 200, "u": 200]
        #expect(try task.process(record(Probe("a", at: 100, timers: timers), offset: 0)))
        _ = task.takeOutputs()
        #expect(try task.process(record(Probe("x", at: 300, behaviour: "refuse"), offset: 1)))
        let outputs = task.takeOutputs()
        let facts = try outputs.filter { $0.text(HeaderName.type) == RecordDeadLettered.type }
            .map { try JSONDocument.decode(RecordDeadLettered.self, from: $0.value ?? []) }
        #expect(facts.map(\.place) == Array(repeating: "referral.v1/0/1", count: 3))
        #expect(facts.prefix(2).allSatisfy { $0.entityID.hasPrefix("referral.v1/0/1/timer-") })
        #expect(facts.last?.entityID == "referral.v1/0/1")
        #expect(Set(facts.map(\.entityID)).count == 3)
        let letters = outputs.filter { $0.headers.contains(name: HeaderName.errorCode) }.map {
            LogRecord(
                topic: $0.topic, partition: 0, offset: 0, appendTimeMilliseconds: 0, key: $0.key, value: $0.value,
                headers: $0.headers)
        }
        #expect(letters.map { DeadLetterRecord.id(of: $0, prefix: "tributary") } == facts.map(\.entityID))
    }

    @Test func aTrapOverAHeldEventIsAnAttemptAtItAlone() throws {
        let task = try task(PastTraps(over: .held, 2))
        let set = EventEnvelope(id: "set", source: "/t", type: ClockSet.type, time: time(0), isBroadcast: true)
        #expect(
            try task.process(
                LogRecord(
                    topic: "tributary.referral.v1", partition: 0, offset: 0, appendTimeMilliseconds: 0, key: nil,
                    value: JSONEncoding.encode(ClockSet(kind: .stream, at: time(0))),
                    headers: CloudEventCodec.encode(set))))
        let held = record(Probe("a", at: 100), offset: 1, appendedAt: 50)
        #expect(try task.process(held))
        #expect(try task.process(tick(to: 200, offset: 2)))
        let letter = try #require(task.takeOutputs().first)
        let reason = "the process trapped over it 2 times; it was not processed again"
        #expect(
            Array(letter.headers) == Array(held.headers)
                + failureHeaders(of: held, .crashLoop, reason, attempts: 2))
    }

    /// A name of any length may stand in an object many times.
    @Test func whatIsToldOfADeadLetterFitsWhateverItsRecordSays() throws {
        let task = try ProbeTask()
        let member = "\"\(String(repeating: "/", count: 10_000))\":0"
        var bad = record(Probe("x", at: 100), offset: 0)
        bad.value = Array("{\(Array(repeating: member, count: 100).joined(separator: ","))}".utf8)
        let result = try task.harness.process(bad)
        let letter = try #require(result.deadLetter)
        #expect(letter.code == .schema)
        #expect(letter.reason.hasPrefix("/~1~1") && letter.reason.utf8.count < 5_000)
        #expect(result.outputs.map(\.type) == [RecordDeadLettered.type])
        #expect(result.outputs.allSatisfy { $0.data.count < TopicCatalogue.maximumRecordBytes })
    }

    @Test func anUnknownTypeIsADeadLetter() throws {
        let task = try ProbeTask()
        let result = try task.harness.send(data: Array("{}".utf8), type: "other", key: "a", at: time(1))
        #expect(result.deadLetter?.code == .unknownType)
    }

    @Test(
        arguments: [
            ("fail", DeadLetter.Code.processingFailed), ("refuse", .refused), ("large row", .tooLarge),
            ("large output", .tooLarge),
        ], [false, true])
    func aFailingHandlerLeavesNothingHalfApplied(how: (String, DeadLetter.Code), stream: Bool) throws {
        let task = try ProbeTask(stream: stream)
        let resets = task.processor.resets
        let bad = try task.send(Probe("x", at: 50, timers: ["t": 60], behaviour: how.0), commandID: "cmd-1")
        let good = try task.send(Probe("a", at: 55))
        let tick = try task.advance(to: 100)
        #expect((bad.deadLetter ?? tick.deadLetter)?.code == how.1)
        #expect(try bad.texts() + good.texts() + tick.texts() == ["55:a"])
        #expect(try task.rows() == ["55:a"])
        #expect(task.processor.resets > resets)
        let facts = (bad.outputs + tick.outputs).filter { $0.type == RecordDeadLettered.type }
        #expect(facts.map { $0.headerText(HeaderName.commandID) } == ["cmd-1"])
    }

    @Test func aCommandWhoseEnvelopeIsUnreadableIsAnsweredToo() throws {
        let task = try ProbeTask()
        var bad = record(Probe("x", at: 100), offset: 0, headers: [LogHeader(HeaderName.commandID, "cmd-1")])
        bad.headers.removeAll { $0.name == HeaderName.id }
        let result = try task.harness.process(bad)
        #expect(result.deadLetter?.code == .notCloudEvent)
        #expect(result.outputs.map { $0.headerText(HeaderName.commandID) } == ["cmd-1"])
    }

    @Test func aStoresFaultIsNoDeadLetter() throws {
        let task = try ProbeTask()
        #expect(throws: StoreError.self) { try task.send(Probe("x", at: 1, behaviour: "store")) }
        #expect(task.harness.task.takeOutputs().isEmpty)
    }

    @Test func aWrongKeyIsForwardedOnceAndThenADeadLetter() throws {
        let key = "elsewhere"
        let right = Partitioner.partition(of: key, count: 4)
        let task = try ProbeTask(partitions: 4, partition: (right + 1) % 4)
        let sent = record(Probe("a", at: 100, key: key), offset: 0, partition: (right + 1) % 4)
        #expect(try task.harness.task.process(sent))
        let forwarded = try #require(task.harness.task.takeOutputs().first)
        #expect(forwarded.topic == sent.topic && forwarded.partition == right)
        #expect(forwarded.value == sent.value && forwarded.text(HeaderName.id) == "a")
        #expect(forwarded.text(HeaderName.forwarded) == "1")
        #expect(try task.rows().isEmpty)
        var again = sent
        again.offset = 1
        again.headers = forwarded.headers
        #expect(try task.harness.process(again).deadLetter?.code == .wrongKey)
    }

    /// With the headers that say where it goes it is larger than it came.
    @Test func whatTheRightPartitionWouldNotTakeIsADeadLetter() throws {
        let key = "elsewhere"
        let wrong = (Partitioner.partition(of: key, count: 4) + 1) % 4
        let task = try ProbeTask(partitions: 4, partition: wrong)
        func sent(_ name: String, offset: Int64, room: Int) -> LogRecord {
            var sent = record(Probe(name, at: 100, key: key), offset: offset, partition: wrong)
            let size = (sent.key?.count ?? 0) + (sent.value?.count ?? 0) + sent.headers.bytes.count
            sent.value! += [UInt8](
                repeating: UInt8(ascii: " "), count: TopicCatalogue.maximumRecordBytes - size - room)
            return sent
        }
        #expect(try task.harness.process(sent("a", offset: 0, room: 0)).deadLetter?.code == .tooLarge)
        #expect(try task.harness.task.process(sent("b", offset: 1, room: 100)))
        #expect(task.harness.task.takeOutputs().map { $0.text(HeaderName.forwarded) } == ["1"])
    }

    @Test func aHeldEventThatNoRowTakesIsADeadLetter() throws {
        let task = try ProbeTask(stream: true)
        var large = record(Probe("a", at: 100), offset: 1)
        large.value! += [UInt8](
            repeating: UInt8(ascii: " "), count: TopicCatalogue.maximumRecordBytes - large.value!.count)
        #expect(try task.harness.process(large).deadLetter?.code == .tooLarge)
        #expect(try task.send(Probe("b", at: 110)).deadLetter == nil)
        #expect(try task.advance(to: 200).texts() == ["110:b"])
    }

    /// It would be as long again in what is told of it.
    @Test func aCommandIDOfAnyLengthIsLeftOut() throws {
        let task = try ProbeTask()
        var bad = record(
            Probe("x", at: 100), offset: 0, headers: [LogHeader(HeaderName.commandID, ProbeProcessor.large)])
        bad.headers.removeAll { $0.name == HeaderName.id }
        let result = try task.harness.process(bad)
        #expect(result.deadLetter?.code == .notCloudEvent)
        #expect(result.outputs.map { $0.headerText(HeaderName.commandID) } == [nil])
    }
}

/// Says of each piece of work of one kind that earlier processes trapped over it so often.
private final class PastTraps: TrapWatch {
    private let kind: TrapWork.Kind
    private let count: Int

    init(over kind: TrapWork.Kind, _ count: Int) {
        self.kind = kind
        self.count = count
    }

    func begin(_ work: TrapWork) -> Int { work.kind == kind ? count : 0 }
    func end() {}
}

/// What the dead letter of a record has beside the record's own headers, in a task of `ProcessorHarness`.
///
/// - Parameter firstTime: where it is not the record's own time.
private func failureHeaders(
    of record: LogRecord, _ code: DeadLetter.Code, _ reason: String, attempts: Int = 1, firstTime: Int64? = nil
) -> [LogHeader] {
    [
        LogHeader("__connect.errors.topic", record.topic),
        LogHeader("__connect.errors.partition", String(record.partition)),
        LogHeader("__connect.errors.offset", String(record.offset)),
        LogHeader("__connect.errors.exception.message", reason),
        LogHeader("tributary-error-code", code.rawValue),
        LogHeader("tributary-error-group", "harness"),
        LogHeader("tributary-error-version", ProductVersion.text),
        LogHeader("tributary-error-attempts", String(attempts)),
        LogHeader("tributary-error-first-time", String(firstTime ?? record.appendTimeMilliseconds)),
        LogHeader("tributary-error-last-time", String(record.appendTimeMilliseconds)),
    ]
}

@Suite struct RedriveTests {
    private func letter(_ headers: LogHeaders, key: String? = "a", value: [UInt8]? = Array("{}".utf8)) throws
        -> LogRecord
    {
        let letter = DeadLetterRecord.make(
            LogRecord(
                topic: "tributary.referral.v1", partition: 3, offset: 7, appendTimeMilliseconds: 1,
                key: key.map { Array($0.utf8) },
                value: value, headers: headers),
            DeadLetter(.schema, "why"), tries: 1, topic: "tributary.referral-worker.dlq.v1", group: "g", partition: 3)
        return LogRecord(
            topic: letter.topic, partition: letter.partition, offset: 0, appendTimeMilliseconds: 2, key: letter.key,
            value: letter.value, headers: letter.headers)
    }

    private func back(_ letter: LogRecord, data: [UInt8]? = nil, isStructured: Bool = false) throws -> OutgoingRecord {
        let failed = try #require(DeadLetterRecord.position(of: letter, prefix: "tributary"))
        return try DeadLetterRecord.redriven(
            letter, from: failed, data: data, isStructured: isStructured, to: "tributary.referral.v1", partitions: 8)
    }

    @Test func goesBackAsItWasWithThePlacesWhereItFailedAndSinceWhen() throws {
        let received: LogHeaders = [
            LogHeader(HeaderName.id, "1"), LogHeader(HeaderName.type, "t"), LogHeader(HeaderName.sequence, "9"),
            LogHeader(HeaderName.forwarded, "1"), LogHeader(HeaderName.redriven, "referral.v1/3/5"),
        ]
        let record = try back(letter(received))
        #expect(record.topic == "tributary.referral.v1" && record.partition == Partitioner.partition(of: "a", count: 8))
        #expect(record.value == Array("{}".utf8))
        #expect(
            Array(record.headers) == [
                LogHeader(HeaderName.id, "1"), LogHeader(HeaderName.type, "t"),
                LogHeader(HeaderName.errorFirstTime, "1"),
                LogHeader(HeaderName.redriven, "referral.v1/3/5 referral.v1/3/7"),
            ])
        let broadcast: LogHeaders = [LogHeader(HeaderName.type, "t"), LogHeader(HeaderName.broadcast, "1")]
        #expect(try back(letter(broadcast)).partition == 3)
        #expect(try back(letter(received), data: [1]).value == [1])
    }

    @Test func whatIsNotWholeStays() throws {
        let event: LogHeaders = [LogHeader(HeaderName.type, "t")]
        let large = [UInt8](repeating: 0x20, count: DeadLetterRecord.maximumBytes + 1)
        #expect(throws: DeadLetterRecord.NotWhole.cut) { try back(letter(event, value: large)) }
        #expect(try back(letter(event, value: large), data: [1]).value == [1])
        var many = event
        many.append("x", String(decoding: large, as: UTF8.self))
        #expect(throws: DeadLetterRecord.NotWhole.headersCut) { try back(letter(many), data: [1]) }
        #expect(try back(letter(many), data: Array("{}".utf8), isStructured: true).value == Array("{}".utf8))
        let keyless = try letter(event, key: String(decoding: large, as: UTF8.self))
        #expect(throws: DeadLetterRecord.NotWhole.headersCut) { try back(keyless, data: [1]) }
        #expect(throws: DeadLetterRecord.NotWhole.noEvent) { try back(letter([])) }
        let structured = try back(letter([LogHeader("x", "y")]), data: Array("{}".utf8), isStructured: true)
        #expect(structured.headers.text(of: HeaderName.contentType) == "application/cloudevents+json")
        #expect(structured.headers.text(of: "x") == "y")
    }
}
