import Contracts
import Domain
import TaskRuntime
import Testing

@Suite struct PayoutRunHandlingTests {
    /// A bench with 12,000.00 EUR payable since 9 April.
    private func payable() throws -> PayoutBench {
        let bench = try PayoutBench()
        try bench.win()
        try bench.advance(to: time("2026-04-10T00:00:00Z"))
        return bench
    }

    @Test func `a run freezes the payable lines and answers with payouts and the part's hash`() throws {
        let bench = try payable()
        try bench.win("opp_2", at: time("2026-04-10T01:00:00Z"))
        try bench.plan(at: time("2026-04-15T00:00:00Z"))
        let payout = try #require(try bench.payouts().first)
        let commissions = try bench.commissions()
        #expect(payout.lines == [Payout.Line(commission: commissions[0].id, amount: 1_200_000)])
        #expect(payout.net == 1_200_000)
        #expect(payout.state == .planned)
        #expect(payout.payeeVersion == 1)
        #expect(commissions.map(\.state) == [.allocated, .accrued])
        #expect(commissions[0].payout == payout.id)
        let part = try #require(try bench.facts(PayoutRunPartFact.self).last?.runPart)
        #expect(part.count == 1)
        #expect(part.totals == [euro: 1_200_000])
        #expect(part.sha256.count == 64)
        #expect(try bench.balances() == [1_200_000, 1_200_000, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `what became payable after the cut-off waits`() throws {
        let bench = try payable()
        try bench.plan(at: time("2026-04-15T00:00:00Z"), cutOff: time("2026-04-09T11:59:59Z"))
        #expect(try bench.payouts().isEmpty)
        try bench.plan("run_2", at: time("2026-04-15T01:00:00Z"), cutOff: time("2026-04-09T12:00:00Z"))
        #expect(try bench.payouts().count == 1)
    }

    @Test func `an empty part answers, too`() throws {
        let bench = try PayoutBench()
        try bench.plan(at: time("2026-04-15T00:00:00Z"))
        let part = try #require(try bench.facts(PayoutRunPartFact.self).last?.runPart)
        #expect(part.count == 0)
        #expect(try bench.approve(at: time("2026-04-15T01:00:00Z")).deadLetter == nil)
    }

