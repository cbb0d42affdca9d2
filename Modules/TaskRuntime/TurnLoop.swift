package import Contracts
import Domain
package import EventLog
import Synchronization

/// One turn thread of a worker: its session, its tasks, and the commit turn. Log first, store second.
package final class TurnLoop {
    /// What the caller provides for each thread.
    package struct Environment {
        package var log: any EventLog
        package var session: SessionConfiguration
        package var worker: WorkerName
        package var catalogue: TopicCatalogue
        package var stores: any StateBackendProvider
        package var makeProcessor: (TaskState, Int32) throws -> any Processor
        /// Wall time in milliseconds since 1970: for commit times and for idle partitions' ticks, never for a decision.
        package var now: @Sendable () -> Int64
        /// Blocks the loop's thread.
        package var sleep: @Sendable (Duration) -> Void
        /// A clock that nobody sets, for deadlines and pauses; a simulation brings its own.
        package var instant: @Sendable () -> ContinuousClock.Instant
        package var limits: TurnLimits
        package var observer: TurnObserver
        /// Sets aside what makes the process trap; `nil` where nobody does.
        package var watch: (any TrapWatch)?

        package init(
            log: any EventLog, session: SessionConfiguration, worker: WorkerName, catalogue: TopicCatalogue,
            stores: any StateBackendProvider, now: @escaping @Sendable () -> Int64,
            sleep: @escaping @Sendable (Duration) -> Void,
            instant: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, limits: TurnLimits = TurnLimits(),
            observer: TurnObserver = TurnObserver(), watch: (any TrapWatch)? = nil,
            makeProcessor: @escaping (TaskState, Int32) throws -> any Processor
        ) {
            self.log = log
            self.session = session
            self.worker = worker
            self.catalogue = catalogue
            self.stores = stores
            self.now = now
            self.sleep = sleep
            self.instant = instant
            self.limits = limits
            self.observer = observer
            self.watch = watch
            self.makeProcessor = makeProcessor
        }
    }

    /// Asks a running loop to finish its turn and leave; may be set from any thread.
    package final class StopFlag: Sendable {
        private let flag = Atomic<Bool>(false)
        package init() {}
        package func set() { flag.store(true, ordering: .releasing) }
        package var isSet: Bool { flag.load(ordering: .acquiring) }
    }

    let environment: Environment
    let stop: StopFlag
    private(set) var assignments: [Int32: Assignment] = [:]
    private var isTurnOpen = false
    private var turnStart: ContinuousClock.Instant
    private var turnRecords = 0
    /// How long the last turn took its records.
    private(set) var turnLasted = Duration.zero
    /// Whose store an error comes from that nothing else names.
    private var served: Assignment?
    /// The partition that the next turn begins with, so that none waits behind a busy one for ever.
    private var firstServed: Int32 = 0
    private(set) var partitions = PartitionCounts(byTopic: [:])
    /// By partition; they outlive sessions.
    private var unreadableRows: [Int32: UnreadableRows] = [:]
    private var fencing = RepeatedFencing()

    package init(_ environment: Environment, stop: StopFlag) {
        self.environment = environment
        self.stop = stop
        turnStart = environment.instant()
    }

    /// Runs until stopped. Returns normally after a clean leave; throws where another process has this identity.
    package func run() throws(LogError) {
        while !stop.isSet {
            do throws(LogError) {
                try loadPartitionCounts()
                let session = try environment.log.session(environment.session)
                defer {
                    abandonAll()
                    session.close(deadline: environment.instant() + .seconds(10))
                    environment.observer.notify(.left)
                }
                try run(session)
            } catch {
                if error.code == .held { throw error }
                try fencing.note(error, at: environment.instant())
                environment.observer.notify(.fault(TurnFault(error)))
                pause(environment.limits.retryPause)
            }
        }
    }

    private func loadPartitionCounts() throws(LogError) {
        for topic in TopicCatalogue.topics {
            partitions.byTopic[topic] = try environment.log.partitionCount(of: environment.catalogue.name(of: topic))
        }
    }

    private func pause(_ duration: Duration) {
        let end = environment.instant() + duration
        while !stop.isSet && environment.instant() < end { environment.sleep(.milliseconds(20)) }
    }

    // MARK: The loop

    private func run(_ session: any TurnSession) throws(LogError) {
        while !stop.isSet {
            do {
                let isBusy = assignments.values.contains { $0.isBusy }
                for event in try session.poll(
                    maximumRecords: room, timeout: isBusy ? .zero : environment.limits.idlePoll)
                {
                    try handle(event, session)
                }
                environment.observer.notify(.polled)
                stopBehindInput()
                try restoreInSlices(session)
                try processWaiting(session)
                if isTurnOpen { try commitTurn(session) } else { try tickIdlePartitions(session) }
                storeOldChanges(session)
            } catch let error as LogError {
                try recover(from: error, session)
            } catch let error as StoreError {
                try recover(from: error, session)
            } catch {
                throw LogError(.other, .fatal, "\(error)")
            }
        }
    }

    /// How many records to ask for: so many that a turn has enough. Never none: rebalances come with them.
    private var room: Int {
        var (records, bytes) = (environment.limits.records, environment.limits.waitingBytes)
        for assignment in assignments.values {
            records -= assignment.waitingCount
            bytes -= assignment.waitingBytes
        }
        return bytes > 0 ? max(1, records) : 1
    }

    private func handle(_ event: SessionEvent, _ session: any TurnSession) throws {
        switch event {
        case .assigned(let added):
            environment.observer.notify(.assigned(added))
            for partition in added {
                assignments.removeValue(forKey: partition)?.close()
                assignments[partition] = Assignment(partition: partition, restore: restore(of: partition, session))
            }
        case .revoked(let gone):
            // Every turn ends with its round of the loop, so what these partitions have done is committed.
            for partition in gone { assignments[partition]?.task?.processor.taskWillLeave() }
            put(down: gone)
            environment.observer.notify(.revoked(gone))
            try session.finishRevocation()
        case .lost(let gone):
            put(down: gone)
            environment.observer.notify(.lost(gone))
            try session.finishRevocation()
        case .records(let records):
            let records = records.span
            for index in records.indices { assignments[records[index].partition]?.add(records[index]) }
        case .outOfRange(let partition, let reason):
            assignments[partition]?.endOfInput = reason
        }
    }

    /// Stops partitions whose input does not go on: what was fetched of them is processed first, it may be the last copy.
    private func stopBehindInput() {
        for assignment in inOrder() where assignment.waitingCount == 0 { stopWithoutInput(assignment) }
    }

    /// Puts a partition down for good where its input does not go on; whether that is so. A store that failed is left alone.
    @discardableResult
    private func stopWithoutInput(_ assignment: Assignment, storeHasFailed: Bool = false) -> Bool {
        guard let reason = assignment.endOfInput else { return false }
        assignment.endOfInput = nil
        assignment.task?.processor.taskWillLeave()
        if storeHasFailed {
            assignment.forgetTurn()
            assignment.close()
        } else {
            leave(assignment)
        }
        notify(PartitionStop(code: .offsetOutOfRange, description: reason), of: assignment)
        return true
    }

    func notify(_ stop: PartitionStop, of assignment: Assignment) {
        environment.observer.notify(
            .stopped(partition: assignment.partition, code: stop.code.rawValue, reason: stop.description))
    }

    private func put(down partitions: [Int32]) {
        for partition in partitions {
            guard let assignment = assignments.removeValue(forKey: partition) else { continue }
            leave(assignment)
        }
    }

    private func abandonAll() {
        isTurnOpen = false
        for assignment in inOrder() {
            assignment.task?.processor.taskWillLeave()
            leave(assignment)
        }
        assignments.removeAll()
    }

    /// Puts a task down. What its store lacks of committed turns is written, unless a turn is under way: then it is read
    /// from the changelog by whoever comes next.
    private func leave(_ assignment: Assignment) {
        if !assignment.isInTurn, let task = assignment.task {
            do throws(StoreError) {
                try task.store()
            } catch {
                environment.observer.notify(.fault(TurnFault(error)))
            }
        }
        assignment.forgetTurn()
        assignment.close()
    }

    /// Stores of partitions that have become quiet.
    private func storeOldChanges(_ session: any TurnSession) {
        let now = environment.now()
        for assignment in inOrder() {
            guard let task = assignment.task else { continue }
            do throws(StoreError) {
                try task.storeIfDue(at: now)
            } catch {
                restartLater(assignment, session, TurnFault(error), after: error)
            }
        }
    }

    /// What is known of a partition's rows that cannot be read.
    func unreadable(in partition: Int32) -> UnreadableRows {
        if let known = unreadableRows[partition] { return known }
        let rows = UnreadableRows()
        unreadableRows[partition] = rows
        return rows
    }

    // MARK: Turn

    private func processWaiting(_ session: any TurnSession) throws {
        turnStart = environment.instant()
        defer { turnLasted = environment.instant() - turnStart }
        let lateDuration = lateDuration
        // A turn that failed has left its count behind.
        #if SIMULATION
            if !InjectedBug.isActive(.failedTurnCounted) { turnRecords = 0 }
        #else
            turnRecords = 0
        #endif
        for assignment in inServingOrder() {
            guard let task = assignment.task else { continue }
            while let record = assignment.next {
                if isTurnFull(before: record, lateDuration: lateDuration) {
                    // Whoever had to wait goes first in the next turn.
                    firstServed = assignment.isInTurn ? assignment.partition + 1 : assignment.partition
                    return
                }
                // Records below the position were processed before a session was opened anew.
                if record.offset < task.position {
                    assignment.advance()
                    continue
                }
                try openTurn(session)
                assignment.isInTurn = true
                served = assignment
                let isDone = try task.process(record)
                try session.append(all: task.takeOutputs())
                turnRecords += 1
                // A record of more than one slice goes on in the next turn; the other partitions have theirs in this one.
                guard isDone else { break }
                assignment.advance()
            }
        }
    }

    /// Whether a record waits for the next turn.
    private func isTurnFull(before record: LogRecord, lateDuration: Duration) -> Bool {
        guard turnRecords < environment.limits.records else { return true }
        let lasted = environment.instant() - turnStart
        guard lasted > environment.limits.duration else { return false }
        return lasted > lateDuration
            || environment.now() - record.appendTimeMilliseconds < environment.limits.lateMilliseconds
    }

    /// Most of a transaction's time is left to its commit; and half of the rest to restores, where there are any: a partition
    /// that stands still is worse off than one that is late.
    var lateDuration: Duration {
        let longest = min(environment.limits.lateDuration, environment.session.transactionTimeout / 4)
        return assignments.values.contains { $0.isPreparing } ? longest / 2 : longest
    }

    /// By partition, beginning with the one whose turn it is.
    private func inServingOrder() -> [Assignment] {
        let ordered = inOrder()
        let first = ordered.firstIndex { $0.partition >= firstServed } ?? 0
        return Array(ordered[first...] + ordered[..<first])
    }

    /// By partition: a loop does the same again where it is given the same, down to the order of its calls.
    private func inOrder() -> [Assignment] { assignments.values.sorted { $0.partition < $1.partition } }

    /// Ends a turn in which nothing is left.
    func endEmptyTurn(_ session: any TurnSession) throws {
        guard isTurnOpen, !assignments.values.contains(where: { $0.isInTurn }) else { return }
        isTurnOpen = false
        try session.abort()
    }

    func openTurn(_ session: any TurnSession) throws {
        guard !isTurnOpen else { return }
        try session.begin()
        isTurnOpen = true
    }

    /// Changelog and positions go with the outputs; the stores follow the log; only then anybody is told.
    private func commitTurn(_ session: any TurnSession) throws {
        environment.watch?.end()
        let processed = environment.instant()
        let inTurn = inOrder().filter { $0.isInTurn }
        var offsets: [TurnOffset] = []
        #if SIMULATION
            var withheld: [OutgoingRecord] = []
        #endif
        for assignment in inTurn {
            served = assignment
            let (row, changelog) = try assignment.task!.finishTurn()
            offsets.append(
                TurnOffset(partition: assignment.partition, offset: row.inputOffset, metadata: row.metadata))
            #if SIMULATION
                if InjectedBug.isActive(.commitOrderSwapped) {
                    withheld += changelog
                    continue
                }
            #endif
            try session.append(all: changelog)
        }
        #if SIMULATION
            try breakCommit(session, of: inTurn, offsets: &offsets, withheld: withheld)
        #endif
        let ends = try session.commit(offsets, deadline: commitDeadline())
        isTurnOpen = false
        var counts = TaskCounts()
        var tally = EventTally()
        var failure: StoreError?
        for assignment in inTurn {
            assignment.isInTurn = false
            guard let end = ends[assignment.partition] else {
                throw LogError(.invalidState, .fatal, "a turn committed without a changelog position")
            }
            do {
                try assignment.task!.commitTurn(
                    changelogOffset: end, committedAtMilliseconds: environment.now())
                assignment.task!.processor.turnDidCommit()
                counts.add(assignment.takeCounts())
                tally.add(assignment.task!.takeTally())
            } catch {
                // The log has the turn: the store is behind, and is restored from its own position.
                failure = error
                restart(assignment, session, after: error)
            }
        }
        environment.observer.notify(
            .committed(
                TurnReport(
                    records: turnRecords, counts: counts, tally: tally, processing: processed - turnStart,
                    commit: environment.instant() - processed,
                    positions: Dictionary(uniqueKeysWithValues: offsets.map { ($0.partition, $0.offset) }))))
        turnRecords = 0
        if let failure { environment.observer.notify(.fault(TurnFault(failure))) }
    }

    /// What is not committed when the transaction times out is taken back by the broker: nothing is gained by waiting on.
    func commitDeadline() -> ContinuousClock.Instant {
        environment.instant() + min(environment.limits.commit, environment.session.transactionTimeout)
    }

    // MARK: Faults

    private func recover(from error: LogError, _ session: any TurnSession) throws(LogError) {
        guard error.errorClass != .fatal else { throw error }
        environment.observer.notify(.fault(TurnFault(error)))
        if isTurnOpen {
            isTurnOpen = false
            try session.abort()
        }
        // What was processed and not committed is read again; ownership shows with the next poll. A task that starts has
        // nothing of a turn.
        for assignment in inOrder() where assignment.task != nil && assignment.start == nil {
            restart(assignment, session)
        }
        pause(environment.limits.retryPause)
    }

    /// A store failed: nothing of the turn is kept, its tasks are restored from their last checkpoints, the one whose store it
    /// is as its error wants it.
    private func recover(from error: StoreError, _ session: any TurnSession) throws(LogError) {
        environment.observer.notify(.fault(TurnFault(error)))
        if isTurnOpen {
            isTurnOpen = false
            try session.abort()
        }
        for assignment in inOrder() where assignment.isInTurn && assignment !== served { restart(assignment, session) }
        if let served, served.task != nil { restart(served, session, after: error) }
        pause(environment.limits.retryPause)
    }

    /// Restarts one partition alone, after a pause that is not the others'.
    func restartLater(
        _ assignment: Assignment, _ session: any TurnSession, _ fault: TurnFault, after failure: StoreError? = nil,
        pause: Duration? = nil
    ) {
        environment.observer.notify(.fault(fault))
        restart(assignment, session, after: failure)
        assignment.hasFailed = true
        assignment.retryAt = environment.instant() + (pause ?? environment.limits.retryPause)
    }

    private func restart(_ assignment: Assignment, _ session: any TurnSession, after failure: StoreError? = nil) {
        // Its position cannot be read again.
        guard !stopWithoutInput(assignment, storeHasFailed: failure != nil) else { return }
        if assignment.task != nil {
            do throws(LogError) {
                try session.pause(assignment.partition)
            } catch {
                environment.observer.notify(.fault(TurnFault(error)))
            }
        }
        environment.observer.notify(
            .restarting(partition: assignment.partition, failure.map { TurnFault($0) }))
        let discardsStore = failure?.code == .corrupt || assignment.restore?.isToDiscard == true
        assignment.forgetTurn()
        assignment.close()
        assignment.restart(restore(of: assignment.partition, session, discardsStore: discardsStore))
        assignment.hasFailed = failure != nil
    }

    // MARK: Idle partitions

    /// A wall clock stands still without records: the owner of an idle partition with a due timer writes the time into it.
    private func tickIdlePartitions(_ session: any TurnSession) throws {
        let now = environment.now()
        for assignment in inOrder() where !assignment.isBusy {
            served = assignment
            guard let task = assignment.task, task.clockKind == .wall, let due = try task.nextTimerDue(),
                due.millisecondsSince1970 <= now,
                // Also where the clock was set back behind the last one.
                assignment.lastTick < due.millisecondsSince1970 || now < assignment.lastTick
                    || now - assignment.lastTick >= environment.limits.tickIntervalMilliseconds
            else { continue }
            assignment.lastTick = now
            try openTurn(session)
            assignment.isInTurn = true
            try session.append(
                task.idleTick(at: now, topic: environment.catalogue.name(of: environment.worker.input)))
        }
        if isTurnOpen { try commitTurn(session) }
    }
}
