import Dispatch
import Foundation

/// Simulated time, and threads of which exactly one runs at any moment: the scheduler hands a baton to one of those that
/// may run, drawn from the seed, and gets it back at that one's next effect. A seed therefore decides every interleaving.
///
/// `@unchecked Sendable`: everything in it is used by whoever has the baton; the semaphores that hand it over order all
/// accesses.
final class Scheduler: @unchecked Sendable {
    /// A thread under the scheduler.
    final class Fiber: @unchecked Sendable {
        fileprivate let baton = DispatchSemaphore(value: 0)
        fileprivate(set) var isDone = false
        fileprivate var deadline: Int64?
        fileprivate var condition: (() -> Bool)?
        /// A stopped process (SIGSTOP) runs nothing before this time.
        var stoppedUntil: Int64 = 0
        /// What it waits for does not come any more: it is to run to its end.
        var isReleased = false

        fileprivate func isReady(at now: Int64) -> Bool {
            guard !isDone else { return false }
            if isReleased { return true }
            guard stoppedUntil <= now else { return false }
            guard let deadline else { return true }
            return deadline <= now || condition?() ?? false
        }
    }

    private struct Alarm {
        var time: Int64
        var number: Int
        var action: () -> Void
    }

    /// Milliseconds since 1970, of the simulation.
    private(set) var now: Int64
    var random: SimulationRandom
    /// Of all effects so far, in their order: two runs of one seed must agree.
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var steps = 0

    private var fibers: [Fiber] = []
    private var alarms: [Alarm] = []
    private var alarmCount = 0
    private let mainBaton = DispatchSemaphore(value: 0)
    private var current: Fiber?
    /// Steps until the baton goes back to the scheduler.
    private var budget = 0

    private static let stackBytes = 1 << 20

    init(seed: UInt64, start: Int64) {
        random = SimulationRandom(seed: seed)
        now = start
    }

    /// Adds to the digest.
    func note(_ text: String) {
        for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
        digest = (digest ^ UInt64(bitPattern: now)) &* 0x100_0000_01b3
    }

    // MARK: The scheduler's side

    /// A new thread; it runs from a later step on.
    func spawn(_ body: @escaping @Sendable () -> Void) -> Fiber {
        let fiber = Fiber()
        fibers.removeAll { $0.isDone }
        fibers.append(fiber)
        let thread = Thread { [self] in
            fiber.baton.wait()
            body()
            fiber.isDone = true
            mainBaton.signal()
        }
        thread.stackSize = Scheduler.stackBytes
        thread.start()
        return fiber
    }

    /// Runs `action` when `delay` milliseconds have passed.
    func after(_ delay: Int64, _ action: @escaping () -> Void) {
        alarmCount += 1
        let alarm = Alarm(time: now + delay, number: alarmCount, action: action)
        let place = alarms.firstIndex { $0.time > alarm.time } ?? alarms.count
        alarms.insert(alarm, at: place)
    }

    /// Lets threads run for so many steps. They hand the baton on among themselves; it comes back at the end.
    func run(steps count: Int) {
        budget = count
        while budget > 0 {
            guard let fiber = advance() else { continue }
            fiber.baton.signal()
            mainBaton.wait()
        }
    }

    /// One step: does what is due, and draws the thread that runs to its next effect; where none may run, time passes.
    private func advance() -> Fiber? {
        budget -= 1
        steps += 1
        while let alarm = alarms.first, alarm.time <= now {
            alarms.removeFirst()
            alarm.action()
        }
        let ready = fibers.filter { $0.isReady(at: now) }
        guard !ready.isEmpty else {
            now = max(now + 1, nextTime ?? now + 1)
            return nil
        }
        let fiber = ready[ready.count == 1 ? 0 : random.below(ready.count)]
        fiber.deadline = nil
        fiber.condition = nil
        current = fiber
        return fiber
    }

    private var nextTime: Int64? {
        var times = alarms.first.map { [$0.time] } ?? []
        for fiber in fibers where !fiber.isDone {
            times.append(max(fiber.stoppedUntil, fiber.deadline ?? now))
        }
        return times.filter { $0 > now }.min()
    }

    var hasLiveFibers: Bool { fibers.contains { !$0.isDone } }

    // MARK: A thread's side

    /// Time passes while the thread does something.
    func pass(_ milliseconds: Int64) { now += milliseconds }

    /// Lets others run.
    func yield() { wait(until: now) }

    /// Waits for the time, or for `condition` where that is true before.
    func wait(until deadline: Int64, for condition: (() -> Bool)? = nil) {
        guard let fiber = current else { preconditionFailure("only a simulated thread waits") }
        guard !fiber.isReleased else { return }
        fiber.deadline = deadline
        fiber.condition = condition
        while budget > 0 {
            guard let next = advance() else { continue }
            guard next !== fiber else { return }
            next.baton.signal()
            return fiber.baton.wait()
        }
        mainBaton.signal()
        fiber.baton.wait()
    }
}
