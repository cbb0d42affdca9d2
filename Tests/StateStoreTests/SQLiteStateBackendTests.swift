import Foundation
import SQLite
import TaskRuntime
import Testing

@testable import StateStore

private let referrals = StateTable("referral")
private let timers = StateTable("timer")
private let tables = [timers, referrals]

@Suite struct SQLiteStateBackendTests {
    private let stores = TemporaryStores(tables)
    private var directory: String { stores.directory(of: "slot") }

    private func provider(
        version: Int64 = 1, tables: [StateTable] = tables, bootID: String = "boot-1"
    ) throws -> SQLiteStateBackendProvider {
        try SQLiteStateBackendProvider(directory: directory, tables: tables, schemaVersion: version, bootID: bootID)
    }

    private func checkpoint(_ turn: Int64) -> StoreCheckpoint {
        StoreCheckpoint(
            changelogOffset: turn * 10, inputOffset: turn * 100, turn: turn, epoch: 3, committedAtMilliseconds: 7)
    }

    private func rows(_ backend: any StateBackend) throws -> [String] {
        var rows: [String] = []
        try backend.forEachRow { rows.append("\($0.name) \($1) \($2)") }
        return rows
    }

    @Test func aCommittedTurnIsThereAfterReopening() throws {
        do {
            let provider = try provider()
            let store = try provider.open(partition: 4)
            #expect(try store.checkpoint() == nil)
            try store.begin()
            try store.apply([
                RowChange(table: timers, key: [2], value: [22]), RowChange(table: referrals, key: [1], value: []),
                RowChange(table: timers, key: [1], value: [21]), RowChange(table: timers, key: [2], value: nil),
                RowChange(table: timers, key: [3], value: nil),
            ])
            #expect(try store.get(timers, [1]) == [21])
            try store.commit(checkpoint(1))
            store.close()
        }
        let store = try provider().open(partition: 4)
        #expect(try store.checkpoint() == checkpoint(1))
        #expect(try rows(store) == ["referral [1] []", "timer [1] [21]"])
        #expect(try store.get(timers, [2]) == nil)
    }

