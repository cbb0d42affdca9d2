/// A way of selling together with partners: joint prospecting, competitive displacement and the like.
package struct CoSellingPlay: Sendable, Hashable {
    /// As the CRM names it on a deal.
    package var id: String
    package var name: String
    /// The shares that differ from the programme's; its own hold for the others.
    package var salesCompensation: [SalesCompensation.Rule: BasisPoints]

    package init(id: String, name: String, salesCompensation: [SalesCompensation.Rule: BasisPoints] = [:]) {
        self.id = id
        self.name = name
        self.salesCompensation = salesCompensation
    }
}
