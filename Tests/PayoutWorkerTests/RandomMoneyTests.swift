import Contracts
import Domain
import JSON
import PayoutWorker
import TaskRuntime
import Testing

/// Whatever comes in whatever order: the ledger balances, what commissions say equals what the ledger says, every statement's
/// equation holds, and every printed arithmetic is true.
@Suite struct RandomMoneyTests {
    struct Dice {
        private var state: UInt64
        init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }
        mutating func roll(_ count: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(count))
        }
    }

    @Test(arguments: 1...8)
    func `money adds up after any sequence of events`(seed: Int) throws {
        var dice = Dice(UInt64(seed))
        let fee = PayoutBench.line(
            "introduction", .flat([euro: 50_000, dollar: 60_000]), trigger: .qualifiedIntroduction)
        let percent = PayoutBench.line("win", .rate(BasisPoints(1250)), creditsFee: true)
        let bench = try PayoutBench(lines: [fee, percent])
        var now = time("2026-02-01T00:00:00Z")
        var revisions: [Int: Int64] = [:]
        var files = 0
        for step in 0..<160 {
            now = now + .hours(1 + dice.roll(120))
            let deal = dice.roll(8)
            let name = "opp_\(deal)"
            switch dice.roll(12) {
            case 0...3:
                revisions[deal, default: 0] += 1
                let currency = deal % 3 == 0 ? dollar : euro
                let value = Int64(dice.roll(9_000_000))
                let share: Int64 = dice.roll(6) == 0 ? 0 : 10_000
                let discount = dice.roll(9) == 0
                try bench.win(name, firstYear: value, currency: currency, revision: revisions[deal]!, at: now) {
                    $0.share = BasisPoints(share)
                    $0.account.key = AccountKey(unchecked: "account\(deal % 4).example")
                    if discount { $0.settlement = .discount }
                }
            case 4:
                revisions[100 + deal, default: 0] += 1
                let revision = revisions[100 + deal]!
                let share: Int64 = dice.roll(4) == 0 ? 0 : 10_000
                try bench.win(name, revision: revision, at: now) {
                    $0.trigger = .qualifiedIntroduction
                    $0.referral = ReferralID("ref_\(deal)")
                    $0.share = BasisPoints(share)
                    $0.account.key = AccountKey(unchecked: "account\(deal % 4).example")
                }
            case 5:
                try bench.reverse(name, total: Int64(dice.roll(1000)), base: 1000, at: now)
            case 6:
                let rate = FXRate(
                    from: dollar, to: euro, date: now.date, rate: "0.9\(dice.roll(1000))", source: "bank")
                try bench.send(
                    FXPublished(rate: rate, occurredAt: now), key: "fx", at: now, isBroadcast: true)
            case 7: try runSteps(bench, &dice, "run_\(step)", at: now, &files)
            case 8:
                for payout in try bench.payouts() where dice.roll(2) == 0 {
                    let result = PayoutResult.allCases[dice.roll(PayoutResult.allCases.count)]
                    let judge = payout.state == .disputed ? PayoutBench.checker : nil
                    try bench.result(payout.id, result, decision: judge, at: now)
                }
            case 9: try settleClawbacks(bench, &dice, at: now)
            case 10:
                let kind: BlockKind = dice.roll(2) == 0 ? .dispute : .fraudReview
                let opportunity = OpportunityID(name)!
                let target: BlockTarget = dice.roll(2) == 0 ? .partner : .opportunity(opportunity)
                try bench.send(
                    BlockPlaced(
                        partner: PayoutBench.one, target: target, kind: kind, reference: "r", actor: PayoutBench.maker,
                        occurredAt: now), key: "ptr_one", at: now)
            default:
                for block in try bench.openBlocks() where block.kind.isJudgement {
                    try bench.send(
                        BlockReleased(
                            partner: block.partner, target: block.target, kind: block.kind, actor: PayoutBench.checker,
                            occurredAt: now), key: "ptr_one", at: now)
                }
            }
        }
        try bench.advance(to: now + .days(200))
        try bench.checkInvariants()
        try compareWithLedger(bench)
        for fact in try bench.facts(StatementFact.self) {
            #expect(fact.statement.holds, "\(fact.statement)")
        }
        try checkStatementsFollow(bench)
    }

    private func runSteps(
        _ bench: PayoutBench, _ dice: inout Dice, _ run: String, at time: Timestamp, _ files: inout Int
    ) throws {
        try bench.plan(run, at: time)
        guard dice.roll(6) != 0 else { return }
        try bench.approve(run, at: time + .minutes(1))
        guard dice.roll(6) != 0 else { return }
        files += 1
        let digits = String(files, radix: 16)
        let hash = String(repeating: "0", count: 64 - digits.count) + digits
        try bench.recordFile(run, hash, at: time + .minutes(2))
    }

    private func settleClawbacks(_ bench: PayoutBench, _ dice: inout Dice, at time: Timestamp) throws {
        for clawback in try bench.commissions() where clawback.entry == .clawback && clawback.state == .outstanding {
            if dice.roll(2) == 0 {
                let amount = Money(minor: Int64(1 + dice.roll(Int(clawback.open))), currency: clawback.amount.currency)
                try bench.send(
                    RepaymentReceived(partner: PayoutBench.one, amount: amount, occurredAt: time), key: "ptr_one",
                    at: time)
            } else {
                for actor in [PayoutBench.maker, PayoutBench.checker] {
                    try bench.send(
                        ClawbackWrittenOff(
                            partner: PayoutBench.one, clawback: clawback.id, reason: "small", actor: actor,
                            occurredAt: time), key: "ptr_one", at: time)
                }
            }
        }
    }

    /// What the commissions' last images add up to is what the ledger holds.
    private func compareWithLedger(_ bench: PayoutBench) throws {
        var pending: Int64 = 0
        var owed: Int64 = 0
        var receivable: Int64 = 0
        let commissions = try bench.commissions()
        let payouts = Dictionary(uniqueKeysWithValues: try bench.payouts().map { ($0.id, $0) })
        for commission in commissions where commission.amount.currency == euro {
            switch (commission.entry, commission.state) {
            case (.earning, .accrued): pending += commission.open
            case (.earning, .eligible), (.earning, .allocated): owed += commission.open
            case (.clawback, _): receivable += commission.open
            default: break
            }
        }
        // What was submitted has left `payable`, net of what was kept, which left with it.
        var inTransit: Int64 = 0
        var settled: Int64 = 0
        for payout in payouts.values where payout.currency == euro {
            let state = payout.state == .disputed ? payout.disputedFrom! : payout.state
            if state == .planned || state == .approved { receivable += payout.netted }
            if state == .submitted {
                inTransit += payout.net
                settled += payout.gross
            }
        }
        let balances = try bench.balances()
        #expect(balances == [pending, owed - settled, inTransit, receivable])
        for commission in commissions { #expect(commission.open >= 0) }
        let paid = commissions.filter { $0.state == .paid }
        for commission in paid {
            let payout = try #require(commission.payout.flatMap { payouts[$0] })
            #expect(payout.state == .confirmed || payout.disputedFrom == .confirmed)
            #expect(payout.lines.contains { $0.commission == commission.id })
        }
    }

    /// Each statement opens with what the one before closed.
    private func checkStatementsFollow(_ bench: PayoutBench) throws {
        var closing: [String: Int64] = [:]
        for fact in try bench.facts(StatementFact.self) {
            let statement = fact.statement
            #expect(statement.movement.opening == closing[statement.currency.code] ?? 0)
            closing[statement.currency.code] = statement.movement.closing
        }
        #expect(!closing.isEmpty)
    }
}
