/// Where and how mail is handed over.
package struct SMTPSettings: Sendable, Hashable {
    /// How the connection is protected.
    package enum Security: String, Sendable, CaseIterable {
        /// Not at all: for a relay on the same host.
        case none
        /// STARTTLS, or nothing is sent.
        case startTLS = "starttls"
        /// TLS from the first byte.
        case tls
    }

    package var host: String
    package var port: Int
    package var security: Security
    /// `nil` where the relay asks for no login.
    package var user: String?
    package var password: String?
    /// PEM file of the authorities that the relay's certificate may come from; `nil` for the system's.
    package var certificateAuthorities: String?
    /// The longest time for connecting, and for a whole message.
    package var connectSeconds: Int
    package var totalSeconds: Int

    package init(
        host: String, port: Int = 587, security: Security = .startTLS, user: String? = nil, password: String? = nil,
        certificateAuthorities: String? = nil, connectSeconds: Int = 10, totalSeconds: Int = 60
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.user = user
        self.password = password
        self.certificateAuthorities = certificateAuthorities
        self.connectSeconds = connectSeconds
        self.totalSeconds = totalSeconds
    }

    var url: String { "\(security == .tls ? "smtps" : "smtp")://\(host):\(port)" }
}
