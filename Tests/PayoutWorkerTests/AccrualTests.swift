import Contracts
import Domain
import TaskRuntime
import Testing

@Suite struct AccrualTests {
    @Test func `a won deal accrues 25 percent, pending until the hold is over`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let commission = try #require(try bench.commissions().first)
        #expect(commission.amount == Money(minor: 1_200_000, currency: euro))
        #expect(commission.state == .accrued)
        #expect(commission.holdUntil == time("2026-04-09T12:00:00Z"))
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        #expect(try bench.notifications() == [.commissionAccrued])
        let early = try bench.advance(to: time("2026-04-09T11:59:59Z"))
        #expect(try early.payloads(CommissionFact.self).isEmpty)
        try bench.advance(to: time("2026-04-09T12:00:00Z"))
        #expect(try bench.commissions().map(\.state) == [.eligible])
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        #expect(try bench.notifications() == [.commissionAccrued, .statementIssued, .commissionEligible])
        try bench.checkInvariants()
    }

    @Test func `the hold waits for the end of an appeal`() throws {
        let bench = try PayoutBench()
        try bench.win { $0.eligibleFrom = time("2026-05-01T00:00:00Z") }
        try bench.advance(to: time("2026-04-30T23:59:59Z"))
        #expect(try bench.commissions().map(\.state) == [.accrued])
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        #expect(try bench.commissions().map(\.state) == [.eligible])
    }

    @Test func `money that comes after its hold is eligible at once`() throws {
        let bench = try PayoutBench()
        try bench.win(at: time("2026-06-01T00:00:00Z")) { $0.closedAt = time("2026-03-10T12:00:00Z") }
        #expect(try bench.commissions().map(\.state) == [.eligible])
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
    }

    @Test(arguments: [Int64(1), 0])
    func `an older or equal revision changes nothing`(offset: Int64) throws {
        let bench = try PayoutBench()
        try bench.win(revision: 2)
        let result = try bench.win(firstYear: 9_900_000, revision: 2 - offset)
        #expect(result.deadLetter == nil)
        #expect(result.outputs.isEmpty)
    }

    /// Another account claimed the deal, was refused, and took its targets back; the one that has it counts on from there.
    @Test func `a deal that two accounts told of is paid once, whoever gave it up`() throws {
        let bench = try PayoutBench()
        let closed = time("2026-03-10T12:00:00Z")
        try bench.win()
        #expect(try bench.win(revision: 1) { $0.attribution = AttributionID("atr_other") }.outputs.isEmpty)
        try bench.win(firstYear: 0, revision: 2, at: closed + .days(1)) {
            $0.attribution = AttributionID("atr_other")
            $0.share = BasisPoints(0)
            $0.closedAt = closed
        }
        #expect(try bench.balances() == [0, 0, 0, 0])
        try bench.win(revision: 3, at: closed + .days(2)) { $0.closedAt = closed }
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        try bench.advance(to: closed + .days(30))
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `a higher target posts the difference, linked to what it corrects`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.win(firstYear: 6_000_000, revision: 2) { $0.closedAt = time("2026-03-10T12:00:00Z") }
        let commissions = try bench.commissions()
        #expect(commissions.map(\.amount.minor) == [1_200_000, 300_000])
        #expect(commissions[1].adjusts == commissions[0].id)
        #expect(commissions[1].revision == 2)
        #expect(try bench.balances() == [1_500_000, 0, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `a lower target nets at once, and the original keeps its amount`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.win(firstYear: 4_000_000, revision: 2)
        let commissions = try bench.commissions()
        #expect(commissions.map(\.amount.minor) == [1_200_000, -200_000])
        #expect(commissions[0].open == 1_000_000)
        #expect(commissions[1].reverses == commissions[0].id)
        #expect(try bench.balances() == [1_000_000, 0, 0, 0])
        #expect(try bench.notifications() == [.commissionAccrued, .commissionReversed])
        try bench.checkInvariants()
    }

    @Test func `a credit taken back owes nothing, and nothing of it is ever eligible`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.win(firstYear: 0, revision: 2) { $0.share = BasisPoints(0) }
        #expect(try bench.commissions().map(\.state) == [.reversed, .netted])
        #expect(try bench.balances() == [0, 0, 0, 0])
        try bench.advance(to: time("2026-06-01T00:00:00Z"))
        #expect(try bench.commissions().map(\.state) == [.reversed, .netted])
        try bench.win(revision: 3) { $0.closedAt = time("2026-03-10T12:00:00Z") }
        #expect(try bench.commissions().map(\.open).reduce(0, +) == 1_200_000)
        try bench.checkInvariants()
    }

    @Test func `two deals of one partner are two causes`() throws {
        let bench = try PayoutBench()
        try bench.win("opp_1")
        try bench.win("opp_2")
        #expect(Set(try bench.commissions().map(\.id)).count == 2)
        #expect(try bench.balances() == [2_400_000, 0, 0, 0])
    }

    @Test func `a credit that no line pays posts nothing`() throws {
        let bench = try PayoutBench()
        let result = try bench.win { $0.creditClass = .influenced }
        #expect(result.deadLetter == nil)
        #expect(try bench.commissions().isEmpty)
        #expect(try bench.reverse(total: 100, at: time("2026-03-11T00:00:00Z")).deadLetter == nil)
        try bench.win(revision: 2)
        #expect(try bench.commissions().map(\.creditClass) == [.sourced])
    }

    @Test func `without terms nothing is paid`() throws {
        let bench = try PayoutBench()
        try bench.win { $0.terms = nil }
        #expect(try bench.commissions().isEmpty)
    }

    @Test func `an unknown partner is a dead letter, so that no money is lost`() throws {
        let bench = try PayoutBench()
        #expect(try bench.win(partner: PartnerID("ptr_unknown")!).deadLetter?.code == .refused)
    }

    @Test func `a price that the plan lacks is a dead letter that names the line`() throws {
        let bench = try PayoutBench(lines: [PayoutBench.line("fee", .flat([dollar: 50_000]))])
        let letter = try #require(try bench.win().deadLetter)
        #expect(letter.reason.contains("fee"))
        #expect(letter.reason.contains("EUR"))
        #expect(try bench.commissions().isEmpty)
    }

    @Test func `a discount is recorded; nothing is posted, held or paid`() throws {
        let bench = try PayoutBench(lines: [
            PayoutBench.line("margin", .rate(BasisPoints(3000)), settlement: .discount)
        ])
        try bench.win()
        let commission = try #require(try bench.commissions().first)
        #expect(commission.state == .recorded)
        #expect(commission.amount.minor == 1_440_000)
        try bench.advance(to: time("2026-06-01T00:00:00Z"))
        #expect(try bench.facts(LedgerFact.self).isEmpty)
        #expect(try bench.commissions().map(\.state) == [.recorded])
        #expect(try bench.pay(at: time("2026-06-02T00:00:00Z")) == nil)
    }

    @Test func `a close that moves takes the hold with it`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.win(revision: 2, at: time("2026-03-20T00:00:00Z"))
        #expect(try bench.commissions().map(\.holdUntil) == [time("2026-04-19T00:00:00Z")])
        try bench.advance(to: time("2026-04-18T23:59:59Z"))
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        try bench.advance(to: time("2026-04-19T00:00:00Z"))
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `a hold that a correction ends earlier is over at once`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.win(revision: 2, at: time("2026-03-20T00:00:00Z")) { $0.closedAt = time("2026-02-01T00:00:00Z") }
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `every entry's amount follows from its printed arithmetic`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let fact = try #require(try bench.facts(CommissionFact.self).first)
        #expect(fact.change == "accrued")
        let arithmetic = fact.explanation.compactMap(\.arithmetic)
        #expect(arithmetic.contains { $0.hasSuffix(" = 1200000") })
        for text in arithmetic { #expect(try ArithmeticText.holds(text), "\(text)") }
        #expect(fact.explanation.contains { $0.programVersion == 1 })
    }
}

