/// Taking back part of a won deal's first-year value.
package enum RevenueReversalRule {
    package enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case notWon
        case otherCurrency(Currency, deal: Currency)
        case notPositive
        case nothingLeft

        package var description: String {
            switch self {
            case .notWon: "only a won opportunity can be reversed"
            case .otherCurrency(let currency, let deal): "the deal is in \(deal), not in \(currency)"
            case .notPositive: "the amount reversed is positive"
            case .nothingLeft: "the whole first-year value is reversed already"
            }
        }
    }

    /// What counts of the amount: never more than what remains of the first-year value.
    package static func counted(_ amount: Money, of opportunity: Opportunity) throws(Refusal) -> Int64 {
        guard opportunity.firstWonAt != nil else { throw .notWon }
        let currency = opportunity.firstYearValue.currency
        guard amount.currency == currency else { throw .otherCurrency(amount.currency, deal: currency) }
        guard amount.minor > 0 else { throw .notPositive }
        let remaining = opportunity.firstYearValue.minor - opportunity.reversedMinor
        guard remaining > 0 else { throw .nothingLeft }
        return min(amount.minor, remaining)
    }
}
