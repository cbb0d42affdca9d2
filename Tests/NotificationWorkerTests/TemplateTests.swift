import Contracts
import Testing

@testable import NotificationWorker

@Suite struct TemplateTests {
    /// A value for every parameter that any text names.
    static let full: [String: String] = Dictionary(
        uniqueKeysWithValues: Set(
            MessageTexts.all.values.flatMap { ($0.subjects + $0.paragraphs).flatMap(\.parameters) }
        ).map { ($0, "<\($0)-value>") })

    @Test(arguments: NotificationTemplate.allCases)
    func `has texts, with and without parameters`(template: NotificationTemplate) throws {
        let text = try #require(MessageTexts.all[template])
        #expect(text.paragraphs.count >= 1)
        #expect(text.subjects.last?.parameters == [])
        #expect(!text.subject([:]).isEmpty)
        #expect(!text.subject(Self.full).contains("{"))
        #expect(text.plain(Self.full, footer: "f").split(separator: "\n").count >= 3)
    }

    @Test(arguments: NotificationTemplate.allCases)
    func `fills every parameter in and escapes it in HTML`(template: NotificationTemplate) throws {
        let text = try #require(MessageTexts.all[template])
        let plain = text.plain(Self.full, footer: "f")
        let html = text.html(Self.full, footer: "f")
        for name in text.paragraphs.flatMap(\.parameters) {
            let value = try #require(ParameterText.values(Self.full)[name])
            #expect(plain.contains(value))
            #expect(html.contains(HTMLText.escape(value)))
            #expect(!html.contains(value))
        }
    }

    @Test(arguments: NotificationTemplate.allCases)
    func `lets no parameter break out of HTML or of its line`(template: NotificationTemplate) throws {
        let text = try #require(MessageTexts.all[template])
        let hostile = Self.full.mapValues { _ in "\"'><script>alert(1)</script>\r\nBcc: all@example.com\u{2028}&\u{0}" }
        let html = text.html(hostile, footer: "<b>")
        #expect(!html.contains("<script"))
        #expect(!html.contains("<b>"))
        #expect(!html.contains("\"'>"))
        let lines = text.plain(hostile, footer: "f").split(whereSeparator: \.isNewline)
        #expect(lines.allSatisfy { !$0.hasPrefix("Bcc:") })
        #expect(!HeaderText.field("Subject", HeaderText.unstructured(text.subject(hostile))).contains("\r\nBcc"))
    }

    @Test func `leaves out a sentence whose parameter is missing`() {
        let text = MessageText.of(.referralRejected)
        let without = text.plain(["account": "Acme"], footer: "f")
        #expect(!without.contains("The reason"))
        #expect(without.contains("You may submit a new one"))
        #expect(text.subject(["account": "Acme"]) == "Not accepted: Acme")
        #expect(text.subject([:]) == "Your referral was not accepted")
    }

    @Test func `lists what else is known, in plain words`() {
        let plain = MessageText.of(.referralRejected).plain(
            ["account": "Acme", "reason": "not_icp", "product_line": "core", "zz_top": "x", "detail": "Because."],
            footer: "Bye")
        #expect(
            plain == """
                We do not take up your referral of Acme. The reason: not our ideal customer.

                Because.

                The referral is closed. You may submit a new one when something has changed.

                Account: Acme
                Product line: core
                Reason: not our ideal customer
                Zz top: x

                --\u{20}
                Bye

                """)
    }

    @Test func `shows times as people read them`() {
        let plain = MessageText.of(.handoff).plain(
            ["account": "Acme", "due": "2026-03-10T09:05:00.000Z", "note": "2026-03-10T09:05:00.000X"], footer: "f")
        #expect(plain.contains("The first contact is due by 2026-03-10 09:05 UTC."))
        #expect(plain.contains("Note: 2026-03-10T09:05:00.000X"))
    }

    @Test func `cuts what is too long to read`() {
        let long = String(repeating: "x", count: 5_000)
        #expect(MessageText.of(.referralAccepted).plain(["account": long], footer: "f").utf8.count < 4_000)
    }

    @Test func `reads the parameters of a line`() {
        let line: TextLine = "{a} and {b}"
        #expect(line.parameters == ["a", "b"])
        #expect(line.render(["a": "1", "b": "2"]) == "1 and 2")
        #expect(line.render(["a": "1"]) == nil)
        #expect(line.render(["a": "1", "b": ""]) == nil)
        #expect(("plain" as TextLine).render([:]) == "plain")
    }
}
