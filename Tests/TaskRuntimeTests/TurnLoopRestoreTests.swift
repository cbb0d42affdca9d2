import Contracts
import Domain
import EventLog
import Hashing
import JSON
import Testing

@testable import TaskRuntime

/// Restores of partitions, and the starts of their tasks.
extension TurnLoopTests {
    @Test func aRestartGoesOnAtTheCommittedPosition() throws {
        try run([
            .events([.assigned([0])]), batch(0, 0..<3), .events([.lost([0])]), .events([.assigned([0])]),
            batch(0, 1..<4),
        ])
        #expect(session.trace.filter { $0.hasPrefix("resume") } == ["resume 0@0", "resume 0@3"])
        #expect(texts() == ["100:p0", "101:p1", "102:p2", "103:p3"])
    }

    @Test func aLostDiskIsRestoredFromTheChangelog() throws {
        let provider = provider
        try run([
            .events([.assigned([0])]), batch(0, 0..<3), .act { provider.opened[0] = nil },
            .events([.lost([0])]), .events([.assigned([0])]), batch(0, 3..<4),
        ])
        let rows = try allRows(try #require(provider.opened[0]))
        #expect(rows.filter { $0.hasPrefix("probe ") }.count == 4)
        #expect(session.trace.last { $0.hasPrefix("commit") } == "commit 0@4 turn=2 epoch=2")
    }

    /// Rows that were changed again later, or deleted, among others; more than one transaction takes.
    @Test func aLongChangelogIsRestoredInFewTransactions() throws {
        let (rows, count) = (StateTable("rows"), Restore.batchRows / 2 + 50)
        func change(_ number: Int, _ value: String?) -> RowChange {
            RowChange(table: rows, key: Array("k\(number)".utf8), value: value.map { Array($0.utf8) })
        }
        writeTurn(
            (0..<count).map { change($0, "first") } + (0..<count).map { change($0, $0 % 3 == 0 ? nil : "second") })
        try run([.events([.assigned([0])])] + Array(repeating: .events([]), count: 8))
        #expect(
            session.trace.filter { $0.hasPrefix("store") || $0.hasPrefix("resume") } == [
                "store 0 turn=0", "store 0 turn=0", "store 0 turn=1", "resume 0@7",
            ])
        let backend = try #require(provider.opened[0])
        for number in 0..<count {
            let found = try backend.get(rows, change(number, nil).key)
            #expect(found == (number % 3 == 0 ? nil : Array("second".utf8)))
        }
    }

    /// A changelog of some records, the last of them the row of a turn that is committed.
    private func writeChangelog(of partition: Int32, records: Int) {
        writeTurn(
            (1..<records).map { RowChange(table: StateTable("rows"), key: Array("k\($0)".utf8), value: [1]) },
            of: partition)
    }

    /// The rows of a turn, its own at their end; it is committed.
    private func writeTurn(
        _ changes: [RowChange], of partition: Int32 = 0, turn: Int64 = 1, inputOffset: Int64 = 7,
        version: UInt8 = Changelog.schemaVersion
    ) {
        let row = TurnRow(
            inputOffset: inputOffset, turn: turn, epoch: 1, clockKind: .wall, clockTime: time(50), sequence: 0)
        let last = RowChange(table: TurnRow.table, key: TurnRow.key.bytes, value: JSONEncoding.encode(row))
        var mark = Changelog.headers(turn: turn).value(of: Changelog.header) ?? []
        mark[0] = version
        let headers = LogHeaders([LogHeader(Changelog.header, mark)])
        session.write(
            changelog: (changes + [last]).map {
                OutgoingRecord(
                    topic: "c", partition: partition, key: Changelog.key(of: $0), value: $0.value, headers: headers)
            })
        session.positions[partition] = CommittedPosition(offset: inputOffset, metadata: row.metadata)
    }

