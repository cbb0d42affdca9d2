import EventLog

/// A partition that a session holds: first restoring, then starting, then running, until it is put down.
final class Assignment {
    /// What is left to be done of a task before its input begins.
    struct Start {
        /// Where its input begins.
        var position: Int64
        /// Rows of a torn turn, as the restore found them.
        var torn: [RowChange]
        /// Records that its processor has to read; `nil` before its first slice.
        var remaining: Int64?
    }

    let partition: Int32
    private(set) var restore: Restore?
    private(set) var task: PartitionTask?
    /// Beside a task that does not run yet.
    private(set) var start: Start?
    /// Fetched records; the first `taken` of them are processed.
    private var fetched: [LogRecord] = []
    private var taken = 0
    /// How large those are that are not processed yet.
    private(set) var waitingBytes = 0
    /// Whether the open turn has something of this task.
    var isInTurn = false
    /// Wall time of the last tick written for an idle partition.
    var lastTick: Int64 = .min
    /// Its store failed or its restore did, and it has not been restored since.
    var hasFailed = false
    /// What its restore or its start came to a stop by that is to be confirmed by another one.
    var doubts: Set<PartitionStop.Code> = []
    /// Why no more input comes; it stops behind what was fetched.
    var endOfInput: String?
    /// It is not tried again before.
    var retryAt: ContinuousClock.Instant?
    /// When its restore or its start got its last slice.
    var triedAt: ContinuousClock.Instant?
    private var reported = TaskCounts()

    init(partition: Int32, restore: Restore) {
        self.partition = partition
        self.restore = restore
    }

    /// Something is to be done without waiting for the log.
    var isBusy: Bool { (isPreparing && retryAt == nil) || taken < fetched.count }

    /// Restoring or starting.
    var isPreparing: Bool { restore != nil || start != nil }

    /// How many records are left to be read before it runs; 0 until that was asked for.
    var remaining: Int64 { restore?.remaining ?? start?.remaining ?? 0 }

    var next: LogRecord? { taken < fetched.count ? fetched[taken] : nil }

    /// How many fetched records are not processed yet.
    var waitingCount: Int { fetched.count - taken }

    /// Takes fetched records in; dropped where nothing runs that could process them.
    func add(_ record: LogRecord) {
        guard task != nil, start == nil else { return }
        fetched.append(record)
        waitingBytes += record.byteCount
    }

    func advance() {
        waitingBytes -= fetched[taken].byteCount
        taken += 1
        if taken == fetched.count {
            dropFetched()
        } else if taken >= Assignment.compactedAt {
            fetched.removeFirst(taken)
            taken = 0
        }
    }

    /// Processed records are let go after so many.
    private static let compactedAt = 1_024

    private func dropFetched() {
        fetched.removeAll(keepingCapacity: true)
        taken = 0
        waitingBytes = 0
    }

    func start(_ task: PartitionTask, _ start: Start) {
        restore = nil
        hasFailed = false
        self.task = task
        self.start = start
        reported = TaskCounts()
    }

    func startGoesOn(remaining: Int64) { start?.remaining = remaining }

    func startIsDone() {
        start = nil
        doubts = []
    }

    func restart(_ restore: Restore) {
        self.restore = restore
        task = nil
        dropFetched()
    }

    func forgetTurn() {
        isInTurn = false
    }

    func close() {
        task?.processor.taskWillStop()
        task?.close()
        task = nil
        start = nil
        restore?.close()
        restore = nil
        dropFetched()
    }

    /// Counts since the last call.
    func takeCounts() -> TaskCounts {
        guard let counts = task?.counts else { return TaskCounts() }
        defer { reported = counts }
        return counts.since(reported)
    }
}

extension TaskCounts {
    mutating func add(_ other: TaskCounts) {
        applied += other.applied
        duplicates += other.duplicates
        deadLetters += other.deadLetters
        forwarded += other.forwarded
        held += other.held
        timers += other.timers
    }

    func since(_ earlier: TaskCounts) -> TaskCounts {
        var difference = self
        difference.applied -= earlier.applied
        difference.duplicates -= earlier.duplicates
        difference.deadLetters -= earlier.deadLetters
        difference.forwarded -= earlier.forwarded
        difference.held -= earlier.held
        difference.timers -= earlier.timers
        return difference
    }
}
