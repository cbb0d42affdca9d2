/// What a plan line would pay for a win before an introduction's fee is deducted from it.
package struct FeeCredit: Sendable, Hashable {
    /// The win.
    package var cause: String
    /// The target of the plan line.
    package var line: String
    package var closedAt: Timestamp
    /// Not negative. Zero where the line deducts nothing any more, or the win or all of its revenue was taken back.
    package var price: Money

    package init(cause: String, line: String, closedAt: Timestamp, price: Money) {
        self.cause = cause
        self.line = line
        self.closedAt = closedAt
        self.price = price
    }
}

/// How the fee for an introduction is deducted: once, from the first win first, until it is used up.
package enum FeeCreditRule {
    /// What each line deducts, in the order of `credits`. A function of what is known now: in which order wins and
    /// corrections came changes nothing. A win that is taken back, or refunded wholly, has no price, and leaves the fee to
    /// the next one.
    ///
    /// - Parameters:
    ///   - fee: earned for the introduction, not negative. Prices in another currency deduct nothing of it.
    ///   - credits: lines of one win in the order in which they deduct.
    package static func deductions(of fee: Money, from credits: [FeeCredit]) -> [Int64] {
        var left = fee.minor
        var deductions = Array(repeating: Int64(0), count: credits.count)
        let order = credits.indices.sorted {
            (credits[$0].closedAt, credits[$0].cause, $0) < (credits[$1].closedAt, credits[$1].cause, $1)
        }
        for index in order where credits[index].price.currency == fee.currency {
            deductions[index] = min(left, credits[index].price.minor)
            left -= deductions[index]
        }
        return deductions
    }
}
