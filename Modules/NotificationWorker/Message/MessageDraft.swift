package import Contracts
import Domain

/// A message before it is written: sinks that need its text ask for it.
package struct MessageDraft: Sendable {
    package let request: NotificationRequested
    package let sender: MessageSender

    package init(request: NotificationRequested, sender: MessageSender) {
        self.request = request
        self.sender = sender
    }

    /// The whole message by RFC 5322; a failure where no message can be addressed so.
    package func message() -> Result<[UInt8], MessageProblem> {
        guard let recipient = MailAddress(name: request.address.name, email: request.address.email) else {
            return .failure(MessageProblem("the recipient's e-mail address is malformed"))
        }
        guard let from = MailAddress(name: sender.name, email: sender.email) else {
            return .failure(MessageProblem("the sender's e-mail address is malformed"))
        }
        let text = MessageText.of(request.template)
        let parameters = MessageParameters(request.parameters)
        let message = MIMEMessage(
            id: request.notification.text, from: from, to: recipient, date: request.effectiveAt,
            subject: String(decoding: text.subject(parameters), as: UTF8.self), language: MessageText.language,
            plain: text.plain(parameters, footer: sender.footer), html: text.html(parameters, footer: sender.footer))
        return .success(message.bytes)
    }
}

/// In whose name messages go out.
package struct MessageSender: Sendable, Hashable {
    package var name: String
    package var email: String
    /// The last line of every message.
    package var footer: String

    package init(
        name: String = "Partner programme", email: String = "partners@localhost.localdomain",
        footer: String = "You receive this message as a participant of our partner programme."
    ) {
        self.name = name
        self.email = email
        self.footer = footer
    }

    /// Whether messages can be sent under this address: a plain `local@domain`, without a name or brackets around it.
    package var isAddressable: Bool { MailAddress(name: name, email: email) != nil }
}

/// Why no message can be made of a request; holds no personal data.
package struct MessageProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
