package import NotificationWorker

/// Where messages go, and as whose.
package struct MailOptions: Sendable {
    package enum Sink: Sendable {
        /// Files under `<data>/mail`.
        case files
        /// Counted and thrown away.
        case null
        case smtp(SMTPSettings)

        /// Reads `eml`, `null` or `smtp://HOST:PORT`; `nil` for anything else.
        package init?(text: String) {
            if text == "eml" {
                self = .files
            } else if text == "null" {
                self = .null
            } else if text.hasPrefix("smtp://") {
                let parts = text.dropFirst(7).split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty, let port = Int(parts[1]), (1...65_535).contains(port) else {
                    return nil
                }
                self = .smtp(SMTPSettings(host: String(parts[0]), port: port))
            } else {
                return nil
            }
        }
    }

    package var sink: Sink
    /// The sender's address.
    package var sender: String
    /// Also sends what took effect long ago; for sinks that reach nobody.
    package var sendsHistory: Bool

    package init(sink: Sink = .files, sender: String = "partners@localhost", sendsHistory: Bool = false) {
        self.sink = sink
        self.sender = sender
        self.sendsHistory = sendsHistory
    }
}