    @Test(arguments: [true, false]) func longRowsAreFoundPieceByPiece(isInMemory: Bool) throws {
        let store: any StateBackend = isInMemory ? MemoryStateBackend() : try provider().open(partition: 0)
        func found(_ limit: Int) throws -> [[UInt8]] {
            var found: [[UInt8]] = []
            var position: StorePosition? = .start
            while let from = position {
                let (keys, next) = try store.keys(timers, valuesFrom: 3, after: from, limit: limit)
                #expect(keys.count <= limit)
                found += keys
                position = next
            }
            return found.sorted { $0.lexicographicallyPrecedes($1) }
        }
        #expect(try found(2).isEmpty)
        try store.begin()
        try store.apply(
            (0..<10).map { RowChange(table: timers, key: [UInt8(9 - $0)], value: Array(repeating: 0, count: $0 % 4)) })
        try store.apply([RowChange(table: timers, key: [2], value: [1])])
        try store.commit(checkpoint(1))
        for limit in [1, 2, 10] { #expect(try found(limit) == [[6]]) }
        try store.begin()
        try store.apply((0..<10).map { RowChange(table: timers, key: [UInt8(9 - $0)], value: [1, 2, 3]) })
        try store.commit(checkpoint(2))
        for limit in [1, 3, 5, 11] { #expect(try found(limit) == (0..<10).map { [UInt8($0)] }) }
    }

    @Test func aRolledBackTurnLeavesNothing() throws {
        let provider = try provider()
        let store = try provider.open(partition: 0)
        try store.begin()
        try store.apply([RowChange(table: timers, key: [1], value: [1])])
        try store.rollback()
        #expect(try rows(store).isEmpty)
        #expect(try store.checkpoint() == nil)
        try store.begin()
        try store.apply([RowChange(table: timers, key: [1], value: [1])])
        store.close()
        #expect(try rows(provider.open(partition: 0)).isEmpty)
    }

    @Test(arguments: [
        ([UInt8](), [UInt8]?.none, Int.max, [[0], [1, 0], [1, 255], [2]] as [[UInt8]]),
        ([1], [2], .max, [[1, 0], [1, 255]]), ([1], nil, 2, [[1, 0], [1, 255]]), ([3], nil, .max, []),
        ([], nil, 0, []),
    ])
    func aScanIsOrderedByBytesAndBounded(from: [UInt8], upTo: [UInt8]?, limit: Int, expected: [[UInt8]]) throws {
        let provider = try provider()
        let store = try provider.open(partition: 0)
        try store.begin()
        try store.apply([[2], [1, 255], [0], [1, 0]].map { RowChange(table: timers, key: $0, value: $0) })
        let found = try store.scan(timers, from: from, upTo: upTo, limit: limit)
        #expect(found.map(\.key) == expected)
        #expect(found.map(\.value) == expected)
    }

    @Test func theMemoryStoreGivesTheSameAnswersAfterRandomTurns() throws {
        let provider = try provider()
        let disk = try provider.open(partition: 0)
        let memory = MemoryStateBackend()
        var random = SystemRandomNumberGenerator()
        for turn in 1...60 {
            let changes = (0..<40).map { _ in
                RowChange(
                    table: Bool.random(using: &random) ? timers : referrals,
                    key: [UInt8.random(in: 0...9, using: &random), UInt8.random(in: 0...3, using: &random)],
                    value: Int.random(in: 0...3, using: &random) == 0
                        ? nil : [UInt8.random(in: 0...255, using: &random)])
            }
            let isKept = turn % 3 != 0
            for store in [disk, memory] as [any StateBackend] {
                try store.begin()
                try store.apply(Array(changes.prefix(20)))
                try store.apply(Array(changes.suffix(20)))
                if isKept { try store.commit(checkpoint(Int64(turn))) } else { try store.rollback() }
            }
        }
        #expect(try rows(disk) == rows(memory))
        #expect(try disk.checkpoint() == memory.checkpoint())
    }

    @Test func theSettingsOfAStoreAreSet() throws {
        let provider = try provider()
        let store = try #require(try provider.open(partition: 0) as? SQLiteStateBackend)
        #expect(try store.connection.text("PRAGMA journal_mode") == "wal")
        #expect(try store.connection.integer("PRAGMA synchronous") == 1)
        #expect(try store.connection.integer("PRAGMA wal_autocheckpoint") == 2_000)
        #expect(try store.connection.integer("PRAGMA page_size") == 8_192)
        #expect(
            try store.connection.integer(
                "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND strict") == 8)
    }

    @Test func aDamagedFileIsCorruptAndCanBeDiscarded() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(repeating: 7, count: 5_000).write(to: URL(filePath: directory + "/2.sqlite"))
        let provider = try provider()
        #expect(try code { _ = try provider.open(partition: 2) } == .corrupt)
        try provider.discard(partition: 2)
        #expect(try provider.open(partition: 2).checkpoint() == nil)
    }

    @Test func aFileOfAnotherBootIsChecked() throws {
        let provider1 = try provider()
        let store = try provider1.open(partition: 0)
        try store.begin()
        let big = (0..<5_000).map { number in
            RowChange(
                table: timers, key: [UInt8(number >> 8), UInt8(number & 255)], value: .init(repeating: 1, count: 100))
        }
        try store.apply(big)
        try store.commit(checkpoint(1))
        // Nothing of it is read again at opening, but for the check.
        _ = try store.scan(timers, from: [], upTo: nil, limit: 1)
        store.close()
        let file = directory + "/0.sqlite"
        var bytes = try Data(contentsOf: URL(filePath: file))
        for index in (bytes.count / 2)..<(bytes.count / 2 + 8_192) { bytes[index] = 0xff }
        try bytes.write(to: URL(filePath: file))
        #expect(throws: Never.self) { try provider1.open(partition: 0).close() }
        let other = try SQLiteStateBackendProvider(
            directory: directory + "/other", tables: tables, schemaVersion: 1, bootID: "boot-2")
        try FileManager.default.copyItem(atPath: file, toPath: directory + "/other/0.sqlite")
        #expect(try code { _ = try other.open(partition: 0) } == .corrupt)
    }

