import Contracts
import Domain
import EventLog
import JSON
import Testing

@testable import TaskRuntime

@Suite struct TurnLoopTests {
    final class Notices: @unchecked Sendable { var all: [TurnObserver.Notice] = [] }

    private final class Counter: @unchecked Sendable {
        private var count = 0

        func next() -> Int {
            count += 1
            return count
        }

        func pass(_ looks: Int) { count += looks }
    }

    let session = ScriptedSession()
    let provider = MemoryProvider()
    let notices = Notices()
    let now: Int64 = 1_000_000

    /// Runs the loop over the polls, to their end.
    func run(
        _ polls: [ScriptedSession.Poll], records: Int = 1_000, duration: Duration = .seconds(60),
        lateDuration: Duration = .seconds(60), storeLag: StoreLag = .none, lookTakes: Duration = .zero,
        starts: [Int32: [Result<StartProgress, LogError>]] = [:],
        secondStarts: [Int32: [Result<StartProgress, LogError>]] = [:], clock: (@Sendable () -> Int64)? = nil
    ) throws {
        session.polls = polls
        provider.note = { [session] in session.note($0) }
        var limits = TurnLimits()
        limits.retryPause = .zero
        limits.confirmationPause = .zero
        limits.records = records
        limits.duration = duration
        limits.lateDuration = lateDuration
        limits.storeLag = storeLag
        let now = now
        // Without looks that take their time the clock stands still: what a test does not bring about takes none.
        let (start, looks) = (ContinuousClock.now, Counter())
        session.beforePositionFault = { looks.pass(1_000) }
        let notices = notices
        var (starts, secondStarts) = (starts, secondStarts)
        let loop = TurnLoop(
            TurnLoop.Environment(
                log: ScriptedLog(session),
                session: SessionConfiguration(group: "g", topic: "t", changelogTopic: "c", identity: "i"),
                worker: .referral, catalogue: TopicCatalogue(partitions: 1), stores: provider,
                now: clock ?? { now },
                sleep: { _ in }, instant: { start + lookTakes * looks.next() }, limits: limits,
                observer: TurnObserver { notices.all.append($0) },
                makeProcessor: { [session] _, partition in
                    AnyKey(
                        starts: starts.removeValue(forKey: partition) ?? secondStarts.removeValue(forKey: partition)
                            ?? [],
                        takeTime: { looks.pass(1_000) }, note: { session.note("\($0) \(partition)") })
                }),
            stop: session.stop)
        try loop.run()
    }

    /// The probe without keys: every partition takes every event.
    private final class AnyKey: Processor {
        let probe = ProbeProcessor()
        /// What the calls of its start come to before it is done; all that happens there is noted.
        private var starts: [Result<StartProgress, LogError>]
        /// What a slow event does.
        private let takeTime: () -> Void
        private let note: (String) -> Void
        private let isNoted: Bool

        init(
            starts: [Result<StartProgress, LogError>], takeTime: @escaping () -> Void, note: @escaping (String) -> Void
        ) {
            self.starts = starts
            self.takeTime = takeTime
            self.note = note
            isNoted = !starts.isEmpty
        }

        func taskWillStart(at position: Int64, wait: Duration, watch: (any TrapWatch)?) throws -> StartProgress {
            guard isNoted else { return .done }
            note("start@\(position)")
            return starts.isEmpty ? .done : try starts.removeFirst().get()
        }
        func taskWillLeave() { if isNoted { note("leave") } }
        func taskWillStop() { if isNoted { note("stop") } }

        func decode(_ event: Event) throws -> any EventPayload { try probe.decode(event) }
        func routingKey(of payload: any EventPayload, event: Event) -> String? { nil }
        func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan { .zero }
        func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws {
            if (payload as? Probe)?.behaviour == "slow" { takeTime() }
            try probe.apply(payload, of: event, in: turn)
        }
        func fire(_ timer: TaskTimer, in turn: TurnContext) throws { try probe.fire(timer, in: turn) }
        func stateDidReset() {}
    }

