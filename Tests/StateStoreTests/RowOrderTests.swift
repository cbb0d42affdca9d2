import TaskRuntime
import Testing

@testable import StateStore

@Suite struct RowOrderTests {
    private let accounts = StateTable("account")
    private let deals = StateTable("deal")

    private func put(_ table: StateTable, _ key: [UInt8], isNew: Bool = false) -> RowChange {
        RowChange(table: table, key: key, value: [1], isNew: isNew)
    }

    @Test func tablesStandByNameAndKeysByTheirBytes() {
        let keys: [[UInt8]] = [
            [], [0], [0, 0], [1], Array("account-1".utf8), Array("account-1".utf8) + [0], Array("account-10".utf8),
            Array("account-10000000001".utf8), Array("account-10000000002".utf8), Array("account-2".utf8), [0xff],
        ]
        let shuffled = [7, 0, 10, 3, 5, 9, 1, 8, 4, 2, 6].map { keys[$0] }
        let changes = shuffled.map { put(deals, $0) } + shuffled.reversed().map { put(accounts, $0) }
        let ordered = RowOrder.of(changes).map { changes[$0] }
        #expect(ordered.map(\.table) == keys.map { _ in accounts } + keys.map { _ in deals })
        #expect(ordered.map(\.key) == keys + keys)
        #expect(RowOrder.of([]).isEmpty)
    }

    @Test(arguments: [0, 1, 7, 8, 9, 40]) func keysThatBeginAlikeAreOrderedByTheRest(count: Int) {
        let start = [UInt8](repeating: 0x61, count: count)
        let ends: [[UInt8]] = [[], [0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 1], [5, 5, 5, 5, 5, 5, 5, 5, 1], [0x80]]
        let changes = [4, 2, 0, 5, 1, 3].map { put(accounts, start + ends[$0]) }
        #expect(RowOrder.of(changes).map { changes[$0].key } == ends.map { start + $0 })
    }

    @Test func ofSeveralChangesOfARowTheLastOneCountsAndTheOneThatAddsIt() {
        let (one, two): ([UInt8], [UInt8]) = (Array("account-1".utf8), Array("account-2".utf8))
        let changes = [
            put(accounts, two, isNew: true), put(accounts, one), put(accounts, two), put(deals, one),
            put(accounts, one), put(accounts, two), RowChange(table: accounts, key: one, value: nil),
        ]
        #expect(RowOrder.of(changes) == [6, 0, 5, 3])
    }

    /// Short keys of few different bytes, so that many are the same or begin alike.
    @Test func itIsTheOrderOfTableKeyAndPlace() {
        var state: UInt64 = 1
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<50 {
            let changes = (0..<200).map { _ in
                put(next(2) == 0 ? accounts : deals, (0..<next(13)).map { _ in UInt8(next(3)) }, isNew: true)
            }
            let expected = changes.indices.sorted { left, right in
                let (one, other) = (changes[left], changes[right])
                if one.table != other.table { return one.table.name < other.table.name }
                if one.key != other.key { return one.key.lexicographicallyPrecedes(other.key) }
                return left < right
            }
            #expect(RowOrder.of(changes) == expected)
        }
    }
}
