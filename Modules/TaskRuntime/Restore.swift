import Contracts
import Domain
import EventLog

/// Brings a partition's store to where the group's committed position says that it is, from its changelog, in slices, so
/// that the loop can go on polling. Done only at a position that reaches the changelog's read-uncommitted end: below it
/// committed rows may still hide behind a dead owner's open transaction.
final class Restore {
    enum Progress {
        /// `goesOn` where the next slice need not wait for rows.
        case working(remaining: Int64, goesOn: Bool)
        /// The store is at the changelog's end; input begins at `position`. `torn` names the rows of a turn whose positions
        /// were never committed: they must be written again before anybody takes them for a later turn's.
        case done(state: TaskState, position: Int64, epoch: Int64, torn: [RowChange])
    }

    static let slice = 4_000
    /// Rows, or bytes of them, that go into the store in one transaction: keys are random, so that few rows touch nearly as
    /// many pages as many do.
    static let batchRows = 16_000
    static let batchBytes = 16 << 20
    /// From so many records on the store is told that it is being restored.
    static let longRestore: Int64 = 50_000
    static let stallLimit = Duration.seconds(30)
    /// How long the group's position is waited for: while a dead owner's transaction has one pending, it is not told.
    private static let positionPatience = Duration.seconds(2)
    /// A store older than this is not trusted: tombstones that it needs may be gone before it has read them.
    static let maximumAgeMilliseconds = TopicSpecification.deletionRetentionMilliseconds / 2

    private let partition: Int32
    private let session: any TurnSession
    private let provider: any StateBackendProvider
    /// How far the store may stay behind once it runs.
    private let lag: StoreLag
    /// Told where the store is thrown away.
    private let unreadable: UnreadableRows
    private let now: () -> Int64
    private let instant: () -> ContinuousClock.Instant
    private let observer: TurnObserver
    /// The store was found damaged while it ran, which was told then: it is not to be opened again.
    private let discardsStore: Bool
    /// Whether that store is still to be thrown away.
    var isToDiscard: Bool { discardsStore && backend == nil }

    private var backend: (any StateBackend)?
    private var target: Int64 = 0
    private var position: Int64 = 0
    private var committed: CommittedPosition?
    private var committedTurn: (turn: Int64, epoch: Int64) = (0, 0)
    private var standstill: Standstill
    /// Rows of turns later than the committed one: torn, or committed by another owner since. A store's position never
    /// passes the first of them, so that a restore after this one meets them again.
    private var skipped: (first: Int64, rows: [[UInt8]: RowChange])?
    /// Rows below `position` that are not in the store yet.
    private var pending: [RowChange] = []
    private var pendingBytes = 0
    private var isLong = false
    private var rows = Changelog.RowReader()

    init(
        partition: Int32, session: any TurnSession, provider: any StateBackendProvider, lag: StoreLag,
        unreadable: UnreadableRows = UnreadableRows(), discardsStore: Bool = false, now: @escaping () -> Int64,
        instant: @escaping () -> ContinuousClock.Instant, observer: TurnObserver
    ) {
        self.partition = partition
        self.session = session
        self.provider = provider
        self.lag = lag
        self.unreadable = unreadable
        self.discardsStore = discardsStore
        self.now = now
        self.instant = instant
        self.observer = observer
        standstill = Standstill(at: instant())
    }

    func close() {
        backend?.close()
        backend = nil
    }

    /// How many records of the changelog are left; 0 until that was asked for.
    var remaining: Int64 { backend == nil ? 0 : max(0, target - position) }

    /// Does one slice of work, and waits so long for its first row.
    func step(wait: Duration) throws -> Progress {
        standstill.beginTurn(at: instant())
        defer { standstill.endTurn(at: instant()) }
        do {
            return try advance(wait: wait)
        } catch let error as StoreError where error.code == .newer {
            throw PartitionStop(code: .newer, description: error.message)
        }
    }

    private func advance(wait: Duration) throws -> Progress {
        if backend == nil { try open() }
        let backend = self.backend!
        while true {
            if position >= target {
                guard try isStillOwner() else {
                    close()
                    return .working(remaining: 1, goesOn: true)
                }
                let state = TaskState(backend: backend, lag: lag, unreadable: unreadable)
                try requireCommittedTurn(in: state)
                try finish(backend)
                return .done(
                    state: state, position: committed?.offset ?? 0, epoch: committedTurn.epoch + 1, torn: tornRows())
            }
            let read = try session.readChangelog(
                partition, from: position, maximum: Restore.slice, timeout: wait)
            let goesOn = read.position > position
            if goesOn { standstill.end(at: instant()) }
            try apply(read, to: backend)
            if standstill.duration(at: instant()) > Restore.stallLimit {
                standstill.end(at: instant())
                throw PartitionStop(
                    code: .stalled,
                    description: "changelog of partition \(partition) stands still at \(position) below \(target)")
            }
            #if SIMULATION
                if InjectedBug.isActive(.restoreEndedAtLastStable), read.records.isEmpty { position = target }
            #endif
            if remaining > 0 { return .working(remaining: remaining, goesOn: goesOn) }
        }
    }