    func batch(_ partition: Int32, _ offsets: Range<Int64>, behaviour: String = "") -> ScriptedSession.Poll {
        .events([.records(offsets.map { probe(partition, $0, behaviour: behaviour) })])
    }

    func probe(_ partition: Int32, _ offset: Int64, behaviour: String = "") -> LogRecord {
        record(
            Probe("p\(offset)", at: 100 + offset, behaviour: behaviour), offset: offset, partition: partition,
            id: "\(partition)-\(offset)")
    }

    func texts() -> [String] {
        session.outputs.map { String(decoding: $0.key ?? [], as: UTF8.self) }
    }

    var stops: [String] {
        notices.all.compactMap { if case .stopped(_, let code, _) = $0 { code } else { nil } }
    }

    /// The same with the partition before it and the words behind it.
    var toldStops: [String] {
        notices.all.compactMap {
            guard case .stopped(let partition, let code, let reason) = $0 else { return nil }
            return "\(partition) \(code): \(reason)"
        }
    }

    /// Few large ones fill the memory before their number says so.
    @Test func noMoreRecordsAreAskedForWhereManyBytesWait() throws {
        let large = (Int64(0)..<3).map { offset in
            var record = probe(0, offset)
            record.headers.append("padding", Array(repeating: 0, count: 5 << 20))
            return record
        }
        try run(
            [.events([.assigned([0])]), .events([]), .events([.records(large)])]
                + Array(repeating: .events([]), count: 3), records: 2)
        #expect(session.asked == [2, 2, 2, 1, 2, 2, 2])
        #expect(texts().count == 3)
    }