    /// As the first release wrote them: of an event's body it kept the start of the SHA-256, where a checksum is now.
    @Test func rowsOfTheFirstSchemaVersionAreRestored() throws {
        let name = Hashing.digest(of: ["/test", "0-0"]).first128
        let body = Hexadecimal.text(Hashing.first64(of: JSONEncoding.encode(Probe("p0", at: 100))))
        let turn = #"{"input_offset":1,"turn":1,"epoch":1,"clock_kind":"wall","clock_time":100,"sequence":1}"#
        let rows: [(table: StateTable, key: StateKey, value: String)] = [
            (ProbeProcessor.table, StateKey("100:p0"), #"{"text":"100:p0"}"#),
            (SeenEvents.table, StateKey(bigEndian: [name.high, name.low]), #"{"body":"\#(body)"}"#),
            (TimerQueue.table, TimerQueue.key(due: time(102), name: "t"), #"{"payload":"p0"}"#),
            (TurnRow.table, TurnRow.key, turn),
        ]
        let mark: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 1]
        for (table, key, value) in rows {
            let row = RowChange(table: table, key: key.bytes, value: Array(value.utf8))
            session.write(changelog: [
                OutgoingRecord(
                    topic: "c", partition: 0, key: Changelog.key(of: row), value: row.value,
                    headers: LogHeaders([LogHeader(Changelog.header, mark)]))
            ])
        }
        session.positions[0] = CommittedPosition(offset: 1, metadata: "turn=1 epoch=1")
        let again = record(Probe("p0", at: 100), offset: 1, id: "0-0")
        let another = record(Probe("another", at: 101), offset: 2, id: "0-0")
        try run([.events([.assigned([0])]), .events([]), .events([.records([again, another, probe(0, 3)])])])
        #expect(told == ["102:timer t", "103:p3"])
        #expect(letters == ["2 id_reused"])
        #expect(stops.isEmpty && faults.isEmpty)
        let probes = try allRows(try #require(provider.opened[0])).filter { $0.hasPrefix("probe ") }
        #expect(probes.count == 3)
        // What is written from now on is of our version.
        let newest = try #require(session.changelog[0]?.last)
        #expect(newest.header(Changelog.header)?.first == Changelog.schemaVersion)
    }

    /// The start of a task may take its time.
    @Test func theGroupIsPolledBetweenTheEndsOfTwoRestores() throws {
        let session = session
        var resumed: [Int] = []
        func count() { resumed.append(session.trace.count { $0.hasPrefix("resume") }) }
        try run([.events([.assigned([0, 1])]), .act(count), .act(count)], duration: .zero)
        #expect(resumed == [1, 2])
    }

    private func reading(_ remaining: Int64, goesOn: Bool = true) -> Result<StartProgress, LogError> {
        .success(.working(remaining: remaining * Int64(Restore.slice), goesOn: goesOn))
    }

    /// Its backlog may take longer than the group waits for a poll.
    @Test func theGroupIsPolledAndOthersWorkWhileATaskStarts() throws {
        try run(
            [.events([.assigned([0, 1])]), .events([]), batch(1, 0..<1), batch(1, 1..<2)]
                + Array(repeating: .events([]), count: 2), duration: .zero,
            starts: [0: [reading(4), reading(3), reading(2), reading(1)]])
        #expect(course == ["0: 4 to go", "1 runs", "0: 3 to go", "0: 2 to go", "0: 1 to go", "0 runs"])
        #expect(
            session.trace.filter { $0.hasPrefix("start") || $0.hasPrefix("commit") || $0.hasPrefix("resume") } == [
                "start@0 0", "resume 1@0", "start@0 0", "commit 1@1 turn=1 epoch=1", "start@0 0",
                "commit 1@2 turn=2 epoch=1", "start@0 0", "start@0 0", "resume 0@0",
            ])
    }

    /// Each may hold a client of its own while it reads.
    @Test func oneStartReadsAtATimeTheShortestFirst() throws {
        try run(
            [.events([.assigned([0, 1])]), .events([])],
            starts: [
                0: [reading(2), reading(2, goesOn: false), reading(1, goesOn: false)], 1: [reading(3), reading(1)],
            ])
        #expect(course == ["0: 2 to go", "1: 3 to go", "0: 2 to go", "0: 1 to go", "0 runs", "1: 1 to go", "1 runs"])
    }

    /// Records that the log has not brought yet.
    @Test func aStartThatHasNothingToReadLeavesItsSliceToARestore() throws {
        writeChangelog(of: 1, records: 2 * Restore.slice)
        try run(
            [.events([.assigned([0, 1])]), .events([])],
            starts: [0: [reading(1, goesOn: false), reading(1, goesOn: false)]])
        #expect(course.first == "0: 1 to go")
        #expect(try #require(course.firstIndex(of: "1 runs")) < #require(course.firstIndex(of: "0 runs")))
    }

    /// Its backlog was deleted while it waited to be read. A broker that leads no more may say so as well: it is looked at twice.
    @Test(arguments: [true, false]) func aStartWhoseBacklogIsGoneStopsItsPartitionAlone(isConfirmed: Bool) throws {
        let gone: [Result<StartProgress, LogError>] = [
            .failure(LogError(.offsetOutOfRange, .fatal, "7 unread records are gone"))
        ]
        try run(
            [.events([.assigned([0, 1])]), .events([]), batch(1, 0..<1)], starts: [0: gone],
            secondStarts: isConfirmed ? [0: gone] : [:])
        #expect(stops == (isConfirmed ? ["offset_out_of_range"] : []))
        #expect(course == (isConfirmed ? ["1 runs"] : ["1 runs", "0 runs"]))
        #expect(session.trace.filter { $0.hasPrefix("commit") } == ["commit 1@1 turn=1 epoch=1"])
        #expect(session.trace.filter { $0 == "open" }.count == 1)
    }

    @Test func aFaultOfATurnLeavesAStartAlone() throws {
        session.commitFaults = [(LogError(.other, .abortable, "asked for"), false)]
        try run(
            [.events([.assigned([0, 1])]), .events([]), batch(1, 0..<1)] + Array(repeating: .events([]), count: 4),
            duration: .zero, starts: [0: Array(repeating: reading(1), count: 4)])
        let restarted = notices.all.compactMap { notice in
            if case .restarting(let partition, _) = notice { partition } else { nil }
        }
        #expect(restarted == [1])
        #expect(session.trace.contains("resume 0@0"))
    }

    @Test func nothingIsProcessedBeforeATaskHasStarted() throws {
        try run(
            [.events([.assigned([0])]), batch(0, 0..<1), .events([]), batch(0, 0..<1)], duration: .zero,
            starts: [0: [reading(2), reading(1)]])
        #expect(texts() == ["100:p0"])
        let resumed = try #require(session.trace.firstIndex(of: "resume 0@0"))
        #expect(try resumed < #require(session.trace.firstIndex(of: "begin")))
    }

    @Test(arguments: [true, false]) func whatGoesWhileItStartsIsPutDown(isLost: Bool) throws {
        try run(
            [
                .events([.assigned([0, 1])]), .events([isLost ? .lost([0]) : .revoked([0])]), .events([]),
                batch(1, 0..<1),
            ], duration: .zero, starts: [0: Array(repeating: reading(1), count: 8)])
        let calls = session.trace.filter { $0.hasSuffix(" 0") && !$0.hasPrefix("store") }
        #expect(calls == ["start@0 0"] + (isLost ? [] : ["leave 0"]) + ["stop 0"])
        #expect(session.trace.contains("finishRevocation"))
        #expect(texts() == ["100:p0"])
    }

    @Test func aStartThatFailsBeginsAgain() throws {
        let fault = LogError(.timedOut, .retriable, "asked for")
        try run(
            [.events([.assigned([0])]), .events([]), .events([]), batch(0, 0..<1)], duration: .zero,
            starts: [0: [reading(1), .failure(fault)]])
        #expect(
            session.trace.filter { $0.hasSuffix(" 0") || $0.hasPrefix("resume") } == [
                "start@0 0", "start@0 0", "pause 0", "stop 0", "resume 0@0",
            ])
        #expect(texts() == ["100:p0"])
    }

    /// Until its end is told a store may be written in a way that is not safe for one with a turn.
    @Test func theEndOfALongRestoreIsToldBeforeTheStoreHasATurn() throws {
        writeChangelog(of: 0, records: Int(Restore.longRestore))
        try run([.events([.assigned([0])])] + Array(repeating: .events([]), count: 20))
        let calls = session.trace.filter { $0.hasPrefix("store") }
        #expect(calls.first == "store 0 restores")
        #expect(calls.dropFirst().dropLast(2).allSatisfy { $0 == "store 0 turn=0" })
        #expect(calls.suffix(2) == ["store 0 is restored", "store 0 turn=1"])
    }

    /// What was told of restores: the slices that are left, and when a partition runs.
    private var course: [String] {
        notices.all.compactMap { notice in
            switch notice {
            case .restoring(let partition, let remaining): "\(partition): \(remaining / Int64(Restore.slice)) to go"
            case .running(let partition): "\(partition) runs"
            default: nil
            }
        }
    }

    /// Side by side all would be ready at the end. The first slice of each tells how long it is.
    @Test func theShortestRestoreIsDoneBeforeTheOthersGoOn() throws {
        for (partition, slices) in [(0, 4), (1, 3), (2, 2)] as [(Int32, Int)] {
            writeChangelog(of: partition, records: slices * Restore.slice)
        }
        try run([.events([.assigned([0, 1, 2])])] + Array(repeating: .events([]), count: 4))
        #expect(
            course == [
                "0: 3 to go", "1: 2 to go", "2: 1 to go", "2 runs", "1: 1 to go", "1 runs", "0: 2 to go", "0: 1 to go",
                "0 runs",
            ])
    }

