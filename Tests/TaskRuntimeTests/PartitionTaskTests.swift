import Contracts
import Domain
import EventLog
import Hashing
import JSON
import Testing

@testable import TaskRuntime

@Suite struct WallClockTests {
    @Test func timersDueBeforeARecordFireBeforeIt() throws {
        let task = try ProbeTask()
        _ = try task.send(Probe("a", at: 100, timers: ["late": 300, "early": 200]))
        #expect(try task.send(Probe("b", at: 250)).texts() == ["200:timer early", "250:b"])
        #expect(try task.send(Probe("c", at: 300)).texts() == ["300:timer late", "300:c"])
    }

    @Test func backdatingIsBoundedAndNeverRunsAhead() throws {
        let task = try ProbeTask()
        task.processor.backdating = TimeSpan(milliseconds: 100)
        #expect(try task.send(Probe("a", at: 1_000), at: 1_050).texts() == ["1000:a"])
        #expect(try task.send(Probe("b", at: 10), at: 1_050).texts() == ["950:b"])
        #expect(try task.send(Probe("c", at: 1_200), at: 1_100).texts() == ["1100:c"])
    }

    @Test func anEventFromTheFutureIsRefusedAndTheNextGoesThrough() throws {
        let task = try ProbeTask()
        let limit: Int64 = 5 * 60_000
        #expect(try task.send(Probe("a", at: 1_000 + limit), at: 1_000).deadLetter == nil)
        #expect(try task.send(Probe("b", at: 1_001 + limit), at: 1_000).deadLetter?.code == .futureEvent)
        #expect(try task.send(Probe("c", at: 1_000)).texts() == ["1000:c"])
    }

    @Test func aClockThatIsSetBackMovesNoTimeAndRefusesNothing() throws {
        let task = try ProbeTask()
        _ = try task.send(Probe("a", at: 10_000_000))
        #expect(try task.send(Probe("b", at: 10_000_000), at: 5).texts() == ["10000000:b"])
    }

    @Test func moreTimersThanATurnTakesGoOnInTheNext() throws {
        let task = try ProbeTask()
        let many = PartitionTask.stepsPerSlice + 10
        let timers = Dictionary(uniqueKeysWithValues: (0..<many).map { ("t\($0)", Int64(200 + $0)) })
        _ = try task.send(Probe("a", at: 100, timers: timers))
        let next = record(Probe("b", at: 1_000_000), offset: 1)
        #expect(try !task.harness.task.process(next))
        #expect(task.harness.task.position == 1)
        #expect(task.harness.task.takeOutputs().count == PartitionTask.stepsPerSlice)
        #expect(try task.harness.task.process(next))
        #expect(task.harness.task.takeOutputs().count == 11)
    }

    @Test(arguments: [("bad", DeadLetter.Code.processingFailed), ("large", .tooLarge)])
    func aTimerWhoseHandlerFailsIsSetAside(_ how: (name: String, code: DeadLetter.Code)) throws {
        let task = try ProbeTask()
        _ = try task.send(Probe("a", at: 100, timers: [how.name: 200, "good": 201]))
        let result = try task.send(Probe("b", at: 300))
        #expect(result.deadLetter?.code == how.code)
        #expect(try result.texts() == ["201:timer good", "300:b"])
        #expect(try task.rows() == ["100:a", "201:timer good", "300:b"])
        #expect(try task.harness.state.firstTimer() == nil)
    }
}

@Suite struct DuplicateTests {
    @Test(arguments: [false, true]) func theSameEventIsAppliedOnceAndCounted(stream: Bool) throws {
        let task = try ProbeTask(stream: stream)
        let first = try task.send(Probe("a", at: 100))
        let second = try task.send(Probe("a", at: 100))
        #expect(second.outputs.isEmpty && second.deadLetter == nil)
        #expect(task.harness.task.counts.duplicates == 1)
        #expect(try first.texts() + task.advance(to: 200).texts() == ["100:a"])
    }

    @Test func twoSourcesMayNumberAlike() throws {
        let task = try ProbeTask()
        let one = try task.send(Probe("a", at: 100), source: "/one", id: "1")
        let other = try task.send(Probe("a", at: 100), source: "/other", id: "1")
        #expect(try one.texts() == other.texts())
        #expect(one.outputs[0].headerText("ce_id") != other.outputs[0].headerText("ce_id"))
    }

