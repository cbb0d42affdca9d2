package import Domain

/// An event about one account, which it names.
package protocol AccountEvent: EventPayload {
    var account: AccountReference { get }
    /// Id of the entity that it is about.
    var subject: String { get }
    /// What has happened once it is applied, in plain words.
    var done: String { get }
}

extension ReviewDecided: AccountEvent {
    package var subject: String { referral.text }
    package var done: String { "the decision is taken: \(decision.rawValue)" }
}

extension RegistrationExtensionRequested: AccountEvent {
    package var subject: String { registration.text }
    package var done: String { "the extension waits for a decision" }
}

extension RegistrationExtensionDecided: AccountEvent {
    package var subject: String { registration.text }
    package var done: String { "the decision about the extension is taken: \(decision.rawValue)" }
}

extension RegistrationWithdrawn: AccountEvent {
    package var subject: String { registration.text }
    package var done: String { "the claim is withdrawn" }
}

extension RegistrationRevoked: AccountEvent {
    package var subject: String { registration.text }
    package var done: String { "the claim is revoked" }
}

extension TouchRecorded: AccountEvent {
    package var subject: String { touch.text }
    package var done: String { "the touch is recorded" }
}

extension OpportunityUpdated: AccountEvent {
    package var subject: String { opportunity.text }
    package var done: String { "revision \(revision) of the opportunity is taken" }
}

extension OpportunityMoved: AccountEvent {
    package var subject: String { opportunity.text }
    package var done: String { "the opportunity is on its way to \(to.key)" }
}

extension OpportunityArrived: AccountEvent {
    package var subject: String { opportunity.id.text }
    package var done: String { "the opportunity has arrived" }
}

extension OpportunityRefused: AccountEvent {
    package var subject: String { opportunity.text }
    package var done: String { "the opportunity belongs to \(owner.key)" }
}

extension ConflictDecided: AccountEvent {
    package var subject: String { conflict.text }
    package var done: String { "the conflict is decided: \(outcome.rawValue)" }
}

extension ConflictAppealed: AccountEvent {
    package var subject: String { conflict.text }
    package var done: String { "the appeal waits for another person's decision" }
}

extension RevenueReversed: AccountEvent {
    package var subject: String { opportunity.text }
    package var done: String { "the reversal is taken" }
}

extension EventCatalogue {
    /// What people, the CRM and finance tell the approval worker, and what it tells readers.
    static let approval: [EventDescription] = [
        .of(ReviewDecided.self, in: .approval),
        .of(RegistrationExtensionRequested.self, in: .approval),
        .of(RegistrationExtensionDecided.self, in: .approval),
        .of(RegistrationWithdrawn.self, in: .approval),
        .of(RegistrationRevoked.self, in: .approval),
        .of(TouchRecorded.self, in: .approval),
        .of(OpportunityUpdated.self, in: .approval),
        .of(OpportunityMoved.self, in: .approval),
        .of(OpportunityArrived.self, in: .approval),
        .of(OpportunityPlaced.self, in: .approval),
        .of(OpportunityRefused.self, in: .approval),
        .of(ConflictDecided.self, in: .approval),
        .of(ConflictAppealed.self, in: .approval),
        .of(RevenueReversed.self, in: .approval),
        .fact(RegistrationFact.self),
        .fact(ConflictFact.self),
        .fact(OpportunityFact.self),
        .fact(AttributionFact.self),
        .fact(TouchFact.self),
        .fact(ReviewFact.self),
    ]
}
