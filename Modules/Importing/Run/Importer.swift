package import Contracts
package import Domain
package import EventLog
import Hashing

/// How time goes on while an import runs.
package struct ImportClock {
    package var kind: ClockKind
    /// Where a stream clock stands: it never goes back.
    package var at: Timestamp?
    /// Lets the workers take up what was written: on a stream clock by ticks to that time, on a wall clock by waiting until
    /// they have nothing left to do.
    package var settle: (Timestamp) throws -> Void
    /// The time of decisions on a wall clock; on a stream clock they carry the last tick's.
    package var now: (() -> Timestamp)?

    package init(
        kind: ClockKind, at: Timestamp? = nil, now: (() -> Timestamp)? = nil,
        settle: @escaping (Timestamp) throws -> Void
    ) {
        self.kind = kind
        self.at = at
        self.now = now
        self.settle = settle
    }
}

/// Where an import stands.
package struct ImportProgress: Sendable, Hashable {
    /// Events of the plan that are in the log.
    package var committed: Int
    /// Events of the plan.
    package var total: Int
    /// Decisions that the policy made.
    package var decided: Int
    package var day: CalendarDate
}

/// What an import did.
package struct ImportReport: Sendable, Hashable {
    /// Events written by this call.
    package var committed = 0
    /// Events that an earlier call had written.
    package var alreadyCommitted = 0
    /// Events that the policy made, by rule.
    package var decisions: [String: Int] = [:]
    /// Where the import left a stream clock; `nil` on a wall clock, which goes on by itself.
    package var settledTo: Timestamp?

    package init() {}

    package var decided: Int { decisions.values.reduce(0, +) }
}

