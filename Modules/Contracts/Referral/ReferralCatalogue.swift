extension EventCatalogue {
    /// Referrals: what partners send, what the workers tell each other, and the facts.
    static let referral: [EventDescription] = [
        .of(ReferralSubmitted.self, in: .referral),
        .of(ReferralResubmitted.self, in: .referral),
        .of(ReferralWithdrawn.self, in: .referral, .approval),
        .of(ReferralSettled.self, in: .referral),
        .of(ReferralEvaluated.self, in: .approval),
        .of(ReferralRejected.self, in: .approval),
        .fact(ReferralFact.self),
    ]
}
