import Domain
import Testing

@Suite struct FeeCreditTests {
    private static let euro = Currency(code: "EUR")!

    private static func credit(_ cause: String, _ price: Int64, day: Int, currency: String = "EUR") -> FeeCredit {
        FeeCredit(
            cause: cause, line: "win", closedAt: time("2026-03-0\(day)T00:00:00Z"),
            price: Money(minor: price, currency: Currency(code: currency)!))
    }

    @Test(
        arguments: [
            ([], []),
            ([credit("a", 400, day: 1)], [100]),
            ([credit("a", 400, day: 1), credit("b", 400, day: 2)], [100, 0]),
            ([credit("b", 400, day: 2), credit("a", 400, day: 1)], [0, 100]),
            ([credit("b", 400, day: 1), credit("a", 400, day: 1)], [0, 100]),
            ([credit("a", 30, day: 1), credit("b", 50, day: 2), credit("c", 50, day: 3)], [30, 50, 20]),
            ([credit("a", 0, day: 1), credit("b", 400, day: 2)], [0, 100]),
            ([credit("a", 400, day: 1, currency: "USD"), credit("b", 400, day: 2)], [0, 100]),
            ([credit("a", .max, day: 1), credit("b", .max, day: 2)], [100, 0]),
        ] as [([FeeCredit], [Int64])])
    func `a fee is deducted once, from the win that closed first`(credits: [FeeCredit], deductions: [Int64]) {
        #expect(
            FeeCreditRule.deductions(of: Money(minor: 100, currency: Self.euro), from: credits) == deductions)
    }
}