    @Test func `below the minimum rolls over to the run that reaches it`() throws {
        let bench = try PayoutBench()
        try bench.win("opp_1", firstYear: 12_000)
        try bench.win("opp_2", firstYear: 12_000, at: time("2026-03-20T12:00:00Z"))
        try bench.plan("run_1", at: time("2026-04-10T00:00:00Z"))
        #expect(try bench.payouts().isEmpty)
        let rolled = try #require(try bench.facts(PayoutRunPartFact.self).last?.runPart.rolledOver)
        #expect(
            rolled == [
                RolledOver(partner: PayoutBench.one, amount: Money(minor: 3000, currency: euro), reason: .belowMinimum)
            ])
        try bench.plan("run_2", at: time("2026-04-20T00:00:00Z"))
        #expect(try bench.payouts().map(\.net) == [6000])
    }

    @Test func `the last payout of an ended partner ignores the minimum`() throws {
        let bench = try PayoutBench()
        try bench.win("opp_1", firstYear: 12_000)
        try bench.update(at: time("2026-03-20T00:00:00Z")) { $0.status = .ended }
        try bench.plan(at: time("2026-04-10T00:00:00Z"))
        #expect(try bench.payouts().map(\.net) == [3000])
    }

    @Test func `each currency is a payout of its own`() throws {
        let bench = try payable()
        try bench.update(at: time("2026-04-10T01:00:00Z")) { $0.currency = dollar }
        try bench.win("opp_2", currency: dollar, at: time("2026-04-10T02:00:00Z"))
        try bench.plan(at: time("2026-06-01T00:00:00Z"))
        #expect(Set(try bench.payouts().map(\.currency)) == [euro, dollar])
        #expect(Set(try bench.payouts().map(\.id)).count == 2)
        try bench.checkInvariants()
    }

    @Test func `a second run finds nothing that is planned already`() throws {
        let bench = try payable()
        try bench.plan("run_1", at: time("2026-04-15T00:00:00Z"))
        try bench.plan("run_2", at: time("2026-04-15T00:00:01Z"))
        #expect(try bench.payouts().map(\.run.text) == ["run_1"])
        #expect(try bench.plan("run_1", at: time("2026-04-15T00:00:02Z")).deadLetter?.code == .refused)
    }

    @Test(arguments: [PayoutBench.gone, PayoutBench.insider, .programme, .person(PersonID("psn_nobody")!)])
    func `only an active person of the vendor asks for a run or approves it`(actor: Actor) throws {
        let bench = try payable()
        #expect(try bench.plan(by: actor, at: time("2026-04-15T00:00:00Z")).deadLetter?.code == .refused)
        try bench.plan("run_2", at: time("2026-04-15T00:00:00Z"))
        #expect(try bench.approve("run_2", by: actor, at: time("2026-04-15T00:00:01Z")).deadLetter?.code == .refused)
        #expect(try bench.payouts().map(\.state) == [.planned])
    }

    @Test func `who asked for the run does not approve it, and nobody approves another hash`() throws {
        let bench = try payable()
        try bench.plan(at: time("2026-04-15T00:00:00Z"))
        #expect(try bench.approve(by: PayoutBench.maker, at: time("2026-04-15T00:00:01Z")).deadLetter?.code == .refused)
        #expect(try bench.approve(parts: ["x"], at: time("2026-04-15T00:00:02Z")).deadLetter?.code == .refused)
        #expect(try bench.recordFile(at: time("2026-04-15T00:00:03Z")).deadLetter?.code == .refused)
        #expect(try bench.payouts().map(\.state) == [.planned])
        #expect(try bench.approve(at: time("2026-04-15T00:00:04Z")).deadLetter == nil)
        #expect(try bench.payouts().map(\.state) == [.approved])
        #expect(try bench.payouts().map(\.approvedBy) == [PayoutBench.checker])
        #expect(try bench.approve("run_9", at: time("2026-04-15T00:00:05Z")).deadLetter?.code == .refused)
    }

    @Test func `the first file submits; the same again changes nothing; another is refused`() throws {
        let bench = try payable()
        try bench.plan(at: time("2026-04-15T00:00:00Z"))
        try bench.approve(at: time("2026-04-15T01:00:00Z"))
        #expect(try bench.recordFile(at: time("2026-04-15T02:00:00Z")).deadLetter == nil)
        #expect(try bench.payouts().map(\.state) == [.submitted])
        #expect(try bench.balances() == [0, 0, 1_200_000, 0])
        #expect(try bench.notifications().contains(.payoutSubmitted))
        let again = try bench.recordFile(at: time("2026-04-15T03:00:00Z"))
        #expect(again.deadLetter == nil)
        #expect(try again.payloads(LedgerFact.self).isEmpty)
        let other = try bench.recordFile("run_1", PayoutBench.hash("2"), at: time("2026-04-15T04:00:00Z"))
        #expect(other.deadLetter?.code == .refused)
        #expect(try bench.balances() == [0, 0, 1_200_000, 0])
        try bench.checkInvariants()
    }
}

@Suite struct PayoutResultHandlingTests {
    private func submitted() throws -> (PayoutBench, Payout) {
        let bench = try PayoutBench()
        try bench.win()
        try bench.advance(to: time("2026-04-10T00:00:00Z"))
        return (bench, try #require(try bench.pay(at: time("2026-04-15T00:00:00Z"))))
    }

    @Test func `confirmed is paid`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        #expect(try bench.commissions().map(\.state) == [.paid])
        #expect(try bench.payouts().map(\.state) == [.confirmed])
        #expect(try bench.balances() == [0, 0, 0, 0])
        #expect(try bench.notifications().last == .payoutConfirmed)
        try bench.checkInvariants()
    }

    @Test(arguments: [
        PayoutBench.gone, PayoutBench.insider, PayoutBench.stranger, .programme, .person(PersonID("psn_nobody")!),
    ])
    func `only an active person of no partner hands a result in`(actor: Actor) throws {
        let (bench, payout) = try submitted()
        for result in [PayoutResult.confirmed, .failed] {
            let refused = try bench.result(
                payout.id, result, reportedBy: actor, at: time("2026-04-17T00:00:00Z"))
            #expect(refused.deadLetter?.code == .refused)
        }
        #expect(try bench.payouts().map(\.state) == [.submitted])
        #expect(try bench.balances() == [0, 0, 1_200_000, 0])
        let taken = try bench.result(
            payout.id, .confirmed, reportedBy: PayoutBench.maker, at: time("2026-04-18T00:00:00Z"))
        #expect(taken.deadLetter == nil)
        #expect(try bench.payouts().map(\.state) == [.confirmed])
        try bench.checkInvariants()
    }

