import EventLog
import Foundation
import Synchronization
import Testing

@testable import KafkaLog

extension BrokerTests {
    @Suite struct SessionTests {
        @Test func anAssignmentIsPausedUntilItIsResumedAtAPosition() throws {
            let topics = try Topics(partitions: 8)
            defer { topics.log.close() }
            for partition in 0..<8 {
                try topics.append(["a", "b", "c"], to: topics.input, partition: Int32(partition))
            }
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            #expect(try session.poll(maximumRecords: 10, timeout: .milliseconds(300)).isEmpty)
            // All at once, and each from its own position: none may jump to another one.
            for partition in 0..<8 { try session.resume(Int32(partition), at: Int64(partition % 3)) }
            var expected: Set<String> = []
            for partition in 0..<8 { for offset in partition % 3..<3 { expected.insert("\(partition)@\(offset)") } }
            let records = try session.records(expected.count)
            #expect(Set(records.map { "\($0.partition)@\($0.offset)" }) == expected)
            #expect(records.count == expected.count)
        }

        @Test func aPausedPartitionIsReadAgainFromWhereItIsResumed() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            try topics.append((0..<100).map { "\($0)" }, to: topics.input)
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            try session.resume(0, at: 0)
            #expect(try session.records(10).map(\.offset) == Array(0..<10))
            try session.pause(0)
            #expect(try session.poll(maximumRecords: 100, timeout: .milliseconds(200)).isEmpty)
            try session.resume(0, at: 5)
            #expect(try session.records(95).map(\.offset) == Array(5..<100))
            try session.pause(0)
            try session.resume(0, at: 98)
            #expect(try session.records(2).map(\.text) == ["98", "99"])
            #expect(throws: LogError.self) { try session.resume(0, at: 1) }
        }

        /// In this library version an answer to it that the group's end overtakes would be waited for for ever.
        @Test func aSessionCanBeClosedWhoseAssignmentWaits() throws {
            let topics = try Topics(partitions: 8)
            defer { topics.log.close() }
            for round in 0..<60 {
                let session = try topics.session(topics.configuration("a", .static))
                let queue = KafkaQueue.consumer(of: session.handle)
                let limit = ContinuousClock.now + .seconds(10)
                while queue.count == 0, ContinuousClock.now < limit { Thread.sleep(forTimeInterval: 0.002) }
                #expect(queue.count == 1)
                queue.close()
                let closed = DispatchSemaphore(value: 0)
                nonisolated(unsafe) let waiting = session
                Thread.detachNewThread {
                    unsafe waiting.end()
                    closed.signal()
                }
                try #require(closed.wait(timeout: .now() + 20) == .success, "round \(round)")
            }
        }

        /// Of each partition as many as of the others, once the client has fetched of both.
        @Test func aPollTakesOfEveryPartitionThatHasRecords() throws {
            let topics = try Topics(partitions: 2)
            defer { topics.log.close() }
            for partition in 0..<2 {
                try topics.append((0..<200).map { "\($0)" }, to: topics.input, partition: Int32(partition))
            }
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            for partition in 0..<2 { try session.resume(Int32(partition), at: 0) }
            var shares: [[Int]] = []
            while !shares.contains([5, 5]), shares.count < 18 {
                // Nothing tells when the client has.
                Thread.sleep(forTimeInterval: 0.05)
                for case .records(let records) in try session.poll(maximumRecords: 10, timeout: .milliseconds(500)) {
                    shares.append((0..<2).map { partition in records.count { $0.partition == Int32(partition) } })
                }
            }
            #expect(shares.contains([5, 5]), "\(shares)")
        }

