/// Whether the stage that a partner claims holds against what is known of the account from before its submission.
package enum StageRule {
    /// What contradicts the claimed stage.
    package struct Downgrade: Sendable, Hashable {
        package var stage: RegistrationStage
        /// The touch or the opportunity.
        package var reference: String
        package var at: Timestamp
        package var text: String
    }

    package struct Finding: Sendable, Hashable {
        package var stage: RegistrationStage
        package var downgrades: [Downgrade]
        /// Other direct activity shortly before a claim of `before_contact`: a conflict, not a downgrade.
        package var directActivity: [Touch]
    }

    /// A direct meeting or demo before the submission contradicts `before_contact`; an open opportunity in `proposal` or
    /// later makes any claim `late_stage`. Any other direct touch in the last days contradicts `before_contact` without
    /// saying which stage would be right.
    package static func check(
        claimed: RegistrationStage, submittedAt: Timestamp, productLine: String, touches: [Touch],
        opportunities: [Opportunity], directActivityDays: Int64
    ) -> Finding {
        var finding = Finding(stage: claimed, downgrades: [], directActivity: [])
        guard claimed != .unregisteredClaim else { return finding }
        let direct = touches.filter {
            $0.party == .direct && $0.concerns(productLine) && $0.occurredAt < submittedAt
        }
        if claimed == .beforeContact,
            let contact = direct.filter(\.isContact).min(by: { $0.occurredAt < $1.occurredAt })
        {
            finding.downgrade(
                to: .afterFirstMeeting, reference: contact.id.text, at: contact.occurredAt,
                text: "direct \(contact.kind.rawValue) on \(contact.occurredAt.date), before the submission on "
                    + "\(submittedAt.date)")
        }
        let late = opportunities.filter {
            $0.kind == .new && $0.productLine == productLine && $0.isLateStage(before: submittedAt)
        }
        if claimed != .lateStage, let opportunity = late.min(by: { $0.id < $1.id }),
            let reached = opportunity.proposalAt
        {
            finding.downgrade(
                to: .lateStage, reference: opportunity.id.text, at: reached,
                text: "opportunity \(opportunity.id) was in proposal or later since \(reached.date), before the "
                    + "submission on \(submittedAt.date)")
        }
        if claimed == .beforeContact {
            let since = submittedAt - .days(Int(directActivityDays))
            finding.directActivity = direct.filter { !$0.isContact && $0.occurredAt >= since }
        }
        return finding
    }
}

extension StageRule.Finding {
    fileprivate mutating func downgrade(
        to stage: RegistrationStage, reference: String, at time: Timestamp, text: String
    ) {
        self.stage = stage
        downgrades.append(StageRule.Downgrade(stage: stage, reference: reference, at: time, text: text))
    }

    /// Why the stage is what it is, for the partner.
    package func steps(claimed: RegistrationStage, programVersion: Int64) -> [ExplanationStep] {
        guard !downgrades.isEmpty else {
            return [
                ExplanationStep(
                    rule: "registration_stage", programVersion: programVersion,
                    text: "Nothing dated before the submission contradicts \(claimed.rawValue).")
            ]
        }
        return downgrades.map {
            ExplanationStep(
                rule: "registration_stage", programVersion: programVersion,
                text: "Claimed \(claimed.rawValue), registered as \($0.stage.rawValue): \($0.text).",
                arithmetic: nil)
        }
    }
}

extension Touch {
    /// A conversation that a claim of `before_contact` denies.
    package var isContact: Bool { kind == .meeting || kind == .demo }
}
