/// What the CRM says of a deal that prices a credit beside the deal's value, or goes along with it. Every target carries it.
package struct DealConditions: Sendable, Hashable {
    /// Sorted: their order says nothing.
    package var duties: [String]
    package var settlement: PlanLine.Settlement
    package var playRun: String?

    package init(duties: [String], settlement: PlanLine.Settlement, playRun: String?) {
        self.duties = duties.sorted()
        self.settlement = settlement
        self.playRun = playRun
    }

    package init(_ deal: Opportunity) {
        self.init(duties: deal.duties, settlement: deal.settlement, playRun: deal.playRun)
    }
}
