package import CommandLineKit
import NotificationWorker

extension MailOptions {
    package static let options = [
        CommandOption(
            "mail", "eml|null|smtp://HOST:PORT", environment: "TRIBUTARY_MAIL", default: "eml", "where messages go"),
        CommandOption(
            "mail-from", "ADDRESS", environment: "TRIBUTARY_MAIL_FROM", default: "partners@localhost", "their sender"),
        CommandOption(
            flag: "send-history", environment: "TRIBUTARY_SEND_HISTORY",
            "send messages of long past events too (eml and null only)"),
        CommandOption(
            "mail-security", "none|starttls|tls", environment: "TRIBUTARY_MAIL_SECURITY", default: "starttls",
            "how the relay's connection is protected"),
        CommandOption("mail-user", "NAME", environment: "TRIBUTARY_MAIL_USER", "login at the relay"),
        CommandOption(
            "mail-password", "TEXT", environment: "TRIBUTARY_MAIL_PASSWORD",
            "its password; better by the variable TRIBUTARY_MAIL_PASSWORD_FILE"),
        CommandOption(
            "mail-ca", "FILE", environment: "TRIBUTARY_MAIL_CA",
            "PEM file of the authorities that the relay's certificate may come from (default: the system's)"),
    ]

    /// - Parameter sendsHistory: for the demonstration, whose year is long over.
    package init(_ call: Invocation, sendsHistory: Bool = false) throws {
        let text = try call.required("mail")
        guard var sink = Sink(text: text) else {
            throw Self.unexpected("mail", "eml, null or smtp://HOST:PORT", call)
        }
        if case .smtp(var relay) = sink {
            let security = call["mail-security"] ?? relay.security.rawValue
            guard let known = SMTPSettings.Security(rawValue: security) else {
                throw Self.unexpected("mail-security", "none, starttls or tls", call)
            }
            relay.security = known
            relay.user = call["mail-user"]
            relay.password = call["mail-password"]
            relay.certificateAuthorities = call["mail-ca"]
            sink = .smtp(relay)
        }
        let sender = try call.required("mail-from")
        guard MessageSender(email: sender).isAddressable else {
            throw Self.unexpected("mail-from", "an address such as partners@acme.com and nothing around it", call)
        }
        self.init(sink: sink, sender: sender, sendsHistory: sendsHistory || call.isSet("send-history"))
    }

    /// A value that cannot be used, with the place that it comes from where that is not the call itself.
    private static func unexpected(_ option: String, _ expected: String, _ call: Invocation) -> UsageError {
        let setting = call.setting(option)
        let place = setting.flatMap { $0.origin == .option ? nil : " (\($0.origin))" } ?? ""
        return UsageError("--\(option)\(place): expected \(expected), found `\(setting?.text ?? "")`")
    }
}
