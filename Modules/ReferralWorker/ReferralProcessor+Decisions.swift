import Contracts
import Domain
import Register
import TaskRuntime

extension ReferralProcessor {
    // MARK: What the approval worker decided

    /// Records a decision. One that the referral has already is ignored, as is one that crossed a withdrawal: the approval
    /// worker ends the claim when it reads that.
    func settle(_ settled: ReferralSettled, in turn: TurnContext) throws {
        let found = try state.referral(
            settled.referral, account: settled.account.key, partner: settled.partner, productLine: settled.productLine)
        guard var stored = found else {
            throw DeadLetter(.refused, "no referral \(settled.referral) of this partner, account and product line")
        }
        let target = settled.outcome.state
        let before = stored.referral.state
        guard before != target, before != .withdrawn else { return }
        guard let transition = before.transition(to: target) else {
            throw DeadLetter(.refused, "a referral that is \(before.rawValue) does not become \(target.rawValue)")
        }
        try change(&stored.referral, transition, at: settled.effectiveAt)
        stored.referral.actor = settled.actor
        stored.referral.note = settled.note
        stored.referral.reason = target == .rejected ? settled.reason ?? .other : nil
        stored.referral.opportunity = settled.opportunity ?? stored.referral.opportunity
        try cancelResubmissionTimer(of: &stored.referral, in: turn)
        if target == .returned { try awaitResubmission(of: &stored.referral, in: turn) }
        try state.store(stored)
        record(stored.referral, [settled.step(from: before)], in: turn)
    }

    // MARK: Return and resubmission

    /// A returned referral may come back for some days; the timer ends that time.
    private func awaitResubmission(of referral: inout Referral, in turn: TurnContext) throws {
        let program = try programInForce(in: turn).program
        let due = referral.changedAt + .days(Int(program.intake.resubmissionDays))
        referral.resubmitBy = due
        try turn.schedule(ResubmissionTimer(referral).timer(due: due))
    }

    private func cancelResubmissionTimer(of referral: inout Referral, in turn: TurnContext) throws {
        guard let due = referral.resubmitBy else { return }
        referral.resubmitBy = nil
        try turn.cancelTimer(named: ResubmissionTimer(referral).name, due: due)
    }

    /// A returned referral comes back, complete: it is judged anew and keeps its first position.
    func resubmit(_ resubmitted: ReferralResubmitted, in turn: TurnContext) throws {
        let program = try programInForce(in: turn).program
        let submission = resubmitted.submission
        let names = self.names.resolve(submission, program: program)
        guard let account = names.accountKey,
            var stored = try state.referral(
                resubmitted.referral, account: account, partner: submission.partner,
                productLine: submission.deal.productLine)
        else {
            throw DeadLetter(.refused, "no referral \(resubmitted.referral) of this partner, account and product line")
        }
        var referral = stored.referral
        if let end = referral.resubmitBy, turn.now >= end {
            throw DeadLetter(.refused, "referral \(referral.id) could come back until \(end)")
        }
        try change(&referral, .resubmit, at: turn.now)
        try cancelResubmissionTimer(of: &referral, in: turn)
        referral.submission = submission
        referral.programVersion = program.version
        referral.reason = nil
        referral.note = nil

        let partner = try register.partner(submission.partner)
        switch try validate(submission, names: names, program: program, partner: partner, at: turn.now) {
        case .valid(let candidate):
            let (assessment, explanation) = assess(submission, candidate, names, program: program, at: turn.now)
            referral.assessment = assessment
            if assessment.route == .reject {
                try rejectNotICP(&referral, explanation, partner: candidate.partner, in: turn)
                endClaim(of: referral, in: turn)
            } else {
                try handOn(
                    &referral, submission, assessment, account: account, explanation, isResubmission: true, in: turn)
            }
        case .invalid(let problems):
            try rejectInvalid(&referral, problems, program: program, partner: partner, in: turn)
            endClaim(of: referral, in: turn)
        }
        stored.referral = referral
        try state.store(stored)
    }

    /// The time to come back is over.
    func lapse(_ timer: ResubmissionTimer, in turn: TurnContext) throws {
        let found = try state.referral(
            timer.referral, account: timer.account, partner: timer.partner, productLine: timer.productLine)
        guard var stored = found, stored.referral.state == .returned, stored.referral.resubmitBy == turn.now else {
            return
        }
        stored.referral.resubmitBy = nil
        let step = ExplanationStep(
            rule: "resubmission_window", programVersion: try register.program(at: turn.now)?.version,
            text: "Returned at \(stored.referral.changedAt), and not back by \(turn.now).")
        try reject(
            &stored.referral, .insufficientInformation, [step], partner: try register.partner(timer.partner), in: turn)
        endClaim(of: stored.referral, in: turn)
        try state.store(stored)
    }

    /// Tells the approval worker that a referral which it has was rejected here.
    private func endClaim(of referral: Referral, in turn: TurnContext) {
        guard let account = referral.account, let reason = referral.reason else { return }
        turn.emit(
            ReferralRejected(
                referral: referral.id, account: AccountReference(key: account, name: referral.submission.account.name),
                reason: reason, occurredAt: turn.now),
            to: .approval, key: account.text, subject: referral.id.text)
    }

    // MARK: Withdrawal

    /// A partner takes an undecided referral back; the approval worker hears of it.
    func withdraw(_ withdrawn: ReferralWithdrawn, in turn: TurnContext) throws {
        guard let account = names.accountKey(of: withdrawn.account.key.text),
            var stored = try state.referral(withdrawn.referral, account: account)
        else { throw DeadLetter(.refused, "no open referral \(withdrawn.referral) of this account") }
        try change(&stored.referral, .withdraw, at: turn.now)
        try cancelResubmissionTimer(of: &stored.referral, in: turn)
        stored.referral.note = withdrawn.reason
        try state.store(stored)
        var forwarded = withdrawn
        forwarded.account = AccountReference(key: account, name: stored.referral.submission.account.name)
        forwarded.occurredAt = turn.now
        turn.emit(forwarded, to: .approval, key: account.text, subject: withdrawn.referral.text)
        let step = ExplanationStep(
            rule: "withdrawal", programVersion: nil, text: "Withdrawn by \(withdrawn.withdrawnBy).")
        record(stored.referral, [step], in: turn)
        guard let partner = try register.partner(stored.referral.submission.partner) else { return }
        turn.tell(
            partner, .referralWithdrawn, about: withdrawn.referral.text, parameters: stored.referral.parameters)
    }

    /// Moves a referral; what its state does not allow refuses the event.
    private func change(_ referral: inout Referral, _ transition: ReferralTransition, at time: Timestamp) throws {
        do throws(IllegalReferralTransition) {
            try referral.apply(transition, at: time)
        } catch {
            throw DeadLetter(.refused, error.description)
        }
    }
}

extension ReferralSettled.Outcome {
    var state: ReferralState {
        switch self {
        case .accepted: .accepted
        case .rejected: .rejected
        case .returned: .returned
        case .withdrawn: .withdrawn
        case .converted: .converted
        case .expired: .expired
        }
    }
}

extension ReferralSettled {
    /// The decision in words; its own explanation is with the facts of the review, the claim and the conflict.
    fileprivate func step(from before: ReferralState) -> ExplanationStep {
        var text = "From \(before.rawValue) to \(outcome.rawValue), decided by \(actor)"
        if let reason { text += ", reason \(reason.rawValue)" }
        if let conflict { text += ", in conflict \(conflict)" }
        if let opportunity { text += ", opportunity \(opportunity)" }
        return ExplanationStep(rule: "decision", programVersion: nil, text: text + ".")
    }
}