@Suite struct ExchangeRateTests {
    private func rate(_ rate: String, _ date: String, from: Currency = dollar, to: Currency = euro) -> FXPublished {
        FXPublished(
            rate: FXRate(from: from, to: to, date: CalendarDate(iso8601: date)!, rate: rate, source: "ecb"),
            occurredAt: PayoutBench.start - .days(1))
    }

    @Test func `a deal in another currency is converted at the closing day's rate, and rounded once`() throws {
        let bench = try PayoutBench()
        try bench.register(rate("0.9", "2026-03-03"))
        try bench.register(rate("0.9223372036", "2026-03-09"))
        try bench.register(rate("0.5", "2026-03-11"))
        try bench.win(firstYear: 4_800_001, currency: dollar)
        let commission = try #require(try bench.commissions().first)
        #expect(commission.amount == Money(minor: 1_106_805, currency: euro))
        #expect(commission.fx?.date == CalendarDate(iso8601: "2026-03-09"))
        try bench.checkInvariants()
    }

    @Test func `without a rate the commission waits, blocked, until the register has one`() throws {
        let bench = try PayoutBench()
        try bench.register(rate("0.9", "2026-03-02"))
        try bench.win(currency: dollar)
        #expect(try bench.facts(LedgerFact.self).isEmpty)
        #expect(try bench.openBlocks().map(\.kind) == [.missingFXRate])
        let waiting = try #require(try bench.commissions().first)
        try bench.register(rate("0.8", "2026-03-20"), at: time("2026-03-20T00:00:00Z"))
        #expect(try bench.facts(LedgerFact.self).isEmpty)
        let entry = rate("0.8", "2026-03-10")
        try bench.send(entry, key: entry.registerKey, at: time("2026-03-21T00:00:00Z"), isBroadcast: true)
        let commissions = try bench.commissions()
        #expect(commissions.map(\.id) == [waiting.id])
        #expect(commissions.map(\.amount) == [Money(minor: 960_000, currency: euro)])
        #expect(commissions[0].blocks.isEmpty)
        #expect(try bench.openBlocks().isEmpty)
        #expect(try bench.balances() == [960_000, 0, 0, 0])
        try bench.advance(to: time("2026-04-09T12:00:00Z"))
        #expect(try bench.balances() == [0, 960_000, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `a rate that gives no amount leaves the commission waiting, and says why`() throws {
        let bench = try PayoutBench()
        try bench.win(firstYear: 9_000_000_000_000_000, currency: dollar)
        let entry = rate("999999999", "2026-03-10")
        let result = try bench.send(entry, key: entry.registerKey, at: time("2026-03-21T00:00:00Z"), isBroadcast: true)
        #expect(try bench.facts(LedgerFact.self).isEmpty)
        #expect(try bench.openBlocks().map(\.kind) == [.missingFXRate])
        let told = try result.payloads(CommissionFact.self).filter { $0.change == "waiting" }
        #expect(told.flatMap(\.explanation).map(\.rule) == ["amount_not_computed"])
    }

