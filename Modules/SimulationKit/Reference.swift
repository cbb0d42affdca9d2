import Contracts
import EventLog
import JSON
import TaskRuntime

/// The rows of a store, without what depends on how its input was cut into turns.
struct StoreRows: Equatable {
    private(set) var rows: [String: [UInt8]] = [:]

    init(of backend: MemoryStateBackend) throws {
        try backend.forEachRow { table, key, value in
            if table == TurnRow.table {
                var row = try JSONDocument.decode(TurnRow.self, from: value)
                row.turn = 0
                row.epoch = 0
                add(table.name, key, JSONEncoding.encode(row))
            } else {
                add(table.name, key, value)
            }
        }
    }

    private mutating func add(_ table: String, _ key: [UInt8], _ value: [UInt8]) {
        rows["\(table) \(key.map { String($0, radix: 16) }.joined(separator: "."))"] = value
    }

    /// What the other has otherwise, in a few words.
    func difference(from other: StoreRows) -> String {
        let names = Set(rows.keys).union(other.rows.keys).filter { rows[$0] != other.rows[$0] }.sorted()
        return names.prefix(3).map { name in
            let texts = [self, other].map { $0.rows[name].map { String(decoding: $0, as: UTF8.self) } ?? "nothing" }
            return "\(name): \(texts[0]) instead of \(texts[1])"
        }.joined(separator: "; ")
    }
}

/// One partition of one worker, never disturbed: the committed input once, in its order, in one go.
final class Reference {
    let worker: WorkerName
    let partition: Int32
    private let input: SimulatedPartition
    private let backend = MemoryStateBackend()
    private let task: PartitionTask
    private var position: Int64 = 0
    /// All that it made, in order.
    private(set) var outputs: [OutgoingRecord] = []

    init(_ worker: WorkerName, _ partition: Int32, _ world: World) throws {
        self.worker = worker
        self.partition = partition
        let workload = world.workload
        input = world.broker.partition(TopicPartition(workload.catalogue.name(of: worker.input), partition))
        let state = TaskState(backend: backend)
        task = try PartitionTask(
            configuration: TaskConfiguration(
                worker: worker, partition: partition, catalogue: workload.catalogue,
                partitions: workload.partitionCounts, group: world.group(of: worker)),
            state: state, processor: try workload.makeProcessor(worker, state, partition), position: 0, epoch: 1)
    }

    /// Goes on to `end`, and gives the rows as they are then.
    func rows(upTo end: Int64) throws -> StoreRows {
        let read = input.read(from: position, maximum: .max)
        for record in read.records where record.offset < end {
            while try !task.process(record) {}
        }
        position = max(position, end)
        outputs += task.takeOutputs()
        _ = try task.finishTurn()
        try task.commitTurn(changelogOffset: 0, committedAtMilliseconds: 0)
        return try StoreRows(of: backend)
    }
}
