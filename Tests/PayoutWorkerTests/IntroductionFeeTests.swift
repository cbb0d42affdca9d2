import Contracts
import Domain
import TaskRuntime
import Testing

@testable import PayoutWorker

/// The fee for an introduction, and the wins on the same account and product line that deduct it.
@Suite struct IntroductionFeeTests {
    /// An introduction pays 500.00 EUR, a win 10 percent less the fee.
    private static let lines = [
        PayoutBench.line("fee", .flat([euro: 50_000]), trigger: .qualifiedIntroduction),
        PayoutBench.line("won", .rate(BasisPoints(1000)), creditsFee: true),
    ]

    private func introduce(_ bench: PayoutBench, at qualified: Timestamp = time("2026-02-01T00:00:00Z")) throws {
        try bench.win(at: qualified) {
            $0.trigger = .qualifiedIntroduction
            $0.referral = ReferralID("ref_1")!
        }
    }

    /// A bench where the fee is earned.
    ///
    /// - Parameter lines: before those of the introduction and the win.
    private func introducing(_ lines: [PlanLine] = []) throws -> PayoutBench {
        let bench = try PayoutBench(lines: lines + Self.lines)
        try introduce(bench)
        return bench
    }

    /// As `introducing`, with two wins of 40,000.00 EUR, of which the first deducts the fee.
    private func winning() throws -> PayoutBench {
        let bench = try introducing()
        try bench.win("opp_1", firstYear: 4_000_000, at: time("2026-03-10T00:00:00Z"))
        try bench.win("opp_2", firstYear: 4_000_000, at: time("2026-03-11T00:00:00Z"))
        #expect(try open(bench) == ["opp_1": 350_000, "opp_2": 400_000])
        return bench
    }

    /// What is left of each deal's commission.
    private func open(_ bench: PayoutBench) throws -> [String: Int64] {
        try bench.commissions().filter { $0.trigger == .closedWon }
            .reduce(into: [:]) { $0[$1.opportunity?.text ?? "", default: 0] += $1.open }
    }

    @Test func `an introduction's fee is paid once, and deducted from the win that says so`() throws {
        let bench = try introducing()
        try bench.win()
        #expect(try bench.commissions().map(\.amount.minor) == [50_000, 430_000])
        #expect(try bench.commissions().map(\.line) == ["fee", "won"])
        try bench.checkInvariants()
    }

    @Test func `a fee that is earned after the win is deducted from it all the same`() throws {
        let bench = try PayoutBench(lines: Self.lines)
        try bench.win()
        #expect(try bench.balances() == [480_000, 0, 0, 0])
        try introduce(bench, at: time("2026-03-12T00:00:00Z"))
        #expect(try bench.commissions().map(\.amount.minor) == [480_000, 50_000, -50_000])
        #expect(try bench.balances() == [480_000, 0, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `one fee is deducted from one win, and from the next where that one is taken back`() throws {
        let bench = try winning()
        try bench.win("opp_1", firstYear: 0, revision: 2, at: time("2026-03-12T00:00:00Z")) {
            $0.share = BasisPoints(0)
            $0.closedAt = time("2026-03-10T00:00:00Z")
        }
        #expect(try open(bench) == ["opp_1": 0, "opp_2": 350_000])
        try bench.win("opp_1", firstYear: 4_000_000, revision: 3, at: time("2026-03-13T00:00:00Z")) {
            $0.closedAt = time("2026-03-10T00:00:00Z")
        }
        #expect(try open(bench) == ["opp_1": 350_000, "opp_2": 400_000])
        try bench.checkInvariants()
    }

    @Test func `what a small win leaves of the fee is deducted from the next one`() throws {
        let bench = try introducing()
        try bench.win("opp_1", firstYear: 300_000, at: time("2026-03-10T00:00:00Z"))
        try bench.win("opp_2", firstYear: 4_000_000, at: time("2026-03-11T00:00:00Z"))
        #expect(try open(bench) == ["opp_2": 380_000])
        #expect(try bench.balances() == [380_000, 50_000, 0, 0])
        try bench.checkInvariants()
    }

