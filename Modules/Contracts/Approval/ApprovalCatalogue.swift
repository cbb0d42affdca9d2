package import Domain

/// An event about one account, which it names.
package protocol AccountEvent: EventPayload {
    var account: AccountReference { get }
}

extension ReviewDecided: AccountEvent {}
extension RegistrationExtensionRequested: AccountEvent {}
extension RegistrationExtensionDecided: AccountEvent {}
extension RegistrationWithdrawn: AccountEvent {}
extension RegistrationRevoked: AccountEvent {}
extension TouchRecorded: AccountEvent {}
extension OpportunityUpdated: AccountEvent {}
extension ConflictDecided: AccountEvent {}
extension ConflictAppealed: AccountEvent {}
extension RevenueReversed: AccountEvent {}

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
