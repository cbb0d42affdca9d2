import CommandLineKit
import Contracts
import Domain
import EventLog
import Foundation
import JSON
import NotificationWorker
import StateStore
import Testing

@testable import Commands
@testable import TaskRuntime
@testable import WorkerService

/// A partition's state is a function of its input alone: what a demonstration left in the workers' stores is made again
/// from the log, in other turns and in memory.
@Suite struct DemoReplayTests {
    /// Sends no message: what was sent stands in the input.
    private final class NoDispatch: NotificationDispatch {
        func room(for partition: Int32) -> Int { 0 }
        func take(_ jobs: [NotificationJob], from partition: Int32) -> Int { 0 }
        func underway(of partition: Int32) -> Set<NotificationID> { [] }
        func own(_ partition: Int32) -> Int { 0 }
        func finish(_ partition: Int32, of owner: Int) {}
        func forget(_ partition: Int32, of owner: Int) {}
    }

    /// Rows by table and key; of the turn's own row only what does not depend on how the input was cut into turns.
    private typealias Rows = [String: [UInt8]]

    @Test func `every store is made again from its input, and from its changelog`() throws {
        try DemoDirectory.with { directory in
            let code = Tributary.run(
                [
                    "demo", "--small", "--data", directory.path, "--examples", "\(repositoryRoot)/Examples", "--mail",
                    "null",
                ], environment: [:])
            #expect(code == 0)
            let options = try directory.options()
            try spoil(options)
            let log = try options.log.open(dataDirectory: options.data).log
            defer { log.close() }
            var counts = TaskCounts()
            for worker in WorkerName.allCases {
                let definition =
                    worker == .notification
                    ? WorkerDefinition(name: worker, tables: NotificationProcessor.tables) { state, partition in
                        NotificationProcessor(state: state, partition: partition, dispatch: NoDispatch()) { _ in
                            ReadThrough(from: [:], to: [:], open: log.reader)
                        }
                    } : WorkerDefinition.make(worker, postOffice: nil)
                let stores = try SQLiteStateBackendProvider(
                    directory: "\(options.data)/\(worker.rawValue)-worker/0-0", tables: definition.tables,
                    schemaVersion: Int64(Changelog.schemaVersion))
                for partition in 0..<options.catalogue.partitions {
                    let place = "\(worker.rawValue)-worker, partition \(partition)"
                    let store = try stores.open(partition: partition)
                    defer { store.close() }
                    let kept = try rows(of: store)
                    let replayed = try replay(definition, partition, log, options.catalogue, &counts)
                    compare(kept, replayed, "\(place), replayed")
                    compare(kept, try restore(worker, partition, log, options.catalogue), "\(place), restored")
                }
            }
            #expect(counts.deadLetters >= 4, "the input holds records that are refused")
            #expect(counts.duplicates > 0 && counts.timers > 0 && counts.applied > 1_000)
        }
    }

