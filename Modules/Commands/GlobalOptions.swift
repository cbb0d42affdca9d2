import CommandLineKit
import Contracts
import Domain
import Foundation
import WorkerService

/// What every command is told.
struct GlobalOptions {
    static let table: [CommandOption] = [
        CommandOption(
            "data", "DIR", environment: "TRIBUTARY_DATA", default: "./data", "directory of log, stores and read model"),
        CommandOption(
            "log", "embedded|kafka://HOST:PORT", environment: "TRIBUTARY_LOG", default: "embedded", "the log to work on"
        ),
        CommandOption(
            "prefix", "NAME", environment: "TRIBUTARY_PREFIX", default: TopicCatalogue.defaultPrefix, "of topic names"),
        CommandOption(
            "partitions", "N", environment: "TRIBUTARY_PARTITIONS", default: "8",
            "of each input topic, when topics are made"),
        CommandOption(
            "as", "PERSON", environment: "TRIBUTARY_ACTOR", "who decides: the id of an active person of the register"),
        CommandOption("timeout", "SECONDS", default: "60", "how long a command waits for its outcome"),
        CommandOption(flag: "json", "results as JSON"),
    ]

    var data: String
    let log: LogLocation
    let catalogue: TopicCatalogue
    let isJSON: Bool
    let timeout: Duration
    /// Of the Kafka client.
    let properties: [String: String]
    private let person: String?

    init(_ call: Invocation) throws {
        data = try call.required("data")
        let logText = try call.required("log")
        guard let location = LogLocation(text: logText) else {
            throw UsageError("--log: expected `embedded` or `kafka://HOST:PORT`, found `\(logText)`")
        }
        log = location
        let partitions = try call.integer("partitions", in: 1...1024) ?? 8
        catalogue = TopicCatalogue(prefix: try call.required("prefix"), partitions: Int32(partitions))
        isJSON = call.isSet("json")
        timeout = .seconds(try call.integer("timeout", in: 1...86_400) ?? 60)
        person = call["as"]
        properties = call.properties.mapValues(\.text)
    }

    /// Makes the data directory where it is missing, for what is written there before the log is opened.
    func makeDirectory(_ part: String = "") throws {
        let path = part.isEmpty ? data : "\(data)/\(part)"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch let error as CocoaError {
            throw CommandFailure("\(path): no directory can be made there (\(error.code.rawValue))")
        }
    }

    /// Texts for people, and results in the form asked for.
    var terminal: Terminal { Terminal(isJSON: isJSON) }

    /// What is worked on, for people.
    var place: String {
        switch log {
        case .embedded: data
        case .kafka(let bootstrap): "kafka://\(bootstrap)"
        }
    }

    /// Who decides. Whether the person is active is the worker's question.
    func actor() throws -> Actor {
        guard let person else { throw UsageError("--as PERSON (or TRIBUTARY_ACTOR) is required: who decides?") }
        guard let id = PersonID(person) else {
            throw UsageError("--as: expected \(PersonKind.expectation), found `\(person)`")
        }
        return .person(id)
    }
}
