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
    /// What became of a row: its new bytes, or its deletion.
    private enum Image {
        case row([UInt8])
        case deleted

        var bytes: [UInt8]? {
            switch self {
            case .row(let bytes): bytes
            case .deleted: nil
            }
        }
    }

    /// One changed row.
    private struct ChangedRow {
        let key: [UInt8]
        /// As of the turn's finished records; `nil` where none of them changed it.
        var turn: Image?
        /// As of the current record; `nil` where it did not change it.
        var record: Image?
        /// The store had no such row before this turn, so that a deletion leaves no trace.
        var isNew: Bool
        /// As `isNew`, by the current record.
        var isNewByRecord = false
        /// The store's open transaction holds some earlier value of it, which a deletion must take out.
        var isInTransaction = false
        /// `turn` is not in the store's open transaction yet.
        var isUnwritten = false
    }

    /// A table's changed rows, in the order in which they were first changed. A class: a record's few changes must not
    /// copy the turn's many.
    private final class TableChanges {
        var rows: [ChangedRow] = []
        var places: [RowKey: Int] = [:]
        /// Rows that the current record changed.
        var touched: [Int] = []
        /// Rows whose last value the store's open transaction does not hold yet.
        var unwritten: [Int] = []

        func forget() {
            rows.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
            touched.removeAll(keepingCapacity: true)
            unwritten.removeAll(keepingCapacity: true)
        }
    }

    private let backend: any StateBackend
    private var tables: [StateTable: TableChanges] = [:]
    /// Tables that the current record changed.
    private var touchedTables: [TableChanges] = []
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
        if let changes = tables[table], let place = changes.places[RowKey(key.bytes)] {
            let row = changes.rows[place]
            if let image = row.record ?? row.turn { return image.bytes }
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
        guard let changes = tables[table] else {
            return try backend.scan(table, from: from, upTo: upTo, limit: limit)
        }
        try writeThrough(table)
        var ofRecord: [RowKey: Image] = [:]
        for place in changes.touched {
            let row = changes.rows[place]
            if !row.key.precedes(from), upTo.map({ row.key.precedes($0) }) ?? true {
                ofRecord[RowKey(row.key)] = row.record
            }
        }
        // A deletion of the record may hide a stored row, so that many more have to be asked for.
        let stored = try backend.scan(
            table, from: from, upTo: upTo, limit: limit == .max ? .max : limit + ofRecord.count)
        guard !ofRecord.isEmpty else { return stored }
        var merged = stored.filter { ofRecord[RowKey($0.key)] == nil }
        for (key, image) in ofRecord {
            if let value = image.bytes { merged.append((key.bytes, value)) }
        }
        merged.sort { $0.key.precedes($1.key) }
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
        set(table, key.bytes, .row(JSONEncoding.encode(row)), isNew: false)
    }

    /// As `put`, for a key that the store is known not to hold: if the turn deletes it again, nothing is written at all.
    package func putNew(_ table: StateTable, _ key: StateKey, _ row: some JSONWritable) throws {
        set(table, key.bytes, .row(JSONEncoding.encode(row)), isNew: true)
    }

    package func delete(_ table: StateTable, _ key: StateKey) throws {
        set(table, key.bytes, .deleted, isNew: false)
    }

    private func changes(of table: StateTable) -> TableChanges {
        if let known = tables[table] { return known }
        let changes = TableChanges()
        tables[table] = changes
        return changes
    }

    private func set(_ table: StateTable, _ key: [UInt8], _ image: Image, isNew: Bool) {
        let changes = changes(of: table)
        let rowKey = RowKey(key)
        let place: Int
        if let known = changes.places[rowKey] {
            place = known
        } else {
            place = changes.rows.count
            changes.places[rowKey] = place
            changes.rows.append(ChangedRow(key: key, isNew: false))
        }
        if changes.rows[place].record == nil {
            if changes.touched.isEmpty { touchedTables.append(changes) }
            changes.touched.append(place)
            // Only the first change of a turn can tell what the store holds.
            changes.rows[place].isNewByRecord = changes.rows[place].turn == nil ? isNew : changes.rows[place].isNew
        }
        changes.rows[place].record = image
    }

    // MARK: Records and turns

    /// The current record succeeded: its changes become the turn's.
    func acceptRecord() {
        for changes in touchedTables {
            for place in changes.touched { Self.accept(&changes.rows[place], at: place, of: changes) }
            changes.touched.removeAll(keepingCapacity: true)
        }
        touchedTables.removeAll(keepingCapacity: true)
    }

    private static func accept(_ row: inout ChangedRow, at place: Int, of changes: TableChanges) {
        row.isNew = row.isNewByRecord
        row.turn = row.record
        row.record = nil
        if case .deleted = row.turn, row.isNew, !row.isInTransaction {
            // It never was, and need not be written.
            row.turn = nil
        } else if !row.isUnwritten {
            row.isUnwritten = true
            changes.unwritten.append(place)
        }
    }

    /// The current record failed: none of its changes remain.
    func rejectRecord() {
        for changes in touchedTables {
            for place in changes.touched { changes.rows[place].record = nil }
            changes.touched.removeAll(keepingCapacity: true)
        }
        touchedTables.removeAll(keepingCapacity: true)
        timers.reset()
    }

    /// Every row that the turn changed, as it is now, table by table: the turn's changelog.
    func turnImages() -> [RowChange] {
        var images: [RowChange] = []
        images.reserveCapacity(tables.values.reduce(0) { $0 + $1.rows.count })
        for table in tables.keys.sorted(by: { $0.name < $1.name }) {
            for row in tables[table]!.rows {
                guard let image = row.turn else { continue }
                if case .deleted = image, row.isNew { continue }
                images.append(RowChange(table: table, key: row.key, value: image.bytes))
            }
        }
        return images
    }

    /// Writes the turn into the store. Called after the log has committed it.
    func commitTurn(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        try beginIfNeeded()
        for table in tables.keys.sorted(by: { $0.name < $1.name }) {
            try writeThrough(table)
            tables[table]!.forget()
        }
        try backend.commit(checkpoint)
        isTransactionOpen = false
    }

    /// Forgets the turn.
    func rollbackTurn() throws(StoreError) {
        for changes in tables.values { changes.forget() }
        touchedTables.removeAll(keepingCapacity: true)
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

    /// Writes what finished records changed of a table into the store's open transaction.
    private func writeThrough(_ table: StateTable) throws(StoreError) {
        guard let changes = tables[table], !changes.unwritten.isEmpty else { return }
        try beginIfNeeded()
        var images: [RowChange] = []
        images.reserveCapacity(changes.unwritten.count)
        for place in changes.unwritten where changes.rows[place].isUnwritten {
            changes.rows[place].isUnwritten = false
            // A row that came and went before it was written needs no deletion.
            guard let image = changes.rows[place].turn else { continue }
            changes.rows[place].isInTransaction = true
            images.append(RowChange(table: table, key: changes.rows[place].key, value: image.bytes))
        }
        changes.unwritten.removeAll(keepingCapacity: true)
        if !images.isEmpty { try backend.apply(images) }
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
