import EventLog
import Testing

@testable import KafkaLog

extension BrokerTests {
    @Suite struct CompactionTests {
        /// Rows that compaction left out, at the end of the changelog too, must not keep a restore from its end.
        @Test func aRestorePassesTheGapsOfACompactedChangelog() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let changelog = Broker.unique("compacted")
            try topics.log.createTopics([
                TopicSpecification(name: changelog, partitions: 1, cleanup: .compact(minimumLagMilliseconds: 0))
            ])
            // Three segments of the same four keys: all but the last rows of each may go.
            let producer = try topics.log.producer(identity: topics.group)
            let filler = (0..<200_000).map { _ in UInt8.random(in: .min ... .max) }
            for round in 0..<40 {
                try producer.append([
                    OutgoingRecord(topic: changelog, partition: 0, key: [UInt8(round % 4)], value: filler)
                ])
            }
            producer.close()

            var configuration = topics.configuration("a")
            configuration.changelogTopic = changelog
            let session = try topics.assigned(configuration)
            defer { session.end() }
            let deadline = ContinuousClock.now + .seconds(40)
            var rows = 40
            while rows >= 30, !deadline.hasPassed {
                // The cleaner needs its time; nothing comes here.
                _ = try session.poll(maximumRecords: 1, timeout: .milliseconds(300))
                rows = 0
                let end = try session.changelogBounds(0).end
                var position: Int64 = 0
                while position < end {
                    let slice = try session.readChangelog(0, from: position, maximum: 7, timeout: .seconds(1))
                    rows += slice.records.count
                    position = slice.position
                }
                #expect(position == end)
            }
            #expect(rows < 30)
        }
    }
}