/// Writes a plan's events to the log: day by day on a stream clock, with a tick after each; one after the other on a wall
/// clock. Killed at any point and called again it goes on, and nothing counts twice. Not thread-safe.
package final class Importer {
    /// Records of one transaction at most.
    package static let transactionRecords = 2_000
    /// How often in a row the policy decides without new input, at most: a policy that argues with itself ends there.
    package static let policyRounds = 20

    private let log: any EventLog
    private let writer: EventWriter
    private let catalogue: TopicCatalogue
    private let identity: String
    private let journals: JournalDirectory
    private let transactionRecords: Int
    private var journal = ImportJournal(fingerprint: "")
    private var producer: (any LogProducer)?
    private var report = ImportReport()

    /// - Parameters:
    ///   - identity: of the producer; another import with the same one fences this one.
    ///   - dataDirectory: exists, and keeps the journal.
    package init(
        log: any EventLog, catalogue: TopicCatalogue, identity: String, dataDirectory: String,
        transactionRecords: Int = Importer.transactionRecords
    ) throws(InputError) {
        self.log = log
        self.catalogue = catalogue
        self.identity = identity
        self.transactionRecords = transactionRecords
        writer = EventWriter(log: log, catalogue: catalogue)
        journals = try JournalDirectory(dataDirectory: dataDirectory)
    }

    package func close() {
        producer?.close()
        producer = nil
    }

    /// Writes the plan.
    ///
    /// - Parameters:
    ///   - until: time goes on at least to here after the last event, day by day where a policy may have to decide.
    ///   - commandID: carried by every event.
    package func run(
        _ plan: ImportPlan, clock: ImportClock, policy: PolicyRunner? = nil, until: Timestamp? = nil,
        commandID: String? = nil, progress: (ImportProgress) -> Void = { _ in }
    ) throws -> ImportReport {
        report = ImportReport()
        journal = try openJournal(plan)
        if isDone(plan, policy, until: until) {
            report.alreadyCommitted = plan.total.events
            report.settledTo = journal.settledTo
            return report
        }
        let total = plan.total.events
        var position = 0
        var last = clock.kind == .stream ? [journal.settledTo, clock.at].compactMap { $0 }.max() : nil
        report.alreadyCommitted = Int(journal.events)
        // An import that was broken off may have gone on to a time without the policy's decisions of that time: made again
        // they are the same events, and made later they would be others.
        if let policy, let last, journal.events > 0 {
            _ = try decide(policy, at: last, isRepeated: true, commandID: commandID)
        }
        func tell(_ day: CalendarDate) {
            progress(
                ImportProgress(
                    committed: max(position, Int(journal.events)), total: total, decided: report.decided, day: day))
        }
        while let batch = try plan.next() {
            let skipped = min(max(Int(journal.events) - position, 0), batch.events.count)
            position += batch.events.count
            if clock.kind == .stream, let policy, let settled = last, skipped < batch.events.count {
                last = try passDays(from: settled, to: batch.day.startOfDay, clock, policy, commandID: commandID)
            }
            if skipped < batch.events.count {
                try append(batch.events[skipped...], commandID: commandID)
                journal.events = Int64(position)
                report.committed += batch.events.count - skipped
                try writeJournal()
            }
            let end = (batch.day + 1).startOfDay
            if clock.kind == .stream, batch.isLastOfDay, last.map({ $0 < end }) ?? true {
                try clock.settle(end)
                last = end
                journal.settledTo = end
                try writeJournal()
                if let policy {
                    policy.didSettle()
                    _ = try decide(policy, at: end, commandID: commandID)
                }
            }
            tell(batch.day)
        }
        try finish(plan, clock, policy, until: until, last: last, commandID: commandID, tell)
        return report
    }

    /// After the last event: time goes on, and the policy decides until nothing is left to it.
    private func finish(
        _ plan: ImportPlan, _ clock: ImportClock, _ policy: PolicyRunner?, until: Timestamp?, last: Timestamp?,
        commandID: String?, _ tell: (CalendarDate) -> Void
    ) throws {
        var time = last ?? plan.lastTime ?? Timestamp(millisecondsSince1970: 0)
        if clock.kind == .stream {
            if report.committed > 0, journal.settledTo != time { try clock.settle(time) }
            if let until, until > time {
                if let policy { time = try passDays(from: time, to: until, clock, policy, commandID: commandID) }
                try clock.settle(max(time, until))
                time = max(time, until)
            }
        } else {
            try clock.settle(time)
        }
        if let policy {
            for _ in 0..<Importer.policyRounds {
                guard try decide(policy, at: clock.now?() ?? time, commandID: commandID) > 0 || policy.hasUnsettled
                else { break }
                try clock.settle(time)
                policy.didSettle()
                tell(time.date)
            }
        }
        journal.isComplete = true
        journal.policy = policy?.fingerprint
        if clock.kind == .stream {
            report.settledTo = time
            journal.settledTo = time
        }
        try writeJournal()
    }

    /// Days without input pass one by one while the policy waits for something.
    private func passDays(
        from start: Timestamp, to end: Timestamp, _ clock: ImportClock, _ policy: PolicyRunner, commandID: String?
    ) throws -> Timestamp {
        var time = start
        while time < end, policy.isWaiting {
            let next = min((time.date + 1).startOfDay, end)
            try clock.settle(next)
            policy.didSettle()
            time = next
            journal.settledTo = time
            try writeJournal()
            _ = try decide(policy, at: time, commandID: commandID)
        }
        return time
    }

    private func decide(
        _ policy: PolicyRunner, at time: Timestamp, isRepeated: Bool = false, commandID: String?
    ) throws -> Int {
        let decisions = try policy.decide(at: time, isRepeated: isRepeated)
        for decision in decisions { report.decisions[decision.rule, default: 0] += 1 }
        try append(decisions.map(\.event)[...], commandID: commandID)
        return decisions.count
    }

    // MARK: Writing

    private func append(_ events: ArraySlice<OutgoingEvent>, commandID: String?) throws {
        var records: [OutgoingRecord] = []
        for event in events {
            try writer.append(event, commandID: commandID, to: &records)
            if records.count >= transactionRecords { try commit(&records) }
        }
        try commit(&records)
    }

    private func commit(_ records: inout [OutgoingRecord]) throws(LogError) {
        guard !records.isEmpty else { return }
        if producer == nil { producer = try log.producer(identity: identity) }
        try producer?.append(records)
        records.removeAll(keepingCapacity: true)
    }

    // MARK: Journal

    /// Whether an earlier call did all of this, the policy's part included.
    private func isDone(_ plan: ImportPlan, _ policy: PolicyRunner?, until: Timestamp?) -> Bool {
        guard journal.isComplete, journal.events == plan.total.events else { return false }
        guard policy == nil || policy?.fingerprint == journal.policy else { return false }
        return until.map { $0 <= journal.settledTo ?? .distantFuture } ?? true
    }

    private func openJournal(_ plan: ImportPlan) throws -> ImportJournal {
        let fingerprint = plan.fingerprint.hex
        let journal = try journals.journal(of: fingerprint)
        guard try registerEnd() >= journal.registerEnd, journal.events <= plan.total.events else {
            return ImportJournal(fingerprint: fingerprint)
        }
        return journal
    }

    private func writeJournal() throws {
        journal.registerEnd = try registerEnd()
        try journals.write(journal)
    }

    private func registerEnd() throws(LogError) -> Int64 {
        try log.endOffsets(of: catalogue.name(of: .program)).reduce(0, +)
    }
}
