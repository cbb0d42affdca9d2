/// Which referral earned the fee for a qualified introduction: accepted, and its opportunity reached `qualified` in time.
/// Once per account and product line, and the first submitted.
package enum IntroductionRule {
    package struct Earned: Sendable, Hashable {
        package var referral: ReferralClaim
        package var opportunity: OpportunityID
        package var qualifiedAt: Timestamp
        /// The last moment at which it would have counted.
        package var until: Timestamp
    }

    /// `nil` while nobody has earned it, or an earlier submission that still may is undecided.
    ///
    /// - Parameter referrals: all of the account, in any order.
    package static func earned(
        by referrals: [ReferralClaim], productLine: String, opportunities: [Opportunity], days: Int64
    ) -> Earned? {
        let deals = opportunities.filter { $0.kind == .new && $0.productLine == productLine }
        for referral in referrals.filter({ $0.productLine == productLine }).sorted(by: { $0.sequence < $1.sequence }) {
            let deal = deals.filter { $0.qualifiedAt.map { $0 >= referral.submittedAt } ?? false }
                .min { ($0.qualifiedAt ?? .distantFuture, $0.id) < ($1.qualifiedAt ?? .distantFuture, $1.id) }
            guard let deal, let qualifiedAt = deal.qualifiedAt else { continue }
            if referral.state.isUndecided { return nil }
            guard referral.state.isAcceptance, let acceptedAt = referral.handoff?.acceptedAt else { continue }
            let until = acceptedAt + .days(Int(days))
            guard qualifiedAt <= until else { continue }
            return Earned(referral: referral, opportunity: deal.id, qualifiedAt: qualifiedAt, until: until)
        }
        return nil
    }
}
