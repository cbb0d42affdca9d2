import Contracts
import EventLog
import TaskRuntime

/// What became of one seed.
package struct SimulationResult: Sendable {
    package var seed: UInt64
    /// What was wrong; empty where nothing was.
    package var failures: [String]
    /// Over every effect in its order: equal for two runs of one seed.
    package var digest: UInt64
    package var steps: Int
}

/// One seed from its first effect to the verdict.
///
/// First the harsh part: input comes in while processes die, stand still, lose their disks and their partitions. Then the
/// faults stop, and all that is left must be done within a bounded time. Then every host in turn, and an empty one, has to
/// bring every partition up alone, so that each store that was left behind is held to the input's replay.
package enum Simulation {
    package static func run(seed: UInt64, printsTrace: Bool = false) -> SimulationResult {
        let world = World(seed: seed, printsTrace: printsTrace)
        #if SIMULATION
            unsafe InjectedBug.wallClock = { world.scheduler.now }
        #endif
        do {
            try SimulationRun(world).toTheEnd()
        } catch {
            world.fail("the verdict failed: \(error)")
        }
        world.killAll()
        return SimulationResult(
            seed: seed, failures: world.failures + world.broker.violations, digest: world.scheduler.digest,
            steps: world.scheduler.steps)
    }
}