    /// Deleted by retention while they waited: what was fetched before may be the last copy.
    @Test func recordsThatAreGoneStopTheirPartitionAloneBehindThoseThatWereFetched() throws {
        let records = (0..<3).map { probe(0, $0) }
        try run(
            [
                .events([.assigned([0, 1])]), .events([]),
                .events([.records(records), .outOfRange(0, reason: "7 unread records are gone")]),
            ] + Array(repeating: .events([]), count: 3) + [batch(1, 0..<1), batch(0, 10..<11)], records: 2)
        #expect(texts() == ["100:p0", "101:p1", "102:p2", "100:p0"])
        #expect(
            session.trace.filter { $0.hasPrefix("commit") } == [
                "commit 0@2 turn=1 epoch=1", "commit 0@3 turn=2 epoch=1", "commit 1@1 turn=1 epoch=1",
            ])
        #expect(stops == ["offset_out_of_range"])
        #expect(session.trace.filter { $0 == "open" }.count == 1)
    }

    /// After `offsets restore --to`: the store's own position is another one.
    @Test(arguments: [0, 20] as [Int64])
    func aTaskGoesOnWhereItsGroupWasTold(position: Int64) throws {
        let session = session
        let move = { session.positions[0] = CommittedPosition(offset: position, metadata: "turn=1 epoch=1") }
        try run(
            [
                .events([.assigned([0])]), batch(0, 8..<11), .act(move), .events([.lost([0])]),
                .events([.assigned([0])]),
                .events([]), batch(0, position..<position + 1),
            ])
        #expect(session.trace.filter { $0.hasPrefix("resume") } == ["resume 0@0", "resume 0@\(position)"])
        #expect(
            session.trace.filter { $0.hasPrefix("commit") } == [
                "commit 0@11 turn=1 epoch=1", "commit 0@\(position + 1) turn=2 epoch=2",
            ])
        #expect(texts().count == 4)
    }

    @Test func outputsAndChangelogGoBeforeThePositionsAndTheStoreAfterTheLog() throws {
        try run([.events([.assigned([0])]), batch(0, 0..<2)])
        #expect(
            session.trace == [
                "open", "store 0 turn=0", "resume 0@0", "begin", "output", "output", "changelog", "changelog",
                "changelog", "changelog", "changelog", "commit 0@2 turn=1 epoch=1", "store 0 turn=1", "close",
            ])
    }

    @Test func aTurnCarriesThePositionsOfEveryTaskInIt() throws {
        try run([
            .events([.assigned([0, 1, 2])]), .events([.records([probe(0, 0), probe(2, 0), probe(2, 1)])]),
        ])
        #expect(session.trace.filter { $0.hasPrefix("commit") } == ["commit 0@1 turn=1 epoch=1, 2@2 turn=1 epoch=1"])
    }

    @Test func noPartitionWaitsBehindABusyOneForEver() throws {
        try run(
            [
                .events([.assigned([0, 1])]),
                .events([.records((0..<4).map { probe(0, $0) } + [probe(1, 0)])]), batch(0, 4..<8), batch(0, 8..<12),
                batch(0, 12..<16),
            ], records: 2)
        let commits = session.trace.filter { $0.hasPrefix("commit") }
        #expect(commits.prefix(3).contains { $0.contains("1@1") }, "\(commits)")
    }

    /// A record is looked at before it is processed, and each look takes 3 ms. One that was appended half a second ago is late; of a
    /// transaction's 10 s none takes more than a quarter to its commit.
    @Test(arguments: [(499, 40, 3), (500, 40, 13), (60_000, 40, 13), (60_000, 60_000, 833)])
    func aTurnOfLateRecordsLastsLonger(age: Int64, milliseconds: Int64, processed: Int64) throws {
        let records = (Int64(0)..<1_000).map { offset in
            record(
                Probe("p\(offset)", at: 100 + offset), offset: offset, id: "0-\(offset)", appendedAt: now - age)
        }
        try run(
            [.events([.assigned([0])]), .events([.records(records)])], duration: .milliseconds(10),
            lateDuration: .milliseconds(milliseconds), lookTakes: .milliseconds(3))
        let first = session.trace.first { $0.hasPrefix("commit") }
        #expect(first == "commit 0@\(processed) turn=1 epoch=1")
    }

    @Test func recordsAreAskedForAsFarAsATurnLacksThem() throws {
        try run(
            [.events([.assigned([0, 1])]), batch(0, 0..<8), batch(1, 0..<4), .events([]), .events([])], records: 2)
        // Twice nothing waits; then as much as a turn has, or more.
        #expect(session.asked == [2, 2, 1, 1, 1, 1])
    }

    /// Lack of memory and an interrupt among others: nothing of it says that the file is damaged, or the record bad.
    @Test(arguments: [StoreError.Code.full, .inputOutput, .readOnly, .other])
    func aStoreThatFailsInTheTurnAbortsItAndIsRestored(code: StoreError.Code) throws {
        try run([.events([.assigned([0])]), batch(0, 0..<1, behaviour: code.rawValue), .events([]), batch(0, 0..<1)])
        #expect(!session.trace.contains("discard 0"))
        #expect(session.trace.filter { $0 == "abort" }.count == 1)
        #expect(session.trace.contains("pause 0"))
        #expect(session.trace.filter { $0 == "resume 0@0" }.count == 2)
        #expect(texts() == ["100:p0"])
    }

    /// Whose store it was is known; the others of the turn keep theirs.
    @Test func aDamagedStoreIsThrownAwayAlone() throws {
        try run([
            .events([.assigned([0, 1, 2])]),
            .events([.records([probe(0, 0), probe(1, 0, behaviour: "damaged")])]), .events([]), batch(0, 0..<1),
        ])
        #expect(session.trace.filter { $0.hasPrefix("discard") } == ["discard 1"])
        #expect(session.trace.filter { $0.hasPrefix("pause") } == ["pause 0", "pause 1"])
        #expect(texts() == ["100:p0"])
    }

    @Test func aStoreThatIsBehindTheLogIsRestoredFromItsOwnPosition() throws {
        provider.commitFaults[0] = [nil, StoreError(.inputOutput, "asked for")]
        try run([.events([.assigned([0])]), batch(0, 0..<1), batch(0, 1..<2), .events([]), batch(0, 2..<3)])
        #expect(texts() == ["100:p0", "101:p1", "102:p2"])
        #expect(session.trace.contains("resume 0@2"))
        #expect(session.trace.last { $0.hasPrefix("commit") } == "commit 0@3 turn=3 epoch=2")
        #expect(!session.trace.contains("abort"))
    }

    @Test func aStoreLagsBehindItsTurnsAndIsWrittenWhenItsPartitionIsLeft() throws {
        let lag = StoreLag(rows: .max, bytes: .max, milliseconds: .max)
        try run(
            [.events([.assigned([0])]), batch(0, 0..<1), batch(0, 1..<2), .events([.revoked([0])])], storeLag: lag)
        #expect(
            session.trace.filter { $0.hasPrefix("store") || $0.hasPrefix("commit") } == [
                "store 0 turn=0", "commit 0@1 turn=1 epoch=1", "commit 0@2 turn=2 epoch=1", "store 0 turn=2",
            ])
    }

    @Test func aFullTurnThatFailedIsDoneAgain() throws {
        session.commitFaults = [(LogError(.other, .abortable, "asked for"), false)]
        try run(
            [.events([.assigned([0])]), batch(0, 0..<2), .events([]), batch(0, 0..<2), .events([])], records: 2)
        #expect(texts() == ["100:p0", "101:p1"])
    }

    @Test func theRowsOfATornTurnAreWrittenAgainWithoutIt() throws {
        let session = session
        let provider = provider
        try run([
            .events([.assigned([0])]), batch(0, 0..<1), batch(0, 1..<2),
            .act {
                // The second turn's records are visible, its position is not, and the store is gone.
                session.positions[0] = CommittedPosition(offset: 1, metadata: "turn=1 epoch=1")
                provider.opened = [:]
            },
            .events([.lost([0])]), .events([.assigned([0])]), .events([]),
        ])
        #expect(session.trace.last { $0.hasPrefix("commit") } == "commit 0@1 turn=2 epoch=2")
        let row = "probe\u{0}101:p1\u{0}"
        let images = session.changelog[0]!.filter { String(decoding: $0.key ?? [], as: UTF8.self) == row }
        #expect(images.count == 2 && images[0].value != nil && images[1].value == nil)
    }

    @Test(arguments: [true, false]) func anUnknownOutcomeIsSettledByANewSession(happens: Bool) throws {
        session.commitFaults = [(LogError(.unknownOutcome, .fatal, "asked for"), happens)]
        let offset: Int64 = happens ? 1 : 0
        try run([
            .events([.assigned([0])]), batch(0, 0..<1), .events([.assigned([0])]), batch(0, offset..<2),
        ])
        #expect(session.trace.filter { $0 == "open" }.count == 2)
        #expect(session.trace.filter { $0.hasPrefix("resume") } == ["resume 0@0", "resume 0@\(offset)"])
        #expect(texts() == ["100:p0", "101:p1"])
        #expect(Set(session.outputs.map { $0.text(HeaderName.id) }).count == 2)
    }

    @Test func anAbortableFaultReadsTheTurnAgain() throws {
        session.commitFaults = [(LogError(.ownershipLost, .abortable, "asked for"), false)]
        try run([.events([.assigned([0])]), batch(0, 0..<2), .events([]), batch(0, 0..<2)])
        #expect(session.trace.contains("abort"))
        #expect(session.trace.filter { $0.hasPrefix("resume") } == ["resume 0@0", "resume 0@0"])
        #expect(texts() == ["100:p0", "101:p1"])
    }

    @Test func aWorkerThatIsFencedTwiceLeaves() throws {
        session.commitFaults = Array(repeating: (LogError(.fenced, .fatal, "asked for"), false), count: 2)
        let polls = (0..<2).flatMap { _ in [.events([.assigned([0])]), batch(0, 0..<1)] }
        let error = #expect(throws: LogError.self) { try run(polls) }
        #expect(error?.code == .fenced)
        #expect(session.trace.filter { $0 == "open" }.count == 2)
        #expect(session.trace.last == "close")
        #expect(!session.trace.contains("store 0 turn=1"))
    }

    /// A group that died before it answered takes a member for its own rival.
    @Test func aWorkerThatIsFencedOnceGoesOnInANewSession() throws {
        session.commitFaults = [(LogError(.fenced, .fatal, "asked for"), false)]
        try run([.events([.assigned([0])]), batch(0, 0..<1), .events([.assigned([0])]), batch(0, 0..<1)])
        #expect(session.trace.filter { $0 == "open" }.count == 2)
        #expect(texts() == ["100:p0"])
    }

    /// Its transaction timed out while it or the broker was away: a new session goes on.
    @Test func aProducerThatLostItsEpochGoesOnInANewSession() throws {
        session.commitFaults = [(LogError(.producerFenced, .fatal, "asked for"), false)]
        try run([.events([.assigned([0])]), batch(0, 0..<1), .events([.assigned([0])]), batch(0, 0..<1)])
        #expect(session.trace.filter { $0 == "open" }.count == 2)
        #expect(texts() == ["100:p0"])
        #expect(session.positions[0]?.offset == 1)
        #expect(session.trace.filter { $0 == "store 0 turn=1" }.count == 1)
    }

    @Test func producersThatLoseTheirEpochsOneAfterTheOtherHaveARival() throws {
        let fault = LogError(.producerFenced, .fatal, "asked for")
        session.commitFaults = Array(repeating: (fault, false), count: 5)
        let polls = (0..<5).flatMap { _ in [.events([.assigned([0])]), batch(0, 0..<1)] }
        let error = #expect(throws: LogError.self) { try run(polls) }
        #expect(error?.code == .fenced)
        #expect(session.trace.filter { $0 == "open" }.count == 5)
    }

    @Test(arguments: [true, false]) func whatGoesIsPutDownAndNothingOfItIsProcessed(isLost: Bool) throws {
        let gone: SessionEvent = isLost ? .lost([0]) : .revoked([0])
        try run([
            .events([.assigned([0, 1])]), batch(0, 0..<1),
            .events([.records([probe(0, 1)]), gone, .records([probe(0, 2), probe(1, 0)])]),
        ])
        #expect(session.trace.contains("finishRevocation"))
        #expect(texts() == ["100:p0", "100:p0"])
        #expect(session.positions[0]?.offset == 1 && session.positions[1]?.offset == 1)
    }

    @Test func anIdlePartitionWithADueTimerIsToldTheTimeOnce() throws {
        let due = record(Probe("a", at: 100, timers: ["t": 200]), offset: 0)
        try run([.events([.assigned([0])]), .events([.records([due])]), .events([]), .events([])])
        let ticks = session.outputs.filter { $0.text(HeaderName.type) == ClockAdvanced.type }
        #expect(ticks.count == 1)
        #expect(ticks.first?.partition == 0 && ticks.first?.topic == "tributary.referral.v1")
    }

    /// It was a day ahead, and its ticks were of no use: the log's time is another.
    @Test func aClockThatIsSetBackHoldsNoTickBack() throws {
        final class Clock: @unchecked Sendable { var now: Int64 = 0 }
        let (clock, right) = (Clock(), now)
        clock.now = right + 86_400_000
        let due = record(Probe("a", at: 100, timers: ["t": 200]), offset: 0)
        try run(
            [
                .events([.assigned([0])]), .events([.records([due])]), .events([]), .act { clock.now = right },
                .events([]),
            ], clock: { clock.now })
        #expect(session.outputs.count { $0.text(HeaderName.type) == ClockAdvanced.type } == 2)
    }
}
