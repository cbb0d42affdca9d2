/// A claim on a deal that is already won, by a partner that never registered it.
package enum UnregisteredClaimRule {
    /// Why it is refused without a person.
    package enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case namesNoOpportunity
        case unknownOpportunity(OpportunityID)
        case notWon(OpportunityID)
        case tooLate(closedAt: Timestamp, days: Int64)
        /// No evidence is dated before the close.
        case noEvidence(closedAt: Timestamp)
        case alreadyAttributed(OpportunityID)

        package var reason: RejectReason {
            switch self {
            case .namesNoOpportunity, .unknownOpportunity, .noEvidence: .insufficientInformation
            case .notWon, .tooLate: .invalid
            case .alreadyAttributed: .alreadyAttributed
            }
        }

        package var description: String {
            switch self {
            case .namesNoOpportunity: "an unregistered claim names the opportunity"
            case .unknownOpportunity(let id): "opportunity \(id) is not known on this account and product line"
            case .notWon(let id): "opportunity \(id) is not won"
            case .tooLate(let closedAt, let days):
                "the claim came later than \(days) days after the close: \(closedAt.date) + \(days) d = "
                    + "\((closedAt + .days(Int(days))).date)"
            case .noEvidence(let closedAt): "no evidence is dated before the close on \(closedAt)"
            case .alreadyAttributed(let id): "opportunity \(id) is already sourced"
            }
        }
    }

    /// - Parameter attribution: the current one of the opportunity, if it has any.
    package static func check(
        _ claim: Registration, opportunities: [Opportunity], attribution: Attribution?, rules: ProtectionRules
    ) throws(Refusal) {
        guard let id = claim.opportunity else { throw .namesNoOpportunity }
        guard let opportunity = opportunities.first(where: { $0.id == id && $0.productLine == claim.productLine })
        else {
            throw .unknownOpportunity(id)
        }
        guard opportunity.stage == .closedWon, let closedAt = opportunity.closedAt else { throw .notWon(id) }
        guard claim.submittedAt <= closedAt + .days(Int(rules.unregisteredClaimDays)) else {
            throw .tooLate(closedAt: closedAt, days: rules.unregisteredClaimDays)
        }
        guard claim.evidence.contains(where: { $0.occurredAt < closedAt }) else {
            throw .noEvidence(closedAt: closedAt)
        }
        if attribution?.revenueClass == .sourced { throw .alreadyAttributed(id) }
    }
}
