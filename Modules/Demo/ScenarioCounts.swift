import Contracts
import Domain

/// How often each kind of story came true, counted from the facts; and how often the sample promises it.
struct ScenarioCounts {
    private var rows: [(name: String, count: Int, least: Int)] = []

    mutating func count(_ facts: LastFacts) {
        let decided = facts.conflicts.values.compactMap(\.conflict.decision)
        for outcome in ConflictOutcome.allCases {
            add("conflict decided \(outcome.rawValue)", decided.count { $0.outcome == outcome }, least: 20)
        }
        let credits = facts.attributions.values.flatMap(\.attribution.credits)
        add("credit by a split", credits.count { $0.reason == .conflictSplit }, least: 20)
        let registrations = facts.registrations.values.map(\.registration)
        add("registration downgraded", registrations.count { $0.stage != $0.claimedStage }, least: 20)
        add("win after the window ended", credits.count { $0.reason == .windowEnded }, least: 20)
        add(
            "extension granted", registrations.count { $0.extensions.contains { $0.decision?.isApproved == true } },
            least: 20)
        let commissions = facts.commissions.values.map(\.commission)
        add("reversal before allocation", commissions.count { $0.entry == .reversal }, least: 20)
        add("reversal after allocation (clawback)", commissions.count { $0.entry == .clawback }, least: 3)
        add(
            "commission in another currency than the deal",
            commissions.count { $0.fx.map { $0.from != $0.to } ?? false }, least: 20)
        for kind in BlockKind.allCases {
            add("block \(kind.rawValue)", facts.blocks.values.count { $0.block.kind == kind }, least: 3)
        }
        let rolledOver = facts.runParts.values.flatMap(\.runPart.rolledOver)
        add("payout below the minimum", rolledOver.count { $0.reason == .belowMinimum }, least: 3)
        add("payout failed", facts.payouts.values.count { $0.payout.state == .failed }, least: 3)
    }

    private mutating func add(_ name: String, _ count: Int, least: Int) { rows.append((name, count, least)) }

    var text: String {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { row in
            "  \(row.name)\(String(repeating: " ", count: width - row.name.count))  \(row.count)"
                + (row.count < row.least ? "  (at least \(row.least) promised)" : "")
        }.joined(separator: "\n")
    }

    var lacking: [String] {
        rows.filter { $0.count < $0.least }.map { "\($0.name): \($0.count) of at least \($0.least)" }
    }
}
