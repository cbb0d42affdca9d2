import Foundation
import SQLite
import TaskRuntime
import Testing

@testable import StateStore

private let rows = StateTable("row")

/// The index of keys follows the rows in batches: what it lacks is found all the same, also after everything that may
/// happen to the file in between.
@Suite struct IndexedTableTests {
    private let stores = TemporaryStores([rows])
    private let provider: SQLiteStateBackendProvider

    init() throws { provider = try stores.provider(of: "slot") }

    private func open() throws -> SQLiteStateBackend { try provider.openStore() }

    /// Keys in no order.
    private func key(_ number: Int) -> [UInt8] {
        let mixed = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        return (0..<8).map { UInt8(truncatingIfNeeded: mixed >> (8 * $0)) } + [UInt8](repeating: 1, count: 40)
    }

    private func put(_ numbers: Range<Int>, _ value: UInt8, isNew: Bool = true, in store: SQLiteStateBackend) throws {
        try store.begin()
        try store.apply(numbers.map { RowChange(table: rows, key: key($0), value: [value], isNew: isNew) })
        try commit(store)
    }

    private func delete(_ numbers: Range<Int>, in store: SQLiteStateBackend) throws {
        try store.begin()
        try store.apply(numbers.map { RowChange(table: rows, key: key($0), value: nil) })
        try commit(store)
    }

    private func commit(_ store: SQLiteStateBackend) throws {
        try store.commit(
            StoreCheckpoint(changelogOffset: 1, inputOffset: 1, turn: 1, epoch: 1, committedAtMilliseconds: 1))
    }

    private func values(_ numbers: Range<Int>, in store: SQLiteStateBackend) throws -> [UInt8?] {
        try numbers.map { try store.get(rows, key($0))?.first }
    }

    private func count(_ table: String, in store: SQLiteStateBackend) throws -> Int64 {
        try #require(try store.connection.integer("SELECT count(*) FROM \(table)"))
    }

    /// Few rows wait in memory; many are in the index, all but the last.
    @Test(arguments: [100, 25_000]) func rowsAreFoundBeforeAndAfterTheyAreIndexed(count: Int) throws {
        var store = try open()
        for start in stride(from: 0, to: count, by: 50) { try put(start..<(start + 50), 1, in: store) }
        let indexed = try self.count("keys_row", in: store)
        #expect(count == 100 ? indexed == 0 : indexed > 0 && indexed < count)
        for _ in 0..<2 {
            #expect(try values(0..<count, in: store).allSatisfy { $0 == 1 })
            #expect(try store.get(rows, key(count)) == nil)
            store.close()
            store = try open()
        }
        #expect(try self.count("keys_row", in: store) == indexed)
        #expect(try self.count("rows_row", in: store) == count)
    }

    @Test func aRowChangesAndGoesWhereverItsKeyIs() throws {
        var store = try open()
        for start in stride(from: 0, to: 12_000, by: 1_000) { try put(start..<(start + 1_000), 1, in: store) }
        let indexed = try Int(count("keys_row", in: store))
        // The first is in the index, the last is not.
        for range in [0..<10, 11_990..<12_000] {
            try put(range, 2, isNew: false, in: store)
            #expect(try values(range, in: store).allSatisfy { $0 == 2 })
        }
        for range in [0..<5, 11_995..<12_000] { try delete(range, in: store) }
        store.close()
        store = try open()
        #expect(try values(0..<11, in: store) == Array(repeating: nil, count: 5) + [2, 2, 2, 2, 2, 1])
        #expect(try values(11_989..<12_000, in: store) == [1, 2, 2, 2, 2, 2] + Array(repeating: nil, count: 5))
        #expect(try count("keys_row", in: store) == Int64(indexed - 5))
        #expect(try count("rows_row", in: store) == 11_990)
    }

    /// A deleted last row's id is at or below the mark of the index: given again, its row would be lost by the next opening.
    @Test func aRowThatFollowsADeletedLastOneIsFoundAfterOpening() throws {
        var store = try open()
        try put(0..<3, 1, in: store)
        _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
        #expect(try count("keys_row", in: store) == 3)
        try delete(0..<3, in: store)
        store.close()
        store = try open()
        try put(5..<6, 7, in: store)
        store.close()
        #expect(try values(5..<6, in: open()) == [7])
    }

    @Test func aTransactionThatIsTakenBackTakesItsKeysAndItsIndexWithIt() throws {
        let store = try open()
        try put(0..<10, 1, in: store)
        try store.begin()
        try store.apply((5..<20).map { RowChange(table: rows, key: key($0), value: [2], isNew: $0 >= 10) })
        try store.apply([RowChange(table: rows, key: key(0), value: nil)])
        #expect(try store.scan(rows, from: [], upTo: nil, limit: .max).count == 19)
        #expect(try count("keys_row", in: store) == 19)
        try store.rollback()
        #expect(try count("keys_row", in: store) == 0)
        #expect(try values(0..<11, in: store) == Array(repeating: 1, count: 10) + [nil])
        try put(10..<20, 3, in: store)
        #expect(try values(9..<20, in: store) == [1] + Array(repeating: 3, count: 10))
        #expect(try store.scan(rows, from: [], upTo: nil, limit: .max).count == 20)
    }

