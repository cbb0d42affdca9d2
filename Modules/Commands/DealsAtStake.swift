import Contracts
import Domain
import JSON
import ReadModel

/// The deals of an account and product line: what a decision about a claim or a conflict there moves money on.
struct DealsAtStake {
    private(set) var open = 0
    private(set) var won = 0
    private var openValue: MoneySums
    private var wonValue: MoneySums

    init(_ account: AccountKey, _ productLine: String, in model: ReadModel) throws {
        openValue = try MoneySums()
        wonValue = try MoneySums()
        // A registrable domain has no quote in it; doubled all the same, so that no text ends the condition.
        let key = account.text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        let deals = try model.decoded(
            .opportunity, as: OpportunityFact.self,
            where: "json_extract(data, '$.opportunity.account.domain') = '\(key)'"
        ).map(\.opportunity).filter { $0.productLine == productLine }
        for deal in deals {
            if deal.stage == .closedWon {
                won += 1
                try wonValue.add(deal.firstYearValue)
            } else if !deal.stage.isClosed {
                open += 1
                try openValue.add(deal.firstYearValue)
            }
        }
    }

    /// For the plan of a command.
    var text: String {
        guard open + won > 0 else { return "no open or won deal there yet" }
        return "deals there: \(open) open worth \(openValue.text()), \(won) won worth \(wonValue.text())"
    }

    var members: [(String, JSONValue)] {
        [
            ("open_deals", .count(open)), ("open_value", openValue.json), ("won_deals", .count(won)),
            ("won_value", wonValue.json),
        ]
    }
}
