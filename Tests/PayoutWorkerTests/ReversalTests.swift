import Contracts
import Domain
import TaskRuntime
import Testing

@testable import PayoutWorker

@Suite struct ReversalTests {
    @Test func `a refund before the hold ends nets out of pending`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.reverse(total: 1_200_000, at: time("2026-03-20T00:00:00Z"))
        #expect(try bench.balances() == [900_000, 0, 0, 0])
        try bench.reverse(total: 2_400_000, at: time("2026-03-21T00:00:00Z"))
        #expect(try bench.balances() == [600_000, 0, 0, 0])
        #expect(try bench.commissions().map(\.amount.minor) == [1_200_000, -300_000, -300_000])
        try bench.checkInvariants()
    }

    @Test func `a refund of an eligible commission nets out of payable`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.advance(to: time("2026-04-10T00:00:00Z"))
        try bench.reverse(total: 1_200_000, at: time("2026-04-11T00:00:00Z"))
        #expect(try bench.balances() == [0, 900_000, 0, 0])
        #expect(try bench.pay(at: time("2026-04-12T00:00:00Z"))?.net == 900_000)
        try bench.checkInvariants()
    }

    @Test func `the same total again changes nothing`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.reverse(total: 1_200_000, at: time("2026-03-20T00:00:00Z"))
        let again = try bench.reverse(total: 1_200_000, at: time("2026-03-21T00:00:00Z"))
        #expect(try again.payloads(LedgerFact.self).isEmpty)
    }

    @Test func `a reversal that is told after a later one changes nothing`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.reverse(total: 2_400_000, revision: 1, at: time("2026-03-20T00:00:00Z"))
        let late = try bench.reverse(total: 1_200_000, revision: 1, at: time("2026-03-21T00:00:00Z"))
        #expect(late.deadLetter == nil)
        #expect(try late.payloads(LedgerFact.self).isEmpty)
        #expect(try bench.balances() == [600_000, 0, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `a reversal of an older revision changes nothing, one of a later revision does`() throws {
        let bench = try PayoutBench()
        try bench.win(firstYear: 9_600_000)
        try bench.reverse(total: 4_800_000, base: 9_600_000, revision: 3, at: time("2026-03-20T00:00:00Z"))
        try bench.reverse(total: 4_800_000, base: 4_800_000, revision: 2, at: time("2026-03-21T00:00:00Z"))
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        try bench.reverse(total: 2_400_000, base: 9_600_000, revision: 4, at: time("2026-03-22T00:00:00Z"))
        #expect(try bench.balances() == [1_800_000, 0, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `a clawback names the earning that was paid, not one that was reversed since`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try #require(try bench.pay(at: time("2026-04-15T00:00:00Z")) != nil)
        try bench.win(firstYear: 6_000_000, revision: 2, at: time("2026-04-16T00:00:00Z"))
        try bench.win(firstYear: 4_800_000, revision: 3, at: time("2026-04-17T00:00:00Z"))
        try bench.win(firstYear: 2_400_000, revision: 4, at: time("2026-04-18T00:00:00Z"))
        let commissions = try bench.commissions()
        #expect(commissions.map(\.amount.minor) == [1_200_000, 300_000, -300_000, -600_000])
        #expect(commissions[1].state == .reversed)
        #expect(commissions[3].reverses == commissions[0].id)
        try bench.checkInvariants()
    }

    @Test func `after a payout it is a clawback, carried forward, and kept from the next payout`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let payout = try #require(try bench.pay(at: time("2026-04-15T00:00:00Z")))
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.reverse(total: 2_400_000, at: time("2026-04-20T00:00:00Z"))
        let clawback = try #require(try bench.commissions().last)
        #expect(clawback.id.text.hasPrefix("clw_"))
        #expect(clawback.amount.minor == -600_000)
        #expect(clawback.state == .outstanding)
        #expect(try bench.balances() == [0, 0, 0, 600_000])
        #expect(try bench.commissions()[0].amount.minor == 1_200_000)
        #expect(try bench.commissions()[0].state == .paid)

        try bench.win("opp_2", at: time("2026-04-21T00:00:00Z"))
        let next = try #require(try bench.pay("run_2", at: time("2026-06-01T00:00:00Z")))
        #expect(next.gross == 1_200_000)
        #expect(next.net == 600_000)
        #expect(next.clawbacks.map(\.commission) == [clawback.id])
        #expect(try bench.balances() == [0, 0, 600_000, 0])
        #expect(try bench.commissions().first { $0.id == clawback.id }?.state == .netted)
        try bench.result(next.id, .confirmed, at: time("2026-06-03T00:00:00Z"))
        #expect(try bench.balances() == [0, 0, 0, 0])
        #expect(try bench.notifications().contains(.clawbackRaised))
        try bench.checkInvariants()
    }

    /// 4,100.00 payable in lines of 1.00, and 4,020.00 owed back: no 4,000 lines outweigh that, but all of them do.
    private func outweighed() throws -> PayoutBench {
        let small = (0..<100).map { number in
            var line = PayoutBench.line("small_\(number)", .flat([euro: 100]))
            line.kinds = [.expansion]
            return line
        }
        let bench = try PayoutBench(lines: [PayoutBench.stageLine] + small, minimums: [euro: 1_000])
        try bench.win(firstYear: 1_608_000)
        let first = try #require(try bench.pay(at: time("2026-04-15T00:00:00Z")))
        try bench.result(first.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.reverse(total: 1_608_000, base: 1_608_000, at: time("2026-04-20T00:00:00Z"))
        for number in 0..<41 {
            try bench.win("opp_s\(number)", at: time("2026-05-01T00:00:00Z")) { $0.kind = .expansion }
        }
        return bench
    }

    @Test func `a clawback that outweighs the lines of one payout is kept in parts`() throws {
        let bench = try outweighed()
        let part = try #require(try bench.pay("run_2", at: time("2026-06-01T00:00:00Z")))
        #expect(part.lines.count == PayoutPlanning.maximumLines)
        #expect(part.clawbacks.map(\.amount) == [399_000])
        #expect(part.net == 1_000)
        #expect(try bench.balances() == [0, 10_000, 1_000, 3_000])
        let rest = try #require(try bench.pay("run_3", at: time("2026-06-02T00:00:00Z")))
        #expect(rest.clawbacks.map(\.amount) == [3_000])
        #expect(try bench.balances() == [0, 0, 8_000, 0])
        // The first is refused, although the rest of its clawback is kept meanwhile.
        try bench.result(part.id, .failed, at: time("2026-06-03T00:00:00Z"))
        #expect(try bench.balances() == [0, 400_000, 7_000, 399_000])
        let again = try #require(try bench.pay("run_4", at: time("2026-06-04T00:00:00Z")))
        #expect(again.net == 1_000)
        for payout in [rest, again] { try bench.result(payout.id, .confirmed, at: time("2026-06-05T00:00:00Z")) }
        #expect(try bench.balances() == [0, 0, 0, 0])
        let clawback = try #require(try bench.commissions().first { $0.entry == .clawback })
        #expect(clawback.state == .netted)
        #expect(clawback.open == 0)
        try bench.checkInvariants()
    }

    @Test func `the rest of a clawback is repaid while a payout keeps a part, which a refusal gives back`() throws {
        let bench = try outweighed()
        try bench.plan("run_2", at: time("2026-06-01T00:00:00Z"))
        #expect(try bench.balances() == [0, 410_000, 0, 402_000])
        let tooMuch = Money(minor: 3_001, currency: euro)
        for (amount, isTaken) in [(tooMuch, false), (Money(minor: 3_000, currency: euro), true)] {
            let at = time("2026-06-01T00:10:00Z")
            let result = try bench.send(
                RepaymentReceived(partner: PayoutBench.one, amount: amount, occurredAt: at), key: "ptr_one", at: at)
            #expect((result.deadLetter == nil) == isTaken)
        }
        try bench.approve("run_2", at: time("2026-06-01T01:00:00Z"))
        try bench.recordFile("run_2", at: time("2026-06-01T02:00:00Z"))
        #expect(try bench.balances() == [0, 10_000, 1_000, 0])
        let part = try #require(try bench.payouts().last)
        try bench.result(part.id, .failed, at: time("2026-06-03T00:00:00Z"))
        #expect(try bench.balances() == [0, 410_000, 0, 399_000])
        let clawback = try #require(try bench.commissions().first { $0.entry == .clawback })
        #expect(clawback.state == .outstanding)
        #expect(clawback.open == 399_000)
        try bench.checkInvariants()
    }

    @Test func `a commission in a planned payout is clawed back, too`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.plan(at: time("2026-04-15T00:00:00Z"))
        try bench.reverse(total: 4_800_000, at: time("2026-04-15T00:30:00Z"))
        #expect(try bench.commissions().map(\.entry) == [.earning, .clawback])
        #expect(try bench.payouts().map(\.net) == [1_200_000])
        try bench.checkInvariants()
    }

    @Test func `a reversal of a deal that nobody is credited for is refused`() throws {
        let bench = try PayoutBench()
        #expect(try bench.reverse("opp_9", total: 1, at: time("2026-04-15T00:00:00Z")).deadLetter?.code == .refused)
    }

    @Test func `more than there is cannot be reversed`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let result = try bench.reverse(total: 4_800_001, at: time("2026-04-15T00:00:00Z"))
        #expect(result.deadLetter != nil)
        #expect(try bench.balances().reduce(0, +) == 1_200_000)
    }

    /// What was proposed to be given up was the rest that no payout kept.
    @Test func `two people write off anew what a refused payout gives back`() throws {
        let bench = try outweighed()
        let part = try #require(try bench.pay("run_2", at: time("2026-06-01T00:00:00Z")))
        let clawback = try #require(try bench.commissions().first { $0.entry == .clawback })
        #expect(clawback.open == 3_000)
        _ = try writeOff(bench, clawback.id, by: PayoutBench.maker, at: time("2026-06-02T00:00:00Z"))
        try bench.result(part.id, .failed, at: time("2026-06-03T00:00:00Z"))
        for (actor, state) in [(PayoutBench.checker, Commission.State.outstanding), (PayoutBench.maker, .writtenOff)] {
            #expect(try writeOff(bench, clawback.id, by: actor, at: time("2026-06-04T00:00:00Z")).deadLetter == nil)
            #expect(try bench.commissions().first { $0.id == clawback.id }?.state == state)
        }
        try bench.checkInvariants()
    }
}

