/// What the referral worker proposes after scoring.
package enum ReferralRoute: String, Sendable, CaseIterable {
    /// Accepted by the programme unless the account has a conflict.
    case accept
    /// A person decides.
    case review
    /// Final: no ideal customer.
    case reject
}

/// Why a referral took its route.
package enum RouteReason: String, Sendable, CaseIterable {
    case fitTooLow = "fit_too_low"
    case fitBelowAcceptance = "fit_below_acceptance"
    case intentBelowAcceptance = "intent_below_acceptance"
    case tierNeedsReview = "tier_needs_review"
    case allCriteriaMet = "all_criteria_met"
}

/// The proposed way of a referral: reject below the lowest fit, accept where fit, intent and the partner's tier allow, else
/// review.
package struct Routing: Sendable, Hashable {
    package var route: ReferralRoute
    package var reasons: [RouteReason]
    package var step: ExplanationStep

    package init(fit: Int64, intent: Int64, tier: Tier, rules: RoutingRules, programVersion: Int64) {
        var comparisons: [String] = []
        if fit < rules.rejectBelowFit {
            route = .reject
            reasons = [.fitTooLow]
            comparisons.append("\(fit) < \(rules.rejectBelowFit)")
        } else {
            reasons = []
            comparisons.append("\(fit) \(fit < rules.acceptFit ? "<" : ">=") \(rules.acceptFit)")
            comparisons.append("\(intent) \(intent < rules.acceptIntent ? "<" : ">=") \(rules.acceptIntent)")
            if fit < rules.acceptFit { reasons.append(.fitBelowAcceptance) }
            if intent < rules.acceptIntent { reasons.append(.intentBelowAcceptance) }
            if !rules.acceptTiers.contains(tier) { reasons.append(.tierNeedsReview) }
            route = reasons.isEmpty ? .accept : .review
            if reasons.isEmpty { reasons = [.allCriteriaMet] }
        }
        let text =
            switch route {
            case .reject: "Fit \(fit) is below \(rules.rejectBelowFit): rejected, not the ideal customer."
            case .accept: "Fit \(fit), intent \(intent) and tier \(tier.rawValue) allow acceptance without a review."
            case .review: "A person reviews: \(reasons.map(\.rawValue).joined(separator: ", "))."
            }
        step = ExplanationStep(
            rule: "route", programVersion: programVersion, text: text, arithmetic: comparisons.joined(separator: "; "))
    }
}
