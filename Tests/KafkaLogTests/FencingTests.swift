import EventLog
import Synchronization
import Testing

@testable import KafkaLog

extension BrokerTests {
    /// What exactly-once rests on: each of these was seen to fail when done otherwise.
    @Suite struct FencingTests {
        @Test func aTurnWithoutPositionsIsRefusedAsNothingWouldFenceIt() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            try session.begin()
            try session.append(topics.record(topics.output, "x"))
            let error = #expect(throws: LogError.self) { try session.commit([], deadline: .now + .seconds(5)) }
            #expect(error?.code == .invalidState)
            #expect(error?.errorClass == .abortable)
            try session.abort()
            #expect(try topics.values(of: topics.output).isEmpty)
        }

        @Test func aPositionOfAForeignPartitionIsRefused() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let session = try topics.session(topics.configuration("a"))
            defer { session.end() }
            try session.begin()
            let error = #expect(throws: LogError.self) {
                try session.commit(
                    [TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: .now + .seconds(5))
            }
            #expect(error?.code == .ownershipLost)
            #expect(error?.errorClass == .abortable)
            try session.abort()
        }

        /// A stopped owner: it does not poll, its client leaves the group and joins again on its own thread. The turn
        /// carries the metadata of its assignment, so it is refused; that of the moment would let it through.
        @Test func aStoppedOwnersTurnIsRefused() throws {
            let topics = try Topics(properties: ["max.poll.interval.ms": "1500"])
            defer { topics.log.close() }
            let stopped = try topics.assigned(topics.configuration("stopped", sessionTimeout: .seconds(1)))
            defer { stopped.end() }
            try stopped.begin()
            for topic in [topics.output, topics.changelog] { try stopped.append(topics.record(topic, "zombie")) }
            try stopped.producer.drain(until: .now + .seconds(5))

            let successor = try topics.assigned(topics.configuration("successor", sessionTimeout: .seconds(1)))
            defer { successor.end() }
            try successor.turn([topics.record(topics.output, "successor")], at: 5)

            let error = #expect(throws: LogError.self) {
                try stopped.commit(
                    [TurnOffset(partition: 0, offset: 3, metadata: "turn=1 epoch=1")], deadline: .now + .seconds(5))
            }
            #expect(error?.errorClass == .abortable)
            #expect(error?.code == .ownershipLost)
            try stopped.abort()
            #expect(try topics.values(of: topics.output) == ["successor"])
            #expect(try topics.log.committedOffsets(group: topics.group, topic: topics.input) == [5])

            // Lost where its client knows it by now, else revoked; the turn was refused either way.
            let gone = try stopped.next {
                switch $0 {
                case .lost(let partitions), .revoked(let partitions): partitions
                case .assigned, .records, .outOfRange: nil
                }
            }
            #expect(gone == [0])
            try stopped.finishRevocation()
        }

        /// The same without a successor: the client itself gives the membership up, and the partitions are lost.
        @Test func anOwnerThatDidNotPollInTimeLosesItsPartitions() throws {
            let topics = try Topics(properties: ["max.poll.interval.ms": "1000"])
            defer { topics.log.close() }
            let stopped = try topics.assigned(topics.configuration("stopped", sessionTimeout: .seconds(1)))
            defer { stopped.end() }
            // Until the coordinator has it no more.
            let deadline = ContinuousClock.now + .seconds(20)
            while GroupMetadata(of: stopped.handle) != nil, !deadline.hasPassed {}
            let lost = try stopped.next { if case .lost(let partitions) = $0 { partitions } else { nil } }
            #expect(lost == [0])
            try stopped.begin()
            let error = #expect(throws: LogError.self) {
                try stopped.commit([TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: .now + .seconds(5))
            }
            #expect(error?.code == .ownershipLost)
            try stopped.abort()
            #expect(throws: LogError.self) { try stopped.resume(0, at: 0) }
            try stopped.finishRevocation()
            let again = try stopped.next { if case .assigned(let partitions) = $0 { partitions } else { nil } }
            #expect(again == [0])
        }

        @Test(arguments: [SessionConfiguration.Membership.static, .dynamic])
        func aSecondHolderOfAnIdentityFencesTheFirst(membership: SessionConfiguration.Membership) throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let first = try topics.assigned(topics.configuration("a", membership))
            defer { first.end() }
            try first.begin()
            try first.append(topics.record(topics.output, "first"))
            try first.producer.drain(until: .now + .seconds(5))
            let second = try topics.session(topics.configuration("a", membership))
            defer { second.end() }
            let error = #expect(throws: LogError.self) {
                try first.commit([TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: .now + .seconds(5))
            }
            #expect(error?.code == .producerFenced)
            #expect(error?.errorClass == .fatal)
            if membership == .static {
                let polled = #expect(throws: LogError.self) { try first.next { _ in nil as Bool? } }
                #expect(polled?.code == .fenced)
                #expect(polled?.errorClass == .fatal)
            }
            #expect(try topics.values(of: topics.output).isEmpty)
        }

        /// A process is killed in the middle of an append: whoever has its identity next ends its transaction, and readers do
        /// not wait until the broker does.
        @Test func aProducerEndsWhatADeadOneOfItsIdentityLeftOpen() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let identity = "\(topics.group).sender"
            let dead = try TransactionalProducer(
                identity: identity, timeout: .seconds(120), configuration: topics.log.configuration,
                diagnostics: KafkaDiagnostics(sink: nil), maximumBytes: { _ in nil })
            try dead.takeOver(until: .now + .seconds(10))
            try dead.begin()
            try dead.append(topics.record(topics.output, "dead"))
            try dead.drain(until: .now + .seconds(5))
            dead.close()
            #expect(try topics.log.endOffset(of: TopicPartition(topics.output, 0)) == 0)
            let start = ContinuousClock.now
            let next = try topics.log.producer(identity: identity, transactionTimeout: .seconds(120))
            defer { next.close() }
            try next.append([topics.record(topics.output, "next")])
            #expect(try topics.values(of: topics.output) == ["next"])
            #expect(ContinuousClock.now - start < .seconds(60))
        }

        /// The library would flush after it sent the positions: a stopped owner could then write after its successor
        /// looked at the changelog's end.
        @Test func everyDeliveryIsAcknowledgedBeforeThePositionsAreSent() throws {
            let lines = Mutex<[String]>([])
            let topics = try Topics(properties: ["debug": "protocol", "linger.ms": "1000"]) { line in
                lines.withLock { $0.append(line) }
            }
            defer { topics.log.close() }
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            try session.turn([topics.record(topics.output, "warm")], at: 1)
            lines.withLock { $0.removeAll() }
            try session.turn((0..<100).map { topics.record(topics.changelog, "\($0)") }, at: 2)
            let seen = lines.withLock { $0 }
            let delivered = try #require(seen.lastIndex { $0.contains("Received ProduceResponse") })
            let sent = try #require(seen.firstIndex { $0.contains("Sent TxnOffsetCommitRequest") })
            #expect(delivered < sent)
        }

        /// Rows that were committed above a dead owner's open transaction count: a read-committed reader stops below
        /// them, and that is not the end.
        @Test func aRestoreIsNotDoneAtTheLastStableOffset() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            try topics.append((0..<50).map { "before \($0)" }, to: topics.changelog)
            let dead = try topics.log.producer(identity: "\(topics.group).dead")
            let open = try TransactionalProducer(
                identity: "\(topics.group).open", timeout: .seconds(5), configuration: topics.log.configuration,
                diagnostics: KafkaDiagnostics(sink: nil), maximumBytes: { _ in nil })
            try open.takeOver(until: .now + .seconds(10))
            dead.close()
            try open.begin()
            try open.append(topics.record(topics.changelog, "open"))
            try open.drain(until: .now + .seconds(5))
            try topics.append((0..<50).map { "after \($0)" }, to: topics.changelog)

            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            let bounds = try session.changelogBounds(0)
            #expect(bounds.first == 0)
            #expect(bounds.end == 103)
            var rows = 0
            var position: Int64 = 0
            while position < 51 {
                let slice = try session.readChangelog(0, from: position, maximum: 20, timeout: .seconds(1))
                rows += slice.records.count
                position = slice.position
            }
            #expect(rows == 50)
            #expect(
                try session.readChangelog(0, from: position, maximum: 20, timeout: .milliseconds(300)).position == 51)
            // The owner dies; the coordinator ends its transaction.
            open.close()
            while position < bounds.end {
                let slice = try session.readChangelog(0, from: position, maximum: 20, timeout: .seconds(1))
                rows += slice.records.count
                position = slice.position
            }
            #expect(rows == 100)
            // And again from the start, as a task that was put down is restored.
            #expect(try session.readChangelog(0, from: 0, maximum: 10, timeout: .seconds(5)).position == 10)
        }
    }
}
