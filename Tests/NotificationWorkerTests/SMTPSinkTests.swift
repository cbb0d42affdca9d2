import Contracts
import Dispatch
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import NotificationWorker

/// A mail relay on loopback for one connection after the other; answers by script and keeps what it was told.
final class TinyRelay: Sendable {
    /// What the relay says to a command; `nil` hangs up.
    typealias Answer = @Sendable (String) -> String?

    let port: Int
    private let listener: Int32
    private let greeting: String
    private let lines = Mutex<[String]>([])

    init(greeting: String = "220 tiny", answer: @escaping Answer) throws {
        self.greeting = greeting
        let open = try LoopbackListener(backlog: 4)
        let listener = open.descriptor
        (self.listener, port) = (listener, open.port)
        DispatchQueue(label: "relay").async { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                serve(connection, answer)
                close(connection)
            }
            // Not before nobody uses the number any more: the next socket gets it.
            close(listener)
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    var received: [String] { lines.withLock { $0 } }

    private func serve(_ connection: Int32, _ answer: Answer) {
        guard say(greeting, on: connection) else { return }
        var isData = false
        while let line = readLine(connection) {
            lines.withLock { $0.append(line) }
            if isData {
                guard line == "." else { continue }
                isData = false
            }
            guard let reply = answer(line), say(reply, on: connection) else { return }
            isData = reply.hasPrefix("354")
        }
    }

    private func say(_ text: String, on connection: Int32) -> Bool {
        let bytes = Array((text + "\r\n").utf8)
        return unsafe send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    private func readLine(_ connection: Int32) -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(connection, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line.dropLast(), as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }
}

@Suite(.timeLimit(.minutes(10))) struct SMTPSinkTests {
    private func deliver(
        _ draft: MessageDraft = MessageDraft(request: MessageSamples.request(), sender: MessageSender()),
        security: SMTPSettings.Security = .none, greeting: String = "220 tiny", answer: @escaping TinyRelay.Answer
    ) throws -> (Delivery, [String]) {
        let relay = try TinyRelay(greeting: greeting, answer: answer)
        defer { relay.stop() }
        let sink = try SMTPSink(
            settings: SMTPSettings(
                host: "127.0.0.1", port: relay.port, security: security, connectSeconds: 5, totalSeconds: 10))
        return (sink.deliver(draft), relay.received)
    }

    /// Answers as a friendly relay does, but for one command.
    private static func friendly(except prefix: String = "-", _ other: String? = nil) -> TinyRelay.Answer {
        { line in
            if line.hasPrefix(prefix) { return other }
            return line == "DATA" ? "354 go on" : "250 fine"
        }
    }

    @Test func `hands the message over as it is`() throws {
        let draft = MessageDraft(
            request: MessageSamples.request(parameters: ["account": "."]),
            sender: MessageSender(email: "programme@vendor.example"))
        let (delivery, lines) = try deliver(draft, answer: Self.friendly())
        #expect(delivery == .sent)
        #expect(lines.contains("MAIL FROM:<programme@vendor.example>"))
        #expect(lines.contains("RCPT TO:<jo@partner.example>"))
        let message = String(decoding: try draft.message().get(), as: UTF8.self)
        let expected = message.components(separatedBy: "\r\n").dropLast()
        let data = try #require(lines.firstIndex(of: "DATA"))
        #expect(Array(lines[(data + 1)...].prefix(expected.count)) == Array(expected))
    }

    @Test(arguments: [
        ("RCPT", "550 no such user", Delivery.failed("the relay refused it with 550")),
        ("RCPT", "451 later", .retry("the relay refused it with 451")),
        ("RCPT", "530 log in first", .retry("the relay refused it with 530")),
        ("MAIL", "530 log in first", .retry("the relay refused it with 530")),
        ("MAIL", "554 no", .retry("the relay refused it with 554")),
        ("DATA", "554 no", .retry("the relay refused it with 554")),
        (".", "452 full", .retry("the relay refused it with 452")),
        (".", "552 too big", .failed("the relay refused it with 552")),
    ])
    func `tells a refusal for now from one for good`(command: String, reply: String, expected: Delivery) throws {
        #expect(try deliver(answer: Self.friendly(except: command, reply)).0 == expected)
    }

    @Test func `fails no message for good that the relay has not heard of`() throws {
        let (delivery, lines) = try deliver(greeting: "554 no service here", answer: Self.friendly())
        guard case .retry = delivery else {
            Issue.record("the relay does not talk to us at all")
            return
        }
        #expect(!lines.contains { $0.hasPrefix("MAIL") })
    }

    @Test func `does not know what became of a message that had no answer`() throws {
        guard case .unknown = try deliver(answer: Self.friendly(except: ".", nil)).0 else {
            Issue.record("no answer came, so nothing is known")
            return
        }
    }

    @Test func `tries again later when the relay hangs up before the message`() throws {
        guard case .retry = try deliver(answer: Self.friendly(except: "RCPT", nil)).0 else {
            Issue.record("nothing was handed over")
            return
        }
    }

    @Test func `sends nothing without the protection that is asked for`() throws {
        let (delivery, lines) = try deliver(security: .startTLS, answer: Self.friendly())
        guard case .retry = delivery else {
            Issue.record("the relay offers no TLS")
            return
        }
        #expect(!lines.contains { $0.hasPrefix("MAIL") })
    }

    @Test func `tries again later where nobody listens`() throws {
        let relay = try TinyRelay { _ in nil }
        relay.stop()
        let sink = try SMTPSink(settings: SMTPSettings(host: "127.0.0.1", port: relay.port, security: .none))
        guard case .retry = sink.deliver(MessageDraft(request: MessageSamples.request(), sender: MessageSender()))
        else {
            Issue.record("nobody listens there")
            return
        }
    }

    @Test(arguments: [
        ("RCPT", Delivery.retry("the worker was asked to end")),
        (".", .unknown("no answer to the message: the worker was asked to end")),
    ])
    func `leaves a relay that does not answer when the worker is asked to end`(
        command: String, expected: Delivery
    ) throws {
        let (limit, hangUp) = (SendingLimit(), DispatchSemaphore(value: 0))
        let relay = try TinyRelay { line in
            guard line.hasPrefix(command) else { return line == "DATA" ? "354 go on" : "250 fine" }
            limit.set(.now + .milliseconds(100))
            _ = hangUp.wait(timeout: .now() + .seconds(60))
            return nil
        }
        defer {
            hangUp.signal()
            relay.stop()
        }
        let start = ContinuousClock.now
        do {
            let sink = try SMTPSink(
                settings: SMTPSettings(
                    host: "127.0.0.1", port: relay.port, security: .none, connectSeconds: 5, totalSeconds: 60),
                limit: limit)
            #expect(
                sink.deliver(MessageDraft(request: MessageSamples.request(), sender: MessageSender())) == expected)
        }
        // Also without an answer to its leave.
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    /// What the relay lacks some of it does not send; what it has whole, and does not answer to, may be sent twice.
    @Test(arguments: [
        ("RCPT", Delivery.retry("the worker was asked to end")), ("DATA", .retry("the worker was asked to end")),
        (".", .sent),
    ])
    func `waits longer for the answer to a whole message when the worker is asked to end`(
        command: String, expected: Delivery
    ) throws {
        let (limit, goOn) = (SendingLimit(), DispatchSemaphore(value: 0))
        let relay = try TinyRelay { line in
            if line.hasPrefix(command) {
                limit.set(.now, forAnswer: .now + .seconds(60))
                // libcurl looks once a second.
                _ = goOn.wait(timeout: .now() + .seconds(3))
            }
            return line == "DATA" ? "354 go on" : "250 fine"
        }
        defer {
            goOn.signal()
            relay.stop()
        }
        let sink = try SMTPSink(
            settings: SMTPSettings(host: "127.0.0.1", port: relay.port, security: .none), limit: limit)
        #expect(sink.deliver(MessageDraft(request: MessageSamples.request(), sender: MessageSender())) == expected)
    }

    @Test func `begins no message when the time to end is over`() throws {
        let limit = SendingLimit()
        limit.set(.now)
        let relay = try TinyRelay(answer: Self.friendly())
        defer { relay.stop() }
        let sink = try SMTPSink(
            settings: SMTPSettings(host: "127.0.0.1", port: relay.port, security: .none), limit: limit)
        #expect(
            sink.deliver(MessageDraft(request: MessageSamples.request(), sender: MessageSender()))
                == .retry("the worker was asked to end"))
        #expect(!relay.received.contains { $0.hasPrefix("DATA") })
    }

    @Test func `refuses an address that would be another command`() throws {
        let request = MessageSamples.request(email: "jo@partner.example>\r\nRCPT TO:<x@y.example")
        let (delivery, lines) = try deliver(
            MessageDraft(request: request, sender: MessageSender()), answer: Self.friendly())
        #expect(delivery == .failed("the recipient's e-mail address is malformed"))
        #expect(lines.isEmpty)
    }
}
