import EventLog
import TaskRuntime

/// One run of a worker's process, from its start to its end, whatever ends it. Everything that it does to the world goes
/// through `call` and `storeCall`: there the others get their turn, and there it dies or is stopped.
///
/// `@unchecked Sendable`: used by the holder of the scheduler's baton only.
final class SimulatedProcess: @unchecked Sendable {
    let name: String
    private let scheduler: Scheduler
    private let faults: Faults
    private let recorder: (String) -> Void
    private(set) var fiber: Scheduler.Fiber!
    let stop = TurnLoop.StopFlag()
    private(set) var isDead = false
    /// Another process has its identity.
    var isFenced = false
    /// Partitions whose tasks run.
    var running: Set<Int32> = []
    /// How far its wall clock is off.
    let skew: Int64

    init(_ name: String, scheduler: Scheduler, faults: Faults, recorder: @escaping (String) -> Void) {
        self.name = name
        self.scheduler = scheduler
        self.faults = faults
        self.recorder = recorder
        skew = scheduler.random.between(-3_000, 3_000)
    }

    func start(_ body: @escaping @Sendable () -> Void) { fiber = scheduler.spawn(body) }

    /// Whether it could answer a heartbeat.
    var isRunning: Bool { !isDead && !fiber.isDone && fiber.stoppedUntil <= scheduler.now }

    var hasEnded: Bool { fiber.isDone }

    /// kill -9: nothing that it does from here on reaches the world.
    func die() {
        guard !isDead, !fiber.isDone else { return }
        isDead = true
        stop.set()
        fiber.isReleased = true
        trace("dies")
    }

    func trace(_ text: String) { recorder("\(name): \(text)") }

    // MARK: Effects

    func requireLife() throws(LogError) {
        if isDead { throw LogError(.fenced, .fatal, "the process is dead") }
    }

    /// A call to the log.
    ///
    /// - Parameter failing: how it fails where the seed wants it to; `nil` where it cannot.
    func call(_ what: String, failing: LogError.Class? = nil) throws(LogError) {
        try requireLife()
        happen(what)
        try requireLife()
        if let failing, faults.callFails {
            trace("\(what) fails")
            throw LogError(.other, failing, "\(what) was made to fail")
        }
    }

    /// A call to the disk.
    func storeCall(_ what: String) throws(StoreError) {
        if !isDead { happen(what) }
        if isDead { throw StoreError(.other, "the process is dead") }
        if faults.storeFails {
            trace("\(what) fails")
            throw StoreError(scheduler.random.chance(percent: 50) ? .full : .inputOutput, "\(what) was made to fail")
        }
    }

    /// Whether what was committed has reached the disk itself.
    func syncs() -> Bool { scheduler.random.chance(percent: 30) }

    private func happen(_ what: String) {
        recorder("\(name): \(what)")
        switch faults.fate() {
        case .none: break
        case .dies: return die()
        case .stops(let milliseconds):
            trace("stands still for \(milliseconds) ms")
            fiber.stoppedUntil = scheduler.now + milliseconds
            scheduler.yield()
        }
        scheduler.pass(scheduler.random.between(0, 2))
        if scheduler.random.chance(percent: faults.switching) { scheduler.yield() }
    }

    // MARK: What the loop is given

    func sleep(_ duration: Duration) {
        guard !isDead else { return }
        scheduler.wait(until: scheduler.now + duration.milliseconds)
    }

    func wallClock() -> Int64 { scheduler.now + skew }
}
