import Contracts
import Domain
import EmbeddedLog
import EventLog
import Foundation
import JSON
import Testing

@testable import TaskRuntime

/// `offsets restore` in an installation whose notification worker stood for longer than its input is kept: of the two
/// partitions one has lost records that were not read, the other its position.
@Suite(
    .serialized, .timeLimit(.minutes(10)),
    .enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
struct OffsetCommandTests {
    private let catalogue = TopicCatalogue(partitions: 2)
    private let group = WorkerGroup.name(.notification, prefix: "tributary")
    private var topic: String { catalogue.name(of: .notification) }

    private func turn(at offset: Int64) -> TurnRow {
        TurnRow(
            inputOffset: offset, turn: 3, epoch: 2, clockKind: .wall, clockTime: Timestamp(millisecondsSince1970: 0),
            sequence: 0)
    }

    /// Partition 0: position 4, kept from 10. Partition 1: a turn at 2, no position.
    private func prepare(_ data: String) throws {
        let past = EmbeddedLog.wallClock() - TopicCatalogue.notificationRetentionMilliseconds - 60_000
        let old = try EmbeddedLog(directory: data, now: { past })
        try old.createTopics(catalogue.specifications)
        let producer = try old.producer(identity: "p")
        _ = try producer.append(
            (0..<10).map { OutgoingRecord(topic: topic, partition: 0, key: [$0], value: [$0]) })
        try old.write([0: CommittedPosition(offset: 4, metadata: turn(at: 4).metadata)], ofGroup: group, topic: topic)
        old.close()
        let log = try EmbeddedLog(directory: data)
        defer { log.close() }
        _ = try log.producer(identity: "p").append(
            (0..<3).map { OutgoingRecord(topic: topic, partition: Int32(min($0, 1)), key: [$0], value: [$0]) }
                + [(Int32(0), Int64(4)), (1, 2)].map { partition, offset in
                    let row = RowChange(
                        table: TurnRow.table, key: TurnRow.key.bytes, value: JSONEncoding.encode(turn(at: offset)))
                    return OutgoingRecord(
                        topic: catalogue.name(of: .changelog(.notification)), partition: partition,
                        key: Changelog.key(of: row), value: row.value, headers: Changelog.headers(turn: 3))
                })
        try log.maintain()
        #expect(try log.firstOffsets(of: topic) == [10, 0])
    }

    private func positions(_ data: String) throws -> [CommittedPosition?] {
        let log = try EmbeddedLog(directory: data)
        defer { log.close() }
        return try log.positions(ofGroup: group, topic: topic)
    }

    private func run(_ words: [String], in directory: DemoDirectory) throws -> BuiltProgram.Ended {
        try BuiltProgram.run(
            ["offsets", "restore", "notification", "--data", "data"] + words, in: directory.path)
    }

    @Test func `records that are gone are passed by word only and a lost position comes back`() throws {
        try DemoDirectory.with { directory in
            let data = "\(directory.path)/data"
            try prepare(data)
            let before = try positions(data)

            let refused = try run(["--yes"], in: directory)
            #expect(refused.code == 1)
            #expect(
                refused.output.contains(
                    "partition 0: the group has 4 (turn=3 epoch=2), the changelog's last turn stands at 4 (turn=3 epoch=2); "
                        + "6 unread offsets are gone, the topic has 10 to 11"), "\(refused.output)")
            #expect(
                refused.output.contains("partition 1: the group has no position, the changelog's last turn stands at 2")
            )
            #expect(refused.errors.contains("1 positions are out of their topic's range: --to first"))
            #expect(try run(["--to", "middle", "--yes"], in: directory).code == 2)
            #expect(try run(["--partition", "2", "--yes"], in: directory).code == 2)
            #expect(try run(["--to", "first", "--dry-run"], in: directory).code == 0)
            #expect(try positions(data) == before)

            let written = try run(["--to", "first", "--yes", "--json"], in: directory)
            #expect(written.code == 0)
            #expect(written.output.contains(#""positions":{"0":10,"1":2}"#), "\(written.output)")
            #expect(
                try positions(data) == [
                    CommittedPosition(offset: 10, metadata: "turn=3 epoch=2"),
                    CommittedPosition(offset: 2, metadata: "turn=3 epoch=2"),
                ])
            let again = try run([], in: directory)
            #expect(again.code == 0 && again.output.contains("no position has to be written"))
        }
    }

    @Test func `one partition is put right without a word about the other`() throws {
        try DemoDirectory.with { directory in
            let data = "\(directory.path)/data"
            try prepare(data)
            #expect(try run(["--partition", "1", "--yes"], in: directory).code == 0)
            #expect(try positions(data).map { $0?.offset } == [4, 2])
        }
    }

    /// The group's positions went with the old one.
    @Test func `a topic that was made anew and has grown past the position is told from the old one`() throws {
        try DemoDirectory.with { directory in
            let data = "\(directory.path)/data"
            let past = EmbeddedLog.wallClock() - 3_600_000
            let old = try EmbeddedLog(directory: data, now: { past })
            try old.createTopics(catalogue.specifications)
            let row = RowChange(
                table: TurnRow.table, key: TurnRow.key.bytes, value: JSONEncoding.encode(turn(at: 2)))
            _ = try old.producer(identity: "p").append([
                OutgoingRecord(
                    topic: catalogue.name(of: .changelog(.notification)), partition: 1, key: Changelog.key(of: row),
                    value: row.value, headers: Changelog.headers(turn: 3))
            ])
            old.close()
            let log = try EmbeddedLog(directory: data)
            _ = try log.producer(identity: "p").append(
                (0..<3).map { OutgoingRecord(topic: topic, partition: 1, key: [$0], value: [$0]) })
            log.close()
            let refused = try run(["--yes"], in: directory)
            #expect(refused.code == 1 && refused.output.contains("the topic was made anew since"), "\(refused.output)")
            #expect(try positions(data)[1] == nil)
            #expect(try run(["--to", "first", "--yes"], in: directory).code == 0)
            #expect(try positions(data)[1] == CommittedPosition(offset: 0, metadata: "turn=3 epoch=2"))
        }
    }

    /// A later turn than the changelog's: rows of it are lost. An earlier one: the turns after it were torn.
    @Test(arguments: [(4, true), (2, false)] as [(Int64, Bool)])
    func `a position of another turn is never overwritten`(turn: Int64, isRefused: Bool) throws {
        try DemoDirectory.with { directory in
            let data = "\(directory.path)/data"
            try prepare(data)
            let position = CommittedPosition(offset: 1, metadata: TurnRow.metadata(turn: turn, epoch: 2))
            let log = try EmbeddedLog(directory: data)
            try log.write([1: position], ofGroup: group, topic: topic)
            log.close()
            let ended = try run(["--to", "first", "--yes"], in: directory)
            #expect(ended.code == (isRefused ? 1 : 0))
            #expect(
                ended.output.contains(
                    isRefused ? "the changelog has lost turns" : "turns after 2 were not committed"), "\(ended.output)")
            #expect(try positions(data).map { $0?.offset } == (isRefused ? [4, 1] : [10, 1]))
        }
    }

    /// A worker that never came to work, whose position another tool set to the end.
    @Test func `a group without a turn begins at the start`() throws {
        try DemoDirectory.with { directory in
            let data = "\(directory.path)/data"
            try EmbeddedLog(directory: data).close()
            #expect(try BuiltProgram.run(["topics", "create", "--data", "data"], in: directory.path).code == 0)
            let log = try EmbeddedLog(directory: data)
            _ = try log.producer(identity: "p").append(
                [OutgoingRecord(topic: topic, partition: 1, key: [1], value: [1])])
            try log.write([1: CommittedPosition(offset: 1, metadata: "")], ofGroup: group, topic: topic)
            log.close()
            #expect(try run(["--yes"], in: directory).code == 0)
            #expect(try positions(data)[1] == CommittedPosition(offset: 0, metadata: "turn=0 epoch=0"))
        }
    }

    /// As `kafka-consumer-groups.sh --reset-offsets` leaves it: the worker would stop for it.
    @Test func `a position that another tool wrote is put right`() throws {
        try DemoDirectory.with { directory in
            let data = "\(directory.path)/data"
            try prepare(data)
            let log = try EmbeddedLog(directory: data)
            try log.write(
                [
                    0: CommittedPosition(offset: 10, metadata: ""),
                    1: CommittedPosition(offset: 2, metadata: ""),
                ], ofGroup: group, topic: topic)
            log.close()
            #expect(try run(["--to", "end", "--yes"], in: directory).code == 0)
            #expect(try positions(data).map { $0?.offset } == [11, 2])
            #expect(try positions(data).allSatisfy { $0?.metadata == "turn=3 epoch=2" })
        }
    }
}
