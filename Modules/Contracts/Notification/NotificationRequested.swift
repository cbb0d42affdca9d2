package import Domain
import EventLog
import Hashing
package import JSON

/// Somebody is to be told of something: one message to one recipient for one cause.
package struct NotificationRequested: EventPayload, Hashable {
    package static let type = "io.tributary.notification.requested.v1"

    /// The language of messages to people whose entry names none, as a BCP 47 tag.
    package static let defaultLocale = "en"

    package var notification: NotificationID
    package var recipient: NotificationRecipient
    package var address: ContactAddress
    package var template: NotificationTemplate
    /// BCP 47; the default one where the event names none.
    package var locale: String
    /// What the template's texts are filled with. Values are plain text; they are escaped where they are shown.
    package var parameters: NotificationParameters
    /// Id of the entity that the message is about.
    package var about: String
    /// When what is told took effect, `occurredAt` where the event does not say; a message is not sent when it is long
    /// past.
    package var effectiveAt: Timestamp
    package var occurredAt: Timestamp

    /// A message whose id stands for recipient, template, entity and cause: asking twice gives the same id, which is sent
    /// once.
    ///
    /// - Parameter cause: what makes this message another than the last one of the same template about the same entity to
    ///   the same recipient, for example the number of a reminder; empty where there is only one ever.
    package init(
        to recipient: NotificationRecipient, address: ContactAddress, template: NotificationTemplate, locale: String,
        about: String, cause: String, parameters: NotificationParameters, at time: Timestamp
    ) {
        notification = Self.id(recipient: recipient, template: template, about: about, cause: cause)
        self.recipient = recipient
        self.address = address
        self.template = template
        self.locale = locale
        self.parameters = parameters
        self.about = about
        effectiveAt = time
        occurredAt = time
    }

    /// A message to a partner's contact. See `init(to:address:template:locale:about:cause:parameters:at:)`.
    package init(
        to partner: Partner, _ template: NotificationTemplate, about: String, cause: String = "",
        parameters: NotificationParameters, at time: Timestamp
    ) {
        var parameters = parameters
        if parameters["partner"] == nil { parameters["partner"] = partner.name }
        self.init(
            to: .partner(partner.id), address: partner.contact, template: template, locale: partner.locale,
            about: about, cause: cause, parameters: parameters, at: time)
    }

    /// A message to a person. See `init(to:address:template:locale:about:cause:parameters:at:)`.
    package init(
        to person: Person, _ template: NotificationTemplate, about: String, cause: String = "",
        parameters: NotificationParameters, at time: Timestamp
    ) {
        self.init(
            to: .person(person.id), address: person.contact, template: template, locale: Self.defaultLocale,
            about: about, cause: cause, parameters: parameters, at: time)
    }

    /// `ntf_`, 8 hex digits of the recipient's hash, 16 derived from what the message stands for.
    package static func id(
        recipient: NotificationRecipient, template: NotificationTemplate, about: String, cause: String
    ) -> NotificationID {
        let parts = [recipient.text, template.rawValue, about, cause]
        return NotificationID(
            unchecked: "ntf_" + Hexadecimal.text(Partitioner.hash(recipient.text.utf8))
                + Hexadecimal.text(Hashing.first64(of: parts)))
    }

    package init(reading reader: inout ObjectReader) {
        notification = reader.value("notification_id", as: NotificationID.self)
        recipient = reader.value("recipient", as: NotificationRecipient.self)
        address = reader.object("address", ContactAddress.self)
        template = reader.enumeration("template", NotificationTemplate.self)
        locale = reader.optionalString("locale") ?? Self.defaultLocale
        parameters = NotificationParameters(reading: "parameters", from: &reader)
        about = reader.string("about")
        let effectiveAt = reader.optionalValue("effective_at", as: Timestamp.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
        self.effectiveAt = effectiveAt ?? occurredAt
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("notification_id", notification)
        writer.value("recipient", recipient)
        writer.object("address", address)
        writer.enumeration("template", template)
        writer.string("locale", locale == Self.defaultLocale ? nil : locale)
        parameters.write("parameters", to: &writer)
        writer.string("about", about)
        writer.value("effective_at", effectiveAt == occurredAt ? nil : effectiveAt)
        writer.value("occurred_at", occurredAt)
    }
}

extension NotificationRecipient: JSONScalar {
    package init?(jsonText: String) { self.init(text: jsonText) }
    package var jsonText: String { text }
    package static var jsonExpectation: String { "a partner id (ptr_...) or a person id (psn_...)" }
    package static var jsonSchema: [(String, String)] { [("pattern", "^(ptr|psn)_[A-Za-z0-9_.:-]{1,80}$")] }
    package static var jsonNeutral: NotificationRecipient { .partner(PartnerID(unchecked: "")) }
}
