import EventLog

/// Restores of partitions, and the starts of their tasks.
extension TurnLoop {
    func restore(of partition: Int32, _ session: any TurnSession, discardsStore: Bool = false) -> Restore {
        Restore(
            partition: partition, session: session, provider: environment.stores, lag: environment.limits.storeLag,
            unreadable: unreadable(in: partition), discardsStore: discardsStore, now: environment.now,
            instant: environment.instant, observer: environment.observer)
    }

    /// Restoring and starting get as long as a turn may last, and twice as long as the last one did, so that they come to their
    /// end beside partitions that are always busy.
    func restoreInSlices(_ session: any TurnSession) throws {
        let start = environment.instant()
        // What a full queue or a slow record made of a turn is no measure.
        let time = max(environment.limits.duration, min(turnLasted, lateDuration) * 2)
        var hasTime: Bool { environment.instant() - start < time }
        // Beside others the time is used, but a standstill ends it soon: a reading that got no more than one queue a round would
        // take several times as long.
        let isAlone = !assignments.values.contains { $0.waitingCount > 0 }
        let wait = isAlone ? .zero : environment.limits.restoreWaitBesideTurns
        while try restoreSlice(session, wait: wait, until: start + time), hasTime {}
        if hasTime, isAlone { _ = try restoreSlice(session, wait: environment.limits.restoreWait, until: start + time) }
    }

    /// One slice of the shortest restore or start that has records; whether there was one. Side by side all partitions would
    /// be ready at the end; one after the other the first is so long before.
    private func restoreSlice(
        _ session: any TurnSession, wait: Duration, until end: ContinuousClock.Instant
    ) throws -> Bool {
        var wait = wait
        var isFirst = true
        for assignment in inRestoringOrder() {
            // Each may wait for the log, for seconds: then the next one does so behind a poll and a turn of the others.
            if stop.isSet || (!isFirst && environment.instant() > end) { return false }
            if let retryAt = assignment.retryAt {
                guard retryAt <= environment.instant() else { continue }
                assignment.retryAt = nil
            }
            isFirst = false
            assignment.triedAt = environment.instant()
            do {
                if try step(assignment, session, wait: wait) { return true }
                // For the first of them alone: what the others want comes meanwhile.
                wait = .zero
            } catch let stop as PartitionStop {
                if stop.isToBeConfirmed, assignment.doubts.insert(stop.code).inserted {
                    restartLater(
                        assignment, session, TurnFault(.log, code: stop.code.rawValue, stop.description),
                        pause: environment.limits.confirmationPause)
                    continue
                }
                notify(stop, of: assignment)
                // What stands still goes on by itself when the transaction in its way ends; the others need a person.
                if stop.code != .stalled { assignment.close() }
            } catch let letter as DeadLetter {
                // A row that cannot be read, and no record yet that could be set aside for it.
                notify(PartitionStop(code: .changelogUnreadable, description: letter.reason), of: assignment)
                assignment.close()
            } catch let error as StoreError {
                // One partition's disk is no reason for the others to wait.
                restartLater(assignment, session, TurnFault(error), after: error)
                try endEmptyTurn(session)
            }
        }
        return false
    }

    /// The one with the fewest records to go first; how many they are is asked for before. What has failed comes last, as it may
    /// fail again and again, and slowly: what goes on before what begins anew, and of that the one that was tried first. Of the
    /// starts that told how long they are only the shortest goes on, as each reads through a client of its own.
    private func inRestoringOrder() -> [Assignment] {
        let now = environment.instant()
        func rank(_ assignment: Assignment) -> (Int, Duration, Int64, Int32) {
            let begins = assignment.hasFailed && assignment.remaining == 0
            return (
                (assignment.hasFailed ? 1 : 0) + (begins ? 1 : 0),
                begins ? (assignment.triedAt ?? now) - now : .zero, assignment.remaining, assignment.partition
            )
        }
        let preparing = assignments.values.filter(\.isPreparing).sorted { rank($0) < rank($1) }
        let starting = preparing.first { $0.start?.remaining != nil }
        return preparing.filter { $0.start?.remaining == nil || $0 === starting }
    }

    /// Whether the next slice need not wait; so the two below.
    private func step(_ assignment: Assignment, _ session: any TurnSession, wait: Duration) throws -> Bool {
        if let restore = assignment.restore { return try restoreStep(restore, assignment, session, wait: wait) }
        return try startStep(assignment, session, wait: wait)
    }

    private func restoreStep(
        _ restore: Restore, _ assignment: Assignment, _ session: any TurnSession, wait: Duration
    ) throws -> Bool {
        let progress: Restore.Progress
        do {
            progress = try restore.step(wait: wait)
        } catch let error as LogError where error.errorClass != .fatal {
            // Its position or its changelog cannot be read now: the others go on.
            restartLater(assignment, session, TurnFault(error))
            return false
        }
        switch progress {
        case .working(let remaining, let goesOn):
            environment.observer.notify(.restoring(partition: assignment.partition, remaining: remaining))
            return goesOn
        case .done(let state, let position, let epoch, let torn):
            let processor = try environment.makeProcessor(state, assignment.partition)
            let task = try PartitionTask(
                configuration: TaskConfiguration(
                    worker: environment.worker, partition: assignment.partition, catalogue: environment.catalogue,
                    partitions: partitions, group: environment.session.group),
                state: state, processor: processor, position: position, epoch: epoch, watch: environment.watch)
            assignment.start(task, Assignment.Start(position: position, torn: torn))
            return try startStep(assignment, session, wait: wait)
        }
    }

    /// With the last slice the partition's input begins.
    private func startStep(_ assignment: Assignment, _ session: any TurnSession, wait: Duration) throws -> Bool {
        guard let task = assignment.task, let start = assignment.start else { return false }
        let progress: StartProgress
        do {
            progress = try task.processor.taskWillStart(at: start.position, wait: wait, watch: environment.watch)
        } catch let error as LogError where error.code == .offsetOutOfRange {
            throw PartitionStop(code: .offsetOutOfRange, description: error.message)
        } catch let error as LogError where error.errorClass != .fatal {
            // What it reads is no part of any turn: the others go on.
            restartLater(assignment, session, TurnFault(error))
            return false
        }
        switch progress {
        case .working(let remaining, let goesOn):
            assignment.startGoesOn(remaining: remaining)
            environment.observer.notify(.restoring(partition: assignment.partition, remaining: remaining))
            return goesOn
        case .done:
            assignment.startIsDone()
            try session.resume(assignment.partition, at: start.position)
            if !start.torn.isEmpty { try repair(start.torn, of: assignment, session) }
            environment.observer.notify(.running(partition: assignment.partition))
            return true
        }
    }

    /// Writes the rows of a torn turn again, as they are without it, in a turn of its own: a later restore could not tell
    /// them from those of the turn that gets their number.
    private func repair(_ torn: [RowChange], of assignment: Assignment, _ session: any TurnSession) throws {
        environment.observer.notify(
            .fault(
                TurnFault(
                    .store, code: "torn_turn",
                    "partition \(assignment.partition): \(torn.count) rows of a torn turn are written again")))
        try openTurn(session)
        assignment.isInTurn = true
        try assignment.task!.rewrite(torn)
    }
}
