import Foundation
import SQLite
import TaskRuntime
import Testing

@testable import StateStore

private let rows = StateTable("row")

/// A long restore of a store without a turn is written with a rollback journal, and goes on behind its last commit, whatever
/// ends it early.
@Suite struct LongRestoreTests {
    private let stores = TemporaryStores([rows])
    private let provider: SQLiteStateBackendProvider
    private let directory: String

    init() throws {
        provider = try stores.provider(of: "slot")
        directory = stores.directory(of: "slot")
    }

    private func open() throws -> SQLiteStateBackend { try provider.openStore() }

    private func mode(_ store: SQLiteStateBackend) throws -> String? {
        try store.connection.text("PRAGMA journal_mode")
    }

    private func key(_ number: Int) -> [UInt8] { Array("\(number &* 7_919 % 100_003)".utf8) }

    private func mark(_ position: Int, turn: Int64) -> StoreCheckpoint {
        StoreCheckpoint(
            changelogOffset: Int64(position), inputOffset: 1, turn: turn, epoch: 1, committedAtMilliseconds: 1)
    }

    private func add(_ numbers: Range<Int>, to store: SQLiteStateBackend) throws {
        try store.begin()
        try store.apply(numbers.map { RowChange(table: rows, key: key($0), value: [UInt8](repeating: 1, count: 500)) })
    }

    /// As a restore does: the mark of one that goes on has turn 0.
    private func put(_ numbers: Range<Int>, turn: Int64 = 0, in store: SQLiteStateBackend) throws {
        try add(numbers, to: store)
        try store.commit(mark(numbers.upperBound, turn: turn))
    }

    private func hasAll(_ numbers: Range<Int>, in store: SQLiteStateBackend) throws -> Bool {
        try numbers.allSatisfy { try store.get(rows, key($0))?.count == 500 }
    }

    /// The files as a killed process leaves them, in another slot and perhaps after another start of the machine.
    private func openAsAfterAKill(bootID: String = "boot-1") throws -> SQLiteStateBackend {
        let slot = "slot-\(UUID())"
        let (provider, other) = (try stores.provider(of: slot, bootID: bootID), stores.directory(of: slot))
        for suffix in ["", "-wal", "-journal"]
        where FileManager.default.fileExists(atPath: "\(directory)/0.sqlite\(suffix)") {
            try FileManager.default.copyItem(
                atPath: "\(directory)/0.sqlite\(suffix)", toPath: "\(other)/0.sqlite\(suffix)")
        }
        return try provider.openStore()
    }

    @Test func afterItsEndTheStoreHasItsLogAgain() throws {
        let store = try open()
        try store.setRestoring(true)
        #expect(try mode(store) == "truncate")
        for start in stride(from: 0, to: 60_000, by: 10_000) { try put(start..<(start + 10_000), in: store) }
        try store.setRestoring(false)
        #expect(try mode(store) == "wal")
        #expect(try store.connection.integer("PRAGMA synchronous") == 1)
        try store.begin()
        try store.commit(mark(60_000, turn: 9))
        // One that is killed now, and one that goes on.
        let copy = try openAsAfterAKill(bootID: "boot-2")
        try put(60_000..<60_010, turn: 10, in: store)
        #expect(try copy.checkpoint()?.turn == 9)
        #expect(try store.checkpoint()?.turn == 10)
        #expect(try hasAll(0..<60_000, in: copy) && hasAll(0..<60_010, in: store))
        #expect(try copy.connection.text("PRAGMA quick_check") == "ok")
    }

    /// Killed where more pages have changed than memory holds: pages of the transaction are in the file already.
    @Test func aKilledOneGoesOnBehindItsLastCommit() throws {
        let store = try open()
        try store.setRestoring(true)
        try put(0..<20_000, in: store)
        try add(20_000..<80_000, to: store)
        let journal = try Data(contentsOf: URL(filePath: directory + "/0.sqlite-journal"))
        #expect(journal.count > 512)
        let copy = try openAsAfterAKill()
        #expect(try copy.checkpoint() == mark(20_000, turn: 0))
        #expect(try hasAll(0..<20_000, in: copy))
        #expect(try (20_000..<80_000).allSatisfy { try copy.get(rows, key($0)) == nil })
        #expect(try copy.connection.text("PRAGMA quick_check") == "ok")
        try copy.setRestoring(true)
        #expect(try mode(copy) == "truncate")
        try put(20_000..<80_000, in: copy)
        try copy.setRestoring(false)
        #expect(try hasAll(0..<80_000, in: copy))
    }

    /// Most of it did not wait for the disk.
    @Test(arguments: [0, 1_000]) func oneThatAnotherBootLeftIsThrownAway(rows count: Int) throws {
        let store = try open()
        try store.setRestoring(true)
        if count > 0 { try put(0..<count, in: store) }
        let error = #expect(throws: StoreError.self) { try openAsAfterAKill(bootID: "boot-2") }
        #expect(error?.code == .corrupt)
        #expect(error?.message.hasSuffix("was being restored before the machine started") == true)
    }

    /// A tail is written with the log, and kept.
    @Test func aShortOneThatAnotherBootLeftGoesOn() throws {
        let store = try open()
        try put(0..<10, turn: 1, in: store)
        try put(10..<20, in: store)
        let copy = try openAsAfterAKill(bootID: "boot-2")
        #expect(try copy.checkpoint() == mark(20, turn: 0))
        #expect(try hasAll(0..<20, in: copy))
    }

    /// So that the end need not wait for all of it.
    @Test func aCommitNowAndThenWaitsForTheDisk() throws {
        let store = try open()
        try store.setRestoring(true)
        var modes: [Int64?] = []
        for number in 0..<16 {
            try store.begin()
            modes.append(try store.connection.integer("PRAGMA synchronous"))
            try store.commit(mark(number, turn: 0))
        }
        let eight = Array(repeating: Int64?(0), count: 7) + [1]
        #expect(modes == eight + eight)
    }

    @Test func itCanBeTakenBack() throws {
        let store = try open()
        try store.setRestoring(true)
        try put(0..<10, in: store)
        try add(10..<20, to: store)
        try store.rollback()
        #expect(try hasAll(0..<10, in: store))
        #expect(try store.get(rows, key(10)) == nil)
    }

    /// It is trusted after a power loss.
    @Test func aStoreWithATurnKeepsItsLog() throws {
        let store = try open()
        try put(0..<10, turn: 1, in: store)
        try store.setRestoring(true)
        #expect(try mode(store) == "wal")
        #expect(try store.connection.integer("PRAGMA synchronous") == 1)
    }

    /// Nobody could tell that there was a power loss.
    @Test func withoutABootIDAStoreKeepsItsLog() throws {
        let store = try stores.provider(of: "unknown", bootID: "").openStore()
        try store.setRestoring(true)
        #expect(try mode(store) == "wal")
    }

    @Test func aStoreIsDiscardedWithItsJournal() throws {
        let store = try open()
        try store.setRestoring(true)
        try put(0..<10, in: store)
        store.close()
        #expect(FileManager.default.fileExists(atPath: directory + "/0.sqlite-journal"))
        try provider.discard(partition: 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["lock"])
    }
}