    @Test func `the win that closed first deducts the fee, whichever is told first`() throws {
        let bench = try introducing()
        try bench.win("opp_2", firstYear: 4_000_000, at: time("2026-03-11T00:00:00Z"))
        #expect(try open(bench) == ["opp_2": 350_000])
        try bench.win("opp_1", firstYear: 4_000_000, at: time("2026-03-12T00:00:00Z")) {
            $0.closedAt = time("2026-03-10T00:00:00Z")
        }
        #expect(try open(bench) == ["opp_1": 350_000, "opp_2": 400_000])
        try bench.checkInvariants()
    }

    @Test func `a win that goes to another account leaves the fee to the one that stays`() throws {
        let bench = try winning()
        try bench.win("opp_1", firstYear: 4_000_000, revision: 2, at: time("2026-03-12T00:00:00Z")) {
            $0.account.key = AccountKey(unchecked: "other.example")
        }
        #expect(try open(bench) == ["opp_1": 400_000, "opp_2": 350_000])
        try bench.checkInvariants()
    }

    // MARK: Refunds

    @Test func `a win that is refunded wholly leaves the fee to the next one`() throws {
        let bench = try winning()
        try bench.reverse("opp_1", total: 2_000_000, base: 4_000_000, revision: 1, at: time("2026-03-12T00:00:00Z"))
        #expect(try open(bench) == ["opp_1": 175_000, "opp_2": 400_000])
        try bench.reverse("opp_1", total: 4_000_000, base: 4_000_000, revision: 1, at: time("2026-03-13T00:00:00Z"))
        #expect(try open(bench) == ["opp_1": 0, "opp_2": 350_000])
        #expect(try bench.balances() == [350_000, 50_000, 0, 0])
        try bench.reverse("opp_1", total: 2_000_000, base: 4_000_000, revision: 2, at: time("2026-03-14T00:00:00Z"))
        #expect(try open(bench) == ["opp_1": 175_000, "opp_2": 400_000])
        try bench.checkInvariants()
    }

    @Test func `what the next win was paid without the fee is clawed back`() throws {
        let bench = try winning()
        let payout = try #require(try bench.pay(at: time("2026-05-01T00:00:00Z")))
        #expect(payout.net == 800_000)
        try bench.result(payout.id, .confirmed, at: time("2026-05-03T00:00:00Z"))
        let paid = try bench.commissions()
        try bench.reverse("opp_1", total: 4_000_000, base: 4_000_000, at: time("2026-05-04T00:00:00Z"))
        let commissions = try bench.commissions()
        #expect(Array(commissions.prefix(paid.count)) == paid)
        let clawbacks = commissions.dropFirst(paid.count)
        #expect(clawbacks.map(\.entry) == [.clawback, .clawback])
        #expect(clawbacks.map(\.opportunity?.text) == ["opp_1", "opp_2"])
        #expect(clawbacks.map(\.amount.minor) == [-350_000, -50_000])
        #expect(try bench.balances() == [0, 0, 0, 400_000])
        try bench.checkInvariants()
    }

    // MARK: Rows of earlier versions

    /// The row of the fee as an earlier version has it while `opp_1` deducts it.
    private func store(_ credits: [FeeCredit], in bench: PayoutBench) throws {
        let key = StateKey(PayoutBench.one.text, "acme.example", "core")
        var row = try #require(try bench.harness.state.get(PayoutTable.fee, key, as: FeeRow.self))
        row.wins = ["closed_won:opp_1"]
        row.credits = credits
        try bench.harness.state.put(PayoutTable.fee, key, row)
    }

    /// What became of the first win.
    enum FirstWin: CaseIterable {
        case stays, takenBack, refunded, moved
    }

