package import Contracts
package import Domain

extension TurnContext {
    /// Asks for one message to a partner's contact. Asking again for the same template, entity and cause sends nothing more.
    ///
    /// - Parameters:
    ///   - about: id of the entity that the message is about.
    ///   - cause: tells one such message from the next, for example the number of an extension; empty where there is only
    ///     one ever.
    package func tell(
        _ partner: Partner, _ template: NotificationTemplate, about: String, cause: String = "",
        parameters: NotificationParameters
    ) {
        tell(
            NotificationRequested(to: partner, template, about: about, cause: cause, parameters: parameters, at: now))
    }

    /// Asks for one message to a person. See `tell(_:_:about:cause:parameters:)` for partners.
    package func tell(
        _ person: Person, _ template: NotificationTemplate, about: String, cause: String = "",
        parameters: NotificationParameters
    ) {
        tell(NotificationRequested(to: person, template, about: about, cause: cause, parameters: parameters, at: now))
    }

    private func tell(_ request: NotificationRequested) {
        emit(request, to: .notification, key: request.recipient.text, subject: request.notification.text)
    }
}