    /// Rows of later turns are torn only where the group's position is what it was: otherwise another owner has gone on
    /// while this one stood still, and the restore has to begin again.
    private func isStillOwner() throws -> Bool {
        guard skipped != nil else { return true }
        #if SIMULATION
            if InjectedBug.isActive(.skippedRowsPassed) { return true }
        #endif
        return try session.committed(partition, timeout: Restore.positionPatience) == committed
    }

    private func open() throws {
        skipped = nil
        pending = []
        pendingBytes = 0
        // Positions first: an open transaction of a dead owner is settled before its rows are asked for.
        committed = try session.committed(partition, timeout: Restore.positionPatience)
        let bounds = try session.changelogBounds(partition)
        target = bounds.end
        committedTurn = committed.flatMap { TurnRow.parse(metadata: $0.metadata) } ?? (0, 0)
        let opened = try openTrusted(bounds: bounds)
        backend = opened
        position = try opened.checkpoint()?.changelogOffset ?? bounds.first
        isLong = target - position >= Restore.longRestore
        if isLong { try opened.setRestoring(true) }
        standstill.end(at: instant())
    }

    /// The store as it is, or a new one where it cannot be trusted, which is told.
    private func openTrusted(bounds: (first: Int64, end: Int64)) throws -> any StateBackend {
        if discardsStore { return try openNew(bounds: bounds) }
        let opened: any StateBackend
        do throws(StoreError) {
            opened = try provider.open(partition: partition)
        } catch {
            guard error.code == .corrupt || error.code == .schema else { throw error }
            return try openNew(insteadOf: TurnFault(error), bounds: bounds)
        }
        let doubt: TurnFault?
        do {
            doubt = try self.doubt(about: opened.checkpoint(), bounds: bounds)
        } catch {
            opened.close()
            throw error
        }
        guard let doubt else { return opened }
        opened.close()
        return try openNew(insteadOf: doubt, bounds: bounds)
    }

    /// Why a whole store is not trusted; `nil` where it is. What it cannot be made anew from stops the partition.
    private func doubt(about checkpoint: StoreCheckpoint?, bounds: (first: Int64, end: Int64)) throws -> TurnFault? {
        if checkpoint?.changelogOffset ?? 0 < bounds.first { throw truncated(at: bounds.first) }
        guard let checkpoint else { return nil }
        if checkpoint.changelogOffset > bounds.end {
            throw PartitionStop(
                code: .changelogRecreated,
                description:
                    "the store of partition \(partition) knows changelog offset \(checkpoint.changelogOffset), "
                    + "the topic ends at \(bounds.end): was it recreated?")
        }
        if committedTurn.turn == 0, checkpoint.epoch > 0 { throw positionLost }
        let store = "the store of partition \(partition)"
        // A turn or an epoch that the group does not know: the history that made them was lost.
        if checkpoint.turn > committedTurn.turn || checkpoint.epoch > committedTurn.epoch
            || (checkpoint.turn == committedTurn.turn && checkpoint.epoch != committedTurn.epoch)
        {
            return TurnFault(
                .store, code: "store_ahead",
                "\(store) has turn \(checkpoint.turn) of epoch \(checkpoint.epoch), the group committed turn "
                    + "\(committedTurn.turn) of epoch \(committedTurn.epoch)")
        }
        let age = now() - checkpoint.committedAtMilliseconds
        // A store ends behind its turn's last row; on Kafka the marker of that transaction stands there. A turn since then adds
        // a row at least, and its own marker.
        if age > Restore.maximumAgeMilliseconds, checkpoint.changelogOffset + 1 < bounds.end {
            return TurnFault(
                .store, code: "store_too_old",
                "\(store) is \(age / 3_600_000) h old and behind its changelog, where deletions may be gone by now")
        }
        return nil
    }

    private func openNew(insteadOf fault: TurnFault? = nil, bounds: (first: Int64, end: Int64)) throws
        -> any StateBackend
    {
        guard bounds.first == 0 else { throw truncated(at: bounds.first) }
        if var fault {
            fault.description += "; it is made anew from the changelog"
            observer.notify(.fault(fault))
        }
        try provider.discard(partition: partition)
        unreadable.storeWasDiscarded()
        return try provider.open(partition: partition)
    }