    @Test(arguments: FirstWin.allCases)
    func `a win that the store has without a price has the fee, unless it is void`(first: FirstWin) throws {
        let bench = try introducing()
        let closed = time("2026-03-10T00:00:00Z")
        try bench.win("opp_1", firstYear: 4_000_000, at: closed)
        let later = closed + .days(1)
        switch first {
        case .stays: break
        case .takenBack: try bench.win("opp_1", firstYear: 0, revision: 2, at: later) { $0.share = BasisPoints(0) }
        case .refunded: try bench.reverse("opp_1", total: 4_000_000, base: 4_000_000, at: later)
        case .moved:
            try bench.win("opp_1", firstYear: 4_000_000, revision: 2, at: later) {
                $0.account.key = AccountKey(unchecked: "other.example")
            }
        }
        try store([], in: bench)
        try bench.win("opp_2", firstYear: 4_000_000, at: later + .days(1))
        #expect(try open(bench)["opp_2"] == (first == .stays ? 400_000 : 350_000))
        try bench.checkInvariants()
    }

    @Test func `a refunded win that the store has with its price has left the fee`() throws {
        let bench = try introducing()
        let closed = time("2026-03-10T00:00:00Z")
        try bench.win("opp_1", firstYear: 4_000_000, at: closed)
        try bench.reverse("opp_1", total: 4_000_000, base: 4_000_000, at: closed + .days(1))
        let price = Money(minor: 400_000, currency: euro)
        try store([FeeCredit(cause: "closed_won:opp_1", line: "won", closedAt: closed, price: price)], in: bench)
        try bench.win("opp_2", firstYear: 4_000_000, at: closed + .days(2))
        #expect(try open(bench) == ["opp_1": 0, "opp_2": 350_000])
        try bench.checkInvariants()
    }

    // MARK: Exchange rates

    /// The second deal's rate gives no amount for one line, while the other one deducts the fee.
    @Test(arguments: [false, true])
    func `a win that cannot be computed does not hold up what leaves the fee to it`(isRefund: Bool) throws {
        var total = PayoutBench.line("total", .rate(BasisPoints(1000)))
        total.base = .total
        let bench = try introducing([total])
        try bench.win("opp_1", firstYear: 4_000_000, at: time("2026-03-10T00:00:00Z"))
        try bench.win("opp_2", firstYear: 4_000_000, currency: dollar, at: time("2026-03-11T00:00:00Z")) {
            $0.total.minor = 9_000_000_000_000_000
        }
        try bench.register(
            FXPublished(
                rate: FXRate(
                    from: dollar, to: euro, date: CalendarDate(iso8601: "2026-03-11")!, rate: "999999999",
                    source: "ecb"), occurredAt: time("2026-03-12T00:00:00Z")), at: time("2026-03-12T00:00:00Z"))
        let before = try open(bench)
        let later = time("2026-03-13T00:00:00Z")
        if isRefund {
            let letter = try bench.reverse("opp_1", total: 4_000_000, base: 4_000_000, at: later).deadLetter
            #expect(letter == nil)
            #expect(try open(bench)["opp_1"] == 0)
        } else {
            let letter = try bench.win("opp_1", firstYear: 4_000_000, revision: 2, at: later) {
                $0.account.key = AccountKey(unchecked: "other.example")
            }.deadLetter
            #expect(letter == nil)
            #expect(try open(bench)["opp_1"] == before["opp_1"]! + 50_000)
        }
        #expect(try open(bench)["opp_2"] == before["opp_2"]! - 50_000)
        try bench.checkInvariants()
    }

    @Test func `a win without a rate deducts nothing, and is settled where it is refunded wholly`() throws {
        let bench = try winning()
        try bench.win("opp_1", firstYear: 4_000_000, currency: dollar, revision: 2, at: time("2026-03-12T00:00:00Z")) {
            $0.closedAt = time("2026-03-10T00:00:00Z")
        }
        #expect(try open(bench)["opp_2"] == 350_000)
        try bench.reverse(
            "opp_1", total: 4_000_000, base: 4_000_000, currency: dollar, at: time("2026-03-13T00:00:00Z"))
        #expect(try open(bench) == ["opp_1": 0, "opp_2": 350_000])
        #expect(try bench.balances() == [350_000, 50_000, 0, 0])
        try bench.checkInvariants()
    }
}
