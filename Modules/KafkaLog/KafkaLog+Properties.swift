import CRdkafka
package import EventLog
import Glibc

extension KafkaLog {
    /// Every property that the client knows, aliases too.
    package static let propertyNames: Set<String> = readPropertyNames()

    /// Checks properties without asking a cluster: names, values, that none is one which the log sets itself, and that they
    /// fit each other, the times of a session and the files they name.
    package static func check(
        bootstrap: String, properties: [String: String], sessionTimeout: Duration, transactionTimeout: Duration
    ) throws(LogError) {
        let configuration = try KafkaConfiguration(bootstrap: bootstrap, overrides: properties)
        let session = SessionConfiguration(
            group: "check", topic: "", changelogTopic: "", identity: "check", sessionTimeout: sessionTimeout,
            transactionTimeout: transactionTimeout)
        let roles: [KafkaRole] = [
            .producer(identity: "check", transactionTimeout: transactionTimeout), .member(session), .changelog, .admin,
        ]
        for role in roles { try KafkaHandle.validate(role, configuration) }
    }

    /// The library lists its properties with their meaning as a table for people, and in no other way: a dump of a
    /// configuration leaves out what is not set.
    private static func readPropertyNames() -> Set<String> {
        var text: UnsafeMutablePointer<CChar>?
        var count = 0
        guard let stream = unsafe open_memstream(&text, &count) else { return [] }
        unsafe rd_kafka_conf_properties_show(stream)
        unsafe fclose(stream)
        guard let table = unsafe text else { return [] }
        defer { unsafe free(table) }
        var names: Set<String> = []
        for line in unsafe String(cString: table).split(separator: "\n") {
            let cells = line.split(separator: "|")
            guard cells.count > 3, let name = cells[0].split(separator: " ").first else { continue }
            if name.allSatisfy({ $0.isLowercase || $0.isNumber || $0 == "." || $0 == "_" }) {
                names.insert(String(name))
            }
        }
        return names
    }
}