@Suite struct RepaymentTests {
    /// A partner that was paid 12,000.00 and owes 6,000.00 and 3,000.00 of it back.
    private func owing() throws -> PayoutBench {
        let bench = try PayoutBench()
        try bench.win()
        let payout = try #require(try bench.pay(at: time("2026-04-15T00:00:00Z")))
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.reverse(total: 2_400_000, at: time("2026-04-20T00:00:00Z"))
        try bench.reverse(total: 3_600_000, at: time("2026-04-21T00:00:00Z"))
        return bench
    }

    private func repay(_ bench: PayoutBench, _ amount: Int64, currency: Currency = euro) throws -> HarnessResult {
        try bench.send(
            RepaymentReceived(
                partner: PayoutBench.one, amount: Money(minor: amount, currency: currency),
                occurredAt: time("2026-05-02T00:00:00Z")), key: PayoutBench.one.text, at: time("2026-05-02T00:00:00Z"))
    }

    @Test func `a repayment settles the oldest clawback first`() throws {
        let bench = try owing()
        #expect(try bench.balances() == [0, 0, 0, 900_000])
        #expect(try repay(bench, 700_000).deadLetter == nil)
        #expect(try bench.balances() == [0, 0, 0, 200_000])
        let clawbacks = try bench.commissions().filter { $0.entry == .clawback }
        #expect(clawbacks.map(\.state) == [.repaid, .outstanding])
        #expect(clawbacks.map(\.open) == [0, 200_000])
        // What is settled is looked for no more.
        #expect(
            try bench.harness.state.rows(PayoutTable.clawback, prefix: StateKey(), as: ReferenceRow.self).count == 1)
        try bench.checkInvariants()
    }

    @Test(arguments: [Int64(900_001), 0, -5])
    func `a repayment of more than is owed, or of nothing, is refused`(amount: Int64) throws {
        let bench = try owing()
        #expect(try repay(bench, amount).deadLetter != nil)
        #expect(try bench.balances() == [0, 0, 0, 900_000])
    }

    @Test func `a repayment in another currency is refused`() throws {
        #expect(try repay(owing(), 100, currency: dollar).deadLetter != nil)
    }

    @Test func `two people write off what is left of a clawback`() throws {
        let bench = try owing()
        _ = try repay(bench, 100_000)
        let clawback = try #require(try bench.commissions().first { $0.entry == .clawback })
        #expect(try writeOff(bench, clawback.id, by: PayoutBench.maker).deadLetter == nil)
        #expect(try bench.balances() == [0, 0, 0, 800_000])
        #expect(try writeOff(bench, clawback.id, by: PayoutBench.maker).deadLetter != nil)
        #expect(try bench.balances() == [0, 0, 0, 800_000])
        #expect(try writeOff(bench, clawback.id, by: PayoutBench.checker).deadLetter == nil)
        #expect(try bench.balances() == [0, 0, 0, 300_000])
        #expect(try bench.commissions().first { $0.id == clawback.id }?.state == .writtenOff)
        #expect(try writeOff(bench, clawback.id, by: PayoutBench.third).deadLetter != nil)
        try bench.checkInvariants()
    }

    @Test(arguments: [PayoutBench.insider, PayoutBench.stranger, PayoutBench.gone, .programme])
    func `nobody else writes off`(actor: Actor) throws {
        let bench = try owing()
        let clawback = try #require(try bench.commissions().first { $0.entry == .clawback })
        #expect(try writeOff(bench, clawback.id, by: actor).deadLetter?.code == .refused)
    }

    @Test func `an earning is not written off`() throws {
        let bench = try owing()
        #expect(try writeOff(bench, bench.commissions()[0].id, by: PayoutBench.maker).deadLetter?.code == .refused)
    }
}

private func writeOff(
    _ bench: PayoutBench, _ id: CommissionID, by actor: Actor, at when: Timestamp = time("2026-05-03T00:00:00Z")
) throws -> HarnessResult {
    try bench.send(
        ClawbackWrittenOff(
            partner: PayoutBench.one, clawback: id, reason: "too small", actor: actor, occurredAt: when),
        key: PayoutBench.one.text, at: when)
}