        @Test func positionsThatWereLostAreWrittenBackInPlaceOfTheMembers() throws {
            let topics = try Topics(partitions: 2)
            defer { topics.log.close() }
            let positions = [Int32(1): CommittedPosition(offset: 7, metadata: "turn=3 epoch=1")]
            try topics.log.write(positions, ofGroup: topics.group, topic: topics.input)
            #expect(try topics.log.committedOffsets(group: topics.group, topic: topics.input) == [nil, 7])
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            #expect(try session.committed(1, timeout: .seconds(5)) == positions[1])
            #expect(try session.committed(0, timeout: .seconds(5)) == nil)
            let error = #expect(throws: LogError.self) {
                try topics.log.write(positions, ofGroup: topics.group, topic: topics.input)
            }
            #expect(error?.code == .refused)
        }

        @Test func recordsAndPositionsBecomeVisibleTogether() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            #expect(try session.committed(0, timeout: .seconds(5)) == nil)
            let records = [
                topics.record(topics.output, "out"), topics.record(topics.changelog, "row 1"),
                topics.record(topics.changelog, "row 2"),
            ]
            #expect(try session.turn(records, at: 7, number: 3) == [0: 2])
            #expect(
                try session.committed(0, timeout: .seconds(5))
                    == CommittedPosition(offset: 7, metadata: "turn=3 epoch=1"))
            #expect(try topics.log.committedOffsets(group: topics.group, topic: topics.input) == [7])
            #expect(try topics.log.committedOffsets(group: Broker.unique("nobody"), topic: topics.input) == [nil])
            #expect(try topics.values(of: topics.output) == ["out"])
        }

        @Test func anAbortedTurnLeavesNothing() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            try session.begin()
            for number in 0..<500 {
                try session.append(topics.record(topics.output, "lost \(number)"))
                // The first ones wait for others for a while, the rest goes out at once.
                if number == 250 { Thread.sleep(forTimeInterval: 0.05) }
            }
            try session.abort()
            try session.turn([topics.record(topics.output, "kept")], at: 1)
            #expect(try topics.values(of: topics.output) == ["kept"])
            #expect(try topics.log.committedOffsets(group: topics.group, topic: topics.input) == [1])
        }

        /// Records wait until the transaction has their partitions: at its begin, and for its end where they are the first of
        /// theirs later.
        @Test func recordsKeepTheirOrderWhetherTheyWaitedOrNot() throws {
            let topics = try Topics(partitions: 3)
            defer { topics.log.close() }
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            // The last partition comes when the others are there, and has more than may wait.
            let filling = String(repeating: "x", count: 4_000)
            for turn in 0..<3 {
                try session.begin()
                for number in 0..<2_000 {
                    if number == 500 { Thread.sleep(forTimeInterval: 0.05) }
                    let partition = number < 1_000 ? Int32(number % 2) : Int32(number % 3)
                    try session.append(
                        topics.record(topics.output, "\(turn) \(number) \(filling)", partition: partition))
                }
                _ = try session.commit(
                    [TurnOffset(partition: 0, offset: 0, metadata: "turn=\(turn) epoch=1")],
                    deadline: .now + .seconds(10))
            }
            for partition in 0..<3 {
                let found = try topics.values(of: topics.output, partition: Int32(partition))
                let expected = (0..<3).flatMap { turn in
                    (0..<2_000).filter { ($0 < 1_000 ? $0 % 2 : $0 % 3) == partition }.map {
                        "\(turn) \($0) \(filling)"
                    }
                }
                #expect(found == expected, "partition \(partition)")
            }
        }

        @Test func aRestartGoesOnAtTheCommittedPosition() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            try topics.append(["a", "b", "c"], to: topics.input)
            let first = try topics.assigned(topics.configuration("a", .static))
            try first.resume(0, at: 0)
            #expect(try first.records(2).map(\.text) == ["a", "b"])
            try first.turn([], at: 2)
            first.end()
            let second = try topics.assigned(topics.configuration("a", .static))
            defer { second.end() }
            let position = try #require(try second.committed(0, timeout: .seconds(5)))
            try second.resume(0, at: position.offset)
            #expect(try second.records(1).map(\.text) == ["c"])
        }

        @Test func inputThatIsGoneStopsWithTheNumberOfLostRecords() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            for number in 0..<5 { try topics.append(["\(number)"], to: topics.input) }
            try topics.deleteInput(below: 6)
            let first = try topics.assigned(topics.configuration("a"))
            try first.resume(0, at: 2)
            let reason = try first.next { if case .outOfRange(0, let reason) = $0 { reason } else { nil } }
            first.end()
            #expect(reason == "\(topics.input)/0: 4 unread records are gone (wanted 2, kept from 6)")
            #expect(try topics.log.firstOffsets(of: topics.input) == [6])
            let second = try topics.assigned(topics.configuration("a"))
            defer { second.end() }
            try second.resume(0, at: 6)
            #expect(try second.records(2).map(\.text) == ["3", "4"])
        }

        @Test func aDynamicMemberLeavesAtOnceAndAStaticOneKeepsItsPartitions() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let first = try topics.assigned(topics.configuration("a", .static, sessionTimeout: .seconds(1)))
            first.end()
            let start = ContinuousClock.now
            let second = try topics.assigned(topics.configuration("b", .dynamic, sessionTimeout: .seconds(1)))
            // The static member's session ran out first.
            #expect(ContinuousClock.now - start > .milliseconds(500))
            second.end()
            let third = try topics.assigned(topics.configuration("c", .dynamic))
            third.end()
        }

        @Test func aStaticMemberThatIsBackInItsSessionTimeMovesNothing() throws {
            let topics = try Topics(partitions: 4)
            defer { topics.log.close() }
            let configurations = ["a", "b"].map { topics.configuration($0, .static) }
            let first = try topics.session(configurations[0])
            let other = try topics.session(configurations[1])
            defer { other.end() }
            let shares = try Self.share([first, other])
            #expect(shares.map(\.count) == [2, 2])
            #expect(Set(shares.joined()) == [0, 1, 2, 3])

            let left = ContinuousClock.now
            first.end()
            #expect(try other.changes(within: .seconds(1)) == [])
            let again = try topics.session(configurations[0])
            defer { again.end() }
            let share = try again.next { if case .assigned(let partitions) = $0 { partitions } else { nil } }
            #expect(share == shares[0])
            #expect(ContinuousClock.now - left < configurations[0].sessionTimeout)
            // A rebalance is heard of by the next heartbeat, a second later at most.
            #expect(try other.changes(within: .seconds(3)) == [])
            #expect(try again.changes(within: .zero) == [])

            // Both are of the generation that the group has.
            for (session, share) in zip([again, other], shares) {
                try session.begin()
                _ = try session.commit(
                    share.map { TurnOffset(partition: $0, offset: 1, metadata: "turn=1 epoch=1") },
                    deadline: .now + .seconds(5))
                for partition in share {
                    #expect(try session.committed(partition, timeout: .seconds(5))?.offset == 1)
                }
            }
        }

        /// Polls all members, which give up what is revoked, until each has a part of the input.
        private static func share(_ sessions: [KafkaSession]) throws -> [[Int32]] {
            var shares: [[Int32]] = sessions.map { _ in [] }
            let deadline = ContinuousClock.now + .seconds(20)
            while shares.contains([]), !deadline.hasPassed {
                for (index, session) in sessions.enumerated() {
                    for event in try session.poll(maximumRecords: 1, timeout: .milliseconds(50)) {
                        switch event {
                        case .assigned(let partitions): shares[index] = partitions
                        case .revoked, .lost:
                            shares[index] = []
                            try session.finishRevocation()
                        case .records, .outOfRange: break
                        }
                    }
                }
            }
            return shares
        }

        @Test func aMemberThatLeavesAnswersARebalanceThatWaitsForItOnce() throws {
            let said = Mutex<[String]>([])
            let topics = try Topics(partitions: 4, properties: ["debug": "cgrp"]) { line in
                said.withLock { $0.append(line) }
            }
            defer { topics.log.close() }
            func count(_ words: String) -> Int {
                said.withLock { $0.count { $0.contains(topics.group) && $0.contains(words) } }
            }
            let other = try KafkaLog(bootstrap: Broker.bootstrap, properties: [:], replicationFactor: 1)
            defer { other.close() }
            let first = try topics.assigned(topics.configuration("a", .static))
            let second = try other.session(topics.configuration("b", .static))
            defer { second.close(deadline: .now + .seconds(5)) }
            while count("delegating revoke") == 0 {
                _ = try second.poll(maximumRecords: 1, timeout: .milliseconds(20))
            }
            let start = ContinuousClock.now
            first.close(deadline: start + .seconds(60))
            #expect(ContinuousClock.now - start < .seconds(30))
            // An answer too many is lost where the group has ended meanwhile, and whoever gives it waits for ever.
            #expect(count("delegating assign") == 1)
            #expect(count("delegating revoke") == 1)
            // One to the joining, and at most one to the leaving: an ending group gives its partitions up by itself, and may
            // have ended before it is answered.
            #expect((1...2).contains(count("received op ASSIGN")))
        }

        @Test func twoMembersShareTheInputAndTheFirstCommitsBeforeItLetsGo() throws {
            let topics = try Topics(partitions: 4)
            defer { topics.log.close() }
            let first = try topics.assigned(topics.configuration("a"))
            defer { first.end() }
            try first.begin()
            try first.append(topics.record(topics.output, "in time"))
            let second = try topics.session(topics.configuration("b"))
            defer { second.end() }
            let gone = try first.next { if case .revoked(let partitions) = $0 { partitions } else { nil } }
            #expect(gone == [0, 1, 2, 3])
            #expect(throws: LogError.self) { try first.poll(maximumRecords: 1, timeout: .zero) }
            _ = try first.commit(
                [TurnOffset(partition: 3, offset: 4, metadata: "turn=1 epoch=1")], deadline: .now + .seconds(5))
            try first.finishRevocation()

            var shares: [[Int32]] = [[], []]
            while shares.contains([]) {
                for (index, session) in [first, second].enumerated() {
                    for case .assigned(let partitions) in try session.poll(
                        maximumRecords: 1, timeout: .milliseconds(50))
                    {
                        shares[index] = partitions
                    }
                }
            }
            #expect(shares.flatMap { $0 }.sorted() == [0, 1, 2, 3])
            #expect(try topics.values(of: topics.output) == ["in time"])
            #expect(try topics.log.committedOffsets(group: topics.group, topic: topics.input) == [nil, nil, nil, 4])
        }
    }
}

extension KafkaSession {
    /// The first change of what the member has, if one comes within `time`.
    fileprivate func changes(within time: Duration) throws -> [String] {
        let end = ContinuousClock.now + time
        repeat {
            for event in try poll(maximumRecords: 1, timeout: .milliseconds(100)) {
                switch event {
                case .assigned, .revoked, .lost: return ["\(event)"]
                case .records, .outOfRange: break
                }
            }
        } while !end.hasPassed
        return []
    }
}