    /// Adds records that every worker has to refuse: before they are read, before they are applied, and while they are.
    private func spoil(_ options: GlobalOptions) throws {
        let installation = try Installation(options, runsWorkers: true, mail: MailOptions(sink: .null))
        defer { installation.close() }
        let time = try installation.commandTime()
        let catalogue = options.catalogue
        var records = WorkerName.allCases.map {
            OutgoingRecord(
                topic: catalogue.name(of: $0.input), partition: 1, key: Array("x".utf8), value: Array("no event".utf8))
        }
        let refused =
            #"{"partner_id":"ptr_001","scope":"partner","kind":"dispute","reference":"r","evidence":["e"],"#
            + #""owner":"psn_nobody","review_on":"2026-05-01","actor":"psn_nobody","occurred_at":"\#(time)"}"#
        for (id, type, data) in [
            ("replay-1", ReferralSubmitted.type, #"{"partner_id": 7}"#), ("replay-2", "io.tributary.no.such.v1", "{}"),
        ] {
            records.append(record(id, type, data, .referral, "acme.example", time, catalogue))
        }
        records.append(record("replay-3", BlockPlaced.type, refused, .payout, "ptr_001", time, catalogue))
        try installation.append(records)
        try installation.settle()
        try installation.clock.drain(timeout: .seconds(60))
    }

    private func record(
        _ id: String, _ type: String, _ data: String, _ topic: Topic, _ key: String, _ time: Timestamp,
        _ catalogue: TopicCatalogue
    ) -> OutgoingRecord {
        CloudEventCodec.encode(
            EventEnvelope(id: id, source: "test", type: type, time: time, key: key), data: Array(data.utf8),
            topic: catalogue.name(of: topic),
            partition: Partitioner.partition(of: key, count: catalogue.partitions))
    }

    private func each(_ topic: String, _ partition: Int32, _ log: any EventLog, _ body: (LogRecord) throws -> Void)
        throws
    {
        let place = TopicPartition(topic, partition)
        let end = try log.endOffsets(of: topic)[Int(partition)]
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([place: 0])
        while try reader.positions()[place, default: 0] < end {
            for record in try reader.read(maximum: 1_000, timeout: .milliseconds(500)) { try body(record) }
        }
    }

    private func replay(
        _ definition: WorkerDefinition, _ partition: Int32, _ log: any EventLog, _ catalogue: TopicCatalogue,
        _ counts: inout TaskCounts
    ) throws -> Rows {
        let backend = MemoryStateBackend()
        let state = TaskState(backend: backend)
        var partitions = PartitionCounts(byTopic: [:])
        for topic in TopicCatalogue.topics { partitions.byTopic[topic] = catalogue.specification(of: topic).partitions }
        let task = try PartitionTask(
            configuration: TaskConfiguration(
                worker: definition.name, partition: partition, catalogue: catalogue, partitions: partitions,
                group: WorkerGroup.name(definition.name, prefix: catalogue.prefix)),
            state: state, processor: try definition.makeProcessor(state, partition), position: 0, epoch: 1)
        var records = 0
        try each(catalogue.name(of: definition.name.input), partition, log) { record in
            while try !task.process(record) { try finish(task) }
            records += 1
            // Other turns than the live run's.
            if records % 7 == 0 { try finish(task) }
        }
        try finish(task)
        counts.applied += task.counts.applied
        counts.duplicates += task.counts.duplicates
        counts.deadLetters += task.counts.deadLetters
        counts.timers += task.counts.timers
        return try rows(of: backend)
    }

    private func finish(_ task: PartitionTask) throws {
        _ = task.takeOutputs()
        _ = try task.finishTurn()
        try task.commitTurn(changelogOffset: 0, committedAtMilliseconds: 0)
        task.processor.turnDidCommit()
    }

    private func restore(
        _ worker: WorkerName, _ partition: Int32, _ log: any EventLog, _ catalogue: TopicCatalogue
    ) throws -> Rows {
        let backend = MemoryStateBackend()
        try backend.begin()
        var reader = Changelog.RowReader()
        try each(catalogue.name(of: .changelog(worker)), partition, log) { record in
            try backend.apply([try reader.change(in: record).change])
        }
        try backend.commit(
            StoreCheckpoint(changelogOffset: 0, inputOffset: 0, turn: 0, epoch: 0, committedAtMilliseconds: 0))
        return try rows(of: backend)
    }

    private func rows(of backend: any StateBackend) throws -> Rows {
        var rows: Rows = [:]
        try backend.forEachRow { table, key, value in
            var value = value
            if table == TurnRow.table {
                var row = try JSONDocument.decode(TurnRow.self, from: value)
                (row.turn, row.epoch) = (0, 0)
                value = JSONEncoding.encode(row)
            }
            rows["\(table.name) \(key.map { String($0, radix: 16) }.joined(separator: " "))"] = value
        }
        return rows
    }

    private func compare(_ kept: Rows, _ made: Rows, _ what: String) {
        let different = Set(kept.keys).union(made.keys).filter { kept[$0] != made[$0] }.sorted()
        #expect(different.isEmpty, "\(what): \(different.count) of \(kept.count) rows")
        for key in different.prefix(2) {
            Issue.record(
                """
                \(what): \(key)
                kept \(kept[key].map { String(decoding: $0, as: UTF8.self) } ?? "nothing")
                made \(made[key].map { String(decoding: $0, as: UTF8.self) } ?? "nothing")
                """)
        }
    }
}
