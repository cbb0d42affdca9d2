package import Contracts
package import Domain
package import EventLog
import Hashing
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
    package internal(set) var counts = TaskCounts()
    /// Since it was taken last.
    var tally = EventTally()

    let processor: any Processor
    let context: TurnContext
    let watch: (any TrapWatch)?
    let encoder: OutputEncoder
    private var seen = SeenEvents()
    /// As of the last finished record.
    private(set) var row: TurnRow
    var clock = TaskClock()
    /// How often earlier processes trapped over what is worked on.
    private var traps = 0
    private var sequence: Int64 = 0
    private var nextInputOffset: Int64
    /// Where the task stands until its first turn is committed.
    private let firstRow: TurnRow
    /// Outputs of finished records that nobody has taken yet.
    private var outputs: [OutgoingRecord] = []

    /// Steps (timers and held events) of one record that are done before the turn may end; the record goes on in the
    /// next turn.
    static let stepsPerSlice = 2_000

    /// - Parameter position: where the group's committed position says that input begins. It is the store's own, unless
    ///   somebody had the group go on behind records that are gone.
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
        row.inputOffset = position
        firstRow = row
        nextInputOffset = position
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

    /// Puts the task down; its store's handle is closed.
    func close() { state.close() }

    /// Forgets the turn; the task stands where its last committed turn left it.
    package func rollbackTurn() throws {
        outputs.removeAll()
        try state.rollbackTurn()
        seen.forget()
        let stored = try state.get(TurnRow.table, TurnRow.key, as: TurnRow.self)
        row = stored.flatMap { $0.turn > firstRow.turn ? $0 : nil } ?? firstRow
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

    /// Says what is worked on from now on.
    func begin(_ work: @autoclosure () -> TrapWork) { traps = watch?.begin(work()) ?? 0 }

    /// As `begin`; not `nil` where the process has trapped over it before, and again.
    func crashLoop(_ work: @autoclosure () -> TrapWork) -> DeadLetter? {
        begin(work())
        guard traps >= TrapWork.limit else { return nil }
        return DeadLetter(.crashLoop, "the process trapped over it \(traps) times; it was not processed again")
    }

    func finish(_ record: LogRecord) {
        nextInputOffset = record.offset + 1
    }

    private func processEvent(_ event: Event, _ record: LogRecord) throws {
        seen.beginRecord()
        do {
            let sequence =
                event.source.hasPrefix("/tributary/")
                ? record.headerText(OutputEncoder.sequenceHeader).flatMap(Int64.init) : nil
            let payload = try processor.decode(event)
            if try forwardIfMisplaced(payload, event, record) { return }
            let name = SeenEvents.name(of: event)
            switch try seen.admit(event, name: name, sequence: sequence, state: state) {
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
                try apply(payload, of: event, named: name, at: try wallTime(of: payload))
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
        let forwarded = encoder.forward(record, event: event, to: topic, key: key)
        try PartitionTask.requireFitting(forwarded)
        outputs.append(forwarded)
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

    /// - Parameter name: the event's, of `SeenEvents`.
    func apply(_ payload: any EventPayload, of event: Event, named name: SHA256Digest, at time: Timestamp) throws {
        context.begin(event: event, now: time)
        try processor.apply(payload, of: event, in: context)
        try accept(
            origin: name, time: time, commandID: event.commandID, traceparent: event.traceparent, cause: event.position)
        counts.applied += 1
        tally.count(event.type, .applied)
        if let letter = context.partialFailure { deadLetter(encoder.record(of: event), letter, event: event) }
    }

    /// Takes over what a handler made, where the log can take it all: else the record would fail again and again.
    func accept(
        origin: SHA256Digest, time: Timestamp, commandID: String? = nil, traceparent: String? = nil,
        cause: EventPosition?
    ) throws {
        try state.requireFittingRows()
        var sequence = sequence
        let made = encoder.encode(
            context.outputs, origin: origin, time: time, commandID: commandID, traceparent: traceparent, cause: cause,
            sequence: &sequence)
        for output in made { try PartitionTask.requireFitting(output) }
        outputs.append(contentsOf: made)
        self.sequence = sequence
    }

    private static func requireFitting(_ output: OutgoingRecord) throws {
        guard output.byteCount > TopicCatalogue.maximumRecordBytes else { return }
        throw DeadLetter(
            .tooLarge,
            "\(output.topic) would get a record of \(output.byteCount) bytes, at most \(TopicCatalogue.maximumRecordBytes) go in"
        )
    }

    /// A deterministic failure makes the record a dead letter; a fault of the store or the log is the turn's.
    private func fail(_ record: LogRecord, _ event: Event, _ error: any Error) throws {
        if error is StoreError || error is LogError { throw error }
        state.rejectRecord()
        seen.rejectRecord()
        processor.stateDidReset()
        deadLetter(record, DeadLetter(classifying: error), event: event)
    }

    /// - Parameter item: what of the record's position it is, where it is not the record itself.
    func deadLetter(_ record: LogRecord, _ letter: DeadLetter, event: Event?, item: DeadItem? = nil) {
        let letter = letter.shortened
        counts.deadLetters += 1
        tally.countDeadLetter(event?.type, code: letter.code)
        outputs.append(
            DeadLetterRecord.make(
                record, letter, item: item?.name, tries: letter.code == .crashLoop ? traps : traps + 1,
                topic: configuration.catalogue.name(of: .deadLetters(configuration.worker)),
                group: configuration.group, partition: configuration.partition))
        let position = EventPosition(of: record, prefix: configuration.catalogue.prefix)
        let time =
            clock.kind == .wall
            ? max(clock.time, Timestamp(millisecondsSince1970: record.appendTimeMilliseconds)) : clock.time
        context.begin(event: event, now: time)
        context.record(
            RecordDeadLettered(
                worker: configuration.worker, position: position, item: item?.name, code: letter.code.rawValue,
                reason: letter.reason,
                source: event?.source, eventID: event?.id, eventType: event?.type, occurredAt: time))
        // Whoever waits for a command is told of its end, even where the envelope could not be read. An id of any length may
        // stand there; one that nobody can wait for is left out.
        let commandID = event?.commandID ?? record.headerText(HeaderName.commandID)
        outputs.append(
            contentsOf: encoder.encode(
                context.outputs, origin: item?.origin ?? Hashing.digest(of: ["dead letter", position.description]),
                time: time,
                commandID: commandID.flatMap { $0.utf8.count <= CloudEventCodec.maximumAttributeBytes ? $0 : nil },
                traceparent: event?.traceparent, cause: position, sequence: &sequence))
    }
}

extension DeadLetter {
    private static let maximumReasonBytes = 4_096

    /// With a reason that fits wherever the record is told of. It may name fields, of any length and many times over: a fact
    /// that its topic does not take would fail the turn again and again.
    fileprivate var shortened: DeadLetter {
        guard reason.utf8.count > DeadLetter.maximumReasonBytes else { return self }
        let start = reason.utf8.prefix(DeadLetter.maximumReasonBytes)
        return DeadLetter(code, "\(String(decoding: start, as: UTF8.self)) ...")
    }

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
