package import Contracts
package import Domain
import JSON

/// What a handler may do while one record or one timer is processed.
package final class TurnContext {
    /// The partition's rows.
    package let state: TaskState
    /// Judging time of the record, or the due time of the timer: the only clock a decision may use.
    package private(set) var now: Timestamp
    /// The event being applied; `nil` while a timer fires.
    package private(set) var event: Event?

    private let partitions: PartitionCounts
    private var timer: TaskTimer?
    private(set) var outputs: [Output] = []
    /// Why the event goes to the dead letters although it was applied.
    private(set) var partialFailure: DeadLetter?

    init(state: TaskState, partitions: PartitionCounts) {
        self.state = state
        self.partitions = partitions
        now = .distantPast
    }

    /// Begins the processing of an event at its judging time.
    func begin(event: Event?, now: Timestamp) {
        self.event = event
        self.now = now
        timer = nil
        outputs.removeAll(keepingCapacity: true)
        partialFailure = nil
    }

    /// Lets a processor read at a time without any event.
    func begin(reading now: Timestamp) {
        event = nil
        timer = nil
        self.now = now
    }

    /// Begins the firing of a timer at its due time.
    func begin(timer: TaskTimer) {
        event = nil
        now = timer.due
        self.timer = timer
        outputs.removeAll(keepingCapacity: true)
    }

    /// Emits an event to another part's topic (or the worker's own). Its id is derived from the input, its target and its index,
    /// so that a replay gives the same one. Its `ce_time` is `now`.
    ///
    /// - Parameter key: the routing key; it decides the partition.
    package func emit<Payload: EventPayload>(_ payload: Payload, to topic: Topic, key: String, subject: String? = nil) {
        outputs.append(
            Output(topic: topic, key: key, type: Payload.type, subject: subject, data: JSONEncoding.encode(payload)))
    }

    /// Records a fact for readers in `outcome.v1`, keyed by the entity's id.
    package func record<Payload: Fact>(_ fact: Payload) {
        record(Payload.self, of: fact.entityID, data: JSONEncoding.encode(fact))
    }

    /// As `record`, of a fact that is encoded already.
    package func record<Payload: Fact>(_: Payload.Type, of entityID: String, data: [UInt8]) {
        outputs.append(Output(topic: .outcome, key: entityID, type: Payload.type, subject: entityID, data: data))
    }

    /// Part of the event being applied cannot be used: it becomes a dead letter beside what the rest of it brings. The
    /// first call of an event counts.
    package func refusePart(_ letter: DeadLetter) { partialFailure = partialFailure ?? letter }

    /// Schedules a timer; one of the same name and due time is replaced.
    package func schedule(_ timer: TaskTimer) throws {
        try state.schedule(timer)
    }

    /// Cancels a timer that may or may not still be there.
    package func cancelTimer(named name: String, due: Timestamp) throws {
        try state.cancelTimer(named: name, due: due)
    }

    /// An id of our own: `<prefix><8 hex of the routing key's hash><16 hex derived>`. `parts` name what the id stands for;
    /// equal parts give equal ids.
    package func deriveID<Kind: IdentifierKind>(
        _: Identifier<Kind>.Type, prefix: String? = nil, routingKey: String, parts: String...
    ) -> Identifier<Kind> {
        Identifier(unchecked: DerivedID.text(prefix: prefix ?? Kind.prefixes[0], routingKey: routingKey, parts: parts))
    }

    /// An output before the runtime gives it its id, headers and partition.
    struct Output {
        var topic: Topic
        var key: String
        var type: String
        var subject: String?
        var data: [UInt8]
    }
}

/// How many partitions each topic has.
package struct PartitionCounts: Sendable {
    package var byTopic: [Topic: Int32]

    package init(byTopic: [Topic: Int32]) { self.byTopic = byTopic }

    package subscript(topic: Topic) -> Int32 { byTopic[topic] ?? 1 }
}
