import Contracts
import Foundation
import Testing

@testable import CommandLineKit
@testable import WorkerService

@Suite struct SettingsTests {
    private let directory: ScratchDirectory

    init() throws { directory = try ScratchDirectory() }

    private func file(_ name: String, _ text: String) throws -> String {
        let path = "\(directory.path)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    private func read(_ path: String? = nil, _ environment: [String: String] = [:]) throws -> OutsideSettings {
        try Settings.read(path, environment, defaultFile: "\(directory.path)/tributary.yaml")
    }

    private func problem(_ path: String? = nil, _ environment: [String: String] = [:]) -> String {
        do {
            _ = try read(path, environment)
            return ""
        } catch {
            return "\(error)"
        }
    }

    // MARK: Precedence

    /// Where a value is given, and which of them counts.
    struct Case: CustomTestStringConvertible {
        var option: String?
        var variable: String?
        var file: String?
        var value: String
        var origin: String
        var testDescription: String { "\(option ?? "-") \(variable ?? "-") \(file ?? "-")" }
    }

    @Test(arguments: [
        Case(option: "1", variable: "2", file: "3", value: "1", origin: "option"),
        Case(option: "1", variable: "2", file: nil, value: "1", origin: "option"),
        Case(option: "1", variable: nil, file: "3", value: "1", origin: "option"),
        Case(option: nil, variable: "2", file: "3", value: "2", origin: "environment TRIBUTARY_THREADS"),
        Case(option: nil, variable: "2", file: nil, value: "2", origin: "environment TRIBUTARY_THREADS"),
        Case(option: nil, variable: "", file: "3", value: "3", origin: "FILE:2"),
        Case(option: nil, variable: nil, file: "3", value: "3", origin: "FILE:2"),
        Case(option: nil, variable: nil, file: nil, value: "1", origin: "default"),
    ])
    func `options come before the environment, the file and defaults`(given: Case) throws {
        let path = try given.file.map { try file("given.yaml", "log: kafka://a:1\nthreads: \($0)\n") }
        var words = ["--log", "kafka://b:1"]
        if let option = given.option { words += ["--threads", option] }
        if let path { words += ["--config", path] }
        let application = WorkerMain.application(of: .referral)
        let call = try application.invocation(
            of: application.commands[0], words, given.variable.map { ["TRIBUTARY_THREADS": $0] } ?? [:])
        #expect(call["threads"] == given.value)
        let origin = try #require(call.setting("threads")).origin.description
        #expect(
            origin.split(separator: "/").last.map { String($0) } == given.origin.replacing("FILE", with: "given.yaml"))
        #expect(try WorkerSettings(.referral, call).engine.threads == Int(given.value))
    }

    @Test func `the file is found by option, by variable and in the working directory, in that order`() throws {
        let one = try file("one.yaml", "threads: 1")
        let two = try file("two.yaml", "threads: 2")
        _ = try file("tributary.yaml", "threads: 3")
        #expect(try read(one, ["TRIBUTARY_CONFIG": two]).values["threads"]?.text == "1")
        #expect(try read(nil, ["TRIBUTARY_CONFIG": two]).values["threads"]?.text == "2")
        #expect(try read().values["threads"]?.text == "3")
        #expect(problem("\(directory.path)/none.yaml").contains("none.yaml: the settings file cannot be read"))
    }

    // MARK: Unknown names

    @Test func `an unknown variable is an error that says which was meant`() {
        #expect(
            problem(nil, ["TRIBUTARY_TREADS": "2"])
                == "unknown variable TRIBUTARY_TREADS in the environment; did you mean TRIBUTARY_THREADS?")
        #expect(problem(nil, ["TRIBUTARY_MAIL_PASWORD_FILE": "x"]).contains("did you mean TRIBUTARY_MAIL_PASSWORD"))
        #expect(problem(nil, ["OTHER_THREADS": "2", "TRIBUTARY_KAFKA_DEBUG": "eos"]).isEmpty)
    }

    @Test func `every unknown key of the file is named with its line`() throws {
        let path = try file("bad.yaml", "threads: 2\nmail-form: a@b.c\nkafka:\n  linger.ms: 1\nzzzzzz: 1\n")
        let text = problem(path)
        #expect(text.contains("bad.yaml:2:1: unknown key `mail-form`; did you mean `mail-from`?"))
        #expect(text.contains("bad.yaml:5:1: unknown key `zzzzzz`"))
        #expect(!text.contains("linger"))
    }

    @Test func `an unknown property of the Kafka client is named with its place`() throws {
        #expect(
            problem(nil, ["TRIBUTARY_KAFKA_PROPERTY_SASL_PASWORD": "x"]).contains(
                "environment TRIBUTARY_KAFKA_PROPERTY_SASL_PASWORD: the Kafka client has no property `sasl.pasword`; "
                    + "did you mean `sasl.password`?"))
        let path = try file("bad.yaml", "kafka:\n  linger.ms: 1\n  linger.msec: 1\n")
        #expect(problem(path).contains("bad.yaml:3: the Kafka client has no property `linger.msec`"))
    }

    @Test(arguments: [
        ("threads: [1, 2]", "1:1: `threads`: expected one value"), ("threads:", "1:1: `threads`: expected one value"),
        ("kafka: 1", "1:1: `kafka`: expected properties"), ("- 1", "expected `name: value` lines"),
        ("threads: 1\nthreads: 2", "2:1"), ("threads: 1\nthreads-file: x", "2:1: `threads-file`: the same is set at"),
    ])
    func `a file that is none is refused with its place`(text: String, words: String) throws {
        #expect(problem(try file("bad.yaml", text)).contains(words))
    }

    // MARK: Secrets and files

    @Test func `a value may lie in a file, without its line end`() throws {
        let secret = try file("secret", "s3cret\n")
        let path = try file("good.yaml", "mail-password-file: \(secret)\nkafka:\n  sasl.password.file: \(secret)\n")
        let settings = try read(path)
        #expect(settings.values["mail-password"] == SettingValue("s3cret", .file(path: path, line: 1)))
        #expect(settings.properties["sasl.password"] == SettingValue("s3cret", .file(path: path, line: 3)))
        let outer = try read(
            nil,
            ["TRIBUTARY_MAIL_PASSWORD_FILE": secret, "TRIBUTARY_KAFKA_PROPERTY_SASL_PASSWORD_FILE": secret])
        #expect(outer.values["mail-password"]?.text == "s3cret")
        #expect(outer.properties["sasl.password"]?.text == "s3cret")
    }

    @Test func `a value and a file with it are one too many, and an unreadable or empty file is an error`() throws {
        let secret = try file("secret", "s3cret\n")
        let empty = try file("empty", "\n")
        #expect(
            problem(nil, ["TRIBUTARY_MAIL_PASSWORD": "a", "TRIBUTARY_MAIL_PASSWORD_FILE": secret]).contains(
                "TRIBUTARY_MAIL_PASSWORD_FILE: the same is set by environment TRIBUTARY_MAIL_PASSWORD"))
        #expect(problem(nil, ["TRIBUTARY_MAIL_PASSWORD_FILE": "\(directory.path)/none"]).contains("cannot be read"))
        #expect(problem(nil, ["TRIBUTARY_MAIL_PASSWORD_FILE": empty]).contains("is empty"))
    }

    @Test func `properties of the environment come before those of the file`() throws {
        let path = try file("good.yaml", "kafka:\n  linger.ms: 1\n  security.protocol: ssl\n")
        let settings = try read(path, ["TRIBUTARY_KAFKA_PROPERTY_LINGER_MS": "7"])
        #expect(settings.properties.mapValues(\.text) == ["linger.ms": "7", "security.protocol": "ssl"])
    }

    @Test func `the effective settings are printed with their origins, and no secret among them`() throws {
        let path = try file(
            "good.yaml", "log: kafka://a:1\nmail-password: s3cret\nkafka:\n  sasl.password: s3cret\n  linger.ms: 2\n")
        let application = WorkerMain.application(of: .notification)
        let call = try application.invocation(
            of: application.commands[0], ["--config", path, "--threads", "2"], ["TRIBUTARY_PREFIX": "p"])
        let text = EffectiveSettings.text(of: WorkerSettings.options(of: .notification), in: call)
        let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
        #expect(!text.contains("s3cret"))
        func line(_ name: String) -> String? { lines.first { $0.first == Substring(name) }?.joined(separator: " ") }
        #expect(line("log") == "log kafka://a:1 \(path):1")
        #expect(line("threads") == "threads 2 option")
        #expect(line("prefix") == "prefix p environment TRIBUTARY_PREFIX")
        #expect(line("membership") == "membership static default")
        #expect(line("mail-password") == "mail-password ******** \(path):2")
        #expect(line("instance") == "instance - not set")
        #expect(text.contains("kafka linger.ms"))
        #expect(text.contains("kafka sasl.password"))
    }

    @Test(arguments: [
        (["--threads", "0"], "--threads: expected a whole number from 1 to 64"),
        (["--membership", "sometimes"], "--membership: expected static or dynamic"),
        (["--instance", "a/b"], "--instance: expected letters"), (["--ops-port", "70000"], "--ops-port: expected"),
        (["--session-timeout", "5"], "--session-timeout: expected a whole number from 6"),
        (["--transaction-timeout", "1"], "--transaction-timeout: expected a whole number from 2"),
    ])
    func `a wrong value is refused before anything is opened`(words: [String], expected: String) throws {
        let application = WorkerMain.application(of: .referral)
        let call = try application.invocation(
            of: application.commands[0], ["--log", "kafka://127.0.0.1:1"] + words, [:])
        let failure = try #require(throws: UsageError.self) { try WorkerSettings(.referral, call) }
        #expect(failure.description.contains(expected))
    }

    private func mailOptions(
        _ words: [String], _ environment: [String: String] = [:]
    ) throws -> MailOptions {
        let application = WorkerMain.application(of: .notification)
        let call = try application.invocation(
            of: application.commands[0], ["--log", "kafka://127.0.0.1:1"] + words, environment)
        return try WorkerSettings(.notification, call).engine.mail
    }

    @Test(arguments: [
        "nobody", "@acme.com", "partners@", "a@b@acme.com", "Partners <partners@acme.com>", "<partners@acme.com>",
        "partners @acme.com", "pärtners@acme.com", "",
    ])
    func `a sender under whose address nothing can be sent is refused`(sender: String) throws {
        let words = ["--mail-from", sender]
        let failure = try #require(throws: UsageError.self) { try mailOptions(words) }
        #expect(failure.description.hasPrefix("--mail-from: expected an address such as partners@acme.com"))
        #expect(failure.description.hasSuffix("found `\(sender)`"))
        let code = WorkerMain.application(of: .notification).run(
            ["run", "--log", "kafka://127.0.0.1:1", "--check-config"] + words, environment: [:])
        #expect(code == .wrongUsage)
    }

    @Test func `a sender is refused with the place that it comes from`() throws {
        let variable = try #require(throws: UsageError.self) { try mailOptions([], ["TRIBUTARY_MAIL_FROM": "nobody"]) }
        #expect(variable.description.hasPrefix("--mail-from (environment TRIBUTARY_MAIL_FROM): expected"))
        let path = try file("sender.yaml", "threads: 1\nmail-from: nobody\n")
        let line = try #require(throws: UsageError.self) { try mailOptions(["--config", path]) }
        #expect(line.description.hasPrefix("--mail-from (\(path):2): expected"))
    }

    @Test(arguments: ["partners@localhost", "programme@vendor.example", "a.b+c@acme.com"])
    func `a plain address is a sender`(sender: String) throws {
        #expect(try mailOptions(["--mail-from", sender]).sender == sender)
        #expect(try mailOptions([]).sender == "partners@localhost")
    }

    @Test func `a property that exactly-once rests on is refused`() throws {
        let application = WorkerMain.application(of: .referral)
        let call = try application.invocation(
            of: application.commands[0], ["--log", "kafka://127.0.0.1:1"], ["TRIBUTARY_KAFKA_PROPERTY_ACKS": "1"])
        let failure = try #require(throws: (any Error).self) { try WorkerSettings(.referral, call) }
        #expect("\(failure)".contains("acks"))
    }

    // MARK: The end

    @Test func `the end of a process is bounded by a second signal and by time`() {
        #expect(ShutdownBound.wait { _ in true } == .secondSignal)
        var waited: TimeInterval?
        let ending = ShutdownBound.wait {
            waited = $0
            return false
        }
        #expect(ending == .tooLong)
        #expect(waited == ShutdownBound.limit)
    }
}
