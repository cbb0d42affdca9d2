import CommandLineKit
import Contracts
import EventLog
import KafkaLog

/// What a worker executable is told, checked as a whole before anything is opened.
struct WorkerSettings {
    static let minimumSessionSeconds = 6
    static let maximumSessionSeconds = 1_800
    static let minimumTransactionSeconds = 2
    static let maximumTransactionSeconds = 900

    var log: LogLocation
    /// Of the Kafka client.
    var properties: [String: String]
    var engine: EngineOptions

    static func options(of worker: WorkerName) -> [CommandOption] {
        let own = [
            CommandOption("log", "kafka://HOST:PORT", environment: "TRIBUTARY_LOG", "the broker to work on"),
            CommandOption("data", "DIR", environment: "TRIBUTARY_DATA", default: "./data", "directory of its stores"),
            CommandOption(
                "prefix", "NAME", environment: "TRIBUTARY_PREFIX", default: TopicCatalogue.defaultPrefix,
                "of topic names"),
            CommandOption("threads", "N", environment: "TRIBUTARY_THREADS", default: "1", "turn threads"),
            CommandOption(
                "membership", "static|dynamic", environment: "TRIBUTARY_MEMBERSHIP", default: "static",
                "whether it keeps its partitions over a restart"),
            CommandOption(
                "session-timeout", "SECONDS", environment: "TRIBUTARY_SESSION_TIMEOUT", default: "45",
                "after which a silent worker's partitions move"),
            CommandOption(
                "transaction-timeout", "SECONDS", environment: "TRIBUTARY_TRANSACTION_TIMEOUT", default: "10",
                "after which the broker ends what a dead worker left open; one turn must fit in it"),
            CommandOption(
                "instance", "NAME", environment: "TRIBUTARY_INSTANCE",
                "its identity among the copies of this worker (default: node id and a free slot of the data directory)"),
        ]
        return own + OpsAddress.options + (worker == .notification ? MailOptions.options : []) + [
            Settings.fileOption,
            CommandOption(flag: "check-config", "check the settings, print each with where it comes from, and end"),
        ]
    }

    init(_ worker: WorkerName, _ call: Invocation) throws {
        let text = try call.required("log")
        guard let location = LogLocation(text: text), case .kafka(let bootstrap) = location else {
            throw UsageError(
                "--log: expected kafka://HOST:PORT, found `\(text)` (the embedded log is one process: `tributary up`)")
        }
        log = location
        properties = call.properties.mapValues(\.text)
        guard let membership = SessionConfiguration.Membership(rawValue: try call.required("membership")) else {
            throw UsageError("--membership: expected static or dynamic, found `\(call["membership"] ?? "")`")
        }
        if let instance = call["instance"], !WorkerSlot.isValid(instance: instance) {
            throw UsageError("--instance: expected letters, digits, - and _, at most 64, found `\(instance)`")
        }
        let session =
            try call.integer(
                "session-timeout", in: WorkerSettings.minimumSessionSeconds...WorkerSettings.maximumSessionSeconds)
            ?? 45
        let transaction =
            try call.integer(
                "transaction-timeout",
                in: WorkerSettings.minimumTransactionSeconds...WorkerSettings.maximumTransactionSeconds)
            ?? 10
        try KafkaLog.check(
            bootstrap: bootstrap, properties: properties, sessionTimeout: .seconds(session),
            transactionTimeout: .seconds(transaction))
        engine = EngineOptions(
            dataDirectory: try call.required("data"), catalogue: TopicCatalogue(prefix: try call.required("prefix")),
            workers: [worker], threads: try call.integer("threads", in: 1...64) ?? 1, membership: membership,
            sessionTimeout: .seconds(session), transactionTimeout: .seconds(transaction), instance: call["instance"],
            mail: worker == .notification ? try MailOptions(call) : MailOptions(), ops: try OpsAddress(call))
    }
}
