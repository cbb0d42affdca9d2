import Contracts
import Domain
import Register
import TaskRuntime

extension ReferralProcessor {
    /// A partner hands in a prospect: validate, compare, score, route.
    func submit(_ submission: borrowing ReferralSubmission, of event: Event, in turn: TurnContext) throws {
        try submit(submission, of: event, under: programInForce(in: turn), in: turn)
    }

    /// By reference, as a parameter: so the compiler lends out the programme and makes no copy.
    private func submit(
        _ submission: ReferralSubmission, of event: Event, under version: PublishedProgram, in turn: TurnContext
    ) throws {
        let partner = try register.partner(submission.partner)
        let names = self.names.resolve(submission, program: version.program)
        var referral = Referral(
            id: turn.deriveID(
                ReferralID.self, routingKey: names.accountKey?.text ?? event.key, parts: event.source, event.id),
            account: names.accountKey, submission: submission,
            origin: ReferralOrigin(source: event.source, eventID: event.id), submittedAt: turn.now,
            programVersion: version.program.version)

        let candidate: Candidate
        switch try validate(submission, names: names, program: version.program, partner: partner, at: turn.now) {
        case .valid(let valid): candidate = valid
        case .invalid(let problems):
            return try rejectInvalid(&referral, problems, program: version.program, partner: partner, in: turn)
        }

        let key = ReferralHistory.key(
            account: candidate.account, partner: submission.partner, productLine: submission.deal.productLine)
        let stored = try state.get(ReferralHistory.table, key, as: ReferralHistory.self)
        let original = stored.flatMap {
            DuplicateRule.original(among: $0.referrals, at: turn.now, rules: version.program.intake)
        }
        if let original {
            return try markDuplicate(
                &referral, of: original, program: version.program, partner: candidate.partner, in: turn)
        }

        let (assessment, explanation) = assess(submission, candidate, names, program: version.program, at: turn.now)
        referral.assessment = assessment
        guard assessment.route != .reject else {
            return try rejectNotICP(&referral, explanation, partner: candidate.partner, in: turn)
        }
        let image = try handOn(
            &referral, submission, assessment, account: candidate.account, explanation, isResubmission: false, in: turn)
        if var history = stored {
            history.append(referral, rules: version.program.intake)
            try state.put(ReferralHistory.table, key, history)
        } else {
            try state.putNew(ReferralHistory.table, key, ReferralHistory.First(image: image))
        }
    }

    // MARK: Validation

    /// A submission that may go on: what is known about its partner and account.
    struct Candidate {
        var account: AccountKey
        var partner: Partner
        var type: PartnerType
        var terms: TermsReference?
    }

    /// What the rules of intake say of a submission.
    enum Validity {
        case valid(Candidate)
        case invalid([FieldProblem])
    }

    func validate(
        _ submission: ReferralSubmission, names: ResolvedNames, program: Program, partner: Partner?, at time: Timestamp
    ) throws -> Validity {
        let type = partner.flatMap { ReferralValidation.referringType(of: $0, program: program) }
        var terms, unaccepted: TermsReference?
        if let partner, let type {
            terms = try register.terms(for: partner.id, type: type, at: time)?.reference
            if terms == nil, submission.registration != nil {
                unaccepted = unacceptedTerms(of: partner, type: type, program: program, at: time)
            }
        }
        let problems = ReferralValidation(
            of: submission, names: names, program: program, partner: partner, unacceptedTerms: unaccepted, at: time
        ).problems
        guard problems.isEmpty, let account = names.accountKey, let partner, let type else { return .invalid(problems) }
        return .valid(Candidate(account: account, partner: partner, type: type, terms: terms))
    }

    /// The terms that a partner without terms would be paid by had it accepted them; `nil` where none are in force.
    private func unacceptedTerms(
        of partner: Partner, type: PartnerType, program: Program, at time: Timestamp
    ) -> TermsReference? {
        let waiting = program.terms.filter { terms in
            terms.acceptanceRequired && terms.effectiveFrom <= time
                && (terms.partner == partner.id || (terms.partner == nil && terms.partnerType == type))
        }
        return waiting.max { $0.effectiveFrom < $1.effectiveFrom }?.reference
    }

    // MARK: Outcomes of intake

