import Foundation
import SQLite
import TaskRuntime
import Testing

@testable import StateStore

private let rows = StateTable("row")

/// A long restore of an empty store is written without a log, and whatever ends it early leaves a file that is whole or says
/// that it is not.
@Suite struct LongRestoreTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "store-\(UUID())/slot").path
    private let provider: SQLiteStateBackendProvider

    init() throws {
        provider = try SQLiteStateBackendProvider(directory: directory, tables: [rows], schemaVersion: 1)
    }

    private func open(_ partition: Int32 = 0) throws -> SQLiteStateBackend {
        try #require(try provider.open(partition: partition) as? SQLiteStateBackend)
    }

    private func key(_ number: Int) -> [UInt8] { Array("\(number &* 7_919 % 100_003)".utf8) }

    /// As a restore does: the mark of one that goes on has turn 0.
    private func put(_ numbers: Range<Int>, turn: Int64 = 0, in store: SQLiteStateBackend) throws {
        try store.begin()
        try store.apply(numbers.map { RowChange(table: rows, key: key($0), value: [UInt8](repeating: 1, count: 500)) })
        try store.commit(mark(Int64(numbers.upperBound), turn: turn))
    }

    private func mark(_ position: Int64, turn: Int64) -> StoreCheckpoint {
        StoreCheckpoint(changelogOffset: position, inputOffset: 1, turn: turn, epoch: 1, committedAtMilliseconds: 1)
    }

    private func hasAll(_ numbers: Range<Int>, in store: SQLiteStateBackend) throws -> Bool {
        try numbers.allSatisfy { try store.get(rows, key($0))?.count == 500 }
    }

    /// The file of partition 0 as a killed process leaves it, opened as partition 1.
    private func openAsAfterAKill() throws -> SQLiteStateBackend {
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: "\(directory)/0.sqlite\(suffix)") {
            try FileManager.default.copyItem(
                atPath: "\(directory)/0.sqlite\(suffix)", toPath: "\(directory)/1.sqlite\(suffix)")
        }
        return try open(1)
    }

    @Test func afterItsEndTheStoreIsWhole() throws {
        let store = try open()
        try store.setRestoring(true)
        #expect(try store.connection.text("PRAGMA journal_mode") == "off")
        for start in stride(from: 0, to: 60_000, by: 10_000) { try put(start..<(start + 10_000), in: store) }
        try store.begin()
        try store.commit(mark(60_000, turn: 9))
        try store.setRestoring(false)
        #expect(try store.connection.text("PRAGMA journal_mode") == "wal")
        // One that is killed now, and one that goes on.
        let copy = try openAsAfterAKill()
        try put(60_000..<60_010, turn: 10, in: store)
        #expect(try copy.checkpoint()?.turn == 9)
        #expect(try store.checkpoint()?.turn == 10)
        #expect(try hasAll(0..<60_000, in: copy) && hasAll(0..<60_010, in: store))
        #expect(try copy.connection.text("PRAGMA quick_check") == "ok")
    }

    /// Pages are in the file, more than memory holds, and it is neither empty nor whole.
    @Test func aFileThatAKilledRestoreLeftIsDamage() throws {
        let store = try open()
        try store.setRestoring(true)
        try put(0..<60_000, in: store)
        let error = #expect(throws: StoreError.self) { try openAsAfterAKill() }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("left in the middle of a restore") == true)
    }

    @Test func aRestoreThatIsClosedGoesOnWhereItWas() throws {
        var store = try open()
        try store.setRestoring(true)
        try put(0..<30_000, in: store)
        store.close()
        store = try open()
        #expect(try store.checkpoint() == mark(30_000, turn: 0))
        #expect(try hasAll(0..<30_000, in: store))
        try store.setRestoring(true)
        #expect(try store.connection.text("PRAGMA journal_mode") == "wal")
        try put(30_000..<40_000, turn: 3, in: store)
        try store.setRestoring(false)
        #expect(try hasAll(0..<40_000, in: store))
    }

    /// Its mark is not written yet.
    @Test func aRestoreThatIsClosedInABatchIsDamage() throws {
        let store = try open()
        try store.setRestoring(true)
        try put(0..<10, in: store)
        try store.begin()
        try store.apply([RowChange(table: rows, key: key(10), value: [1])])
        store.close()
        let error = #expect(throws: StoreError.self) { try open() }
        #expect(error?.code == .corrupt)
    }

    @Test func nothingOfItCanBeTakenBack() throws {
        let store = try open()
        try store.setRestoring(true)
        try put(0..<10, in: store)
        try store.begin()
        #expect(throws: StoreError.self) { try store.rollback() }
        #expect(throws: StoreError.self) { try open() }
    }

    /// What a store that has rows lacks is written with a log, as turns are.
    @Test func aStoreThatHasRowsKeepsItsLog() throws {
        let store = try open()
        try put(0..<10, turn: 1, in: store)
        try store.setRestoring(true)
        #expect(try store.connection.text("PRAGMA journal_mode") == "wal")
        try put(10..<20, in: store)
        #expect(try hasAll(0..<20, in: openAsAfterAKill()))
    }
}
