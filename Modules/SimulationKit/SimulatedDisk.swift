import TaskRuntime

/// A store's file: what was committed, batch by batch, so that a power loss or an old copy can take batches back.
final class SimulatedStoreFile {
    private var batches: [(changes: [RowChange], checkpoint: StoreCheckpoint)] = []
    private(set) var rows = MemoryStateBackend()
    /// Batches that a power loss cannot take any more.
    private var synced = 0
    var isCorrupt = false

    func add(_ changes: [RowChange], _ checkpoint: StoreCheckpoint, syncs: Bool) {
        batches.append((changes, checkpoint))
        if syncs { synced = batches.count }
    }

    /// The file as it was some batches ago.
    func goBack(to count: Int) throws(StoreError) {
        guard count < batches.count else { return }
        batches.removeLast(batches.count - count)
        synced = min(synced, count)
        rows = MemoryStateBackend()
        for batch in batches {
            try rows.begin()
            try rows.apply(batch.changes)
            try rows.commit(batch.checkpoint)
        }
    }

    var batchCount: Int { batches.count }
    var syncedCount: Int { synced }
}

/// The stores of one host and worker; they outlive its processes.
final class SimulatedDisk {
    var files: [Int32: SimulatedStoreFile] = [:]

    /// Commits that no `fsync` had reached are gone, from each file its own number.
    func losePower(_ random: inout SimulationRandom) throws(StoreError) {
        for (_, file) in files.sorted(by: { $0.key < $1.key }) {
            let lost = file.batchCount - file.syncedCount
            if lost > 0 { try file.goBack(to: file.batchCount - random.below(lost + 1)) }
        }
    }

    /// An old copy of the volume was put back.
    func age(_ random: inout SimulationRandom) throws(StoreError) {
        for (_, file) in files.sorted(by: { $0.key < $1.key }) where file.batchCount > 0 {
            try file.goBack(to: random.below(file.batchCount))
        }
    }
}

/// Opens one process's stores.
final class SimulatedDiskProvider: StateBackendProvider {
    private let process: SimulatedProcess
    private let disk: SimulatedDisk

    init(process: SimulatedProcess, disk: SimulatedDisk) {
        self.process = process
        self.disk = disk
    }

    func open(partition: Int32) throws(StoreError) -> any StateBackend {
        try process.storeCall("open store")
        if let file = disk.files[partition] {
            if file.isCorrupt { throw StoreError(.corrupt, "the store of partition \(partition) is damaged") }
            return SimulatedStore(file, process: process)
        }
        let file = SimulatedStoreFile()
        disk.files[partition] = file
        return SimulatedStore(file, process: process)
    }

    func discard(partition: Int32) throws(StoreError) {
        try process.storeCall("discard store")
        disk.files[partition] = nil
    }
}

/// A handle of a store. After any error it is closed and its transaction gone, as SQLite's is.
private final class SimulatedStore: StateBackend {
    private let file: SimulatedStoreFile
    private let process: SimulatedProcess
    private var changes: [RowChange]?
    private var isClosed = false

    init(_ file: SimulatedStoreFile, process: SimulatedProcess) {
        self.file = file
        self.process = process
    }

    /// A handle that a process left behind has no transaction any more.
    deinit { dropTransaction() }

    private func dropTransaction() {
        guard changes != nil else { return }
        changes = nil
        do throws(StoreError) { try file.rows.rollback() } catch { preconditionFailure("\(error)") }
    }

    private func guarded<Result>(_ name: String?, _ body: () throws(StoreError) -> Result) throws(StoreError) -> Result
    {
        guard !isClosed else { throw StoreError(.other, "the store is closed") }
        do throws(StoreError) {
            if let name { try process.storeCall(name) }
            return try body()
        } catch {
            close()
            throw error
        }
    }

    func checkpoint() throws(StoreError) -> StoreCheckpoint? {
        try guarded("read checkpoint") { () throws(StoreError) in try file.rows.checkpoint() }
    }

    func begin() throws(StoreError) {
        try guarded("begin store") { () throws(StoreError) in
            try file.rows.begin()
            changes = []
        }
    }

    func get(_ table: StateTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        try guarded(nil) { () throws(StoreError) in try file.rows.get(table, key) }
    }

    func scan(_ table: StateTable, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(StoreError)
        -> [(key: [UInt8], value: [UInt8])]
    {
        try guarded(nil) { () throws(StoreError) in
            try file.rows.scan(table, from: from, upTo: upTo, limit: limit)
        }
    }

    func apply(_ changes: [RowChange]) throws(StoreError) {
        try guarded("apply to store") { () throws(StoreError) in
            try file.rows.apply(changes)
            self.changes! += changes
        }
    }

    func commit(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        try guarded("commit store") { () throws(StoreError) in
            try file.rows.commit(checkpoint)
            file.add(changes!, checkpoint, syncs: process.syncs())
            changes = nil
            // The disk may report an error for what it has written nevertheless.
            try process.storeCall("store committed")
        }
    }

    func rollback() throws(StoreError) {
        guard !isClosed else { return }
        dropTransaction()
    }

    func forEachRow(_ body: (StateTable, [UInt8], [UInt8]) throws -> Void) throws { try file.rows.forEachRow(body) }

    func close() {
        dropTransaction()
        isClosed = true
    }
}
