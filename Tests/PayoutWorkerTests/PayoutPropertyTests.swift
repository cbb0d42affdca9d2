import Contracts
import Domain
import Hashing
import TaskRuntime
import Testing

@Suite struct PayoutPropertyTests {
    @Test(arguments: 0..<8)
    func `whatever comes in whatever order, the books balance, and a replay gives the same bytes`(seed: UInt64) throws {
        let bench = try run(seed)
        try bench.checkInvariants()
        for statement in try bench.facts(StatementFact.self).map(\.statement) { #expect(statement.holds) }
        for partner in [PayoutBench.one, PayoutBench.two] {
            let statements = try bench.facts(StatementFact.self).map(\.statement).filter { $0.partner == partner }
            for (earlier, later) in zip(statements, statements.dropFirst()) {
                #expect(later.movement.opening == earlier.movement.closing)
            }
            // What is owed by the entries is what the ledger says.
            let entries = try bench.commissions().filter { $0.partner == partner && $0.state != .recorded }
            let balances = try bench.balances(partner)
            let pending = entries.filter { $0.entry == .earning && $0.state == .accrued }.map(\.open).reduce(0, +)
            #expect(pending == balances[0])
            // What a payout keeps is owed until it is submitted.
            let owed = entries.filter { $0.entry == .clawback }.map(\.open).reduce(0, +)
            let kept = try bench.payouts().filter { $0.partner == partner && [.planned, .approved].contains($0.state) }
            #expect(owed + kept.map(\.netted).reduce(0, +) == balances[3])
        }
        let again = try run(seed)
        #expect(again.outputs.map(\.data) == bench.outputs.map(\.data))
    }

    private func run(_ seed: UInt64) throws -> PayoutBench {
        var random = SplitMix64(seed: seed &+ 0x9e37_79b9_7f4a_7c15)
        let bench = try PayoutBench()
        try bench.update(PayoutBench.two) { _ in }
        try bench.addPayee(PayoutBench.two)
        var now = time("2026-02-01T00:00:00Z")
        var revisions: [String: Int64] = [:]
        var closed: [String: Timestamp] = [:]
        var values: [String: Int64] = [:]
        for step in 0..<120 {
            now = now + .hours(Int.random(in: 1...60, using: &random))
            let deal = "opp_\(Int.random(in: 1...6, using: &random))"
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1, 2, 3:
                // Deals 1 to 4 are the first partner's, the others the second's.
                let partner = deal > "opp_4" ? PayoutBench.two : PayoutBench.one
                revisions[deal, default: 0] += 1
                closed[deal] = closed[deal] ?? now
                values[deal] = Int64.random(in: 0...5_000_000, using: &random)
                let isTakenBack = Int.random(in: 0..<8, using: &random) == 0
                let closedAt = closed[deal]!
                try bench.win(
                    deal, partner: partner, firstYear: isTakenBack ? 0 : values[deal]!, revision: revisions[deal]!,
                    at: now
                ) {
                    $0.closedAt = closedAt
                    if isTakenBack { $0.share = BasisPoints(0) }
                }
            case 4, 5:
                guard let value = values[deal], deal <= "opp_4" else { continue }
                try bench.reverse(deal, total: .random(in: 0...value, using: &random), base: value, at: now)
            case 6, 7:
                try bench.plan("run_\(step)", at: now)
                now = now + .minutes(1)
                try bench.approve("run_\(step)", at: now)
                guard Int.random(in: 0..<6, using: &random) > 0 else { continue }
                now = now + .minutes(1)
                try bench.recordFile("run_\(step)", at: now)
            case 8, 9:
                guard let payout = try bench.payouts().randomElement(using: &random) else { continue }
                let isDecision = payout.state == .disputed
                try bench.result(
                    payout.id, PayoutResult.allCases.randomElement(using: &random)!,
                    decision: isDecision ? PayoutBench.third : nil, partner: payout.partner, at: now)
            case 10:
                let target = BlockTarget.opportunity(OpportunityID(deal)!)
                let partner = deal > "opp_4" ? PayoutBench.two : PayoutBench.one
                if Bool.random(using: &random) {
                    try bench.send(
                        BlockPlaced(
                            partner: partner, target: target, kind: .dispute, reference: "cnf_1",
                            actor: PayoutBench.maker, occurredAt: now), key: partner.text, at: now)
                } else {
                    try bench.send(
                        BlockReleased(
                            partner: partner, target: target, kind: .dispute, actor: PayoutBench.checker,
                            occurredAt: now), key: partner.text, at: now)
                }
            default:
                try bench.send(
                    RepaymentReceived(
                        partner: PayoutBench.one,
                        amount: Money(minor: .random(in: 1...400_000, using: &random), currency: euro),
                        occurredAt: now), key: PayoutBench.one.text, at: now)
            }
        }
        try bench.advance(to: now + .days(40))
        return bench
    }
}
