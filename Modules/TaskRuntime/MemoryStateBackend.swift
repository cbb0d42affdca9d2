/// Rows in memory: for tests and the simulation. Each table is an array sorted by key; a transaction keeps what it changed
/// so that a rollback can put it back.
package final class MemoryStateBackend: StateBackend {
    private struct Table {
        var keys: [[UInt8]] = []
        var values: [[UInt8]] = []

        /// Where `key` stands, or would stand.
        func position(_ key: [UInt8]) -> (index: Int, isFound: Bool) {
            var low = 0
            var high = keys.count
            while low < high {
                let middle = (low + high) / 2
                if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
            }
            return (low, low < keys.count && keys[low] == key)
        }
    }

    private var tables: [StateTable: Table] = [:]
    private var stored: StoreCheckpoint?
    /// What to apply, last first, to undo the open transaction; `nil` outside one.
    private var undo: [RowChange]?

    package init() {}

    package func checkpoint() throws(StoreError) -> StoreCheckpoint? { stored }

    package func begin() throws(StoreError) {
        guard undo == nil else { throw StoreError(.other, "a transaction is open already") }
        undo = []
    }

    package func get(_ table: StateTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        guard let rows = tables[table] else { return nil }
        let place = rows.position(key)
        return place.isFound ? rows.values[place.index] : nil
    }

    package func scan(_ table: StateTable, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(StoreError)
        -> [(key: [UInt8], value: [UInt8])]
    {
        guard let rows = tables[table] else { return [] }
        var result: [(key: [UInt8], value: [UInt8])] = []
        var index = rows.position(from).index
        while index < rows.keys.count, result.count < limit {
            if let upTo, !rows.keys[index].lexicographicallyPrecedes(upTo) { break }
            result.append((rows.keys[index], rows.values[index]))
            index += 1
        }
        return result
    }

    package func apply(_ changes: [RowChange]) throws(StoreError) {
        guard undo != nil else { throw StoreError(.other, "no transaction is open") }
        for change in changes {
            undo!.append(RowChange(table: change.table, key: change.key, value: try get(change.table, change.key)))
            set(change)
        }
    }

    private func set(_ change: RowChange) {
        if tables[change.table] == nil { tables[change.table] = Table() }
        let place = tables[change.table]!.position(change.key)
        switch (change.value, place.isFound) {
        case (let value?, true): tables[change.table]!.values[place.index] = value
        case (let value?, false):
            tables[change.table]!.keys.insert(change.key, at: place.index)
            tables[change.table]!.values.insert(value, at: place.index)
        case (nil, true):
            tables[change.table]!.keys.remove(at: place.index)
            tables[change.table]!.values.remove(at: place.index)
        case (nil, false): break
        }
    }

    package func commit(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        guard undo != nil else { throw StoreError(.other, "no transaction is open") }
        undo = nil
        stored = checkpoint
    }

    package func rollback() throws(StoreError) {
        guard let changes = undo else { throw StoreError(.other, "no transaction is open") }
        for change in changes.reversed() { set(change) }
        undo = nil
    }

    package func forEachRow(_ body: (StateTable, [UInt8], [UInt8]) throws -> Void) throws {
        for (table, rows) in tables.sorted(by: { $0.key.name < $1.key.name }) {
            for (key, value) in zip(rows.keys, rows.values) { try body(table, key, value) }
        }
    }

    package func close() {}
}
