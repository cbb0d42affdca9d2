import Contracts
import Domain
import TaskRuntime
import Testing

/// Disputed payouts as people settle them, and what must not come back once a person has looked at it.
@Suite struct SettlementTests {
    private let one = PayoutBench.one

    private func submitted() throws -> (PayoutBench, Payout) {
        let bench = try PayoutBench()
        try bench.win()
        return (bench, try #require(try bench.pay(at: time("2026-04-15T00:00:00Z"))))
    }

    @Test func `a refused payout that did arrive is paid, once`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .failed, at: time("2026-04-17T00:00:00Z"))
        try bench.result(payout.id, .confirmed, at: time("2026-04-18T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.disputed])
        #expect(try bench.balances() == [0, 1_200_000, 0, 0], "nothing moves before the decision")
        try bench.result(payout.id, .confirmed, decision: PayoutBench.checker, at: time("2026-04-19T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.confirmed])
        #expect(try bench.balances() == [0, 0, 0, 0])
        #expect(try bench.commissions().map(\.state) == [.paid])
        #expect(try bench.openBlocks().isEmpty)
        #expect(try bench.pay("run_2", at: time("2026-04-20T00:00:00Z")) == nil)
        try bench.checkInvariants()
    }

    @Test func `a returned payout that did arrive is paid, once`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .confirmed, at: time("2026-04-16T00:00:00Z"))
        try bench.result(payout.id, .returned, at: time("2026-04-17T00:00:00Z"))
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        try bench.result(payout.id, .failed, at: time("2026-04-18T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.disputed])
        try bench.result(payout.id, .confirmed, decision: PayoutBench.checker, at: time("2026-04-19T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.confirmed])
        #expect(try bench.balances() == [0, 0, 0, 0])
        #expect(try bench.commissions().map(\.state) == [.paid])
        try bench.checkInvariants()
    }

    /// The first payout was refused, the second paid its line, and then the first one arrived, too.
    private func paidTwice() throws -> (PayoutBench, first: Payout, second: Payout) {
        let (bench, first) = try submitted()
        try bench.result(first.id, .failed, at: time("2026-04-16T00:00:00Z"))
        let second = try #require(try bench.pay("run_2", at: time("2026-04-17T00:00:00Z")))
        try bench.result(second.id, .confirmed, at: time("2026-04-18T00:00:00Z"))
        try bench.result(first.id, .confirmed, at: time("2026-04-19T00:00:00Z"))
        try #require(try bench.payouts().first { $0.id == first.id }?.state == .disputed)
        return (bench, first, second)
    }

    @Test func `a payout that arrived although another paid its lines is owed back`() throws {
        let (bench, first, second) = try paidTwice()
        let decided = try bench.result(
            first.id, .confirmed, decision: PayoutBench.checker, at: time("2026-04-20T00:00:00Z"))
        #expect(decided.deadLetter == nil)
        #expect(try bench.payouts().allSatisfy { $0.state == .confirmed })
        #expect(try bench.balances() == [0, 0, 0, 1_200_000])
        let cash = try bench.facts(LedgerFact.self).flatMap(\.postings).filter { $0.account == .cash }
        #expect(cash.map(\.amount) == [1_200_000, 1_200_000], "both left the bank")
        let commissions = try bench.commissions()
        #expect(commissions.map(\.state) == [.paid, .outstanding])
        #expect(commissions[0].payout == second.id)
        #expect(commissions[1].entry == .clawback)
        #expect(commissions[1].reverses == commissions[0].id)
        #expect(commissions[1].overpaidBy == first.id)
        #expect(try bench.openBlocks().isEmpty)

        try bench.win("opp_2", firstYear: 9_600_000, at: time("2026-04-21T00:00:00Z"))
        let next = try #require(try bench.pay("run_3", at: time("2026-06-01T00:00:00Z")))
        #expect(next.net == 1_200_000)
        #expect(next.clawbacks.map(\.commission) == [commissions[1].id])
        try bench.checkInvariants()
        for fact in try bench.facts(StatementFact.self) { #expect(fact.statement.holds) }
    }

    @Test func `what the bank returns of a payout that is owed back frees no line of the other one`() throws {
        let (bench, first, _) = try paidTwice()
        try bench.result(first.id, .confirmed, decision: PayoutBench.checker, at: time("2026-04-20T00:00:00Z"))
        let returned = try bench.result(first.id, .returned, at: time("2026-04-21T00:00:00Z"))
        #expect(returned.deadLetter?.reason.contains("repayment") == true)
        #expect(try bench.commissions()[0].state == .paid)
        let amount = Money(minor: 1_200_000, currency: euro)
        try bench.send(
            RepaymentReceived(partner: one, amount: amount, occurredAt: time("2026-04-22T00:00:00Z")), key: one.text,
            at: time("2026-04-22T00:00:00Z"))
        #expect(try bench.balances() == [0, 0, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `where the first payout did not arrive, the second one stays the one that paid`() throws {
        let (bench, first, _) = try paidTwice()
        try bench.result(first.id, .failed, decision: PayoutBench.checker, at: time("2026-04-20T00:00:00Z"))
        #expect(try bench.balances() == [0, 0, 0, 0])
        #expect(try bench.commissions().map(\.state) == [.paid])
        try bench.checkInvariants()
    }

    @Test func `what shrank since is settled as paid and owed back`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .failed, at: time("2026-04-17T00:00:00Z"))
        try bench.result(payout.id, .confirmed, at: time("2026-04-18T00:00:00Z"))
        try bench.reverse(total: 2_400_000, at: time("2026-04-18T06:00:00Z"))
        let decided = try bench.result(
            payout.id, .confirmed, decision: PayoutBench.checker, at: time("2026-04-19T00:00:00Z"))
        #expect(decided.deadLetter == nil)
        #expect(try bench.payouts().map(\.state) == [.confirmed])
        #expect(try bench.balances() == [0, 600_000, 0, 1_200_000])
        try bench.checkInvariants()
    }

    @Test func `only a person who is not the partner's settles a dispute`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .failed, at: time("2026-04-17T00:00:00Z"))
        try bench.result(payout.id, .confirmed, at: time("2026-04-18T00:00:00Z"))
        for actor in [PayoutBench.insider, PayoutBench.gone, .programme, .policy("auto")] {
            let decided = try bench.result(payout.id, .failed, decision: actor, at: time("2026-04-19T00:00:00Z"))
            #expect(decided.deadLetter?.code == .refused, "\(actor)")
        }
        #expect(try bench.payouts().map(\.state) == [.disputed])
    }

    @Test func `a suspicion that a person released is not raised again for the same deal`() throws {
        let bench = try PayoutBench()
        try bench.win { $0.registeredAt = time("2026-03-09T00:00:00Z") }
        let id = try bench.commissions()[0].id
        try bench.send(
            BlockReleased(
                partner: one, target: .commission(id), kind: .fraudReview, actor: PayoutBench.checker,
                occurredAt: time("2026-03-12T00:00:00Z")), key: one.text, at: time("2026-03-12T00:00:00Z"))
        try bench.win(firstYear: 6_000_000, revision: 2, at: time("2026-03-13T00:00:00Z")) {
            $0.registeredAt = time("2026-03-09T00:00:00Z")
        }
        #expect(try bench.openBlocks().isEmpty)
        try bench.win("opp_2", at: time("2026-03-13T00:00:00Z")) { $0.registeredAt = time("2026-03-09T00:00:00Z") }
        #expect(try bench.openBlocks().count == 1, "another deal is another suspicion")
    }

    @Test func `the partner is told of every step of its money`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.reverse(total: 4_800_000, at: time("2026-04-18T00:00:00Z"))
        try bench.result(payout.id, .returned, at: time("2026-04-19T00:00:00Z"))
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        #expect(
            try bench.notifications() == [
                .commissionAccrued, .statementIssued, .commissionEligible, .payoutPlanned, .payoutSubmitted,
                .payoutConfirmed, .clawbackRaised, .payoutReturned, .statementIssued,
            ])
    }

    @Test func `the hold is explained as arithmetic over its days`() throws {
        let bench = try PayoutBench()
        try bench.win { $0.eligibleFrom = time("2026-05-01T00:00:00Z") }
        let steps = try bench.facts(CommissionFact.self)[0].explanation
        let hold = try #require(steps.first { $0.rule == "hold" }?.arithmetic)
        #expect(hold == "max(2026-03-10 + 30, 2026-05-01) = 2026-05-01")
        #expect(try ArithmeticText.holds(hold))
    }

    @Test func `a payout to a partner without a payee waits, and the part says why`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.advance(to: time("2026-04-10T00:00:00Z"))
        try bench.addPayee(isVerified: false, at: time("2026-04-11T00:00:00Z"))
        try bench.plan(at: time("2026-04-15T00:00:00Z"))
        let part = try #require(try bench.facts(PayoutRunPartFact.self).last?.runPart)
        #expect(part.count == 0)
        #expect(part.rolledOver.map(\.reason) == [.noPayee])
        #expect(part.rolledOver.map(\.amount.minor) == [1_200_000])
    }
}
