/// Parts of an amount by shares that add up to the whole: whole minor units, by largest remainder, ties by the key's text.
package enum SplitParts {
    package struct Part: Sendable, Hashable {
        package var amount: Int64
        /// 1 where the largest remainder gave this part one more minor unit.
        package var rounding: Int64

        /// `floor(100001 x 3333 / 10000) + 1 = 33331`
        package func arithmetic(of whole: Int64, share: BasisPoints) -> String {
            "floor(\(whole) x \(share.value) / 10000) + \(rounding) = \(amount)"
        }
    }

    /// The parts in the order of `shares`; they add up to `amount` when the shares add up to 10,000. The amount is not
    /// negative.
    package static func of(_ amount: Int64, shares: [(key: String, share: BasisPoints)]) -> [Part] {
        precondition(amount >= 0, "only amounts that are not negative are split")
        var parts: [Part] = []
        var remainders: [Int64] = []
        var shared: Int128 = 0
        for (_, share) in shares {
            let (quotient, remainder) = (Int128(amount) * Int128(share.value)).quotientAndRemainder(dividingBy: 10_000)
            parts.append(Part(amount: Int64(quotient), rounding: 0))
            remainders.append(Int64(remainder))
            shared += Int128(share.value)
        }
        let target = Int128(amount) * shared / 10_000
        var left = Int(target - parts.reduce(into: Int128(0)) { $0 += Int128($1.amount) })
        let order = shares.indices.sorted { (-remainders[$0], shares[$0].key) < (-remainders[$1], shares[$1].key) }
        for index in order where left > 0 {
            parts[index].amount += 1
            parts[index].rounding = 1
            left -= 1
        }
        return parts
    }
}