    @Test func anIdWithAnotherBodyIsADeadLetter() throws {
        let task = try ProbeTask()
        _ = try task.send(Probe("a", at: 100), id: "1")
        #expect(try task.send(Probe("b", at: 100), id: "1").deadLetter?.code == .idReused)
        #expect(try task.rows() == ["100:a"])
    }

    /// Earlier versions kept the first 64 bits of the body's SHA-256.
    @Test func aRowOfAnEarlierVersionKnowsItsEvent() throws {
        let task = try ProbeTask()
        _ = try task.send(Probe("a", at: 100), id: "1")
        let state = task.harness.state
        let digest = Hashing.digest(of: ["/test", "1"]).first128
        try state.put(
            SeenEvents.table, StateKey(bigEndian: [digest.high, digest.low]),
            EarlierSeenRow(body: Hexadecimal.text(Hashing.first64(of: JSONEncoding.encode(Probe("a", at: 100))))))
        #expect(try task.send(Probe("a", at: 100), id: "1").deadLetter == nil)
        #expect(try task.send(Probe("b", at: 100), id: "1").deadLetter?.code == .idReused)
        #expect(try task.rows() == ["100:a"])
    }

    private struct EarlierSeenRow: JSONWritable {
        var body: String
        func write(to writer: inout ObjectWriter) { writer.string("body", body) }
    }

    @Test func aDeadLetterMayComeAgainOnceItsCauseIsGone() throws {
        let task = try ProbeTask()
        let letter = record(Probe("a", at: 600_000), offset: 0, appendedAt: 100)
        #expect(try task.harness.process(letter).deadLetter?.code == .futureEvent)
        #expect(try task.harness.process(record(Probe("a", at: 600_000), offset: 1)).texts() == ["600000:a"])
    }

    private func output(_ name: String, _ sequence: Int, offset: Int64, forwarded: Bool = false) -> LogRecord {
        var headers: LogHeaders = [LogHeader(HeaderName.sequence, String(sequence))]
        if forwarded { headers.append(LogHeader(HeaderName.forwarded, "1")) }
        return record(
            Probe(name, at: 100), offset: offset, source: "/tributary/approval-worker/3", headers: headers)
    }

    @Test func aWorkersOutputIsKnownByItsSequence() throws {
        let task = try ProbeTask()
        #expect(try task.harness.process(output("a", 5, offset: 0)).texts() == ["100:a"])
        for (offset, sequence) in [(1, 5), (2, 4)] {
            #expect(try task.harness.process(output("a", sequence, offset: Int64(offset))).outputs.isEmpty)
        }
        #expect(task.harness.task.counts.duplicates == 2)
        #expect(try task.harness.process(output("b", 9, offset: 3)).texts() == ["100:b"])
    }

    @Test func aForwardedOutputIsNotMistakenForAnOlderOne() throws {
        let task = try ProbeTask()
        _ = try task.harness.process(output("a", 9, offset: 0))
        #expect(try task.harness.process(output("b", 4, offset: 1, forwarded: true)).texts() == ["100:b"])
        #expect(try task.harness.process(output("b", 4, offset: 2, forwarded: true)).outputs.isEmpty)
        #expect(try task.harness.process(output("c", 10, offset: 3)).texts() == ["100:c"])
    }
}

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
        var value = [UInt8](repeating: 0x20, count: DeadLetterRecord.maximumValueBytes + (isLarger ? 1 : 0))
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
            letters.first.map { Array($0.headers) } == failureHeaders(of: bad, .crashLoop, reason, attempts: 2))
        #expect(
            letters.last.map { Array($0.headers) } == Array(bad.headers)
                + failureHeaders(of: bad, .refused, "asked to refuse"))
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
        let large = [UInt8](repeating: 0x20, count: DeadLetterRecord.maximumValueBytes + 1)
        #expect(throws: DeadLetterRecord.NotWhole.cut) { try back(letter(event, value: large)) }
        #expect(try back(letter(event, value: large), data: [1]).value == [1])
        #expect(throws: DeadLetterRecord.NotWhole.noEvent) { try back(letter([])) }
        let structured = try back(letter([LogHeader("x", "y")]), data: Array("{}".utf8), isStructured: true)
        #expect(structured.headers.text(of: HeaderName.contentType) == "application/cloudevents+json")
        #expect(structured.headers.text(of: "x") == "y")
    }
}

