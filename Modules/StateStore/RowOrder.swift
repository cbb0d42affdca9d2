import TaskRuntime

/// The order in which changes are written: by table and key, of one row's changes the later after the earlier. And that of
/// keys alone.
enum RowOrder {
    /// What a comparison looks at first: most keys differ in their first bytes.
    private struct Place {
        var head: UInt64
        var index: Int
    }

    /// Indices of `changes`, ordered. Changes of one table mostly come together, and are ordered table by table.
    static func of(_ changes: [RowChange]) -> [Int] {
        var byTable: [(table: StateTable, places: [Place])] = []
        var current = 0
        for index in changes.indices {
            let table = changes[index].table
            if byTable.isEmpty || byTable[current].table != table {
                if let known = byTable.firstIndex(where: { $0.table == table }) {
                    current = known
                } else {
                    current = byTable.count
                    byTable.append((table, []))
                }
            }
            byTable[current].places.append(Place(head: head(of: changes[index].key), index: index))
        }
        byTable.sort { $0.table.name < $1.table.name }
        var order: [Int] = []
        order.reserveCapacity(changes.count)
        for var (_, places) in byTable {
            sort(&places) { changes[$0].key }
            for place in places { order.append(place.index) }
        }
        return order
    }

    /// Indices of `keys`, ordered.
    static func of(_ keys: [[UInt8]]) -> [Int] {
        var places = keys.indices.map { Place(head: head(of: keys[$0]), index: $0) }
        sort(&places) { keys[$0] }
        return places.map(\.index)
    }

    @inline(__always)
    private static func sort(_ places: inout [Place], key: (Int) -> [UInt8]) {
        places.sort { left, right in
            if left.head != right.head { return left.head < right.head }
            let (one, other) = (key(left.index), key(right.index))
            if one.precedes(other) { return true }
            return left.index < right.index && !other.precedes(one)
        }
    }

    /// The first eight bytes as a number of the same order; zeros where there are fewer.
    private static func head(of key: [UInt8]) -> UInt64 {
        var head: UInt64 = 0
        for index in 0..<8 { head = head << 8 | (index < key.count ? UInt64(key[index]) : 0) }
        return head
    }
}
