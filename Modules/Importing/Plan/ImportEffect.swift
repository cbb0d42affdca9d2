import Contracts
package import Domain
import JSON

/// The money that an import moves: deals that are won by it, and revenue that is taken back.
package struct ImportEffect: Sendable, Hashable {
    private var wonSums: [Currency: Int128] = [:]
    private var reversedSums: [Currency: Int128] = [:]
    package private(set) var wins = 0
    package private(set) var reversals = 0

    package init() {}

    package var isEmpty: Bool { wins == 0 && reversals == 0 }

    /// First-year values of wins, by currency. A deal that comes as won in several revisions counts with each.
    package var won: [Money] { ImportEffect.list(wonSums) }

    package var reversed: [Money] { ImportEffect.list(reversedSums) }

    private static func list(_ sums: [Currency: Int128]) -> [Money] {
        sums.sorted { $0.key < $1.key }.map { Money(minor: Int64(clamping: $0.value), currency: $0.key) }
    }

    /// What an event of a plan adds. Its data was checked when the plan took it.
    mutating func add(_ event: OutgoingEvent) {
        switch event.type {
        case OpportunityUpdated.type:
            guard let deal = decoded(OpportunityUpdated.self, event), deal.stage == .closedWon else { return }
            wins += 1
            wonSums[deal.firstYearValue.currency, default: 0] += Int128(deal.firstYearValue.minor)
        case RevenueReversed.type:
            guard let reversal = decoded(RevenueReversed.self, event) else { return }
            reversals += 1
            reversedSums[reversal.amount.currency, default: 0] += Int128(reversal.amount.minor)
        default: break
        }
    }

    private func decoded<Payload: EventPayload>(_ type: Payload.Type, _ event: OutgoingEvent) -> Payload? {
        do throws(JSONFailure) {
            return try JSONDocument.decode(type, from: event.payload)
        } catch {
            return nil
        }
    }

    /// `12 wins worth 1200.00 EUR + 300.00 USD; 1 reversal of 40.00 EUR`; `nil` where no money moves.
    package var text: String? {
        var parts: [String] = []
        func list(_ amounts: [Money]) -> String { amounts.map(\.description).joined(separator: " + ") }
        if wins > 0 { parts.append("\(wins) \(wins == 1 ? "win" : "wins") worth \(list(won))") }
        if reversals > 0 {
            parts.append("\(reversals) \(reversals == 1 ? "reversal" : "reversals") of \(list(reversed))")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}