    @Test func `a final refusal frees the lines for the next run`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .failed, at: time("2026-04-17T00:00:00Z"))
        #expect(try bench.commissions().map(\.state) == [.eligible])
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        #expect(try bench.notifications().last == .payoutFailed)
        let next = try #require(try bench.pay("run_2", at: time("2026-04-18T00:00:00Z")))
        #expect(next.id != payout.id)
        #expect(next.net == 1_200_000)
        try bench.checkInvariants()
    }

    @Test func `a refusal gives kept clawbacks back, too`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.reverse(total: 2_400_000, at: time("2026-04-20T00:00:00Z"))
        try bench.win("opp_2", at: time("2026-04-21T00:00:00Z"))
        let next = try #require(try bench.pay("run_2", at: time("2026-06-01T00:00:00Z")))
        #expect(try bench.balances() == [0, 0, 600_000, 0])
        try bench.result(next.id, .failed, at: time("2026-06-03T00:00:00Z"))
        #expect(try bench.balances() == [0, 1_200_000, 0, 600_000])
        #expect(try bench.pay("run_3", at: time("2026-06-04T00:00:00Z"))?.net == 600_000)
        try bench.checkInvariants()
    }

    @Test func `money that the bank returns is payable again`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.result(payout.id, .returned, at: time("2026-04-20T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.returned])
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        #expect(try bench.notifications().last == .payoutReturned)
        #expect(try bench.pay("run_2", at: time("2026-04-21T00:00:00Z"))?.net == 1_200_000)
        try bench.checkInvariants()
    }

    /// Also where it was said to have arrived after all, and came back once more.
    @Test(arguments: [false, true])
    func `a return of a payout that kept clawbacks leaves them kept`(comesBackTwice: Bool) throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.reverse(total: 2_400_000, at: time("2026-04-20T00:00:00Z"))
        try bench.win("opp_2", at: time("2026-04-21T00:00:00Z"))
        let next = try #require(try bench.pay("run_2", at: time("2026-06-01T00:00:00Z")))
        try bench.result(next.id, .confirmed, at: time("2026-06-03T00:00:00Z"))
        try bench.result(next.id, .returned, at: time("2026-06-05T00:00:00Z"))
        #expect(try bench.balances() == [0, 600_000, 0, 0])
        if comesBackTwice {
            try bench.result(next.id, .failed, at: time("2026-06-06T00:00:00Z"))
            try bench.result(next.id, .confirmed, decision: PayoutBench.checker, at: time("2026-06-07T00:00:00Z"))
            #expect(try bench.balances() == [0, 0, 0, 0])
            try bench.result(next.id, .returned, at: time("2026-06-08T00:00:00Z"))
            #expect(try bench.balances() == [0, 600_000, 0, 0])
        }
        #expect(try bench.pay("run_3", at: time("2026-06-09T00:00:00Z"))?.net == 600_000)
        try bench.checkInvariants()
    }

    @Test(arguments: [PayoutResult.accepted, .pending, .confirmed])
    func `what says nothing new is counted and moves nothing`(result: PayoutResult) throws {
        let (bench, payout) = try submitted()
        if result == .confirmed { try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z")) }
        let again = try bench.result(payout.id, result, at: time("2026-04-18T00:00:00Z"))
        #expect(again.deadLetter == nil)
        #expect(try again.payloads(LedgerFact.self).isEmpty)
        #expect(try bench.payouts()[0].repeatedResults == 1)
        #expect(try bench.payouts()[0].state == (result == .confirmed ? .confirmed : .submitted))
    }

    @Test func `silence pays nothing again`() throws {
        let (bench, payout) = try submitted()
        try bench.advance(to: time("2027-04-15T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.submitted])
        try bench.plan("run_2", at: time("2027-04-15T00:00:00Z"))
        #expect(try bench.payouts().map(\.id) == [payout.id])
    }

    @Test func `results that contradict block the partner, and cancel what was planned again`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .failed, at: time("2026-04-17T00:00:00Z"))
        try bench.plan("run_2", at: time("2026-04-18T00:00:00Z"))
        try bench.approve("run_2", at: time("2026-04-18T01:00:00Z"))
        try bench.result(payout.id, .confirmed, at: time("2026-04-19T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.disputed, .cancelled])
        #expect(try bench.openBlocks().map(\.kind) == [.dispute])
        #expect(try bench.notifications().contains(.payoutDisputed))
        try bench.recordFile("run_2", at: time("2026-04-19T01:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.disputed, .cancelled])
        try bench.plan("run_3", at: time("2026-04-20T00:00:00Z"))
        #expect(try bench.payouts().count == 2)
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])

        let insider = try bench.result(
            payout.id, .confirmed, decision: PayoutBench.insider, at: time("2026-04-21T00:00:00Z"))
        #expect(insider.deadLetter?.code == .refused)
        try bench.result(payout.id, .confirmed, decision: PayoutBench.checker, at: time("2026-04-22T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.confirmed, .cancelled])
        #expect(try bench.commissions().map(\.state) == [.paid])
        #expect(try bench.balances() == [0, 0, 0, 0])
        #expect(try bench.openBlocks().isEmpty)
        try bench.checkInvariants()
    }

    @Test func `a dispute settled for a refusal after a confirmation makes the money payable again`() throws {
        let (bench, payout) = try submitted()
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.result(payout.id, .failed, at: time("2026-04-18T00:00:00Z"))
        #expect(try bench.payouts().map(\.state) == [.disputed])
        try bench.result(payout.id, .failed, decision: PayoutBench.checker, at: time("2026-04-19T00:00:00Z"))
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        #expect(try bench.openBlocks().isEmpty)
        #expect(try bench.pay("run_2", at: time("2026-04-20T00:00:00Z"))?.net == 1_200_000)
        try bench.checkInvariants()
    }

    @Test func `a result for a payout that is not there, or was never submitted, is refused`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.plan(at: time("2026-04-15T00:00:00Z"))
        let payout = try #require(try bench.payouts().first)
        let early = try bench.result(payout.id, .confirmed, at: time("2026-04-15T00:00:01Z"))
        #expect(early.deadLetter?.code == .refused)
        let unknown = try bench.result(PayoutID("pay_9")!, .confirmed, at: time("2026-04-15T00:00:02Z"))
        #expect(unknown.deadLetter?.code == .refused)
    }
}

@Suite struct StatementIssueTests {
    @Test func `a month with movement is stated at its end, and the next opens with what it closed`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.advance(to: time("2026-04-01T00:00:00Z"))
        let march = try #require(try bench.facts(StatementFact.self).first?.statement)
        #expect(march.movement.period.description == "2026-03")
        #expect(march.movement.opening == 0)
        #expect(march.movement.accrued == 1_200_000)
        #expect(march.pending == 1_200_000)
        #expect(march.holds)
        #expect(march.sha256.count == 64)
        #expect(march.issuedAt == time("2026-04-01T00:00:00Z"))
        let payout = try #require(try bench.pay(at: time("2026-04-15T00:00:00Z")))
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.reverse(total: 2_400_000, at: time("2026-04-20T00:00:00Z"))
        try bench.advance(to: time("2026-07-01T00:00:00Z"))
        let statements = try bench.facts(StatementFact.self).map(\.statement)
        #expect(statements.map(\.movement.period.description) == ["2026-03", "2026-04", "2026-05", "2026-06"])
        #expect(statements[1].movement.opening == 1_200_000)
        #expect(statements[1].movement.paid == 1_200_000)
        #expect(statements[1].movement.reversed == 600_000)
        #expect(statements[1].movement.closing == -600_000)
        #expect(statements[2].clawbackReceivable == 600_000)
        #expect(!statements[2].movement.hasMovement)
        #expect(statements.allSatisfy { $0.holds })
        #expect(try bench.notifications().filter { $0 == .statementIssued }.count == 4)
        try bench.checkInvariants()
    }

    @Test func `without movement and balance there is no statement, until money moves again`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.reverse(total: 4_800_000, at: time("2026-03-20T00:00:00Z"))
        try bench.advance(to: time("2026-07-01T00:00:00Z"))
        #expect(try bench.facts(StatementFact.self).count == 1)
        try bench.win("opp_2", at: time("2026-08-10T00:00:00Z"))
        try bench.advance(to: time("2026-09-01T00:00:00Z"))
        let last = try #require(try bench.facts(StatementFact.self).last?.statement)
        #expect(last.movement.period.description == "2026-08")
        #expect(last.movement.opening == 0)
        #expect(Set(try bench.facts(StatementFact.self).map(\.statement.id)).count == 2)
    }

    @Test func `each currency has its own statement`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.update(at: time("2026-03-11T00:00:00Z")) { $0.currency = dollar }
        try bench.win("opp_2", currency: dollar, at: time("2026-03-12T00:00:00Z"))
        try bench.advance(to: time("2026-04-01T00:00:00Z"))
        #expect(Set(try bench.facts(StatementFact.self).map(\.statement.currency)) == [euro, dollar])
    }
}
