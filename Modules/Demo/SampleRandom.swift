import Hashing

/// The same numbers from the same seed, everywhere.
struct SampleRandom: RandomNumberGenerator {
    private var generator: SplitMix64

    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { generator.next() }

    /// Uniform enough for samples.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[number(0...(list.count - 1))] }

    /// True in `percent` of a hundred cases.
    mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
}
