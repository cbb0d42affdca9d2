import Domain
import Testing

@Suite struct CommissionLifecycleTests {
    private func commission(_ entry: Commission.Entry, _ state: Commission.State, amount: Int64 = 1_200_000)
        -> Commission
    {
        Commission(
            id: CommissionID("com_1")!, entry: entry, state: state,
            amount: Money(minor: amount, currency: Currency(code: "EUR")!), trigger: credit(), line: "line",
            base: Money(minor: 4_800_000, currency: Currency(code: "EUR")!), rate: BasisPoints(2500), fx: nil,
            accruedAt: time("2026-03-10T12:00:00Z"), holdUntil: time("2026-04-09T12:00:00Z"))
    }

    @Test func `an earning knows only the steps of its lifecycle`() {
        let allowed: Set<[Commission.State]> = [
            [.accrued, .eligible], [.accrued, .reversed], [.eligible, .allocated], [.eligible, .reversed],
            [.allocated, .eligible], [.allocated, .paid], [.paid, .eligible], [.paid, .netted],
        ]
        for from in Commission.State.allCases {
            for to in Commission.State.allCases {
                var earning = commission(.earning, from)
                if allowed.contains([from, to]) {
                    #expect(throws: Never.self) { try earning.move(to: to) }
                    #expect(earning.state == to)
                } else {
                    #expect(throws: Commission.IllegalTransition.self) { try earning.move(to: to) }
                    #expect(earning.state == from)
                }
            }
        }
    }

    @Test(arguments: [Commission.State.allocated, .netted, .repaid, .writtenOff])
    func `a clawback comes back from every end when a payout that kept a part of it is refused`(end: Commission.State) {
        var clawback = commission(.clawback, end, amount: -1)
        #expect(throws: Never.self) { try clawback.move(to: .outstanding) }
    }

    @Test func `a reversal never moves`() {
        for to in Commission.State.allCases {
            var reversal = commission(.reversal, .netted, amount: -1)
            #expect(throws: Commission.IllegalTransition.self) { try reversal.move(to: to) }
        }
    }

    @Test func `money is eligible when the hold is over and nothing blocks it`() throws {
        var early = commission(.earning, .accrued)
        #expect(throws: Commission.IllegalTransition.self) {
            try early.becomeEligible(at: time("2026-04-09T11:59:59Z"))
        }
        var blocked = commission(.earning, .accrued)
        blocked.blocks = [.dispute]
        #expect(throws: Commission.IllegalTransition.self) {
            try blocked.becomeEligible(at: time("2026-05-01T00:00:00Z"))
        }
        var due = commission(.earning, .accrued)
        try due.becomeEligible(at: time("2026-04-09T12:00:00Z"))
        #expect(due.state == .eligible)
        #expect(due.eligibleAt == time("2026-04-09T12:00:00Z"))
        #expect(try ArithmeticText.holds(due.eligibleStep.arithmetic ?? ""))
    }

    @Test func `what is open shrinks by reversals and settlements`() {
        var earning = commission(.earning, .eligible, amount: 100)
        earning.reversed = 30
        earning.settled = 20
        #expect(earning.open == 50)
        var clawback = commission(.clawback, .outstanding, amount: -100)
        clawback.settled = 40
        #expect(clawback.open == 60)
        #expect(commission(.reversal, .netted, amount: -100).open == 0)
    }
}