    @Test func `a credit taken back while it waits is never paid`() throws {
        let bench = try PayoutBench()
        try bench.win(currency: dollar)
        try bench.win(firstYear: 0, currency: dollar, revision: 2) { $0.share = BasisPoints(0) }
        #expect(try bench.openBlocks().isEmpty)
        let entry = rate("0.8", "2026-03-10")
        try bench.send(entry, key: entry.registerKey, at: time("2026-03-21T00:00:00Z"), isBroadcast: true)
        #expect(try bench.balances() == [0, 0, 0, 0])
        #expect(try bench.facts(LedgerFact.self).isEmpty)
    }

    @Test func `corrections and reversals reuse the rate, whatever is published since`() throws {
        let bench = try PayoutBench()
        try bench.register(rate("0.9", "2026-03-08"))
        try bench.win(currency: dollar)
        try bench.register(rate("0.5", "2026-03-10"), at: time("2026-03-12T00:00:00Z"))
        try bench.reverse(total: 2_400_000, currency: dollar, at: time("2026-03-13T00:00:00Z"))
        #expect(try bench.commissions().map(\.amount.minor) == [1_080_000, -540_000])
        try bench.win(firstYear: 9_600_000, currency: dollar, revision: 2, at: time("2026-03-14T00:00:00Z")) {
            $0.closedAt = time("2026-03-10T12:00:00Z")
        }
        try bench.reverse(total: 2_400_000, base: 9_600_000, currency: dollar, at: time("2026-03-14T00:00:01Z"))
        #expect(try bench.balances() == [1_620_000, 0, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `a changed currency whose turn is taken back is forgotten`() throws {
        let bench = try PayoutBench()
        try bench.win("opp_1")
        try bench.updateAndTakeBack(at: time("2026-03-10T13:00:00Z")) { $0.currency = dollar }
        try bench.win("opp_2", at: time("2026-03-10T14:00:00Z"))
        #expect(try bench.commissions().map(\.amount.currency) == [euro, euro])
    }

    @Test func `a changed currency affects new accruals only`() throws {
        let bench = try PayoutBench()
        try bench.win("opp_1")
        try bench.register(rate("1.1", "2026-03-10", from: euro, to: dollar))
        try bench.update(at: time("2026-03-10T13:00:00Z")) { $0.currency = dollar }
        try bench.win("opp_2", at: time("2026-03-10T14:00:00Z"))
        try bench.win("opp_1", firstYear: 6_000_000, revision: 2, at: time("2026-03-10T15:00:00Z"))
        #expect(try bench.balances() == [1_500_000, 0, 0, 0])
        #expect(try bench.balances(PayoutBench.one, dollar) == [1_320_000, 0, 0, 0])
        try bench.checkInvariants()
    }
}
