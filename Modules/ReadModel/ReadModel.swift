package import Contracts
package import EventLog
import Foundation
import SQLite

/// What readers see: the last image of every entity and where its facts stand in the log, projected from `outcome.v1`.
///
/// It may be deleted at any time and is made again from the log. Positions are written with the rows, so that a broken
/// catch-up goes on where it was. Used by one thread; a `flock` keeps other processes out.
package final class ReadModel {
    /// Of the tables below. Another version's file is made anew.
    static let schemaVersion: Int64 = 2
    /// Facts of one transaction: ids are random, so that many rows share the pages that few would each write alone.
    static let batch = 20_000
    /// Pages kept in memory while they are written, at most, in KiB: the indexes of some millions of facts.
    private static let cacheKibibytes = 192 << 10

    let connection: SQLiteConnection
    private let catalogue: TopicCatalogue
    private let lockFile: Int32
    private var positions: [Int32: Int64] = [:]

    /// Opens or makes `<directory>/read.sqlite`. Waits for another process that is catching up.
    package init(directory: String, catalogue: TopicCatalogue) throws {
        self.catalogue = catalogue
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        lockFile = unsafe Foundation.open("\(directory)/read.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lockFile >= 0, flock(lockFile, LOCK_EX) == 0 else {
            throw ReadModelFailure("\(directory)/read.lock cannot be locked: errno \(errno)")
        }
        let path = "\(directory)/read.sqlite"
        var opened = try SQLiteConnection(path: path, access: .write)
        if try opened.integer("PRAGMA user_version") ?? 0 != ReadModel.schemaVersion {
            opened.close()
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.removeItem(atPath: path + suffix)
            }
            opened = try SQLiteConnection(path: path, access: .write)
            try opened.execute(ReadModel.schema)
        }
        connection = opened
        // It is made again from the log after a crash of the host.
        try connection.execute("PRAGMA synchronous=OFF")
        try connection.execute("PRAGMA cache_size=-\(ReadModel.cacheKibibytes)")
        let statement = try connection.statement("SELECT partition, position FROM progress")
        while try statement.step() {
            positions[Int32(truncatingIfNeeded: statement.integer(0))] = statement.integer(1)
        }
        statement.reset()
    }

    package func close() {
        connection.close()
        Foundation.close(lockFile)
    }

    /// Images lie in the order in which they came, so that only the small indexes are written all over.
    private static let schema = """
        PRAGMA journal_mode=WAL;
        CREATE TABLE entity (
            kind TEXT NOT NULL, id TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (kind, id)
        ) STRICT;
        CREATE TABLE fact (
            id TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (id, partition, offset)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE mention (
            id TEXT NOT NULL, by_id TEXT NOT NULL, PRIMARY KEY (id, by_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE progress (partition INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;
        PRAGMA user_version=\(schemaVersion);
        """

    // MARK: Catching up

    /// Projects everything that the log holds and this model does not.
    ///
    /// - Parameter progress: called now and then with the facts done and the facts to do.
    package func catchUp(from log: any EventLog, progress: (Int64, Int64) -> Void = { _, _ in }) throws {
        let topic = catalogue.name(of: .outcome)
        let ends = try log.endOffsets(of: topic)
        var wanted: [TopicPartition: Int64] = [:]
        for (partition, end) in ends.enumerated() where positions[Int32(partition), default: 0] < end {
            wanted[TopicPartition(topic, Int32(partition))] = positions[Int32(partition), default: 0]
        }
        guard !wanted.isEmpty else { return }
        let total = wanted.reduce(Int64(0)) { $0 + ends[Int($1.key.partition)] - $1.value }
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign(wanted)
        var done: Int64 = 0
        while true {
            let records = try reader.read(maximum: ReadModel.batch, timeout: .milliseconds(100))
            let reached = try reader.positions()
            try project(records, positions: reached)
            done += Int64(records.count)
            progress(done, total)
            if wanted.keys.allSatisfy({ reached[$0, default: 0] >= ends[Int($0.partition)] }) { return }
        }
    }

    func project(_ records: [LogRecord], positions reached: [TopicPartition: Int64]) throws {
        try connection.execute("BEGIN IMMEDIATE")
        do {
            // Of several images of one entity in a batch only the last one is written.
            var last: [EntityKey: LogRecord] = [:]
            for record in records {
                guard let type = record.headerText(HeaderName.type), let kind = EntityKind(factType: type),
                    let key = record.key, record.value != nil
                else { continue }
                let id = String(decoding: key, as: UTF8.self)
                last[EntityKey(kind: kind, id: id)] = record
                try index(record, id: id)
            }
            let upsert = try connection.statement("INSERT OR REPLACE INTO entity (kind, id, data) VALUES (?1, ?2, ?3)")
            for (key, record) in last.sorted(by: {
                ($0.key.kind.rawValue, $0.key.id) < ($1.key.kind.rawValue, $1.key.id)
            }) {
                try upsert.bind(1, key.kind.rawValue)
                try upsert.bind(2, key.id)
                try upsert.bind(3, record.value)
                try upsert.run()
                try mention(in: record.value ?? [], of: key)
            }
            let progress = try connection.statement(
                "INSERT OR REPLACE INTO progress (partition, position) VALUES (?1, ?2)")
            for (place, position) in reached {
                try progress.bind(1, Int64(place.partition))
                try progress.bind(2, position)
                try progress.run()
            }
            try connection.execute("COMMIT")
        } catch {
            try connection.execute("ROLLBACK")
            throw error
        }
        for (place, position) in reached { positions[place.partition] = position }
    }

    private struct EntityKey: Hashable {
        var kind: EntityKind
        var id: String
    }

    private func index(_ record: LogRecord, id: String) throws {
        let statement = try connection.statement(
            "INSERT OR IGNORE INTO fact (id, partition, offset) VALUES (?1, ?2, ?3)")
        try statement.bind(1, id)
        try statement.bind(2, Int64(record.partition))
        try statement.bind(3, record.offset)
        try statement.run()
    }

    /// Remembers which entities an image names, so that a chain can be followed both ways.
    private func mention(in data: [UInt8], of key: EntityKey) throws {
        guard key.kind != .notification, key.kind != .review, key.kind != .command, key.kind != .deadLetter else {
            return
        }
        let statement = try connection.statement("INSERT OR IGNORE INTO mention (id, by_id) VALUES (?1, ?2)")
        for id in MentionedIDs.find(in: data) where id != key.id {
            try statement.bind(1, id)
            try statement.bind(2, key.id)
            try statement.run()
        }
    }
}

package struct ReadModelFailure: Error, Sendable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}
