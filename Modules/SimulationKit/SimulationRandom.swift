import Hashing

/// Random numbers of one seed: the only source of chance in a simulation.
struct SimulationRandom {
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678_9abc_def1) }

    mutating func next() -> UInt64 { generator.next() }

    /// A number of `0..<bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func between(_ low: Int64, _ high: Int64) -> Int64 { low + Int64(next() % UInt64(high - low + 1)) }

    /// True in `count` of a million cases.
    mutating func chance(perMillion count: Int) -> Bool { below(1_000_000) < count }

    mutating func chance(percent: Int) -> Bool { below(100) < percent }
}
