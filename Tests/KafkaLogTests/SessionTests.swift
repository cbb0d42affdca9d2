import EventLog
import KafkaLog
import Testing

@Suite(.serialized, .enabled(if: Broker.isAvailable), .timeLimit(.minutes(1)))
struct SessionTests {
    @Test func aTurnMakesRecordsAndPositionsVisibleTogether() throws {
        let log = try Broker.log()
        defer { log.close() }
        let (input, changelog) = (Broker.unique("in"), Broker.unique("changelog"))
        try log.createTopics([
            TopicSpecification(name: input, partitions: 2, cleanup: .delete(retentionMilliseconds: nil)),
            TopicSpecification(name: changelog, partitions: 2, cleanup: .compact(minimumLagMilliseconds: 1000)),
        ])
        let group = Broker.unique("group")
        let session = try log.session(
            SessionConfiguration(group: group, topic: input, changelogTopic: changelog, identity: group))
        defer { session.close(deadline: .now + .seconds(5)) }
        var events: [SessionEvent] = []
        while events.isEmpty { events = try session.poll(maximumRecords: 10, timeout: .seconds(1)) }
        #expect(try session.committed(0, timeout: .seconds(3)) == nil)

        try session.begin()
        try session.append(OutgoingRecord(topic: changelog, partition: 1, key: [1], value: [2]))
        let ends = try session.commit(
            [TurnOffset(partition: 0, offset: 0, metadata: "turn=1 epoch=2")], deadline: .now + .seconds(5))
        #expect(ends == [1: 1])

        #expect(
            try session.committed(0, timeout: .seconds(3))
                == CommittedPosition(offset: 0, metadata: "turn=1 epoch=2"))
        #expect(try session.readChangelog(1, from: 0, maximum: 10, timeout: .seconds(5)).records.map(\.key) == [[1]])
    }
}
