import Contracts
import Domain
import EventLog
import JSON
import Testing

@testable import TaskRuntime

@Suite struct UnreadableRowTests {
    private func row(_ key: String = "anna@example.com", _ value: String = "{}") -> RowChange {
        RowChange(table: StateTable("deal"), key: Array(key.utf8), value: Array(value.utf8))
    }

    private let problem = "/closed_at: expected a time"

    @Test func aRowThatIsFoundAgainInANewStoreIsTheChangelogs() throws {
        let rows = UnreadableRows()
        let error = #expect(throws: StoreError.self) { try rows.deadLetter(row(), problem) }
        #expect(error?.code == .corrupt)
        rows.storeWasDiscarded()
        let letter = try rows.deadLetter(row(), problem)
        #expect(letter.code == .processingFailed)
        #expect(letter.reason.contains("table deal") && letter.reason.contains(problem))
        #expect(!letter.reason.contains("anna"))
        #expect(error?.message.contains("anna") == false)
        // Others are taken for the changelog's, too: a restore each would be for nothing.
        #expect(try rows.deadLetter(row("another"), problem).code == .processingFailed)
    }

    @Test func nothingIsTheChangelogsBeforeAStoreWasMadeAnewForIt() throws {
        let rows = UnreadableRows()
        for _ in 0..<3 { #expect(throws: StoreError.self) { try rows.deadLetter(row(), problem) } }
    }

    /// The first was the store's own damage, and was healed.
    @Test func anotherRowInANewStoreIsTriedForItself() throws {
        let rows = UnreadableRows()
        #expect(throws: StoreError.self) { try rows.deadLetter(row(), problem) }
        rows.storeWasDiscarded()
        #expect(throws: StoreError.self) { try rows.deadLetter(row("another"), problem) }
        #expect(throws: StoreError.self) { try rows.deadLetter(row("anna@example.com", "{]"), problem) }
    }

    @Test func aProblemIsNamedWithoutItsValue() throws {
        let task = try Spoilable()
        try task.spoil(ProbeProcessor.table, ProbeProcessor.shared, #"{"text":{"name":"Anna"}}"#)
        let result = try task.afterNewStore { try $0.send(Probe("a", at: 100, behaviour: "read")) }
        let letter = try #require(result.deadLetter)
        #expect(letter.reason.hasSuffix(": /text: expected a string"))
        #expect(letter.reason.contains("table probe") && !letter.reason.contains("nna"))
    }

    // MARK: What needs the row

    /// A task whose store is damaged by hand.
    private struct Spoilable {
        let task: ProbeTask

        init(stream: Bool = false) throws { task = try ProbeTask(stream: stream) }

        func spoil(_ table: StateTable, _ key: StateKey, _ value: String = "{}") throws {
            let backend = task.harness.backend
            let checkpoint =
                try backend.checkpoint()
                ?? StoreCheckpoint(changelogOffset: 0, inputOffset: 0, turn: 0, epoch: 1, committedAtMilliseconds: 0)
            try backend.begin()
            try backend.apply([RowChange(table: table, key: key.bytes, value: Array(value.utf8))])
            try backend.commit(checkpoint)
            task.harness.state.timers.reset()
        }

        /// Sends what needs an unreadable row, which has the store made anew, and sends it again: the row is as it was.
        func afterNewStore(_ send: (ProbeTask) throws -> HarnessResult) throws -> HarnessResult {
            let error = #expect(throws: StoreError.self) { try send(task) }
            #expect(error?.code == .corrupt)
            #expect(task.harness.task.takeOutputs().isEmpty)
            try task.harness.task.rollbackTurn()
            task.harness.state.unreadable.storeWasDiscarded()
            return try send(task)
        }
    }

    @Test func aRecordIsADeadLetterAndTheNextGoesThrough() throws {
        let task = try Spoilable()
        try task.spoil(ProbeProcessor.table, ProbeProcessor.shared)
        let bad = try task.afterNewStore { try $0.send(Probe("a", at: 100, behaviour: "read"), commandID: "cmd-1") }
        #expect(bad.deadLetter?.code == .processingFailed)
        #expect(bad.outputs.map(\.type) == [RecordDeadLettered.type])
        #expect(bad.outputs.map { $0.headerText(HeaderName.commandID) } == ["cmd-1"])
        #expect(try task.task.send(Probe("b", at: 110)).texts() == ["110:b"])
        // Nothing was had: it may be put back once the row can be read.
        try task.spoil(ProbeProcessor.table, ProbeProcessor.shared, #"{"text":"mended"}"#)
        #expect(try task.task.send(Probe("a", at: 100, behaviour: "read"), at: 120).texts().count == 1)
    }

    @Test func aHeldEventIsADeadLetterAtItsTick() throws {
        let task = try Spoilable(stream: true)
        try task.spoil(ProbeProcessor.table, ProbeProcessor.shared)
        _ = try task.task.send(Probe("a", at: 100, behaviour: "read"))
        _ = try task.task.send(Probe("b", at: 150))
        let tick = try task.afterNewStore { try $0.advance(to: 200) }
        #expect(tick.deadLetter?.code == .processingFailed)
        #expect(try tick.texts() == ["150:b"])
        #expect(task.task.harness.task.time == time(200))
    }

    @Test func aTimerIsADeadLetterAndTheNextFires() throws {
        let task = try Spoilable()
        try task.spoil(ProbeProcessor.table, ProbeProcessor.shared)
        _ = try task.task.send(Probe("a", at: 100, timers: ["read": 200, "good": 201]))
        let result = try task.afterNewStore { try $0.send(Probe("b", at: 300)) }
        #expect(result.deadLetter?.code == .processingFailed)
        #expect(try result.texts() == ["201:timer good", "300:b"])
        #expect(try task.task.harness.state.firstTimer() == nil)
    }

    // MARK: The runtime's own rows

    @Test(arguments: [TimerQueue.key(due: time(200), name: "spoilt"), StateKey(bytes: [1, 2])])
    func aTimerThatCannotBeReadIsSetAside(key: StateKey) throws {
        let task = try Spoilable()
        _ = try task.task.send(Probe("a", at: 100, timers: ["good": 201]))
        try task.spoil(TimerQueue.table, key)
        let result = try task.afterNewStore { try $0.send(Probe("b", at: 300)) }
        #expect(result.deadLetter?.code == .processingFailed)
        #expect(try result.texts() == ["201:timer good", "300:b"])
        #expect(try task.task.harness.state.firstTimer() == nil)
    }

    /// Its mark begins anew behind that one.
    @Test func aMarkThatCannotBeReadCostsOneOutputOfItsSource() throws {
        let source = "/tributary/approval-worker/3"
        let task = try Spoilable()
        func output(_ sequence: Int64, offset: Int64) -> LogRecord {
            record(
                Probe("p\(sequence)", at: 100), offset: offset, source: source,
                headers: [LogHeader(HeaderName.sequence, String(sequence))])
        }
        try task.spoil(SeenEvents.marks, StateKey(source))
        let bad = try task.afterNewStore { try $0.harness.process(output(5, offset: 0)) }
        #expect(bad.deadLetter?.code == .processingFailed)
        #expect(try task.task.harness.state.bytes(SeenEvents.marks, StateKey(source)) == Array(#"{"sequence":5}"#.utf8))
        #expect(try task.task.harness.process(output(6, offset: 1)).texts() == ["100:p6"])
        #expect(try task.task.harness.process(output(6, offset: 2)).outputs.isEmpty)
        // As `dlq redrive` puts it back: without its number.
        let back = record(
            Probe("p5", at: 100), offset: 3, source: source,
            headers: [LogHeader(HeaderName.redriven, "referral.v1/0/0")])
        #expect(try task.task.harness.process(back).texts() == ["100:p5"])
    }

    /// The owner of an idle partition asks for it outside any record.
    @Test func aTimerThatCannotBeReadIsDueWhenItsKeySays() throws {
        let task = try Spoilable()
        try task.spoil(TimerQueue.table, TimerQueue.key(due: time(200), name: "spoilt"))
        #expect(throws: StoreError.self) { try task.task.harness.task.nextTimerDue() }
        task.task.harness.state.unreadable.storeWasDiscarded()
        #expect(try task.task.harness.task.nextTimerDue() == time(200))
    }

    @Test func aHeldEventThatCannotBeReadIsSetAsideAlone() throws {
        let task = try Spoilable(stream: true)
        for (name, at) in [("a", 100), ("b", 150), ("c", 170)] as [(String, Int64)] {
            _ = try task.task.send(Probe(name, at: at))
        }
        try task.spoil(HeldEvent.table, HeldEvent.key(judgingTime: time(150), source: "/test", sequence: nil, id: "b"))
        let tick = try task.afterNewStore { try $0.advance(to: 160) }
        #expect(tick.deadLetter?.code == .processingFailed)
        #expect(try tick.texts() == ["100:a"])
        #expect(try task.task.harness.state.heldEvents(from: StateKey()).events.map(\.event.id) == ["c"])
        let next = try task.task.advance(to: 200)
        #expect(next.deadLetter == nil)
        #expect(try next.texts() == ["170:c"])
    }

    /// It was written before times were held to be between the first and the last.
    @Test func aTimerFromBeforeAllTimeFiresOnce() throws {
        let task = try Spoilable()
        let old = StateKey().appending(Timestamp.distantPast.millisecondsSince1970 - 1).appending("old")
        try task.spoil(TimerQueue.table, old, #"{"payload":""}"#)
        let first = Timestamp.distantPast.millisecondsSince1970
        #expect(try task.task.send(Probe("b", at: 300)).texts() == ["\(first):timer old", "300:b"])
        #expect(try task.task.harness.state.firstTimer() == nil)
    }

    /// A timer that asks for itself again would never come to an end there.
    @Test(arguments: [false, true]) func whatIsDueAtTheEndOfTimeNeverFires(stream: Bool) throws {
        let task = try ProbeTask(stream: stream)
        let sent = try task.send(Probe("a", at: 100, timers: ["never": .max]))
        let tick = try task.advance(to: Timestamp.distantFuture.millisecondsSince1970)
        #expect(try sent.texts() + tick.texts() == ["100:a"])
        #expect(try task.harness.state.firstTimer()?.timer.due == .distantFuture)
    }
}