    @Test func aNewerSchemaAndAnOlderOneAreToldApart() throws {
        do { _ = try provider(version: 2).open(partition: 0) }
        #expect(try code { _ = try provider(version: 1).open(partition: 0) } == .newer)
        #expect(try code { _ = try provider(version: 3).open(partition: 0) } == .schema)
        #expect(try code { _ = try provider(version: 2, tables: [timers]).open(partition: 0) } == .schema)
        #expect(throws: Never.self) { _ = try provider(version: 2).open(partition: 0) }
    }

    /// As the versions before wrote it, without filters.
    @Test func aFileOfAnEarlierShapeIsOfAnotherSchema() throws {
        let provider = try provider()
        let store = try #require(try provider.open(partition: 0) as? SQLiteStateBackend)
        for table in tables where !table.standsByKey {
            try store.connection.execute("DROP TABLE filter_\(table.name)")
        }
        store.close()
        #expect(try code { _ = try provider.open(partition: 0) } == .schema)
    }

    @Test func aSecondHolderOfTheDirectoryIsRefused() throws {
        var first: SQLiteStateBackendProvider? = try provider()
        #expect(first != nil)
        #expect(try code { _ = try provider() } == .held)
        first = nil
        #expect(throws: Never.self) { _ = try provider() }
    }

    @Test func anErrorClosesTheStoreAndEndsItsTransaction() throws {
        let provider = try provider()
        let store = try provider.open(partition: 0)
        #expect(throws: StoreError.self) { try store.apply([]) }
        #expect(throws: StoreError.self) { try store.begin() }
        let other = try provider.open(partition: 1)
        #expect(throws: StoreError.self) { try other.get(StateTable("unknown"), [1]) }
        #expect(throws: StoreError.self) { try other.commit(checkpoint(1)) }
    }

    @Test func aFullDiskTakesTheTurnAndNothingElse() throws {
        let provider = try provider()
        let store = try provider.openStore()
        try store.begin()
        try store.apply([RowChange(table: timers, key: [1], value: [1])])
        try store.commit(checkpoint(1))
        // SQLite takes no smaller number than the file has.
        try store.connection.execute("PRAGMA max_page_count=1")
        try store.begin()
        let large = (0..<100).map { number in
            RowChange(table: timers, key: [2, UInt8(number)], value: [UInt8](repeating: 2, count: 1_000))
        }
        #expect(try code { try store.apply(large) } == .full)
        #expect(store.connection.isClosed)
        #expect(throws: Never.self) { try store.rollback() }
        #expect(try code { try store.commit(checkpoint(2)) } == .other)
        let opened = try provider.openStore()
        #expect(try opened.checkpoint() == checkpoint(1))
        #expect(try rows(opened) == ["timer [1] [1]"])
        try opened.begin()
        try opened.apply(large)
        try opened.commit(checkpoint(2))
        #expect(try rows(opened).count == 101)
    }

    /// As SQLite does where it lacks memory or is interrupted: what came next would be written outside any.
    @Test(arguments: [true, false]) func aTransactionThatSQLiteTookBackDoesNotGoOn(isAtItsEnd: Bool) throws {
        let provider = try provider()
        let store = try provider.openStore()
        try store.begin()
        try store.apply([RowChange(table: timers, key: [1], value: [1])])
        try store.connection.execute("ROLLBACK")
        let next = try code {
            guard isAtItsEnd else { return try store.apply([RowChange(table: timers, key: [2], value: [2])]) }
            try store.commit(checkpoint(1))
        }
        #expect(next == .other)
        #expect(store.connection.isClosed)
        let opened = try provider.openStore()
        #expect(try opened.checkpoint() == nil)
        #expect(try rows(opened).isEmpty)
    }

    private func code(_ body: () throws -> Void) throws -> StoreError.Code? {
        do {
            try body()
            return nil
        } catch let error as StoreError {
            return error.code
        }
    }
}