    /// Beside a partition with late records. What a slow record made of a turn is no measure.
    @Test func restoresGetTwiceAsLongAsTheTurnBeforeThem() throws {
        writeChangelog(of: 1, records: 100)
        session.recordsPerRead = 1
        try run(
            [
                .events([.assigned([0, 1])]), .events([]), batch(0, 0..<1), batch(0, 1..<51), .events([]), .events([]),
                batch(0, 51..<52, behaviour: "slow"), .events([]),
            ], duration: .milliseconds(10), lateDuration: .milliseconds(200), lookTakes: .milliseconds(3))
        // After a turn of one record, one that had enough of them, and one that was slow.
        let (short, long, slow) = (session.reads[3], session.reads[4], session.reads[7])
        #expect(short > 0 && long >= 4 * short, "\(session.reads)")
        #expect(slow == long, "\(session.reads)")
        #expect(!session.trace.contains("resume 1@7"))
    }

    /// Somebody's transaction is open in the middle of its changelog. A round of the loop looks at the clock ten times.
    @Test(arguments: [(250, true), (20, false)])
    func aRestoreThatStandsStillForLongIsToldAndGoesOnByItself(milliseconds: Int, isTold: Bool) throws {
        let session = session
        writeChangelog(of: 0, records: 10)
        session.lastStable[0] = 4
        var polls: [ScriptedSession.Poll] = [.events([.assigned([0, 1])]), .events([]), batch(1, 0..<1)]
        let endOnceTold = ScriptedSession.Poll.act { if !stops.isEmpty { session.lastStable[0] = nil } }
        let end = ScriptedSession.Poll.act { session.lastStable[0] = nil }
        polls += Array(repeating: endOnceTold, count: 30) + [end, batch(0, 7..<8)]
        try run(polls, lookTakes: .milliseconds(milliseconds))
        let words = "changelog of partition 0 stands still at 4 below 10"
        #expect(toldStops == (isTold ? ["0 restore_stalled: \(words)"] : []))
        #expect(session.trace.filter { $0.hasPrefix("resume") } == ["resume 1@0", "resume 0@7"])
        #expect(texts() == ["100:p0", "107:p7"])
        #expect(faults.isEmpty && !session.trace.contains("discard 0"))
    }

