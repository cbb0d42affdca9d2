import TaskRuntime

/// The order in which changes are written: by table and key, of one row's changes the later after the earlier.
enum RowOrder {
    /// Indices of those of `changes` that count, ordered: a change of a row that a later one changes again is left out, but for
    /// the one that says that the row is new, which is known of the first alone.
    static func of(_ changes: [RowChange]) -> [Int] {
        var order: [Int] = []
        order.reserveCapacity(changes.count)
        for keys in orderedByTable(changes) {
            keys.forEach { _, index, isFollowedBySame in
                if !isFollowedBySame || changes[index].isNew { order.append(index) }
            }
        }
        return order
    }

    /// The ordered keys of each table, by the tables' names; changes of one table mostly come together.
    private static func orderedByTable(_ changes: [RowChange]) -> [KeyOrder] {
        var byTable: [(table: StateTable, keys: KeyOrder)] = []
        var current = 0
        for index in changes.indices {
            let table = changes[index].table
            if byTable.isEmpty || byTable[current].table != table {
                if let known = byTable.firstIndex(where: { $0.table == table }) {
                    current = known
                } else {
                    current = byTable.count
                    byTable.append((table, KeyOrder()))
                }
            }
            byTable[current].keys.add(changes[index].key, index)
        }
        byTable.sort { $0.table.name < $1.table.name }
        for place in byTable.indices { byTable[place].keys.sort() }
        return byTable.map(\.keys)
    }
}
