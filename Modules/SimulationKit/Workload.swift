import Contracts
import Domain
import EventLog
import JSON
import TaskRuntime

/// What is processed in a simulation: which workers, and what comes in from outside.
protocol Workload: AnyObject {
    var catalogue: TopicCatalogue { get }
    var workers: [WorkerName] { get }
    func makeProcessor(_ worker: WorkerName, _ state: TaskState, _ partition: Int32) throws -> any Processor
    /// Plans everything that comes in.
    func feed(_ world: World, duration: Int64)
    /// What is wrong with the outcome by a reckoning of its own, which shares nothing with the runtime.
    func complaints(_ world: World) throws -> [String]
}

extension Workload {
    var partitionCounts: PartitionCounts {
        var counts = PartitionCounts(byTopic: [:])
        for topic in TopicCatalogue.topics { counts.byTopic[topic] = catalogue.specification(of: topic).partitions }
        return counts
    }

    /// An event from outside as a record, in the partition of its key.
    func record<Payload: EventPayload>(
        _ payload: Payload, to topic: Topic, key: String, id: String, partition: Int32? = nil, commandID: String? = nil
    ) -> OutgoingRecord {
        CloudEventCodec.encode(
            EventEnvelope(
                id: id, source: "/outside", type: Payload.type, time: payload.occurredAt, key: key,
                commandID: commandID),
            data: JSONEncoding.encode(payload), topic: catalogue.name(of: topic),
            partition: partition
                ?? Partitioner.partition(of: key, count: catalogue.specification(of: topic).partitions))
    }

    /// An event that every partition of the workers' inputs gets a copy of.
    func broadcast<Payload: EventPayload>(_ payload: Payload, key: String, id: String, to topics: [Topic]? = nil)
        -> [OutgoingRecord]
    {
        Broadcast.records(
            of: JSONEncoding.encode(payload),
            envelope: EventEnvelope(
                id: id, source: "/outside", type: Payload.type, time: payload.occurredAt, key: key, isBroadcast: true),
            to: (topics ?? workers.map(\.input)).map {
                (catalogue.name(of: $0), catalogue.specification(of: $0).partitions)
            })
    }
}
