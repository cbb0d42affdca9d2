/// The checks on a claim, in their order: another partner's open claim; the stage; other direct activity.
package struct ClaimCheck: Sendable, Hashable {
    package enum Finding: Sendable, Hashable {
        case clear
        /// Other partners' open claims, in order of their submission.
        case openClaims([RegistrationID])
        /// Direct activity against `before_contact`.
        case directActivity([TouchID])
    }

    package var finding: Finding
    /// The stage as it would be registered.
    package var stage: RegistrationStage
    package var steps: [ExplanationStep]

    /// - Parameters:
    ///   - others: all claims of the account; the claim itself may be among them.
    ///   - now: judging time, by which an approved claim's window runs or not.
    package init(
        _ claim: Registration, others: [Registration], touches: [Touch], opportunities: [Opportunity],
        rules: ProtectionRules, programVersion: Int64, now: Timestamp
    ) {
        let rivals = others.filter { $0.rivals(claim, at: now) }.sorted { $0.sequence < $1.sequence }
        let found = StageRule.check(
            claimed: claim.claimedStage, submittedAt: claim.submittedAt, productLine: claim.productLine,
            touches: touches, opportunities: opportunities, directActivityDays: rules.directActivityDays)
        stage = found.stage
        steps = []
        if claim.claimedStage != .unregisteredClaim {
            steps = found.steps(claimed: claim.claimedStage, programVersion: programVersion)
        }
        if !rivals.isEmpty {
            finding = .openClaims(rivals.map(\.id))
            steps.insert(contentsOf: rivals.map { $0.rivalStep(programVersion: programVersion) }, at: 0)
        } else if !found.directActivity.isEmpty {
            finding = .directActivity(found.directActivity.map(\.id))
            steps += found.directActivity.map { touch in
                ExplanationStep(
                    rule: "direct_activity", programVersion: programVersion,
                    text:
                        "Direct \(touch.kind.rawValue) \(touch.id) lies in the \(rules.directActivityDays) days before the "
                        + "submission and contradicts before_contact.",
                    arithmetic: "\(claim.submittedAt.date) - \(rules.directActivityDays) d <= \(touch.occurredAt.date)")
            }
        } else {
            finding = .clear
        }
    }
}

extension Registration {
    /// Whether this claim stands against another partner's at a time. Claims on a deal that is closed already only stand
    /// against each other.
    func rivals(_ claim: Registration, at now: Timestamp) -> Bool {
        guard id != claim.id, partner != claim.partner, productLine == claim.productLine, isOpen(at: now) else {
            return false
        }
        let isLate = claimedStage == .unregisteredClaim
        guard isLate == (claim.claimedStage == .unregisteredClaim) else { return false }
        return !isLate || opportunity == claim.opportunity
    }

    fileprivate func rivalStep(programVersion: Int64) -> ExplanationStep {
        let standing =
            if let window { "is protected until \(window.end)" } else { "waits for its decision" }
        return ExplanationStep(
            rule: "open_claim", programVersion: programVersion,
            text: "Registration \(id) was submitted first (position \(sequence) of the account) and \(standing).")
    }
}
