import Contracts
package import Domain
import EventLog
import Hashing
import JSON

/// What time does to a partition: records move its clock; due timers fire and held events are applied on the way.
extension PartitionTask {
    // MARK: Wall clock

    /// On a wall clock a record's append time moves the partition's time, and timers due before it fire first; `false`
    /// when more of them are due than fit one slice.
    func observeAppendTime(of record: LogRecord) throws -> Bool {
        guard clock.kind == .wall else { return true }
        let time = Timestamp(millisecondsSince1970: record.appendTimeMilliseconds)
        guard time > clock.time else { return true }
        guard try fireTimers(upTo: time, before: record) else { return false }
        clock.time = time
        return true
    }

    // MARK: Stream clock

    func hold(_ event: Event, _ payload: any EventPayload, sequence: Int64?) throws {
        counts.held += 1
        tally.count(event.type, .held)
        try state.putNew(
            HeldEvent.table,
            HeldEvent.key(
                judgingTime: payload.occurredAt, source: event.source, sequence: sequence, id: event.id),
            HeldEvent(event))
        try state.requireFittingRows()
    }

    func processClock(_ event: Event, _ record: LogRecord) throws -> Bool {
        do {
            switch event.type {
            case ClockSet.type:
                let set = try event.payload(ClockSet.self)
                guard clock == TaskClock() else {
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
        let end = StateKey().appending(to.millisecondsSince1970 + 1)
        var held: ArraySlice<(key: StateKey, row: Result<HeldEvent, DeadLetter>)> = []
        // A tick adds nothing to what is held: once all of it was read there is no more.
        var isMoreHeld = true
        for _ in 0..<PartitionTask.stepsPerSlice {
            if held.isEmpty && isMoreHeld {
                let rows = try state.heldRows(from: StateKey(), upTo: end)
                isMoreHeld = rows.count == HeldEvent.perRead
                held = rows[...]
            }
            let timer = try state.firstTimer().flatMap { $0.isDue(at: lastTimer) ? $0 : nil }
            let next = held.first.map { HeldEvent.judgingTime(ofKey: $0.key) }
            if let timer, next.map({ timer.timer.due <= $0 }) ?? true {
                try fire(timer, before: record)
            } else if let (key, row) = held.popFirst() {
                switch row {
                case .success(let held): try applyHeld(held.event, key: key)
                case .failure(let letter): try setAside(heldRow: key, before: record, letter)
                }
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
            try apply(payload, of: event, named: SeenEvents.name(of: event), at: payload.occurredAt)
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

    /// What is held and cannot be read must not stop its partition: the row becomes a dead letter as it is, at the position of
    /// the tick that reached it.
    private func setAside(heldRow key: StateKey, before record: LogRecord, _ letter: DeadLetter) throws {
        begin(.row(.held, key: key.bytes, in: configuration.partition))
        let row = try state.bytes(HeldEvent.table, key) ?? []
        try state.delete(HeldEvent.table, key)
        state.acceptRecord()
        var letter = letter
        letter.reason = "an event held for \(HeldEvent.judgingTime(ofKey: key)): \(letter.reason)"
        deadLetter(
            image(row, at: record), letter, event: nil,
            item: DeadItem("held", origin: Hashing.digest(of: ["dead held event", Hexadecimal.text(key.bytes)])))
    }

    /// What is no record, as one at the position of the record that it was met before.
    private func image(_ value: [UInt8], at record: LogRecord) -> LogRecord {
        LogRecord(
            topic: record.topic, partition: record.partition, offset: record.offset,
            appendTimeMilliseconds: record.appendTimeMilliseconds, key: nil, value: value, headers: [])
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

    /// `false` when more timers are due than fit one slice.
    private func fireTimers(upTo time: Timestamp, before record: LogRecord) throws -> Bool {
        #if SIMULATION
            let time =
                InjectedBug.isActive(.timersByWallClock)
                ? Timestamp(millisecondsSince1970: unsafe InjectedBug.wallClock()) : time
        #endif
        for _ in 0..<PartitionTask.stepsPerSlice {
            guard let timer = try state.firstTimer(), timer.isDue(at: time) else { return true }
            try fire(timer, before: record)
        }
        return false
    }

    private func fire(_ queued: QueuedTimer, before record: LogRecord) throws {
        counts.timers += 1
        let letter = crashLoop(.row(.timer, key: queued.key.bytes, in: configuration.partition))
        // The record that it fires before goes on.
        defer { begin(.record(record.offset, in: configuration.partition)) }
        let timer = queued.timer
        do {
            if let letter = letter ?? queued.problem { throw letter }
            try state.remove(queued)
            context.begin(timer: timer)
            try processor.fire(timer, in: context)
            try accept(
                origin: Hashing.digest(of: ["timer", timer.name, timer.due.description]), time: timer.due, cause: nil)
            state.acceptRecord()
        } catch {
            if error is StoreError || error is LogError { throw error }
            state.rejectRecord()
            processor.stateDidReset()
            let row = try queued.problem == nil ? nil : state.bytes(TimerQueue.table, queued.key)
            try state.remove(queued)
            state.acceptRecord()
            setAside(timer, row: row, before: record, error)
        }
    }

    /// A timer whose handler fails must not stop its partition: it becomes a dead letter at the position of the record
    /// that it fired before, with itself as the value.
    ///
    /// - Parameter row: as it stands, where it cannot be read.
    private func setAside(_ timer: TaskTimer, row: [UInt8]?, before record: LogRecord, _ error: any Error) {
        var letter = DeadLetter(classifying: error)
        letter.reason = "timer \(timer.name) due \(timer.due): \(letter.reason)"
        deadLetter(
            image(JSONEncoding.encode(TimerImage(timer: timer, row: row)), at: record), letter, event: nil,
            item: DeadItem(
                "timer", origin: Hashing.digest(of: ["dead timer", timer.name, timer.due.description])))
    }
}

/// What fails at a record's position and is not the record: many may, at one tick.
struct DeadItem {
    /// Tells it from the others there.
    let name: String
    /// What the id of the fact about it is derived from.
    let origin: SHA256Digest

    init(_ kind: String, origin: SHA256Digest) {
        name = "\(kind)-\(origin.hex.prefix(16))"
        self.origin = origin
    }
}

/// A timer as the value of a dead letter.
private struct TimerImage: JSONWritable {
    var timer: TaskTimer
    /// Instead of its payload, where that cannot be read.
    var row: [UInt8]?

    func write(to writer: inout ObjectWriter) {
        writer.string("timer", timer.name)
        writer.value("due", timer.due)
        if let row {
            writer.string("row", String(decoding: row, as: UTF8.self))
        } else {
            writer.string("payload", timer.payload)
        }
    }
}