@Suite struct StreamClockTests {
    private let probes = [
        Probe("c", at: 300), Probe("a", at: 100, timers: ["t": 200, "u": 300]), Probe("b", at: 200),
        Probe("d", at: 500),
    ]

    @Test(arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]])
    func eventsWaitForTheTickAndGoInOrderOfTime(arrival: [Int]) throws {
        let task = try ProbeTask(stream: true)
        for index in arrival { #expect(try task.send(probes[index]).outputs.isEmpty) }
        #expect(
            try task.advance(to: 400).texts() == ["100:a", "200:timer t", "200:b", "300:timer u", "300:c"])
        #expect(try task.advance(to: 500).texts() == ["500:d"])
        #expect(try task.advance(to: 450).outputs.isEmpty)
        #expect(task.harness.task.time == time(500))
    }

    @Test func equalTimesGoBySourceAndId() throws {
        let task = try ProbeTask(stream: true)
        for (source, id) in [("/b", "1"), ("/a", "2"), ("/a", "1")] {
            _ = try task.send(Probe("\(source) \(id)", at: 10), source: source, id: id)
        }
        #expect(try task.advance(to: 10).texts() == ["10:/a 1", "10:/a 2", "10:/b 1"])
    }

    @Test func aNewEventBeforeTheTickIsTooLateAndADuplicateIsOnlyCounted() throws {
        let task = try ProbeTask(stream: true)
        _ = try task.send(Probe("a", at: 100))
        _ = try task.advance(to: 200)
        #expect(try task.send(Probe("b", at: 199)).deadLetter?.code == .tooLate)
        #expect(try task.send(Probe("a", at: 100)).deadLetter == nil)
        #expect(task.harness.task.counts.duplicates == 1)
        #expect(try task.send(Probe("c", at: 200)).deadLetter == nil)
    }

    @Test func whatFailedAtItsTimeIsAppliedOnceWhenItIsPutBack() throws {
        let task = try ProbeTask(stream: true)
        _ = try task.send(Probe("a", at: 100, behaviour: "refuse"))
        #expect(try task.advance(to: 200).deadLetter?.code == .refused)
        #expect(
            try task.send(Probe("a", at: 200)).deadLetter?.code == .idReused, "its sender may not repeat it changed")
        let redriven: LogHeaders = [LogHeader(HeaderName.redriven, "referral.v1/0/1")]
        for offset in [10, 11] as [Int64] {
            let back = record(Probe("a", at: 200), offset: offset, headers: redriven)
            #expect(try task.harness.process(back).deadLetter == nil)
        }
        #expect(try task.advance(to: 300).texts() == ["200:a"])
        #expect(task.harness.task.counts.duplicates == 1)
    }

    @Test func aLongTickGoesOnOverTurnsWithTheSameOutcome() throws {
        func run(restarts: Bool) throws -> ([String], [String]) {
            let task = try ProbeTask(stream: true)
            let count = PartitionTask.stepsPerSlice + 500
            for index in 0..<count { _ = try task.send(Probe("p\(index)", at: Int64(index * 7 % 1_000))) }
            let tick = CloudEventCodec.encode(
                EventEnvelope(
                    id: "tick", source: "/t", type: ClockAdvanced.type, time: time(1_000), isBroadcast: true),
                data: JSONEncoding.encode(ClockAdvanced(to: time(1_000))), topic: "tributary.referral.v1", partition: 0)
            let record = LogRecord(
                topic: tick.topic, partition: 0, offset: Int64(count + 1), appendTimeMilliseconds: 0, key: nil,
                value: tick.value, headers: tick.headers)
            var outputs: [OutgoingRecord] = []
            var running = task.harness.task
            var slices = 1
            while try !running.process(record) {
                slices += 1
                outputs += running.takeOutputs()
                guard restarts else { continue }
                #expect(try running.finishTurn().row.inputOffset == Int64(count + 1))
                try running.commitTurn(changelogOffset: 1, committedAtMilliseconds: 0)
                running = try PartitionTask(
                    configuration: running.configuration, state: TaskState(backend: task.harness.backend),
                    processor: ProbeProcessor(), position: Int64(count + 1), epoch: 2)
            }
            #expect(slices == 2)
            outputs += running.takeOutputs()
            return (
                outputs.map { $0.text(HeaderName.id) ?? "" },
                outputs.map { String(decoding: $0.value ?? [], as: UTF8.self) }
            )
        }
        let whole = try run(restarts: false)
        #expect(try run(restarts: true) == whole)
        #expect(Set(whole.0).count == PartitionTask.stepsPerSlice + 500)
    }

    @Test func theSwitchSettlesTimersInOrderAndThenFollowsTheWall() throws {
        let task = try ProbeTask(stream: true)
        _ = try task.send(Probe("a", at: 100, timers: ["t": 150, "later": 900]))
        _ = try task.send(Probe("b", at: 200))
        let switched = try task.harness.send(ClockSwitched(at: time(500)), key: "", at: time(500), isBroadcast: true)
        #expect(try switched.texts() == ["100:a", "150:timer t", "200:b"])
        #expect(task.harness.task.clockKind == .wall)
        #expect(try task.send(Probe("c", at: 1_000)).texts() == ["900:timer later", "1000:c"])
        let again = try task.harness.send(ClockSwitched(at: time(600)), key: "", at: time(1_000), isBroadcast: true)
        #expect(again.deadLetter?.code == .refused)
    }
}