    /// Compaction never moves a topic's first offset: somebody deleted records, and rows went with them.
    private func truncated(at first: Int64) -> PartitionStop {
        PartitionStop(
            code: .changelogTruncated,
            description:
                "the changelog of partition \(partition) begins at \(first): records were deleted that the store has not got"
        )
    }

    private func apply(_ read: ChangelogSlice, to backend: any StateBackend) throws {
        let records = read.records.span
        for index in records.indices {
            let (change, turn) = try change(in: records[index])
            guard isCommitted(turn) else {
                skip(change, at: records[index].offset)
                continue
            }
            pending.append(change)
            pendingBytes += change.key.count + (change.value?.count ?? 0)
        }
        position = read.position
        // While whole slices come, more of them are on their way.
        let mayGrow = read.records.count == Restore.slice && position < target
        if mayGrow, pending.count < Restore.batchRows, pendingBytes < Restore.batchBytes { return }
        guard !pending.isEmpty else { return }
        try backend.begin()
        try backend.apply(pending)
        try backend.commit(checkpoint(turn: 0, committedAt: now()))
        pending.removeAll(keepingCapacity: isLong)
        pendingBytes = 0
    }

    /// What is no row of ours is none however often it is read.
    private func change(in record: borrowing LogRecord) throws -> (change: RowChange, turn: Int64) {
        do throws(StoreError) {
            return try rows.change(in: record)
        } catch {
            guard error.code == .corrupt else { throw error }
            throw PartitionStop(code: .changelogUnreadable, description: error.message)
        }
    }

    /// A later turn than the committed one is torn: its positions never came to be committed.
    private func isCommitted(_ turn: Int64) -> Bool {
        #if SIMULATION
            if InjectedBug.isActive(.replayWithoutTurnCheck) { return true }
        #endif
        return turn <= committedTurn.turn
    }

    private func tornRows() -> [RowChange] {
        #if SIMULATION
            if InjectedBug.isActive(.tornRowsKept) { return [] }
        #endif
        return (skipped?.rows ?? [:]).sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
    }

    private func skip(_ change: RowChange, at offset: Int64) {
        if skipped == nil { skipped = (offset, [:]) }
        skipped!.rows[Changelog.key(of: change)] = RowChange(table: change.table, key: change.key, value: nil)
    }

    /// The mark of a store under restore has turn 0, so that it is never taken for a whole one.
    private func checkpoint(turn: Int64, committedAt: Int64) -> StoreCheckpoint {
        #if SIMULATION
            let end = InjectedBug.isActive(.skippedRowsPassed) ? position : skipped?.first ?? position
        #else
            let end = skipped?.first ?? position
        #endif
        return StoreCheckpoint(
            changelogOffset: end, inputOffset: committed?.offset ?? 0, turn: turn, epoch: committedTurn.epoch,
            committedAtMilliseconds: committedAt)
    }

    /// A turn's rows end with the one that names it: without that of the group's position the changelog lacks its end, and
    /// what came before is the state of no turn.
    private func requireCommittedTurn(in state: TaskState) throws {
        guard committedTurn.turn > 0 else { return }
        #if SIMULATION
            // Else it is found here, and mended by the next look.
            if InjectedBug.isActive(.restoreEndedAtLastStable) { return }
        #endif
        let row = try state.get(TurnRow.table, TurnRow.key, as: TurnRow.self)
        guard row?.turn != committedTurn.turn || row?.epoch != committedTurn.epoch else { return }
        throw PartitionStop(
            code: .changelogRecreated,
            description:
                "the group committed turn \(committedTurn.turn) of epoch \(committedTurn.epoch) for partition "
                + "\(partition), its changelog ends at \(target) with "
                + (row.map { "turn \($0.turn) of epoch \($0.epoch)" } ?? "no turn") + ": was it recreated?")
    }

    private func finish(_ backend: any StateBackend) throws {
        if committedTurn.turn == 0 && skipped != nil { throw positionLost }
        // Before the store has a turn: till then it may be written in ways that are not safe for one that has.
        if isLong { try backend.setRestoring(false) }
        try backend.begin()
        try backend.commit(checkpoint(turn: committedTurn.turn, committedAt: now()))
    }

    private var positionLost: PartitionStop {
        PartitionStop(
            code: .positionLost,
            description:
                "the changelog of partition \(partition) has turns, but the group has no committed position of "
                + "ours: it expired or was reset by hand")
    }
}
