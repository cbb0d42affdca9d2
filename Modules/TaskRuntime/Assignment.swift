import EventLog

/// A partition that a session holds: first restoring, then running, until it is put down.
final class Assignment {
    let partition: Int32
    private(set) var restore: Restore?
    private(set) var task: PartitionTask?
    /// Fetched records, not processed yet.
    var waiting: [LogRecord] = []
    private var taken = 0
    /// Whether the open turn has something of this task.
    var isInTurn = false
    /// Wall time of the last tick written for an idle partition.
    var lastTick: Int64 = .min
    private var reported = TaskCounts()

    init(partition: Int32, restore: Restore) {
        self.partition = partition
        self.restore = restore
    }

    /// Something is to be done without waiting for the log.
    var isBusy: Bool { restore != nil || taken < waiting.count }

    var next: LogRecord? { taken < waiting.count ? waiting[taken] : nil }

    func advance() {
        taken += 1
        guard taken == waiting.count else { return }
        waiting.removeAll(keepingCapacity: true)
        taken = 0
    }

    func start(_ task: PartitionTask) {
        restore = nil
        self.task = task
    }

    func restart(_ restore: Restore) {
        self.restore = restore
        task = nil
        waiting.removeAll()
        taken = 0
    }

    func stopForGood() {
        restore?.close()
        restore = nil
    }

    func forgetTurn() {
        isInTurn = false
    }

    func close() {
        task?.processor.taskWillStop()
        task?.close()
        task = nil
        restore?.close()
        restore = nil
        waiting.removeAll()
        taken = 0
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
