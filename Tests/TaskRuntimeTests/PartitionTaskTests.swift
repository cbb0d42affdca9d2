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