    /// A store that fails again and again would else leave the others the pauses between.
    @Test func aRestoreThatFailedWaitsForTheOthers() throws {
        for partition in [0, 1] as [Int32] { writeChangelog(of: partition, records: 2 * Restore.slice) }
        provider.openFaults[0] = [StoreError(.full, "asked for")]
        try run([.events([.assigned([0, 1])])] + Array(repeating: .events([]), count: 4))
        #expect(course == ["1: 1 to go", "1 runs", "0: 1 to go", "0 runs"])
    }

    @Test func aStoreBeyondItsChangelogStopsLoudlyAndAlone() throws {
        let session = session
        try run([
            .events([.assigned([0, 1])]), batch(0, 0..<3), .act { session.truncateChangelog(of: 0, to: 1) },
            .events([.lost([0])]), .events([.assigned([0])]), .events([]),
            .events([.records([probe(0, 3), probe(1, 0)])]),
        ])
        let words = "the store of partition 0 knows changelog offset 7, the topic ends at 1: was it recreated?"
        #expect(toldStops == ["0 changelog_recreated: \(words)"])
        #expect(texts().count == 4)
    }

    /// Without a store of before nothing else tells: the task would begin with nothing at the group's position.
    @Test(arguments: [(0, "no turn"), (2, "no turn"), (3, "turn 1 of epoch 1")])
    func aChangelogThatEndsBeforeTheCommittedTurnStopsLoudlyAndAlone(kept: Int, last: String) throws {
        let (session, provider) = (session, provider)
        try run([
            .events([.assigned([0, 1])]), batch(0, 0..<1), batch(0, 1..<3), batch(0, 3..<4), batch(1, 0..<1),
            .act {
                session.truncateChangelog(of: 0, to: kept)
                provider.opened[0] = nil
            },
            .events([.lost([0])]), .events([.assigned([0])]), .events([]),
            .events([.records([probe(0, 4), probe(1, 1)])]),
        ])
        let words =
            "the group committed turn 3 of epoch 1 for partition 0, its changelog ends at \(kept) with \(last): "
            + "was it recreated?"
        #expect(toldStops == ["0 changelog_recreated: \(words)"])
        #expect(texts().count == 6)
        #expect(session.trace.filter { $0.hasPrefix("resume 0") } == ["resume 0@0"])
    }