    /// The first scan writes the index in a transaction of its own, and leaves none open.
    @Test func aScanSeesWhatWasNotIndexed() throws {
        var store = try open()
        try put(0..<100, 1, in: store)
        let sorted = (0..<100).map(key).sorted { $0.precedes($1) }
        for _ in 0..<2 {
            #expect(try store.scan(rows, from: [], upTo: nil, limit: .max).map(\.key) == sorted)
            #expect(try store.scan(rows, from: sorted[3], upTo: sorted[7], limit: 3).map(\.key) == Array(sorted[3..<6]))
            #expect(store.connection.isAutocommit)
            store.close()
            store = try open()
        }
        // From now on the index follows at once.
        try store.begin()
        _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
        try commit(store)
        try put(100..<101, 1, in: store)
        #expect(try count("keys_row", in: store) == 101)
    }

    /// Less often during a restore; its end leaves no more behind than a turn does.
    @Test func theIndexLagsFurtherDuringARestore() throws {
        let store = try open()
        try store.setRestoring(true)
        for start in stride(from: 0, to: 20_000, by: 1_000) { try put(start..<(start + 1_000), 1, in: store) }
        #expect(try count("keys_row", in: store) == 0)
        try store.setRestoring(false)
        #expect(try count("keys_row", in: store) == 20_000)
        #expect(try values(0..<20_000, in: store).allSatisfy { $0 == 1 })
    }

    @Test(arguments: ["get", "put", "scan"]) func aKeyWithoutItsRowIsDamage(call: String) throws {
        let store = try open()
        try put(0..<2, 1, in: store)
        _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
        try store.connection.execute("DELETE FROM rows_row WHERE id = 1")
        let error = #expect(throws: StoreError.self) {
            switch call {
            case "get": for number in 0..<2 { _ = try store.get(rows, key(number)) }
            case "put": try put(0..<2, 2, isNew: false, in: store)
            default: _ = try store.scan(rows, from: [], upTo: nil, limit: .max)
            }
        }
        #expect(error?.code == .corrupt)
    }

    /// What comes and goes would let it grow for ever.
    @Test func theFilterIsMadeAnewWhereMostOfItsKeysAreGone() throws {
        var store = try open()
        try put(0..<1_000, 1, in: store)
        for start in stride(from: 1_000, to: 61_000, by: 3_000) {
            try put(start..<(start + 3_000), 1, in: store)
            _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
            try delete(start..<(start + 3_000), in: store)
        }
        let keys = try #require(try store.connection.integer("SELECT sum(keys) FROM filter_row"))
        #expect(1_000..<20_000 ~= keys)
        for _ in 0..<2 {
            #expect(try values(0..<1_000, in: store).allSatisfy { $0 == 1 })
            #expect(try values(1_000..<2_000, in: store).allSatisfy { $0 == nil })
            store.close()
            store = try open()
        }
    }

    /// It was saved in the transaction that is taken back.
    @Test func theFilterOfATransactionThatIsTakenBackIsNone() throws {
        let store = try open()
        try put(0..<10, 1, in: store)
        try store.begin()
        try store.apply((10..<9_000).map { RowChange(table: rows, key: key($0), value: [2], isNew: true) })
        _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
        #expect(try count("filter_row", in: store) == 2)
        try store.rollback()
        #expect(try count("filter_row", in: store) == 0)
        try put(9_000..<14_000, 3, in: store)
        #expect(try values(0..<11, in: store) == Array(repeating: 1, count: 10) + [nil])
        #expect(try values(9_000..<14_000, in: store).allSatisfy { $0 == 3 })
    }

    @Test(arguments: [
        "DELETE FROM filter_row", "DELETE FROM filter_row WHERE block = 1", "UPDATE filter_row SET bits = x'00'",
        "UPDATE filter_row SET keys = keys + 1 WHERE block = 1",
    ])
    func aFilterThatLacksKeysIsDamage(change: String) throws {
        let store = try open()
        try put(0..<9_000, 1, in: store)
        _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
        #expect(try count("filter_row", in: store) == 2)
        try store.connection.execute(change)
        store.close()
        let error = #expect(throws: StoreError.self) { try open() }
        #expect(error?.code == .corrupt)
    }

    /// Fewer keys than are worth saving: the filter of the next opening has them from the rows.
    @Test func aKeyThatTheFilesFilterLacksIsFound() throws {
        var store = try open()
        try put(0..<9_000, 1, in: store)
        _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
        try put(9_000..<9_100, 2, in: store)
        // Gone and back, with another row than the one that the filter was saved with.
        try delete(0..<50, in: store)
        try put(0..<50, 3, in: store)
        _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
        store.close()
        store = try open()
        #expect(try store.connection.integer("SELECT sum(keys) FROM filter_row") == 9_000)
        #expect(try count("keys_row", in: store) == 9_100)
        let expected =
            [UInt8?](repeating: 3, count: 50) + Array(repeating: 1, count: 8_950) + Array(repeating: 2, count: 100)
        #expect(try values(0..<9_100, in: store) == expected)
        try store.begin()
        try store.apply([RowChange(table: rows, key: key(1), value: [9])])
        try store.rollback()
        #expect(try values(0..<9_100, in: store) == expected)
        try put(8_990..<9_110, 4, isNew: false, in: store)
        #expect(try values(8_990..<9_110, in: store).allSatisfy { $0 == 4 })
        #expect(try count("rows_row", in: store) == 9_110)
    }

    @Test(arguments: ["filtered = id + 1", "filtered = -1", "gone = -1", "id = 9223372036854775807"])
    func marksThatCannotBeAreDamage(change: String) throws {
        let store = try open()
        try put(0..<100, 1, in: store)
        _ = try store.scan(rows, from: [], upTo: nil, limit: 1)
        try store.connection.execute("UPDATE indexed SET \(change)")
        store.close()
        let error = #expect(throws: StoreError.self) { try open() }
        #expect(error?.code == .corrupt)
    }
}
