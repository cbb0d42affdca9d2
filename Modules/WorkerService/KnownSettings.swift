/// Every setting that an environment variable or the settings file may give, of all executables together: one file and one
/// environment serve them all, and a name that none of them knows is an error.
package enum KnownSettings {
    /// A setting's name is that of its option, and its key in the file.
    package struct Setting: Sendable, Hashable {
        package var name: String
        package var variable: String
        /// Its value is shown to nobody.
        package var isSecret: Bool
    }

    private static func setting(_ name: String, variable: String? = nil, isSecret: Bool = false) -> Setting {
        let derived = name.split(separator: "-").joined(separator: "_").uppercased()
        return Setting(name: name, variable: variable ?? "\(prefix)\(derived)", isSecret: isSecret)
    }

    package static let prefix = "TRIBUTARY_"
    package static let propertyPrefix = "TRIBUTARY_KAFKA_PROPERTY_"
    /// Names the settings file itself.
    package static let fileVariable = "TRIBUTARY_CONFIG"
    /// Read where no file is named.
    package static let defaultFile = "tributary.yaml"
    /// The key of the file under which the Kafka client's properties stand.
    package static let propertiesKey = "kafka"

    package static let all: [Setting] = [
        setting("log"), setting("data"), setting("prefix"), setting("partitions"),
        setting("as", variable: "TRIBUTARY_ACTOR"),
        setting("clock"), setting("clock-start"),
        setting("threads"), setting("membership"), setting("session-timeout"),
        setting("transaction-timeout"), setting("instance"),
        setting("ops-port"), setting("ops-address"), setting("ops"),
        setting("mail"), setting("mail-from"), setting("send-history"), setting("mail-security"), setting("mail-user"),
        setting("mail-password", isSecret: true), setting("mail-ca"),
    ]

    /// Variables that are no settings: they turn on what developers look at.
    static let otherVariables: Set<String> = [fileVariable, "TRIBUTARY_KAFKA_DEBUG"]

    package static func isSecret(_ name: String) -> Bool { all.contains { $0.name == name && $0.isSecret } }

    /// Whether a property of the Kafka client holds a secret.
    package static func isSecret(property: String) -> Bool {
        ["password", "secret", "jaas", ".pem", "oauthbearer.config"].contains { property.contains($0) }
    }
}
