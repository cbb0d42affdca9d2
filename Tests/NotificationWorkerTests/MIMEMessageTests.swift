import Contracts
import Domain
import Foundation
import Testing

@testable import NotificationWorker

@Suite struct MIMEMessageTests {
    private func text(_ request: NotificationRequested, sender: MessageSender = MessageSender()) throws -> String {
        String(decoding: try MessageDraft(request: request, sender: sender).message().get(), as: UTF8.self)
    }

    private func header(_ name: String, of message: String) -> String? {
        let head = message.prefix(upTo: message.range(of: "\r\n\r\n")!.lowerBound)
        let unfolded = head.replacing("\r\n ", with: " ")
        return unfolded.split(separator: "\r\n").first { $0.hasPrefix(name + ": ") }.map {
            String($0.dropFirst(name.count + 2))
        }
    }

    @Test func `carries who, what and when in its headers`() throws {
        let request = MessageSamples.request()
        let message = try text(request, sender: MessageSender(name: "Acme, Inc.", email: "hello@vendor.example"))
        #expect(header("From", of: message) == "\"Acme, Inc.\" <hello@vendor.example>")
        #expect(header("To", of: message) == "Jo Doe <jo@partner.example>")
        #expect(header("Subject", of: message) == "Accepted: Acme")
        #expect(header("Date", of: message) == "Tue, 10 Mar 2026 09:00:00 +0000")
        #expect(header("Message-ID", of: message) == "<\(request.notification)@tributary>")
        #expect(header("Auto-Submitted", of: message) == "auto-generated")
        #expect(header("MIME-Version", of: message) == "1.0")
    }

    @Test func `has a plain and an HTML part between its boundaries`() throws {
        let request = MessageSamples.request()
        let message = try text(request)
        let boundary = "--=_\(request.notification)"
        let parts = message.components(separatedBy: boundary + "\r\n")
        #expect(parts.count == 3)
        #expect(parts[1].hasPrefix("Content-Type: text/plain; charset=utf-8\r\n"))
        #expect(parts[2].hasPrefix("Content-Type: text/html; charset=utf-8\r\n"))
        #expect(message.hasSuffix("\r\n\(boundary)--\r\n"))
    }

    @Test func `is the same for the same request`() throws {
        #expect(try text(MessageSamples.request()) == text(MessageSamples.request()))
    }

    @Test(arguments: [
        "Jo\r\nBcc: victim@example.com", "Jo\nSubject: other", "Jo\u{85}X: y", "J\u{0}o",
        "Jö\r\nBcc: victim@example.com",
    ])
    func `lets no name or subject add a header`(hostile: String) throws {
        let message = try text(
            MessageSamples.request(name: hostile, parameters: ["account": hostile, "product_line": hostile]))
        let head = String(message.prefix(upTo: message.range(of: "\r\n\r\n")!.lowerBound))
        let names = head.components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") }.map {
            $0.prefix { $0 != ":" }
        }
        #expect(
            names == [
                "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version",
                "Content-Type",
            ])
        #expect(!head.contains("\u{0}"))
    }

    @Test(arguments: [
        "jo@partner.example\r\nBcc: x@y.example", "jo@partner.example>\nRCPT TO:<x@y.example", "jo", "@x", "jo@",
        "a@b@c",
        "jo doe@x.example", "jö@x.example", "\"jo\"@x.example", "",
    ])
    func `refuses an address that could be more than one`(email: String) {
        let result = MessageDraft(request: MessageSamples.request(email: email), sender: MessageSender()).message()
        #expect(throws: MessageProblem.self) { try result.get() }
        #expect(!MessageSender(email: email).isAddressable)
    }

    @Test(arguments: [
        ("Jo Doe", "Jo Doe"), ("Doe, Jo", "\"Doe, Jo\""), ("Jo \"X\" \\Doe", "\"Jo \\\"X\\\" \\\\Doe\""),
        ("Jö", "=?UTF-8?B?SsO2?="), ("=?x", "=?UTF-8?B?PT94?="), ("", ""),
    ])
    func `writes names as RFC 5322 and 2047 ask`(name: String, expected: String) {
        #expect(HeaderText.phrase(name) == expected)
    }

    @Test func `folds long headers and keeps encoded words short`() {
        let subject = String(repeating: "Grüße ", count: 40)
        let field = HeaderText.field("Subject", HeaderText.unstructured(subject))
        let lines = field.components(separatedBy: "\r\n").dropLast()
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(" =?UTF-8?B?") })
    }

    @Test(arguments: [
        ("plain text", "plain text"), ("a=b", "a=3Db"), ("ü", "=C3=BC"), ("end \nnext", "end=20\r\nnext"),
        (".dot", "=2Edot"), ("a\r\nb\rc", "a\r\nb\r\nc"), ("\t", "=09"), ("  ", " =20"),
        (String(repeating: "x", count: 75) + ".y", String(repeating: "x", count: 75) + "=\r\n=2Ey"),
        (String(repeating: "x", count: 73) + "=", String(repeating: "x", count: 73) + "=\r\n=3D"),
        (String(repeating: "x", count: 75) + "\n", String(repeating: "x", count: 75) + "\r\n"),
    ])
    func `encodes bodies as quoted-printable`(text: String, expected: String) {
        var bytes: [UInt8] = []
        QuotedPrintable.append(Array(text.utf8), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == expected)
    }

    @Test func `keeps every line of a body within 76 characters, and loses nothing`() {
        let text = String(repeating: "Grüße = . ", count: 60)
        var bytes: [UInt8] = []
        QuotedPrintable.append(Array(text.utf8), to: &bytes)
        let encoded = String(decoding: bytes, as: UTF8.self)
        #expect(encoded.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 76 })
        #expect(Self.decode(encoded) == text)
    }

    private static func decode(_ encoded: String) -> String {
        let joined = encoded.replacing("=\r\n", with: "")
        var bytes: [UInt8] = []
        var rest = Array(joined.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "=") {
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)!)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func `writes base64`(text: String, expected: String) {
        #expect(Base64.text(Array(text.utf8)) == expected)
    }
}
