/// A second referral of the same partner, account and product line is a duplicate of the first while that is not settled, at
/// most as many days as the programme says.
package enum DuplicateRule {
    /// The referral that a new one repeats.
    ///
    /// - Parameters:
    ///   - earlier: referrals of the same partner, account and product line, first submitted first.
    ///   - time: judging time of the new one.
    package static func original(among earlier: [Referral], at time: Timestamp, rules: IntakeRules) -> Referral? {
        earlier.first { first in
            !first.state.isSettled && time - first.submittedAt <= .days(Int(rules.duplicateDays))
        }
    }

    /// Why a referral is a duplicate.
    package static func step(original: Referral, at time: Timestamp, rules: IntakeRules, programVersion: Int64)
        -> ExplanationStep
    {
        let days = (time - original.submittedAt).milliseconds / TimeSpan.days(1).milliseconds
        return ExplanationStep(
            rule: "duplicate", programVersion: programVersion,
            text:
                "Repeats \(original.id), which the same partner submitted for the account and product line \(days) days "
                + "before and which is still \(original.state.rawValue).",
            arithmetic: "\(days) <= \(rules.duplicateDays)")
    }
}