@Suite struct ReplayTests {
    @Test(arguments: [false, true]) func aReplayGivesTheSameBytes(stream: Bool) throws {
        func run() throws -> [LogHeaders] {
            let task = try ProbeTask(stream: stream)
            var headers: [LogHeaders] = []
            for index in 0..<50 {
                let probe = Probe(
                    "p\(index)", at: Int64(index * 10), timers: ["t\(index)": Int64(index * 10 + 15)],
                    behaviour: index % 7 == 3 ? "fail" : "")
                headers += try task.send(probe).outputs.map(\.headers)
            }
            return try headers + task.advance(to: 10_000).outputs.map(\.headers)
        }
        let first = try run()
        #expect(try run() == first)
        #expect(first.count > 80)
    }

    @Test func aRolledBackTurnIsAsIfItHadNotBeen() throws {
        let task = try ProbeTask()
        _ = try task.send(Probe("a", at: 100, timers: ["t": 150]))
        let runner = task.harness.task
        let next = record(Probe("b", at: 200), offset: 1)
        #expect(try runner.process(next))
        let outputs = runner.takeOutputs()
        _ = try runner.finishTurn()
        try runner.rollbackTurn()
        #expect(try task.rows() == ["100:a"])
        #expect(runner.position == 1 && runner.time == time(100))
        #expect(try runner.process(next))
        #expect(runner.takeOutputs() == outputs)
    }

    @Test func restoredIsLiveAndTornTurnsAreLeftOut() throws {
        let task = try ProbeTask()
        let runner = task.harness.task
        let session = ScriptedSession()
        for index in 0..<30 {
            _ = try runner.process(
                record(
                    Probe("p\(index % 9)", at: Int64(index * 10), timers: ["t": Int64(index * 10 + 15)]),
                    offset: Int64(index), id: "\(index)"))
            _ = runner.takeOutputs()
            let (row, changelog) = try runner.finishTurn()
            session.write(changelog: changelog)
            session.positions[0] = CommittedPosition(offset: row.inputOffset, metadata: row.metadata)
            try runner.commitTurn(
                changelogOffset: Int64(session.changelog[0]?.count ?? 0), committedAtMilliseconds: 0)
        }
        let live = try allRows(task.harness.backend)
        _ = try runner.process(record(Probe("torn", at: 900), offset: 30))
        session.write(changelog: try runner.finishTurn().changelog)
        let provider = MemoryProvider()
        let restore = Restore(
            partition: 0, session: session, provider: provider, lag: .none, now: { 0 }, instant: { .now },
            observer: TurnObserver())
        guard case .done(_, let position, let epoch, let torn) = try restore.step(wait: .zero) else {
            Issue.record("one slice is enough")
            return
        }
        #expect(position == 30 && epoch == 2)
        #expect(torn.contains { $0.table == ProbeProcessor.table })
        #expect(try allRows(provider.opened[0]!) == live)
    }
}

extension HarnessOutput {
    func headerText(_ name: String) -> String? {
        headers.text(of: name)
    }
}

extension OutgoingRecord {
    func text(_ name: String) -> String? {
        headers.text(of: name)
    }
}