    /// Rejected `invalid`, every failing field named.
    func rejectInvalid(
        _ referral: inout Referral, _ problems: [FieldProblem], program: Program, partner: Partner?,
        in turn: TurnContext
    ) throws {
        referral.problems = problems
        try reject(
            &referral, .invalid, [ReferralValidation.step(problems, programVersion: program.version)], partner: partner,
            in: turn)
    }

    func rejectNotICP(
        _ referral: inout Referral, _ explanation: [ExplanationStep], partner: Partner, in turn: TurnContext
    ) throws {
        try reject(&referral, .notICP, explanation, partner: partner, in: turn)
    }

    /// Rejects by a rule of the programme, records it, and tells the partner.
    func reject(
        _ referral: inout Referral, _ reason: RejectReason, _ explanation: [ExplanationStep], partner: Partner?,
        in turn: TurnContext
    ) throws {
        try referral.apply(.reject, at: turn.now)
        referral.reason = reason
        referral.actor = .programme
        record(referral, explanation, in: turn)
        guard let partner else { return }
        var parameters = referral.parameters
        parameters["reason"] = reason.rawValue
        let steps = referral.assessment?.spelledOut(explanation) ?? explanation
        parameters["detail"] = steps.map(\.text).joined(separator: " ")
        turn.tell(partner, .referralRejected, about: referral.id.text, parameters: parameters)
    }

    private func markDuplicate(
        _ referral: inout Referral, of original: Referral, program: Program, partner: Partner, in turn: TurnContext
    ) throws {
        try referral.apply(.markDuplicate, at: turn.now)
        referral.duplicateOf = original.id
        referral.actor = .programme
        let step = DuplicateRule.step(
            original: original, at: turn.now, rules: program.intake, programVersion: program.version)
        record(referral, [step], in: turn)
        var parameters = referral.parameters
        parameters["original"] = original.id.text
        parameters["submitted_at"] = original.submittedAt.date.description
        turn.tell(partner, .referralDuplicate, about: referral.id.text, parameters: parameters)
    }

    // MARK: Assessment

    /// Scores a valid submission and proposes its route; the steps say why.
    func assess(
        _ submission: ReferralSubmission, _ candidate: Candidate, _ names: ResolvedNames, program: Program,
        at time: Timestamp
    ) -> (assessment: ReferralAssessment, explanation: [ExplanationStep]) {
        let fit = Score(of: submission, by: program.scoring.fit, submittedAt: time)
        let intent = Score(of: submission, by: program.scoring.intent, submittedAt: time)
        let routing = Routing(
            fit: fit.value, intent: intent.value, tier: candidate.partner.tier, rules: program.routing,
            programVersion: program.version)
        let assessment = ReferralAssessment(
            partnerType: candidate.type, tier: candidate.partner.tier, terms: candidate.terms, fit: fit, intent: intent,
            route: routing.route, reasons: routing.reasons,
            hints: FraudHint.all(
                account: candidate.account, contactDomain: names.contactDomain, partnerDomain: candidate.partner.domain)
        )
        return (assessment, ReferralAssessment.scoreSteps(programVersion: program.version) + [routing.step])
    }

    /// Sends a scored referral to the approval worker, and records that it is in review; returns it as it was written.
    @discardableResult
    func handOn(
        _ referral: inout Referral, _ submission: ReferralSubmission, _ assessment: ReferralAssessment,
        account: AccountKey, _ explanation: [ExplanationStep], isResubmission: Bool, in turn: TurnContext
    ) throws -> [UInt8] {
        try referral.apply(.beginReview, at: turn.now)
        turn.emit(
            ReferralEvaluated(
                referral: referral.id,
                account: AccountReference(key: account, name: submission.account.name), assessment: assessment,
                submission: submission, isResubmission: isResubmission,
                submittedAt: referral.submittedAt, programVersion: referral.programVersion, occurredAt: turn.now),
            to: .approval, key: account.text, subject: referral.id.text)
        return record(referral, explanation, in: turn)
    }
}

extension Referral {
    /// What messages about the referral are filled with.
    var parameters: NotificationParameters {
        [
            "referral": id.text, "account": submission.account.name,
            "domain": account?.text ?? submission.account.domain,
            "product_line": submission.deal.productLine,
        ]
    }
}
