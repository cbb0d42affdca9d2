import SimulationKit
import Testing

/// The product's runtime as it is built, in the simulated world. The bugs that the simulation must find are in a build of
/// their own: `make simulate`.
@Suite(.serialized) struct SimulationTests {
    @Test(arguments: 0..<(10 as UInt64)) func fiftySeedsLeaveNothingLostRepeatedOrOutOfOrder(block: UInt64) {
        for seed in (block * 50 + 1)...(block * 50 + 50) {
            let result = Simulation.run(seed: seed)
            #expect(result.failures.isEmpty, "swift run simulate --seed \(seed)")
        }
    }

    @Test(arguments: [3, 17, 40] as [UInt64]) func aSeedDoesTheSameAgain(seed: UInt64) {
        let runs = (0..<3).map { _ in Simulation.run(seed: seed).digest }
        #expect(Set(runs).count == 1)
    }
}