    /// A broker that does not know yet that it leads the changelog no more tells an end that is too old.
    @Test func aStopForOneAnswerIsLookedAtTwice() throws {
        let (session, provider) = (session, provider)
        var whole: [LogRecord] = []
        try run([
            .events([.assigned([0])]), batch(0, 0..<3),
            .act {
                whole = session.changelog[0] ?? []
                session.truncateChangelog(of: 0, to: 1)
                session.beforeBounds = [{ session.restoreChangelog(of: 0, whole) }, {}]
                provider.opened[0] = nil
            },
            .events([.lost([0])]), .events([.assigned([0])]), .events([]), batch(0, 3..<4),
        ])
        #expect(stops.isEmpty)
        #expect(
            notices.all.contains {
                if case .fault(let fault) = $0 { fault.code == "changelog_recreated" } else { false }
            })
        #expect(texts().count == 4)
    }

    /// The store is left as it is: once the position is back, its tail is all there is to read.
    @Test(arguments: [nil, CommittedPosition(offset: 0, metadata: "")], [true, false])
    func aLostPositionStopsLoudly(position: CommittedPosition?, hasStore: Bool) throws {
        let (session, provider) = (session, provider)
        try run([
            .events([.assigned([0])]), batch(0, 0..<3),
            .act {
                session.positions[0] = position
                if !hasStore { provider.opened[0] = nil }
            },
            .events([.lost([0])]), .events([.assigned([0])]), batch(0, 0..<3),
        ])
        let words =
            "the changelog of partition 0 has turns, but the group has no committed position of ours: "
            + "it expired or was reset by hand"
        #expect(toldStops == ["0 position_lost: \(words)"])
        #expect(!session.trace.contains("discard 0"))
        #expect(texts().count == 3)
    }

    /// Assigns the partition anew after `change`, and expects that its store is made anew meanwhile, for the reason told.
    private func expectNewStore(
        becauseOf code: String, _ words: String,
        after change: @escaping (ScriptedSession, MemoryProvider) throws -> Void
    ) throws {
        let (session, provider) = (session, provider)
        try run([
            .events([.assigned([0])]), batch(0, 0..<3),
            .act { #expect(throws: Never.self) { try change(session, provider) } },
            .events([.lost([0])]), .events([.assigned([0])]), batch(0, 3..<4),
        ])
        #expect(session.trace.count { $0 == "discard 0" } == 1)
        #expect(try allRows(try #require(provider.opened[0])).filter { $0.hasPrefix("probe ") }.count == 4)
        #expect(faults.map(\.code) == [code])
        #expect(faults.first?.description.contains(words) == true)
        #expect(faults.first?.description.hasSuffix("; it is made anew from the changelog") == true)
        #expect(faults.first?.source == .store)
    }

    @Test(arguments: [StoreError.Code.corrupt, .schema]) func anUnusableStoreIsMadeAnew(code: StoreError.Code) throws {
        try expectNewStore(becauseOf: code.rawValue, "asked for") { _, provider in
            provider.openFaults[0] = [StoreError(code, "asked for")]
        }
    }

    /// Its history is one that the group does not know.
    @Test(arguments: [(turn: 1, epoch: 0), (turn: -1, epoch: 1), (turn: 0, epoch: 1), (turn: 0, epoch: -1)])
    func aStoreOfAnotherHistoryIsMadeAnew(by more: (turn: Int, epoch: Int)) throws {
        try expectNewStore(
            becauseOf: "store_ahead",
            "has turn \(1 + more.turn) of epoch \(1 + more.epoch), the group committed turn 1 of epoch 1"
        ) { _, provider in
            try alter(provider) {
                $0.turn += Int64(more.turn)
                $0.epoch += Int64(more.epoch)
            }
        }
    }

    /// What is left of the changelog is no whole state.
    @Test(arguments: [0, 1, nil, -1]) func aTruncatedChangelogStopsLoudly(store end: Int64?) throws {
        let (session, provider) = (session, provider)
        try run([
            .events([.assigned([0])]), batch(0, 0..<3),
            .act {
                session.changelogStarts[0] = 1
                if end == -1 {
                    provider.openFaults[0] = Array(repeating: StoreError(.corrupt, "asked for"), count: 2)
                }
                guard let end else { return provider.opened[0] = nil }
                if end >= 0 { #expect(throws: Never.self) { try alter(provider) { $0.changelogOffset = end } } }
            },
            .events([.lost([0])]), .events([.assigned([0])]), batch(0, 3..<4),
        ])
        // A store that has what was deleted is whole.
        let words = "the changelog of partition 0 begins at 1: records were deleted that the store has not got"
        #expect(toldStops == (end == 1 ? [] : ["0 changelog_truncated: \(words)"]))
        #expect(texts().count == (end == 1 ? 4 : 3))
        #expect(!session.trace.contains("discard 0"))
    }

    @Test func anOldStoreIsMadeAnewWhereItsChangelogHasGrown() throws {
        let now = now
        try expectNewStore(becauseOf: "store_too_old", "is 12 h old") {
            try alter($1) {
                $0.changelogOffset -= 2
                $0.committedAtMilliseconds = now - Restore.maximumAgeMilliseconds - 1
            }
        }
    }

    /// On Kafka the marker of its last transaction stands behind a whole store.
    @Test(arguments: [(behind: 2, isYoung: true), (behind: 1, isYoung: false), (behind: 0, isYoung: false)])
    func aStoreThatIsYoungOrWholeIsKept(_ store: (behind: Int64, isYoung: Bool)) throws {
        let (session, provider, now) = (session, provider, now)
        try run([
            .events([.assigned([0])]), batch(0, 0..<3),
            .act {
                #expect(throws: Never.self) {
                    try alter(provider) {
                        $0.changelogOffset -= store.behind
                        $0.committedAtMilliseconds = now - Restore.maximumAgeMilliseconds - (store.isYoung ? 0 : 1)
                    }
                }
            },
            .events([.lost([0])]), .events([.assigned([0])]), batch(0, 3..<4),
        ])
        #expect(!session.trace.contains("discard 0") && faults.isEmpty)
        #expect(texts().count == 4)
    }

    private var faults: [TurnFault] {
        notices.all.compactMap { if case .fault(let fault) = $0 { fault } else { nil } }
    }

    /// A dead owner's transaction may keep it from being told.
    @Test func aPositionThatIsNotToldHoldsUpItsPartitionAlone() throws {
        session.positionFaults[0] = Array(repeating: LogError(.timedOut, .retriable, "asked for"), count: 3)
        try run([.events([.assigned([0, 1])]), batch(1, 0..<1), batch(1, 1..<2), .events([]), batch(0, 0..<1)])
        #expect(texts() == ["100:p0", "101:p1", "100:p0"])
        #expect(session.trace.filter { $0.hasPrefix("resume") } == ["resume 1@0", "resume 0@0"])
    }

    /// Each may be waited for as long as a turn lasts, and longer: the group is polled in between.
    @Test func positionsThatAreSlowToBeRefusedAreAskedForOneARound() throws {
        for partition in Int32(0)..<3 {
            session.positionFaults[partition] = [LogError(.timedOut, .retriable, "asked for")]
        }
        try run(
            [.events([.assigned([0, 1, 2])])] + Array(repeating: .events([]), count: 6) + [batch(0, 0..<1)],
            duration: .milliseconds(10), lookTakes: .milliseconds(1))
        #expect(session.faultsPerPoll.prefix(4) == [1, 1, 1, 0])
        #expect(session.trace.filter { $0.hasPrefix("resume") }.sorted() == ["resume 0@0", "resume 1@0", "resume 2@0"])
    }

    /// They take turns, so that none waits behind those that fail for long.
    @Test func aPositionThatIsToldComesBehindNoneThatAreNot() throws {
        func faults(_ count: Int) -> [LogError] {
            Array(repeating: LogError(.timedOut, .retriable, "asked for"), count: count)
        }
        session.positionFaults = [0: faults(20), 1: faults(20), 2: faults(1)]
        try run(
            [.events([.assigned([0, 1, 2])])] + Array(repeating: .events([]), count: 8),
            duration: .milliseconds(10), lookTakes: .milliseconds(1))
        #expect(session.trace.filter { $0.hasPrefix("resume") } == ["resume 2@0"])
        #expect(session.faultsPerPoll.allSatisfy { $0 <= 1 })
    }

    @Test func aNewerStoreStopsLoudly() throws {
        provider.openFaults[0] = [StoreError(.newer, "asked for")]
        try run([.events([.assigned([0])]), .events([])])
        #expect(toldStops == ["0 store_newer: asked for"])
        #expect(!session.trace.contains("discard 0"))
    }

    /// A newer version worked on the partition and is gone again. What it wrote stays as it is.
    @Test func aChangelogRowOfANewerVersionStopsLoudlyAndAlone() throws {
        let (session, provider) = (session, provider)
        var end = 0
        try run([
            .events([.assigned([0, 1])]), batch(0, 0..<3),
            .act {
                end = session.changelog[0]?.count ?? 0
                writeTurn([], turn: 2, inputOffset: 4, version: Changelog.schemaVersion + 1)
            },
            .events([.lost([0])]), .events([.assigned([0])]), .events([]),
            .events([.records([probe(0, 4), probe(1, 0)])]),
        ])
        #expect(toldStops == ["0 store_newer: c/0/\(end) was written by a newer version"])
        #expect(session.trace.allSatisfy { !$0.hasPrefix("discard") } && faults.isEmpty)
        #expect(try allRows(try #require(provider.opened[0])).filter { $0.hasPrefix("probe ") }.count == 3)
        #expect(texts() == ["100:p0", "101:p1", "102:p2", "100:p0"])
    }

    @Test func oneFailingDiskDoesNotHoldTheOthersBack() throws {
        provider.openFaults[0] = Array(repeating: StoreError(.full, "asked for"), count: 3)
        try run([.events([.assigned([0, 1])]), batch(1, 0..<1), .events([]), .events([]), batch(0, 0..<1)])
        #expect(texts() == ["100:p0", "100:p0"])
        #expect(session.trace.firstIndex(of: "resume 1@0")! < session.trace.firstIndex(of: "resume 0@0")!)
    }
}

/// Gives the store of partition 0 another checkpoint.
private func alter(_ provider: MemoryProvider, _ change: (inout StoreCheckpoint) -> Void) throws {
    let store = try #require(provider.opened[0])
    var checkpoint = try #require(try store.checkpoint())
    change(&checkpoint)
    try store.begin()
    try store.commit(checkpoint)
}
