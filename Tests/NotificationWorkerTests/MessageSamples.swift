import Contracts
import Domain

/// Requests for tests.
enum MessageSamples {
    static let start = Timestamp(rfc3339: "2026-03-10T09:00:00Z")!
    static let partner = NotificationRecipient.partner(PartnerID("ptr_one")!)

    static func request(
        _ template: NotificationTemplate = .referralAccepted, about: String = "ref_1", cause: String = "",
        to recipient: NotificationRecipient = partner, name: String = "Jo Doe", email: String = "jo@partner.example",
        parameters: NotificationParameters = ["account": "Acme", "product_line": "core"], at time: Timestamp = start
    ) -> NotificationRequested {
        NotificationRequested(
            to: recipient, address: ContactAddress(name: name, email: email), template: template, locale: "en",
            about: about, cause: cause, parameters: parameters, at: time)
    }
}
