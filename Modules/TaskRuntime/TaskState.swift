import Domain
package import JSON

/// The rows of one partition as a handler sees them: typed, with the changes of the current record over those of the turn
/// over those of the store.
///
/// Three layers make a failing record cheap and a turn atomic: what a record changed is kept apart until it has succeeded,
/// what a turn changed is kept until the log has committed, and only then the store is written. A scan of a table writes
/// the turn's changes of that table into the store's open transaction first, which is rolled back with the turn.
///
/// Used by one thread.
package final class TaskState {
    /// One changed row. `isNew` says that the store had no such row before this turn, so that a deletion leaves no trace;
    /// `isInTransaction` that the store's open transaction holds some earlier value of it, which a deletion must take out.
    private struct Change {
        var value: [UInt8]?
        var isNew: Bool
        var isInTransaction = false
    }

    /// A class: a record's few changes must not copy the turn's many.
    private final class TableChanges {
        /// Changes of the turn's finished records.
        var turn: [[UInt8]: Change] = [:]
        /// Keys of `turn` that the store's open transaction does not hold yet.
        var unwritten: Set<[UInt8]> = []
        /// Changes of the current record.
        var record: [[UInt8]: Change] = [:]
    }

    private let backend: any StateBackend
    private var tables: [StateTable: TableChanges] = [:]
    private var isTransactionOpen = false
    let timers = TimerQueue()

    package init(backend: any StateBackend) {
        self.backend = backend
    }

    // MARK: Reading

    package func get<Row: JSONReadable>(_ table: StateTable, _ key: StateKey, as type: Row.Type) throws -> Row? {
        guard let bytes = try bytes(table, key) else { return nil }
        return try decode(type, bytes, table)
    }

    /// The row's own bytes.
    package func bytes(_ table: StateTable, _ key: StateKey) throws(StoreError) -> [UInt8]? {
        if let changes = tables[table] {
            if let change = changes.record[key.bytes] { return change.value }
            if let change = changes.turn[key.bytes] { return change.value }
        }
        return try backend.get(table, key.bytes)
    }

    /// Rows whose key starts with `prefix`, in key order.
    package func rows<Row: JSONReadable>(_ table: StateTable, prefix: StateKey, as type: Row.Type) throws
        -> [(key: StateKey, row: Row)]
    {
        try scan(table, from: prefix.bytes, upTo: prefix.prefixEnd, limit: .max).map {
            (StateKey(bytes: $0.key), try decode(type, $0.value, table))
        }
    }

    /// Up to `limit` rows from `from` on, in key order, below `upTo`.
    package func rows<Row: JSONReadable>(
        _ table: StateTable, from: StateKey, upTo: StateKey?, limit: Int, as type: Row.Type
    ) throws -> [(key: StateKey, row: Row)] {
        try scan(table, from: from.bytes, upTo: upTo?.bytes, limit: limit).map {
            (StateKey(bytes: $0.key), try decode(type, $0.value, table))
        }
    }

    func scan(_ table: StateTable, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(StoreError)
        -> [(key: [UInt8], value: [UInt8])]
    {
        guard tables[table] != nil else { return try backend.scan(table, from: from, upTo: upTo, limit: limit) }
        try writeThrough(table)
        let ofRecord = tables[table]!.record.filter { entry in
            !entry.key.lexicographicallyPrecedes(from) && upTo.map { entry.key.lexicographicallyPrecedes($0) } ?? true
        }
        // A deletion of the record may hide a stored row, so that many more have to be asked for.
        let stored = try backend.scan(
            table, from: from, upTo: upTo, limit: limit == .max ? .max : limit + ofRecord.count)
        guard !ofRecord.isEmpty else { return stored }
        var merged = stored.filter { ofRecord[$0.key] == nil }
        for (key, change) in ofRecord {
            if let value = change.value { merged.append((key, value)) }
        }
        merged.sort { $0.key.lexicographicallyPrecedes($1.key) }
        return limit < merged.count ? Array(merged.prefix(limit)) : merged
    }

    /// Keys of the rows whose value has at least `bytes` bytes. See `StateBackend.keys`. Called between turns.
    package func keys(
        _ table: StateTable, valuesFrom bytes: Int, after position: StorePosition, limit: Int
    ) throws(StoreError) -> (keys: [StateKey], next: StorePosition?) {
        let (keys, next) = try backend.keys(table, valuesFrom: bytes, after: position, limit: limit)
        return (keys.map { StateKey(bytes: $0) }, next)
    }

    private func decode<Row: JSONReadable>(_ type: Row.Type, _ bytes: [UInt8], _ table: StateTable) throws -> Row {
        do {
            return try JSONDocument.decode(type, from: bytes)
        } catch {
            throw StoreError(
                .corrupt, "a row of table \(table.name) cannot be read: \(error.problems.first.map { "\($0)" } ?? "")")
        }
    }

    // MARK: Writing

    package func put(_ table: StateTable, _ key: StateKey, _ row: some JSONWritable) throws {
        set(table, key.bytes, Change(value: JSONEncoding.encode(row), isNew: false))
    }

    /// As `put`, for a key that the store is known not to hold: if the turn deletes it again, nothing is written at all.
    package func putNew(_ table: StateTable, _ key: StateKey, _ row: some JSONWritable) throws {
        set(table, key.bytes, Change(value: JSONEncoding.encode(row), isNew: true))
    }

    package func delete(_ table: StateTable, _ key: StateKey) throws {
        set(table, key.bytes, Change(value: nil, isNew: false))
    }

    private func set(_ table: StateTable, _ key: [UInt8], _ change: Change) {
        var change = change
        let changes: TableChanges
        if let known = tables[table] {
            changes = known
        } else {
            changes = TableChanges()
            tables[table] = changes
        }
        if let earlier = changes.record[key] ?? changes.turn[key] { change.isNew = earlier.isNew }
        changes.record[key] = change
    }

    // MARK: Records and turns

    /// The current record succeeded: its changes become the turn's.
    func acceptRecord() {
        for changes in tables.values where !changes.record.isEmpty {
            for (key, change) in changes.record {
                var change = change
                change.isInTransaction = changes.turn[key]?.isInTransaction ?? false
                if change.value == nil && change.isNew && !change.isInTransaction {
                    changes.turn[key] = nil
                    changes.unwritten.remove(key)
                } else {
                    changes.turn[key] = change
                    changes.unwritten.insert(key)
                }
            }
            changes.record.removeAll(keepingCapacity: true)
        }
    }

    /// The current record failed: none of its changes remain.
    func rejectRecord() {
        for changes in tables.values { changes.record.removeAll(keepingCapacity: true) }
        timers.reset()
    }

    /// Every row that the turn changed, as it is now, by table and key: the turn's changelog.
    func turnImages() -> [RowChange] {
        var images: [RowChange] = []
        for (table, changes) in tables {
            for (key, change) in changes.turn where !(change.isNew && change.value == nil) {
                images.append(RowChange(table: table, key: key, value: change.value))
            }
        }
        images.sort { ($0.table.name, $0.key) < ($1.table.name, $1.key) }
        return images
    }

    /// Writes the turn into the store. Called after the log has committed it.
    func commitTurn(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        try beginIfNeeded()
        for table in tables.keys.sorted(by: { $0.name < $1.name }) {
            try writeThrough(table)
            tables[table]!.turn.removeAll(keepingCapacity: true)
        }
        try backend.commit(checkpoint)
        isTransactionOpen = false
    }

    /// Forgets the turn.
    func rollbackTurn() throws(StoreError) {
        tables.removeAll(keepingCapacity: true)
        timers.reset()
        guard isTransactionOpen else { return }
        isTransactionOpen = false
        try backend.rollback()
    }

    func close() { backend.close() }

    private func beginIfNeeded() throws(StoreError) {
        guard !isTransactionOpen else { return }
        try backend.begin()
        isTransactionOpen = true
    }

    private func writeThrough(_ table: StateTable) throws(StoreError) {
        guard let changes = tables[table], !changes.unwritten.isEmpty else { return }
        try beginIfNeeded()
        var rows: [RowChange] = []
        rows.reserveCapacity(changes.unwritten.count)
        for key in changes.unwritten { rows.append(RowChange(table: table, key: key, value: changes.turn[key]?.value)) }
        rows.sort { $0.key.lexicographicallyPrecedes($1.key) }
        try backend.apply(rows)
        for row in rows { tables[table]!.turn[row.key]?.isInTransaction = true }
        tables[table]!.unwritten.removeAll(keepingCapacity: true)
    }

    // MARK: Timers

    func schedule(_ timer: TaskTimer) throws {
        try put(TimerQueue.table, TimerQueue.key(due: timer.due, name: timer.name), TimerRow(payload: timer.payload))
        timers.added(timer)
    }

    func cancelTimer(named name: String, due: Timestamp) throws {
        let key = TimerQueue.key(due: due, name: name)
        guard try bytes(TimerQueue.table, key) != nil else { return }
        try delete(TimerQueue.table, key)
        timers.removed(named: name, due: due)
    }

    /// When the next timer is due; `nil` where there is none.
    func nextTimerDue() throws -> Timestamp? { try firstTimer()?.due }

    /// The first timer by due time and name.
    func firstTimer() throws -> TaskTimer? {
        if case .known(let timer) = timers.next { return timer }
        var timer: TaskTimer?
        if let first = try scan(TimerQueue.table, from: [], upTo: nil, limit: 1).first {
            let row = try decode(TimerRow.self, first.value, TimerQueue.table)
            timer = TimerQueue.timer(key: first.key, payload: row.payload)
        }
        timers.next = .known(timer)
        return timer
    }

    func remove(_ timer: TaskTimer) throws {
        try delete(TimerQueue.table, TimerQueue.key(due: timer.due, name: timer.name))
        timers.removed(named: timer.name, due: timer.due)
    }
}

private func < (left: (String, [UInt8]), right: (String, [UInt8])) -> Bool {
    left.0 == right.0 ? left.1.lexicographicallyPrecedes(right.1) : left.0 < right.0
}
