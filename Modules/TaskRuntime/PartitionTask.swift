package import Contracts
package import Domain
package import EventLog
import JSON

/// What a task needs to know about where it runs.
package struct TaskConfiguration: Sendable {
    package var worker: WorkerName
    package var partition: Int32
    package var catalogue: TopicCatalogue
    package var partitions: PartitionCounts
    /// The consumer group, for the headers of dead letters.
    package var group: String

    package init(
        worker: WorkerName, partition: Int32, catalogue: TopicCatalogue, partitions: PartitionCounts, group: String
    ) {
        self.worker = worker
        self.partition = partition
        self.catalogue = catalogue
        self.partitions = partitions
        self.group = group
    }

    /// The tables that the runtime itself keeps beside a worker's.
    package static let tables = [TimerQueue.table, HeldEvent.table, SeenEvents.table, SeenEvents.marks, TurnRow.table]
}

/// Counts of what became of records; they never decide anything.
package struct TaskCounts: Sendable, Hashable {
    package var applied = 0
    package var duplicates = 0
    package var deadLetters = 0
    package var forwarded = 0
    package var held = 0
    package var timers = 0

    package init() {}
}

/// One partition of one worker: a pure function from (state, record) to (state', outputs). It knows neither the log nor
/// the store's kind; the turn loop and the simulation drive it alike.
package final class PartitionTask {
    package let configuration: TaskConfiguration
    package let state: TaskState
    package private(set) var counts = TaskCounts()
    /// Since it was taken last.
    private var tally = EventTally()

    let processor: any Processor
    private let context: TurnContext
    private let watch: (any TrapWatch)?
    private let encoder: OutputEncoder
    private var seen = SeenEvents()
    /// As of the last finished record.
    private(set) var row: TurnRow
    private var clock = TaskClock()
    private var sequence: Int64 = 0
    private var nextInputOffset: Int64
    /// Where input began for a task without a committed turn.
    private let initialOffset: Int64
    /// Outputs of finished records that nobody has taken yet.
    private var outputs: [OutgoingRecord] = []

    /// Steps (timers and held events) of one record that are done before the turn may end; the record goes on in the
    /// next turn.
    static let stepsPerSlice = 2_000

    /// - Parameter position: where the group's committed position says that input begins; used for a new store only.
    package init(
        configuration: TaskConfiguration, state: TaskState, processor: any Processor, position: Int64, epoch: Int64,
        watch: (any TrapWatch)? = nil
    ) throws {
        self.configuration = configuration
        self.watch = watch
        self.state = state
        self.processor = processor
        context = TurnContext(state: state, partitions: configuration.partitions)
        encoder = OutputEncoder(
            worker: configuration.worker, partition: configuration.partition, catalogue: configuration.catalogue,
            partitions: configuration.partitions)
        row =
            try state.get(TurnRow.table, TurnRow.key, as: TurnRow.self)
            ?? TurnRow(
                inputOffset: position, turn: 0, epoch: epoch, clockKind: .wall, clockTime: .distantPast, sequence: 0)
        row.epoch = epoch
        nextInputOffset = position
        initialOffset = position
        adopt(row)
        processor.stateDidReset()
    }

    private func adopt(_ row: TurnRow) {
        clock = TaskClock(kind: row.clockKind, time: row.clockTime)
        sequence = row.sequence
        nextInputOffset = row.inputOffset
    }

    // MARK: Turns

    /// The next record of the input that this task wants.
    package var position: Int64 { nextInputOffset }

    /// The partition's time.
    package var time: Timestamp { clock.time }

    package var clockKind: ClockKind { clock.kind }

    /// Records made since the last call, in order.
    package func takeOutputs() -> [OutgoingRecord] {
        let taken = outputs
        outputs = []
        return taken
    }

    /// What became of events since the last call.
    func takeTally() -> EventTally {
        defer { tally = EventTally() }
        return tally
    }

    /// Puts rows as they are into the turn, so that its changelog has them.
    func rewrite(_ rows: [RowChange]) throws {
        for row in rows where row.table != TurnRow.table { try state.rewrite(row.table, StateKey(bytes: row.key)) }
        state.acceptRecord()
    }

    /// Ends the turn: its row and the changelog records of everything that it changed.
    package func finishTurn() throws -> (row: TurnRow, changelog: [OutgoingRecord]) {
        row.turn += 1
        row.inputOffset = nextInputOffset
        row.clockKind = clock.kind
        row.clockTime = clock.time
        row.sequence = sequence
        try seen.store(in: state)
        let topic = configuration.catalogue.name(of: .changelog(configuration.worker))
        let headers = Changelog.headers(turn: row.turn)
        #if SIMULATION
            let images = try state.turnImages().map(state.partialImage)
        #else
            let images = state.turnImages()
        #endif
        var changelog = images.map { change in
            OutgoingRecord(
                topic: topic, partition: configuration.partition, key: Changelog.key(of: change), value: change.value,
                headers: headers)
        }
        try state.put(TurnRow.table, TurnRow.key, row)
        state.acceptRecord()
        let mark = RowChange(table: TurnRow.table, key: TurnRow.key.bytes, value: JSONEncoding.encode(row))
        changelog.append(
            OutgoingRecord(
                topic: topic, partition: configuration.partition, key: Changelog.key(of: mark), value: mark.value,
                headers: headers))
        return (row, changelog)
    }

    /// Takes the turn into the store, or into what the store is to be given, after the log has committed it.
    package func commitTurn(changelogOffset: Int64, committedAtMilliseconds: Int64) throws(StoreError) {
        try state.commitTurn(
            StoreCheckpoint(
                changelogOffset: changelogOffset, inputOffset: row.inputOffset, turn: row.turn, epoch: row.epoch,
                committedAtMilliseconds: committedAtMilliseconds))
    }

    /// Writes what the store lacks; called between turns.
    func store() throws(StoreError) { try state.store() }

    /// As `store`, where it lacks it for longer than it may.
    func storeIfDue(at milliseconds: Int64) throws(StoreError) { try state.storeIfDue(at: milliseconds) }

    /// Forgets the turn; the task stands where its last committed turn left it.
    package func rollbackTurn() throws {
        outputs.removeAll()
        try state.rollbackTurn()
        seen.forget()
        let epoch = row.epoch
        row =
            try state.get(TurnRow.table, TurnRow.key, as: TurnRow.self)
            ?? TurnRow(
                inputOffset: initialOffset, turn: 0, epoch: epoch, clockKind: .wall, clockTime: .distantPast,
                sequence: 0)
        row.epoch = epoch
        adopt(row)
        processor.stateDidReset()
    }

    // MARK: Records

    /// Processes the next record. `false` means that more timers and held events come before its end than one turn takes:
    /// call `process` with it again in a later turn; until then the position stays before it.
    package func process(_ record: LogRecord) throws -> Bool {
        if let letter = crashLoop(.record(record.offset, in: configuration.partition)) {
            guard try observeAppendTime(of: record) else { return false }
            deadLetter(record, letter, event: nil)
            finish(record)
            return true
        }
        let event: Event
        do {
            if let size = record.value?.count, size > TopicCatalogue.maximumRecordBytes {
                throw DeadLetter(.tooLarge, "\(size) bytes, at most \(TopicCatalogue.maximumRecordBytes) are processed")
            }
            event = try CloudEventCodec.decode(record, prefix: configuration.catalogue.prefix)
        } catch {
            guard try observeAppendTime(of: record) else { return false }
            deadLetter(record, DeadLetter(classifying: error), event: nil)
            finish(record)
            return true
        }
        switch event.type {
        case ClockSet.type, ClockAdvanced.type, ClockSwitched.type:
            return try processClock(event, record)
        default:
            guard try observeAppendTime(of: record) else { return false }
            try processEvent(event, record)
            finish(record)
            return true
        }
    }

    /// Says what is worked on from now on; not `nil` where the process has trapped over it before, and again.
    private func crashLoop(_ work: @autoclosure () -> TrapWork) -> DeadLetter? {
        guard let traps = watch?.begin(work()), traps >= TrapWork.limit else { return nil }
        return DeadLetter(.crashLoop, "the process trapped over it \(traps) times; it was not processed again")
    }

    private func finish(_ record: LogRecord) {
        nextInputOffset = record.offset + 1
    }

    /// On a wall clock a record's append time moves the partition's time, and timers due before it fire first; `false`
    /// when more of them are due than fit one slice.
    private func observeAppendTime(of record: LogRecord) throws -> Bool {
        guard clock.kind == .wall else { return true }
        let time = Timestamp(millisecondsSince1970: record.appendTimeMilliseconds)
        guard time > clock.time else { return true }
        guard try fireTimers(upTo: time, before: record) else { return false }
        clock.time = time
        return true
    }

    private func processEvent(_ event: Event, _ record: LogRecord) throws {
        seen.beginRecord()
        do {
            let sequence =
                event.source.hasPrefix("/tributary/")
                ? record.headerText(OutputEncoder.sequenceHeader).flatMap(Int64.init) : nil
            let payload = try processor.decode(event)
            if try forwardIfMisplaced(payload, event, record) { return }
            switch try seen.admit(event, sequence: sequence, state: state) {
            case .duplicate:
                counts.duplicates += 1
                tally.count(event.type, .duplicate)
                state.acceptRecord()
                return
            case .idReused:
                throw DeadLetter(.idReused, "source and id were used before with another body")
            case .new: try checkTime(of: payload, event)
            }
            if clock.kind == .stream {
                try hold(event, payload, sequence: sequence)
            } else {
                try apply(payload, of: event, at: try wallTime(of: payload))
            }
            state.acceptRecord()
        } catch {
            try fail(record, event, error)
        }
    }

    private func wallTime(of payload: any EventPayload) throws -> Timestamp {
        let occurredAt = payload.occurredAt
        guard occurredAt < clock.time else { return clock.time }
        context.begin(reading: clock.time)
        return clock.judgingTime(
            occurredAt: occurredAt, backdating: try processor.maximumBackdating(of: payload, in: context))
    }

    private func forwardIfMisplaced(_ payload: any EventPayload, _ event: Event, _ record: LogRecord) throws -> Bool {
        guard !event.isBroadcast, let key = processor.routingKey(of: payload, event: event) else { return false }
        let topic = configuration.worker.input
        guard Partitioner.partition(of: key, count: configuration.partitions[topic]) != configuration.partition else {
            return false
        }
        guard !event.isForwarded else {
            throw DeadLetter(.wrongKey, "the event was forwarded once and still is in the wrong partition")
        }
        outputs.append(encoder.forward(record, event: event, to: topic, key: key))
        counts.forwarded += 1
        tally.count(event.type, .forwarded)
        return true
    }

    private func checkTime(of payload: any EventPayload, _ event: Event) throws {
        let occurredAt = payload.occurredAt
        switch clock.kind {
        case .wall:
            // The partition's time is ahead of the append time where the log's clock was set back.
            if occurredAt > max(event.appendTime, clock.time) + TaskClock.maximumFuture {
                throw DeadLetter(
                    .futureEvent,
                    "occurred_at \(occurredAt) is more than 5 minutes after it was written, \(event.appendTime)")
            }
        case .stream:
            if !event.source.hasPrefix("/tributary/") && occurredAt < clock.time {
                throw DeadLetter(.tooLate, "occurred_at \(occurredAt) lies before the clock's last tick, \(clock.time)")
            }
        }
    }

    // MARK: Application

    private func apply(_ payload: any EventPayload, of event: Event, at time: Timestamp) throws {
        context.begin(event: event, now: time)
        try processor.apply(payload, of: event, in: context)
        counts.applied += 1
        tally.count(event.type, .applied)
        accept(
            origin: [event.source, event.id], time: time, commandID: event.commandID, traceparent: event.traceparent,
            cause: event.position)
        if let letter = context.partialFailure { deadLetter(encoder.record(of: event), letter, event: event) }
    }

    private func accept(
        origin: [String], time: Timestamp, commandID: String? = nil, traceparent: String? = nil, cause: EventPosition?
    ) {
        outputs.append(
            contentsOf: encoder.encode(
                context.outputs, origin: origin, time: time, commandID: commandID, traceparent: traceparent,
                cause: cause, sequence: &sequence))
    }

    /// A deterministic failure makes the record a dead letter; a fault of the store or the log is the turn's.
    private func fail(_ record: LogRecord, _ event: Event, _ error: any Error) throws {
        if error is StoreError || error is LogError { throw error }
        state.rejectRecord()
        seen.rejectRecord()
        processor.stateDidReset()
        deadLetter(record, DeadLetter(classifying: error), event: event)
    }

    /// - Parameter origin: what the fact's id is derived from; the record's position by default.
    private func deadLetter(_ record: LogRecord, _ letter: DeadLetter, event: Event?, origin: [String]? = nil) {
        counts.deadLetters += 1
        tally.countDeadLetter(event?.type, code: letter.code)
        outputs.append(
            DeadLetterRecord.make(
                record, letter, topic: configuration.catalogue.name(of: .deadLetters(configuration.worker)),
                group: configuration.group, partition: configuration.partition))
        let position = EventPosition(of: record, prefix: configuration.catalogue.prefix)
        let time =
            clock.kind == .wall
            ? max(clock.time, Timestamp(millisecondsSince1970: record.appendTimeMilliseconds)) : clock.time
        context.begin(event: event, now: time)
        context.record(
            RecordDeadLettered(
                worker: configuration.worker, position: position, code: letter.code.rawValue, reason: letter.reason,
                source: event?.source, eventID: event?.id, eventType: event?.type, occurredAt: time))
        // Whoever waits for a command is told of its end, even where the envelope could not be read.
        accept(
            origin: origin ?? ["dead letter", position.description], time: time,
            commandID: event?.commandID ?? record.headerText(HeaderName.commandID), traceparent: event?.traceparent,
            cause: position)
    }

    // MARK: Stream clock

    private func hold(_ event: Event, _ payload: any EventPayload, sequence: Int64?) throws {
        counts.held += 1
        tally.count(event.type, .held)
        try state.putNew(
            HeldEvent.table,
            HeldEvent.key(
                judgingTime: payload.occurredAt, source: event.source, sequence: sequence, id: event.id),
            HeldEvent(event))
    }

    private func processClock(_ event: Event, _ record: LogRecord) throws -> Bool {
        do {
            switch event.type {
            case ClockSet.type:
                let set = try event.payload(ClockSet.self)
                guard clock.time == .distantPast else {
                    throw DeadLetter(.refused, "the clock is set once, by the first record of a partition")
                }
                clock = TaskClock(kind: set.kind, time: set.at)
            case ClockSwitched.type:
                guard try switchToWall(at: try event.payload(ClockSwitched.self), record) else { return false }
            default:
                let to = try event.payload(ClockAdvanced.self).to
                switch clock.kind {
                case .wall:
                    // An idle partition's owner wrote it: its append time does the work.
                    guard try observeAppendTime(of: record) else { return false }
                case .stream:
                    guard try advance(to: to, of: record) else { return false }
                }
            }
        } catch let problem as EventProblem {
            deadLetter(record, DeadLetter(problem), event: event)
        } catch let letter as DeadLetter {
            deadLetter(record, letter, event: event)
        }
        finish(record)
        return true
    }

    /// Everything up to the wall time happens in its order; then what was held for later, without the timers of that time.
    private func switchToWall(at switched: ClockSwitched, _ record: LogRecord) throws -> Bool {
        guard clock.kind == .stream else { throw DeadLetter(.refused, "the clock is a wall clock already") }
        let time = max(
            clock.time, switched.at, Timestamp(millisecondsSince1970: record.appendTimeMilliseconds))
        guard try advance(to: time, of: record), try advance(to: .distantFuture, of: record, timersUpTo: time) else {
            return false
        }
        clock = TaskClock(kind: .wall, time: time)
        return true
    }

    /// Applies held events and due timers up to `to`, in order of time; a timer goes before an event of its own time.
    /// `false` when there is more to do than fits one slice; the clock moves when all is done.
    private func advance(to: Timestamp, of record: LogRecord, timersUpTo: Timestamp? = nil) throws -> Bool {
        let lastTimer = timersUpTo ?? to
        let end = StateKey().appending(Timestamp(millisecondsSince1970: to.millisecondsSince1970 + 1))
        var held: ArraySlice<(key: StateKey, row: HeldEvent)> = []
        // A tick adds nothing to what is held: once all of it was read there is no more.
        var isMoreHeld = true
        for _ in 0..<PartitionTask.stepsPerSlice {
            if held.isEmpty && isMoreHeld {
                let rows = try state.rows(
                    HeldEvent.table, from: StateKey(), upTo: end, limit: HeldEvent.perRead, as: HeldEvent.self)
                isMoreHeld = rows.count == HeldEvent.perRead
                held = rows[...]
            }
            let timer = try state.firstTimer().flatMap { $0.due <= lastTimer ? $0 : nil }
            let next = held.first.map { HeldEvent.judgingTime(ofKey: $0.key) }
            if let timer, next.map({ timer.due <= $0 }) ?? true {
                try fire(timer, before: record)
            } else if let first = held.popFirst() {
                try applyHeld(first.row.event, key: first.key)
            } else {
                if to < .distantFuture { clock.time = max(clock.time, to) }
                return true
            }
        }
        return false
    }

    private func applyHeld(_ event: Event, key: StateKey) throws {
        let letter = crashLoop(.row(.held, key: key.bytes, in: configuration.partition))
        do {
            if let letter { throw letter }
            let payload = try processor.decode(event)
            try state.delete(HeldEvent.table, key)
            try apply(payload, of: event, at: payload.occurredAt)
            state.acceptRecord()
        } catch {
            if error is StoreError || error is LogError { throw error }
            state.rejectRecord()
            processor.stateDidReset()
            try state.delete(HeldEvent.table, key)
            try SeenEvents.didFail(event, in: state)
            state.acceptRecord()
            deadLetter(encoder.record(of: event), DeadLetter(classifying: error), event: event)
        }
    }

    // MARK: Timers

    /// When the next timer is due, for the owner of an idle partition.
    package func nextTimerDue() throws -> Timestamp? { try state.nextTimerDue() }

    /// The time, as a record for this task's own partition.
    func idleTick(at milliseconds: Int64, topic: String) -> OutgoingRecord {
        let time = Timestamp(millisecondsSince1970: milliseconds)
        let envelope = EventEnvelope(
            id: "tick-\(milliseconds)", source: encoder.source, type: ClockAdvanced.type, time: time, isBroadcast: true)
        return CloudEventCodec.encode(
            envelope, data: JSONEncoding.encode(ClockAdvanced(to: time)), topic: topic,
            partition: configuration.partition)
    }

    /// Puts the task down; its store's handle is closed.
    func close() { state.close() }

    /// `false` when more timers are due than fit one slice.
    private func fireTimers(upTo time: Timestamp, before record: LogRecord) throws -> Bool {
        #if SIMULATION
            let time =
                InjectedBug.isActive(.timersByWallClock)
                ? Timestamp(millisecondsSince1970: unsafe InjectedBug.wallClock()) : time
        #endif
        for _ in 0..<PartitionTask.stepsPerSlice {
            guard let timer = try state.firstTimer(), timer.due <= time else { return true }
            try fire(timer, before: record)
        }
        return false
    }

    private func fire(_ timer: TaskTimer, before record: LogRecord) throws {
        counts.timers += 1
        let key = TimerQueue.key(due: timer.due, name: timer.name)
        let letter = crashLoop(.row(.timer, key: key.bytes, in: configuration.partition))
        // The record that it fires before goes on.
        defer { _ = watch?.begin(.record(record.offset, in: configuration.partition)) }
        do {
            if let letter { throw letter }
            try state.remove(timer)
            context.begin(timer: timer)
            try processor.fire(timer, in: context)
            state.acceptRecord()
            accept(origin: ["timer", timer.name, timer.due.description], time: timer.due, cause: nil)
        } catch {
            if error is StoreError || error is LogError { throw error }
            state.rejectRecord()
            processor.stateDidReset()
            try state.remove(timer)
            state.acceptRecord()
            setAside(timer, before: record, error)
        }
    }

    /// A timer whose handler fails must not stop its partition: it becomes a dead letter at the position of the record
    /// that it fired before, with itself as the value.
    private func setAside(_ timer: TaskTimer, before record: LogRecord, _ error: any Error) {
        let image = LogRecord(
            topic: record.topic, partition: record.partition, offset: record.offset,
            appendTimeMilliseconds: record.appendTimeMilliseconds, key: nil,
            value: JSONEncoding.encode(TimerImage(timer: timer)), headers: [])
        var letter = DeadLetter(classifying: error)
        letter.reason = "timer \(timer.name) due \(timer.due): \(letter.reason)"
        deadLetter(image, letter, event: nil, origin: ["dead timer", timer.name, timer.due.description])
    }
}

/// A timer as the value of a dead letter.
private struct TimerImage: JSONWritable {
    var timer: TaskTimer

    func write(to writer: inout ObjectWriter) {
        writer.string("timer", timer.name)
        writer.value("due", timer.due)
        writer.string("payload", timer.payload)
    }
}

extension DeadLetter {
    init(_ problem: EventProblem) {
        self.init(Code(rawValue: problem.code.rawValue), problem.reason)
    }

    /// Whatever a handler threw, as a dead letter.
    init(classifying error: any Error) {
        switch error {
        case let letter as DeadLetter: self = letter
        case let problem as EventProblem: self.init(problem)
        default: self.init(.processingFailed, "\(error)")
        }
    }
}
