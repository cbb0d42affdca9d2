extension EventCatalogue {
    /// Messages: what is to be told, what became of it, and the facts.
    static let notification: [EventDescription] = [
        .of(NotificationRequested.self, in: .notification),
        .of(NotificationSending.self, in: .notification),
        .of(NotificationSent.self, in: .notification),
        .of(NotificationFailed.self, in: .notification),
        .of(PreferenceUpdated.self, in: .notification),
        .fact(NotificationFact.self),
    ]
}
