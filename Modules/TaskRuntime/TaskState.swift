import Contracts
import Domain
package import JSON

/// How far a store may stay behind its changelog: what it lacks is in memory, and after a crash in the changelog's tail.
///
/// Turns are small against a store, and each touches rows all over its indexes; written together they write each page once.
package struct StoreLag: Sendable, Hashable {
    /// Changed rows at most.
    package var rows: Int
    /// Bytes of changed rows, keys and values, at most.
    package var bytes: Int
    /// Time since the oldest change at most, by the commits' wall time.
    package var milliseconds: Int64

    package init(rows: Int, bytes: Int, milliseconds: Int64) {
        self.rows = rows
        self.bytes = bytes
        self.milliseconds = milliseconds
    }

    /// Every turn is written as it is committed.
    package static let none = StoreLag(rows: 0, bytes: 0, milliseconds: 0)
    /// A tail that a restore reads in a fraction of a second.
    package static let standard = StoreLag(rows: 8_192, bytes: 3 << 19, milliseconds: 20_000)
}

/// The rows of one partition as a handler sees them: typed, with the changes of the current record over those of the turn
/// over those of committed turns over those of the store.
///
/// Layers make a failing record cheap and a turn atomic: what a record changed is kept apart until it has succeeded, what a
/// turn changed until the log has committed it, and what committed turns changed until the store is written, every turn or
/// every so many (`StoreLag`). A scan of a table writes the changes of that table into the store's open transaction first;
/// where a turn is taken back, so is the transaction, and what was committed is written into the next one.
///
/// Used by one thread.
package final class TaskState {
    /// A class: a record's few changes must not copy the turn's many.
    private final class TableChanges {
        var rows = ChangedRows()
    }

    private let backend: any StateBackend
    private let lag: StoreLag
    private var tables: [StateTable: TableChanges] = [:]
    /// Tables that the current record changed.
    private var touchedTables: [TableChanges] = []
    /// A row of the current record that its changelog would not take.
    private var unfittingRow: (table: StateTable, bytes: Int)?
    private var isTransactionOpen = false
    /// Where the store will stand when it is written; `nil` where it is.
    private var unstored: StoreCheckpoint?
    private var unstoredSince: Int64 = 0
    private var unstoredRows = 0
    private var unstoredBytes = 0
    let timers = TimerQueue()
    /// What is known of rows that cannot be read.
    let unreadable: UnreadableRows

    package convenience init(backend: any StateBackend, lag: StoreLag = .none) {
        self.init(backend: backend, lag: lag, unreadable: UnreadableRows())
    }

    init(backend: any StateBackend, lag: StoreLag, unreadable: UnreadableRows) {
        self.backend = backend
        self.lag = lag
        self.unreadable = unreadable
    }

    // MARK: Reading

    /// - Throws: where the row cannot be read, a fault of the store, which is made anew for it; where the changelog has the row
    ///   so, a dead letter for whatever needs it. So do all that read rows.
    package func get<Row: JSONReadable>(_ table: StateTable, _ key: StateKey, as type: Row.Type) throws -> Row? {
        guard let bytes = try bytes(table, key) else { return nil }
        return try decode(type, bytes, table, key.bytes)
    }

    /// The row's own bytes.
    package func bytes(_ table: StateTable, _ key: StateKey) throws(StoreError) -> [UInt8]? {
        if let image = tables[table]?.rows.image(of: RowKey(key.bytes)) { return image.bytes }
        return try backend.get(table, key.bytes)
    }

    /// Rows whose key starts with `prefix`, in key order.
    package func rows<Row: JSONReadable>(_ table: StateTable, prefix: StateKey, as type: Row.Type) throws
        -> [(key: StateKey, row: Row)]
    {
        try scan(table, from: prefix.bytes, upTo: prefix.prefixEnd, limit: .max).map {
            (StateKey(bytes: $0.key), try decode(type, $0.value, table, $0.key))
        }
    }

    /// Up to `limit` rows from `from` on, in key order, below `upTo`.
    package func rows<Row: JSONReadable>(
        _ table: StateTable, from: StateKey, upTo: StateKey?, limit: Int, as type: Row.Type
    ) throws -> [(key: StateKey, row: Row)] {
        try scan(table, from: from.bytes, upTo: upTo?.bytes, limit: limit).map {
            (StateKey(bytes: $0.key), try decode(type, $0.value, table, $0.key))
        }
    }

    /// As `rows`; one that cannot be read takes no other with it.
    func rowsOneByOne<Row: JSONReadable>(
        _ table: StateTable, from: StateKey, upTo: StateKey?, limit: Int, as type: Row.Type
    ) throws -> [(key: StateKey, row: Result<Row, DeadLetter>)] {
        var rows: [(key: StateKey, row: Result<Row, DeadLetter>)] = []
        for (key, value) in try scan(table, from: from.bytes, upTo: upTo?.bytes, limit: limit) {
            do {
                rows.append((StateKey(bytes: key), .success(try decode(type, value, table, key))))
            } catch let letter as DeadLetter {
                rows.append((StateKey(bytes: key), .failure(letter)))
            }
        }
        return rows
    }

    func scan(_ table: StateTable, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(StoreError)
        -> [(key: [UInt8], value: [UInt8])]
    {
        guard let changes = tables[table] else {
            return try backend.scan(table, from: from, upTo: upTo, limit: limit)
        }
        try writeThrough(table)
        let ofRecord = changes.rows.imagesOfRecord(from: from, upTo: upTo)
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

    /// Keys of the rows whose value has at least `bytes` bytes: of all that were committed when the reading began at the start.
    /// See `StateBackend.keys`. Called between turns.
    package func keys(
        _ table: StateTable, valuesFrom bytes: Int, after position: StorePosition, limit: Int
    ) throws(StoreError) -> (keys: [StateKey], next: StorePosition?) {
        // What only memory has yet would be passed over.
        if position == .start { try store() }
        let (keys, next) = try backend.keys(table, valuesFrom: bytes, after: position, limit: limit)
        return (keys.map { StateKey(bytes: $0) }, next)
    }

    private func decode<Row: JSONReadable>(
        _ type: Row.Type, _ bytes: [UInt8], _ table: StateTable, _ key: [UInt8]
    ) throws -> Row {
        do {
            return try JSONDocument.decode(type, from: bytes)
        } catch {
            throw try unreadable.deadLetter(
                RowChange(table: table, key: key, value: bytes), TaskState.text(of: error.problems.first))
        }
    }

    /// What is wrong, without what was found: that may be personal.
    private static func text(of problem: JSONProblem?) -> String {
        guard let problem else { return "no row" }
        return "\(problem.pointer.isEmpty ? "document" : problem.pointer): expected \(problem.expected)"
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

    /// Counts a row as changed, as it is.
    func rewrite(_ table: StateTable, _ key: StateKey) throws {
        set(table, key.bytes, try bytes(table, key).map(RowImage.row) ?? .deleted, isNew: false)
    }

    /// A row is a record of the changelog, with its table's name and its turn's number beside it.
    static let maximumRowBytes = TopicCatalogue.maximumRecordBytes - 1_024

    /// Fails the current record where it made a row that its changelog would not take.
    func requireFittingRows() throws(DeadLetter) {
        guard let (table, bytes) = unfittingRow else { return }
        throw DeadLetter(
            .tooLarge,
            "a row of table \(table.name) would have \(bytes) bytes, at most \(TaskState.maximumRowBytes) are kept")
    }

    private func changes(of table: StateTable) -> TableChanges {
        if let known = tables[table] { return known }
        let changes = TableChanges()
        tables[table] = changes
        return changes
    }

    private func set(_ table: StateTable, _ key: [UInt8], _ image: RowImage, isNew: Bool) {
        if let bytes = image.bytes, key.count + bytes.count > TaskState.maximumRowBytes {
            unfittingRow = (table, key.count + bytes.count)
        }
        let changes = changes(of: table)
        if changes.rows.set(key, image, isNew: isNew) { touchedTables.append(changes) }
    }

    // MARK: Records and turns

    /// The current record succeeded: its changes become the turn's.
    func acceptRecord() {
        for changes in touchedTables { changes.rows.acceptRecord() }
        touchedTables.removeAll(keepingCapacity: true)
    }

    /// The current record failed: none of its changes remain.
    func rejectRecord() {
        for changes in touchedTables { changes.rows.rejectRecord() }
        touchedTables.removeAll(keepingCapacity: true)
        unfittingRow = nil
        timers.reset()
    }

    private var tablesInOrder: [StateTable] { tables.keys.sorted { $0.name < $1.name } }

    /// Every row that the turn changed, as it is now, table by table: the turn's changelog.
    func turnImages() -> [RowChange] {
        var images: [RowChange] = []
        images.reserveCapacity(tables.values.reduce(0) { $0 + $1.rows.changedCount })
        for table in tablesInOrder { tables[table]!.rows.turnImages(of: table, into: &images) }
        return images
    }

    #if SIMULATION
        /// The row as the store has it.
        func storedBytes(_ table: StateTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
            try backend.get(table, key)
        }
    #endif

    /// The log has committed the turn: its changes stay, and go into the store now or with a later turn's.
    func commitTurn(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        for changes in tables.values {
            let size = changes.rows.commitTurn()
            unstoredRows += size.rows
            unstoredBytes += size.bytes
        }
        if unstored == nil { unstoredSince = checkpoint.committedAtMilliseconds }
        unstored = checkpoint
        if unstoredRows >= lag.rows || unstoredBytes >= lag.bytes || isOld(at: checkpoint.committedAtMilliseconds) {
            try store()
        }
    }

    /// Writes what committed turns changed, where the oldest of it is older than `StoreLag` allows.
    func storeIfDue(at milliseconds: Int64) throws(StoreError) {
        if unstored != nil, isOld(at: milliseconds) { try store() }
    }

    /// A clock that was set back since tells nothing of the age, for as long as the jump was: then it counts as old.
    private func isOld(at milliseconds: Int64) -> Bool {
        milliseconds < unstoredSince || milliseconds - unstoredSince >= lag.milliseconds
    }

    /// Writes what committed turns changed. Called between turns.
    func store() throws(StoreError) {
        guard let checkpoint = unstored else { return }
        try beginIfNeeded()
        for table in tablesInOrder {
            try writeThrough(table)
            tables[table]!.rows.forget()
        }
        try backend.commit(checkpoint)
        isTransactionOpen = false
        unstored = nil
        unstoredRows = 0
        unstoredBytes = 0
    }

    /// Forgets the turn.
    func rollbackTurn() throws(StoreError) {
        touchedTables.removeAll(keepingCapacity: true)
        unfittingRow = nil
        timers.reset()
        for changes in tables.values { changes.rows.rollbackTurn() }
        guard isTransactionOpen else { return }
        isTransactionOpen = false
        try backend.rollback()
    }

    /// Ends the use of the store. What it lacks is read from the changelog next time.
    func close() { backend.close() }

    private func beginIfNeeded() throws(StoreError) {
        guard !isTransactionOpen else { return }
        try backend.begin()
        isTransactionOpen = true
    }

    /// Writes what finished records changed of a table into the store's open transaction.
    private func writeThrough(_ table: StateTable) throws(StoreError) {
        guard let changes = tables[table], !changes.rows.isWritten else { return }
        try beginIfNeeded()
        let images = changes.rows.takeUnwritten(of: table)
        if !images.isEmpty { try backend.apply(images) }
    }

    // MARK: Timers

    func schedule(_ timer: TaskTimer) throws {
        let key = TimerQueue.key(due: timer.due, name: timer.name)
        try put(TimerQueue.table, key, TimerRow(payload: timer.payload))
        timers.added(timer, key: key)
    }

    func cancelTimer(named name: String, due: Timestamp) throws {
        let key = TimerQueue.key(due: due, name: name)
        guard try bytes(TimerQueue.table, key) != nil else { return }
        try delete(TimerQueue.table, key)
        timers.removed(key)
    }

    /// When the next timer is due; `nil` where there is none.
    func nextTimerDue() throws -> Timestamp? { try firstTimer()?.timer.due }

    /// The first timer by due time and name, also where its row cannot be read.
    func firstTimer() throws -> QueuedTimer? {
        if case .known(let timer) = timers.next { return timer }
        let first = try scan(TimerQueue.table, from: [], upTo: nil, limit: 1).first
        let timer = try first.map { try queuedTimer($0.key, $0.value) }
        timers.next = .known(timer)
        return timer
    }

    private func queuedTimer(_ key: [UInt8], _ value: [UInt8]) throws -> QueuedTimer {
        do {
            guard TimerQueue.isKey(key) else {
                throw try unreadable.deadLetter(
                    RowChange(table: TimerQueue.table, key: key, value: value), "its key is no due time and name")
            }
            let row = try decode(TimerRow.self, value, TimerQueue.table, key)
            return QueuedTimer(key: StateKey(bytes: key), timer: TimerQueue.timer(key: key, payload: row.payload))
        } catch let letter as DeadLetter {
            return QueuedTimer(
                key: StateKey(bytes: key), timer: TimerQueue.timer(key: key, payload: ""), problem: letter)
        }
    }

    func remove(_ timer: QueuedTimer) throws {
        try delete(TimerQueue.table, timer.key)
        timers.removed(timer.key)
    }
}
