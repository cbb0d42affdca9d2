// A worker with a handler that really traps, for the test that such a record is set aside.
//
//   trapping-worker DATA_DIR
//
// Reads `referral.v1` of an embedded log that has its topics. An event {"do": "trap", "occurred_at": ...} ends the process;
// any other is told in `outcome.v1`. Ends by itself when nothing has come for a while.
import Contracts
import Domain
import EventLog
import Foundation
import JSON
import StateStore
import TaskRuntime
import WorkerService

struct Order: Fact {
    static let type = "io.tributary.test.ordered.v1"
    var text: String
    var occurredAt: Timestamp
    var entityID: String { text }

    init(reading reader: inout ObjectReader) {
        text = reader.string("do")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("do", text)
        writer.value("occurred_at", occurredAt)
    }
}

final class TrappingProcessor: Processor {
    func decode(_ event: Event) throws -> any EventPayload { try event.payload(Order.self) }
    func routingKey(of payload: any EventPayload, event: Event) -> String? { nil }
    func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan { .zero }
    func stateDidReset() {}

    func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws {
        guard let order = payload as? Order else { return }
        switch order.text {
        case "trap": fatalError("as ordered")
        case "timer": try turn.schedule(TaskTimer(name: "trap", due: turn.now + TimeSpan(milliseconds: 1), payload: ""))
        default: turn.record(order)
        }
    }

    func fire(_ timer: TaskTimer, in turn: TurnContext) throws { fatalError("as ordered") }
}

/// Stops the loop when it has been idle for so long.
final class Idle: Sendable {
    static let limit: Int64 = 1_500
    let stop = TurnLoop.StopFlag()
    nonisolated(unsafe) private var last: Int64 = .max

    func observe(_ notice: TurnObserver.Notice) {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        switch notice {
        case .running, .committed: unsafe last = now
        case .polled: if unsafe last < now - Idle.limit { stop.set() }
        default: break
        }
    }
}

guard CommandLine.arguments.count == 2 else { exit(2) }
let data = CommandLine.arguments[1]
do {
    let catalogue = TopicCatalogue()
    let log = try LogLocation.embedded.open(dataDirectory: data).log
    defer { log.close() }
    let directory = "\(data)/trapping"
    let stores = try SQLiteStateBackendProvider(
        directory: directory, tables: TaskConfiguration.tables, schemaVersion: Int64(Changelog.schemaVersion))
    let traps = try TrapFile(directory: directory)
    try traps.watchThread()
    let idle = Idle()
    let session = SessionConfiguration(
        group: WorkerGroup.name(.referral, prefix: catalogue.prefix), topic: catalogue.name(of: .referral),
        changelogTopic: catalogue.name(of: .changelog(.referral)), identity: "trapping", membership: .static,
        sessionTimeout: .seconds(6))
    try TurnLoop(
        TurnLoop.Environment(
            log: log, session: session, worker: .referral, catalogue: catalogue, stores: stores,
            now: { Int64(Date().timeIntervalSince1970 * 1000) },
            sleep: { Thread.sleep(for: $0) },
            observer: TurnObserver { idle.observe($0) }, watch: traps,
            makeProcessor: { _, _ in TrappingProcessor() }),
        stop: idle.stop
    ).run()
} catch {
    FileHandle.standardError.write(Data("trapping-worker: \(error)\n".utf8))
    exit(1)
}
