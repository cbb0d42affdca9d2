import Contracts
import Testing

@testable import NotificationWorker

@Suite struct TemplateTests {
    /// A value for every parameter that any text names.
    static let full = filled { "<\($0)-value>" }

    private static func filled(_ value: (String) -> String) -> NotificationParameters {
        var parameters = NotificationParameters()
        for text in MessageTexts.all.values {
            for name in (text.subjects + text.paragraphs).flatMap(\.parameters) { parameters[name] = value(name) }
        }
        return parameters
    }

    private func subject(_ text: MessageText, _ parameters: NotificationParameters) -> String {
        String(decoding: text.subject(MessageParameters(parameters)), as: UTF8.self)
    }

    private func plain(_ text: MessageText, _ parameters: NotificationParameters, footer: String) -> String {
        String(decoding: text.plain(MessageParameters(parameters), footer: footer), as: UTF8.self)
    }

    private func html(_ text: MessageText, _ parameters: NotificationParameters, footer: String) -> String {
        String(decoding: text.html(MessageParameters(parameters), footer: footer), as: UTF8.self)
    }

    @Test(arguments: NotificationTemplate.allCases)
    func `has texts, with and without parameters`(template: NotificationTemplate) throws {
        let text = try #require(MessageTexts.all[template])
        #expect(text.paragraphs.count >= 1)
        #expect(text.subjects.last?.parameters == [])
        #expect(!subject(text, [:]).isEmpty)
        #expect(!subject(text, Self.full).contains("{"))
        #expect(plain(text, Self.full, footer: "f").split(separator: "\n").count >= 3)
    }

    @Test(arguments: NotificationTemplate.allCases)
    func `fills every parameter in and escapes it in HTML`(template: NotificationTemplate) throws {
        let text = try #require(MessageTexts.all[template])
        let plain = self.plain(text, Self.full, footer: "f")
        let html = self.html(text, Self.full, footer: "f")
        for name in text.paragraphs.flatMap(\.parameters) {
            let value = try #require(MessageParameters(Self.full)[name])
            #expect(plain.contains(String(decoding: value.plain, as: UTF8.self)))
            #expect(html.contains(String(decoding: HTMLText.escape(value.plain), as: UTF8.self)))
            #expect(!html.contains(String(decoding: value.plain, as: UTF8.self)))
        }
    }

    @Test(arguments: NotificationTemplate.allCases)
    func `lets no parameter break out of HTML or of its line`(template: NotificationTemplate) throws {
        let text = try #require(MessageTexts.all[template])
        let hostile = Self.filled { _ in "\"'><script>alert(1)</script>\r\nBcc: all@example.com\u{2028}&\u{0}" }
        let html = self.html(text, hostile, footer: "<b>")
        #expect(!html.contains("<script"))
        #expect(!html.contains("<b>"))
        #expect(!html.contains("\"'>"))
        let lines = plain(text, hostile, footer: "f").split(whereSeparator: \.isNewline)
        #expect(lines.allSatisfy { !$0.hasPrefix("Bcc:") })
        #expect(!HeaderText.field("Subject", HeaderText.unstructured(subject(text, hostile))).contains("\r\nBcc"))
    }

    @Test func `leaves out a sentence whose parameter is missing`() {
        let text = MessageText.of(.referralRejected)
        let without = plain(text, ["account": "Acme"], footer: "f")
        #expect(!without.contains("The reason"))
        #expect(without.contains("You may submit a new one"))
        #expect(subject(text, ["account": "Acme"]) == "Not accepted: Acme")
        #expect(subject(text, [:]) == "Your referral was not accepted")
    }

    @Test func `lists what else is known, in plain words`() {
        let plain = self.plain(
            MessageText.of(.referralRejected),
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
        let plain = self.plain(
            MessageText.of(.handoff),
            ["account": "Acme", "due": "2026-03-10T09:05:00.000Z", "note": "2026-03-10T09:05:00.000X"], footer: "f")
        #expect(plain.contains("The first contact is due by 2026-03-10 09:05 UTC."))
        #expect(plain.contains("Note: 2026-03-10T09:05:00.000X"))
    }

    @Test func `cuts what is too long to read`() {
        let long = String(repeating: "x", count: 5_000)
        #expect(plain(MessageText.of(.referralAccepted), ["account": long], footer: "f").utf8.count < 4_000)
    }

    @Test func `reads the parameters of a line`() {
        let line: TextLine = "{a} and {b}"
        #expect(line.parameters == ["a", "b"])
        func render(_ line: TextLine, _ parameters: NotificationParameters, asHTML: Bool = false) -> String? {
            line.render(MessageParameters(parameters), asHTML: asHTML).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(render(line, ["a": "1", "b": "2"]) == "1 and 2")
        #expect(render(line, ["a": "1"]) == nil)
        #expect(render(line, ["a": "1", "b": ""]) == nil)
        #expect(render("plain", [:]) == "plain")
        #expect(render("a & {b}", ["b": "<"]) == "a & <")
        #expect(render("a & {b}", ["b": "<"], asHTML: true) == "a &amp; &lt;")
    }
}
