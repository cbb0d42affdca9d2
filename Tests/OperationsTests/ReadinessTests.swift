import Contracts
import EventLog
import TaskRuntime
import Testing

@testable import Operations

@Suite struct ReadinessTests {
    private static let start = ContinuousClock.now
    private static let logFault = TurnFault(.log, code: "timed_out", "no answer within the deadline")
    private static let diskFault = TurnFault(.store, code: "store_full", "no space left")

    private static func readiness(threads: Int = 1, _ notices: [TurnObserver.Notice]) -> Readiness {
        var state = Readiness(worker: .referral, threads: threads, startedAt: start)
        for notice in notices { state.apply(notice, thread: 0, at: start) }
        return state
    }

    private static func codes(_ state: Readiness) -> [String] { state.reasons.map(\.code) }

    @Test func `is ready when every partition that it was given runs`() {
        #expect(Self.codes(Self.readiness([])) == ["not_assigned"])
        #expect(Self.codes(Self.readiness([.assigned([0, 1])])) == ["restoring", "restoring"])
        #expect(Self.codes(Self.readiness([.assigned([0, 1]), .running(partition: 0)])) == ["restoring"])
        #expect(Self.readiness([.assigned([0, 1]), .running(partition: 0), .running(partition: 1)]).isReady)
    }

    @Test func `a copy that the group gave nothing stands by, ready`() {
        #expect(Self.readiness([.assigned([])]).isReady)
    }

    @Test func `waits for every thread`() {
        var state = Self.readiness(threads: 2, [.assigned([0]), .running(partition: 0)])
        #expect(Self.codes(state) == ["not_assigned"])
        #expect(state.reasons[0].message.contains("1 of 2"))
        state.apply(.assigned([1]), thread: 1, at: Self.start)
        state.apply(.running(partition: 1), thread: 1, at: Self.start)
        #expect(state.isReady)
    }

    @Test func `says how far a restore is`() {
        let state = Self.readiness([.assigned([3]), .restoring(partition: 3, remaining: 1_200)])
        #expect(
            state.reasons == [
                Readiness.Reason(code: "restoring", partition: 3, message: "1200 records to go")
            ])
    }

    @Test func `names the store's fault until the partition runs again`() {
        var state = Self.readiness([
            .assigned([3]), .running(partition: 3), .fault(Self.diskFault),
            .restarting(partition: 3, Self.diskFault), .restoring(partition: 3, remaining: 7),
        ])
        #expect(Self.codes(state) == ["restoring"])
        #expect(state.reasons[0].message == "7 records to go, after: no space left")
        state.apply(.running(partition: 3), thread: 0, at: Self.start)
        #expect(state.isReady)
    }

    @Test func `names the log's fault until the log answers`() {
        var state = Self.readiness([.assigned([]), .fault(Self.logFault)])
        #expect(state.reasons == [Readiness.Reason(code: "log_unreachable", message: "no answer within the deadline")])
        state.logAnswered("still nothing")
        #expect(state.reasons == [Readiness.Reason(code: "log_unreachable", message: "still nothing")])
        state.logAnswered(nil)
        #expect(state.isReady)
    }

    @Test func `a lost identity stays a reason while the log answers`() {
        let lost = TurnFault(.log, code: LogError.Code.fenced.rawValue, "another process had this identity")
        var state = Self.readiness([.fault(lost)])
        state.logAnswered(nil)
        #expect(state.reasons == [Readiness.Reason(code: "fenced", message: "another process had this identity")])
        state.apply(.assigned([]), thread: 0, at: .now)
        #expect(state.isReady)
    }

    @Test func `a log that cannot be reached makes an idle worker unready`() {
        var state = Self.readiness([.assigned([0]), .running(partition: 0)])
        state.logAnswered("nobody there")
        #expect(Self.codes(state) == ["log_unreachable"])
    }

    @Test func `a stopped partition stays a reason, whatever its restore still tries`() {
        var state = Self.readiness([
            .assigned([2]), .stopped(partition: 2, code: "restore_stalled", reason: "stands still at 7 below 9"),
            .restoring(partition: 2, remaining: 2),
        ])
        #expect(
            state.reasons == [
                Readiness.Reason(code: "restore_stalled", partition: 2, message: "stands still at 7 below 9")
            ])
        state.apply(.running(partition: 2), thread: 0, at: Self.start)
        #expect(state.isReady)
    }

    @Test(arguments: [TurnObserver.Notice.revoked([0]), .lost([0]), .left])
    func `forgets what is gone and waits for the next assignment`(notice: TurnObserver.Notice) {
        var state = Self.readiness([.assigned([0]), .running(partition: 0), notice])
        #expect(Self.codes(state) == ["not_assigned"])
        #expect(state.partitions.isEmpty)
        state.apply(.assigned([]), thread: 0, at: Self.start)
        #expect(state.isReady)
    }

    @Test func `what another thread took over is not forgotten with the first one`() {
        var state = Self.readiness(threads: 2, [.assigned([0])])
        state.apply(.assigned([0]), thread: 1, at: Self.start)
        state.apply(.running(partition: 0), thread: 1, at: Self.start)
        state.apply(.revoked([0]), thread: 0, at: Self.start)
        #expect(state.partitions == [0: .running])
    }

    @Test func `is not ready while it ends`() {
        var state = Self.readiness([.assigned([0]), .running(partition: 0)])
        state.beginShutdown()
        #expect(Self.codes(state) == ["shutting_down"])
    }

    @Test func `a thread without a sign hangs`() {
        var state = Self.readiness(threads: 2, [.assigned([])])
        let later = Self.start + Readiness.silenceLimit + .seconds(1)
        state.apply(.polled, thread: 0, at: later)
        #expect(state.hungFor(at: later) == Readiness.silenceLimit + .seconds(1))
        state.apply(.polled, thread: 1, at: later)
        #expect(state.hungFor(at: later) == nil)
    }
}
