import Contracts
import Domain
import JSON
import Testing

@Suite struct NotificationCodecTests {
    static let time = Timestamp(rfc3339: "2026-02-03T04:05:06.789Z")!
    static let partner = NotificationRecipient.partner(PartnerID("ptr_one")!)
    static let person = NotificationRecipient.person(PersonID("psn_one")!)

    static func request(
        _ template: NotificationTemplate = .handoff, to recipient: NotificationRecipient = partner,
        about: String = "ref_1", cause: String = ""
    ) -> NotificationRequested {
        NotificationRequested(
            to: recipient, address: ContactAddress(name: "Jo", email: "jo@one.example"), template: template,
            locale: "de", about: about, cause: cause, parameters: ["b": "2", "a": "\u{0}\""], at: time)
    }

    private func roundTrip<Payload: EventPayload & Equatable>(_ payload: Payload) throws -> Bool {
        try JSONDocument.decode(Payload.self, from: JSONEncoding.encode(payload)) == payload
    }

    @Test func `every event and fact of a message is read back as it was written`() throws {
        let id = Self.request().notification
        #expect(try roundTrip(Self.request()))
        #expect(try roundTrip(Self.request(to: Self.person)))
        #expect(
            try roundTrip(
                NotificationSending(notification: id, recipient: Self.partner, attempt: 2, occurredAt: Self.time)))
        #expect(
            try roundTrip(
                NotificationSent(
                    sink: "smtp", messages: [1, 2].map { .init(notification: id, attempt: $0) }, occurredAt: Self.time))
        )
        for outcome in NotificationFailed.Outcome.allCases {
            #expect(
                try roundTrip(
                    NotificationFailed(
                        messages: [.init(notification: id, attempt: 0, outcome: outcome, reason: "r")],
                        occurredAt: Self.time)))
        }
        #expect(
            try roundTrip(
                NotificationFailed(
                    messages: [.init(notification: id, attempt: 2, outcome: .retry, isMade: false, reason: "r")],
                    occurredAt: Self.time)))
        #expect(
            try roundTrip(
                PreferenceUpdated(recipient: Self.person, muted: [.handoff, .payoutFailed], occurredAt: Self.time)))
        #expect(
            try roundTrip(
                NotificationFact(
                    notification: id, recipient: Self.partner, template: .handoff, about: "ref_1", state: .unknown,
                    attempts: 2, sink: "smtp", effectiveAt: Self.time,
                    explanation: [ExplanationStep(rule: "delivery", programVersion: nil, text: "t")],
                    occurredAt: Self.time)))
    }

    @Test func `what is as usual need not be said`() throws {
        var request = Self.request()
        #expect(!String(decoding: JSONEncoding.encode(request), as: UTF8.self).contains("effective_at"))
        request.effectiveAt = Self.time + .seconds(-1)
        request.locale = NotificationRequested.defaultLocale
        #expect(try roundTrip(request))
        let text = String(decoding: JSONEncoding.encode(request), as: UTF8.self)
        #expect(text.contains("effective_at") && !text.contains("locale"))
    }

    /// What was written before attempts were handed back, and what is read by those who do not know of it.
    @Test func `an attempt was made unless a result says otherwise`() throws {
        func text(isMade: Bool) -> String {
            let message = NotificationFailed.Message(
                notification: Self.request().notification, attempt: 2, outcome: .retry, isMade: isMade, reason: "r")
            return String(
                decoding: JSONEncoding.encode(NotificationFailed(messages: [message], occurredAt: Self.time)),
                as: UTF8.self)
        }
        #expect(!text(isMade: true).contains("made"))
        #expect(text(isMade: false).contains(#""outcome":"retry","made":false,"#))
        let before = try JSONDocument.decode(NotificationFailed.self, from: Array(text(isMade: true).utf8))
        #expect(before.messages.map(\.isMade) == [true])
    }

    @Test func `an id stands for recipient, template, entity and cause, and for nothing else`() {
        let requests = [
            Self.request(), Self.request(.reviewReminder), Self.request(to: Self.person), Self.request(about: "ref_2"),
            Self.request(cause: "2"),
        ]
        #expect(Set(requests.map(\.notification)).count == requests.count)
        var same = Self.request()
        same.parameters = [:]
        #expect(same.notification == Self.request().notification)
        #expect(Self.request().notification.text.utf8.count == 4 + 8 + 16)
    }

    @Test(arguments: ["", "direct", "ptr_", "prg_x", "x"]) func `a recipient is a partner or a person`(text: String) {
        #expect(NotificationRecipient(text: text) == nil)
    }
}
