// One partition's task with a trivial processor: each record is known by source and id, writes one row and makes two
// outputs; no log. Prints records a second and microseconds a record, on memory and on SQLite.
//
//     task-turns [records] [records a turn] [memory|sqlite|both] [directory]
import Contracts
import Domain
import EventLog
import Foundation
import JSON
import StateStore
import TaskRuntime

struct Ping: EventPayload, Fact {
    static let type = "io.tributary.bench.pinged.v1"
    var name: String
    var occurredAt: Timestamp
    var entityID: String { name }

    init(name: String, occurredAt: Timestamp) {
        self.name = name
        self.occurredAt = occurredAt
    }

    init(reading reader: inout ObjectReader) {
        name = reader.string("name")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.value("occurred_at", occurredAt)
    }
}

final class PingProcessor: Processor {
    static let table = StateTable("ping")

    func decode(_ event: Event) throws -> any EventPayload { try event.payload(Ping.self) }
    func routingKey(of payload: any EventPayload, event: Event) -> String? { event.key }
    func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan { .zero }

    func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws {
        guard let ping = payload as? Ping else { return }
        try turn.state.put(PingProcessor.table, StateKey(ping.name), ping)
        turn.record(ping)
        turn.emit(ping, to: .approval, key: event.key)
    }

    func fire(_ timer: TaskTimer, in turn: TurnContext) throws {}
    func stateDidReset() {}
}

func measure(_ name: String, _ backend: any StateBackend, records: Int, perTurn: Int) throws {
    let catalogue = TopicCatalogue(partitions: 1)
    let task = try PartitionTask(
        configuration: TaskConfiguration(
            worker: .referral, partition: 0, catalogue: catalogue, partitions: PartitionCounts(byTopic: [:]),
            group: "bench"),
        state: TaskState(backend: backend), processor: PingProcessor(), position: 0, epoch: 1)
    var outputs = 0
    var offset: Int64 = 0
    var spent = Duration.zero
    while offset < records {
        // The input is not part of what is measured.
        let batch = (offset..<min(offset + Int64(perTurn), Int64(records))).map { offset in
            let time = Timestamp(millisecondsSince1970: 1_700_000_000_000 + offset)
            let key = "account-\(offset &* 7919 % 1_000_003).example"
            let envelope = EventEnvelope(id: "event-\(offset)", source: "/bench", type: Ping.type, time: time, key: key)
            return LogRecord(
                topic: catalogue.name(of: .referral), partition: 0, offset: offset,
                appendTimeMilliseconds: time.millisecondsSince1970, key: Array(key.utf8),
                value: JSONEncoding.encode(Ping(name: "ref_\(offset)", occurredAt: time)),
                headers: CloudEventCodec.encode(envelope))
        }
        let start = ContinuousClock.now
        for record in batch {
            guard try task.process(record) else { continue }
            outputs += task.takeOutputs().count
        }
        outputs += try task.finishTurn().changelog.count
        try task.commitTurn(changelogOffset: offset, committedAtMilliseconds: 0)
        spent += ContinuousClock.now - start
        offset += Int64(batch.count)
    }
    let seconds = Double(spent.components.seconds) + Double(spent.components.attoseconds) / 1e18
    print(
        "\(name): \(records) records, \(outputs) outputs and changelog rows, \(Int(Double(records) / seconds)) records/s, "
            + String(format: "%.2f us a record", seconds / Double(records) * 1e6))
}

let arguments = CommandLine.arguments
let records = arguments.count > 1 ? Int(arguments[1])! : 200_000
let perTurn = arguments.count > 2 ? Int(arguments[2])! : 1_000
let backends = arguments.count > 3 ? arguments[3] : "both"
let directory = arguments.count > 4 ? arguments[4] : NSTemporaryDirectory() + "task-turns-\(getpid())"

if backends != "sqlite" { try measure("memory", MemoryStateBackend(), records: records, perTurn: perTurn) }
if backends != "memory" {
    let provider = try SQLiteStateBackendProvider(
        directory: directory, tables: TaskConfiguration.tables + [PingProcessor.table], schemaVersion: 1)
    let backend = try provider.open(partition: 0)
    try measure("sqlite", backend, records: records, perTurn: perTurn)
    backend.close()
    try FileManager.default.removeItem(atPath: directory)
}
