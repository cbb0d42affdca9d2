import Contracts
import Domain
import EventLog
import JSON
import Testing

@testable import NotificationWorker
@testable import TaskRuntime

/// A partition's input in memory, and its reader.
final class Input: LogReader {
    private let records: [LogRecord]
    private var position: Int64 = 0
    private(set) var isOpen = false

    init(_ records: [LogRecord] = []) { self.records = records }

    private var place: TopicPartition { TopicPartition("tributary.notification.v1", 0) }

    func reading(from position: Int64) -> ReadThrough {
        ReadThrough(from: [place: position], to: [place: records.last.map { $0.offset + 1 } ?? 0]) { self }
    }

    func assign(_ positions: [TopicPartition: Int64]) throws(LogError) {
        position = positions[place] ?? 0
        isOpen = true
    }

    func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord] {
        let read = Array(records.drop { $0.offset < position }.prefix(maximum))
        if let last = read.last { position = last.offset + 1 }
        return read
    }

    func positions() throws(LogError) -> [TopicPartition: Int64] { [place: position] }

    func close() { isOpen = false }
}

/// What the sender is given, and when.
extension ProcessorTests {
    @Test func `reads from the store what the sender had no room for`() throws {
        dispatch.room = 2
        let requests = (1...5).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        var done: Set<NotificationID> = []
        for round in 1...10 where done.count < 5 {
            let jobs = dispatch.drain()
            dispatch.room = 2
            for job in jobs {
                #expect(done.insert(job.request.notification).inserted)
                _ = try sent(job.request, at: start + .seconds(round))
            }
        }
        #expect(done.count == 5)
        #expect(try pending() == 0)
    }

    @Test func `tells that the partition was its own, as of the turn's begin, before it gives a turn's jobs`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        _ = try sending(request, attempt: 1, at: start + .seconds(1))
        #expect(dispatch.calls == ["instant 1", "confirm 1", "take", "instant 2", "confirm 2", "take"])
    }

    @Test func `keeps an announced attempt until the sender has room`() throws {
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        _ = dispatch.drain()
        dispatch.room = 0
        _ = try sending(requests[0], attempt: 1, at: start + .seconds(1))
        _ = try self.request(MessageSamples.request(about: "ref_3"), at: start + .seconds(2))
        #expect(dispatch.drain().isEmpty)
        dispatch.room = 1
        _ = try sent(requests[1], at: start + .seconds(3))
        #expect(dispatch.drain().map(\.phase) == [.announced])
        dispatch.room = 1
        _ = try sent(requests[0], at: start + .seconds(4))
        #expect(dispatch.drain().map(\.request.about) == ["ref_3"])
    }

    @Test func `hands a message over once, however often it comes to wait`() throws {
        dispatch.room = 0
        let requests = (1...3).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        // The store is read from the start while the same messages wait already.
        try start(harness.task.processor, at: 0)
        dispatch.room = 10
        _ = try self.request(requests[0])
        #expect(Set(dispatch.drain().map(\.request.about)) == ["ref_1", "ref_2", "ref_3"])
        #expect(dispatch.room == 7)
    }

    @Test func `hands everything over again after a restart, and nothing that was sent`() throws {
        let requests = (1...3).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        _ = try sent(requests[0], at: start + .seconds(1))
        _ = try sending(requests[1], attempt: 1, at: start + .seconds(1))
        let restarted = RecordingDispatch()
        try restart(restarted)
        let attempts = Dictionary(uniqueKeysWithValues: restarted.drain().map { ($0.request.about, $0.attempt) })
        #expect(attempts == ["ref_2": 2, "ref_3": 1])
    }

    /// A worker that begins with the store as it is, and with that input before it.
    private func restart(_ dispatch: RecordingDispatch, input: [LogRecord] = []) throws {
        try start(
            NotificationProcessor(
                state: harness.state, partition: 0, dispatch: dispatch, input: Input(input).reading), at: 100)
    }

    private func start(_ processor: any Processor, at position: Int64) throws {
        while try processor.taskWillStart(at: position, wait: .zero, watch: nil) != .done {}
    }

    private func record(_ payload: some EventPayload, offset: Int64, key: String? = nil) -> LogRecord {
        let envelope = EventEnvelope(
            id: "\(offset)", source: "/tributary/notification-sender/before", type: type(of: payload).type, time: start,
            key: key)
        return LogRecord(
            topic: "tributary.notification.v1", partition: 0, offset: offset,
            appendTimeMilliseconds: start.millisecondsSince1970, key: key.map { Array($0.utf8) },
            value: JSONEncoding.encode(payload),
            headers: CloudEventCodec.encode(envelope))
    }

    private func report(_ requests: NotificationRequested..., attempt: Int64 = 1) -> NotificationSent {
        NotificationSent(
            sink: "eml",
            messages: requests.map { NotificationSent.Message(notification: $0.notification, attempt: attempt) },
            occurredAt: start)
    }

    /// An attempt that may be made again, or one that was handed back.
    private func refusal(
        _ request: NotificationRequested, attempt: Int64 = 1, isMade: Bool = true
    ) -> NotificationFailed {
        NotificationFailed(
            messages: [
                .init(
                    notification: request.notification, attempt: attempt, outcome: .retry, isMade: isMade,
                    reason: "busy")
            ], occurredAt: start)
    }

    @Test func `sends nothing again whose result lies in the input and is not applied yet`() throws {
        let requests = (1...7).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        _ = try failed(requests[5], .retry, at: start)
        _ = try failed(requests[6], .retry, at: start)
        _ = try harness.advance(to: start + .minutes(1))
        let announcement = NotificationSending(
            notification: requests[3].notification, recipient: requests[3].recipient, attempt: 2, occurredAt: start)
        let restarted = RecordingDispatch()
        restarted.underway = [requests[4].notification]
        try restart(
            restarted,
            input: [
                // What lies before the position was applied; here it was about another attempt.
                record(report(requests[1]), offset: 99), record(report(requests[0]), offset: 100),
                record(refusal(requests[2]), offset: 101), record(refusal(requests[3]), offset: 102),
                record(announcement, offset: 103), record(refusal(requests[5]), offset: 104),
                record(report(requests[6]), offset: 105),
            ])
        // An attempt that was announced after the result is still without one, and so is one after a result that came
        // twice; but what is sent is sent, by whichever attempt.
        #expect(Set(restarted.drain().map(\.request.about)) == ["ref_2", "ref_4", "ref_6"])
    }

    @Test func `gives a message whose attempt was handed back when it knows of that, and then at once`() throws {
        let request = MessageSamples.request()
        let handedBack = record(refusal(request, isMade: false), offset: 100)
        let held = try ProcessorHarness(worker: .notification) { [dispatch] in
            NotificationProcessor(state: $0, partition: 0, dispatch: dispatch, input: Input([handedBack]).reading)
        }
        _ = try held.send(request, key: request.recipient.text, at: start)
        let announcement = NotificationSending(
            notification: request.notification, recipient: request.recipient, attempt: 1, occurredAt: start)
        _ = try held.send(announcement, key: request.recipient.text, at: start)
        #expect(dispatch.drain().map(\.phase) == [.new, .announced])
        held.task.processor.taskWillStop()
        try start(held.task.processor, at: 100)
        #expect(dispatch.drain().isEmpty)
        _ = try held.process(handedBack)
        #expect(dispatch.drain() == [NotificationJob(request: request, attempt: 2, phase: .new, time: start)])
    }

    /// Else such a record would end the process at each start, before its turn could set it aside.
    @Test func `passes over what earlier processes trapped over`() throws {
        let requests = (1...3).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        let input = Input([record(report(requests[0]), offset: 100), record(report(requests[1]), offset: 101)])
        let (restarted, watch) = (RecordingDispatch(), Traps(over: 101))
        let processor = NotificationProcessor(
            state: harness.state, partition: 0, dispatch: restarted, input: input.reading)
        while try processor.taskWillStart(at: 100, wait: .zero, watch: watch) != .done { #expect(!watch.isWorking) }
        #expect(watch.begun == [.record(100, in: 0), .record(101, in: 0)])
        #expect(Set(restarted.drain().map(\.request.about)) == ["ref_2", "ref_3"])
    }

    /// Earlier processes trapped over one record.
    private final class Traps: TrapWatch {
        private let offset: Int64
        private(set) var begun: [TrapWork] = []
        private(set) var isWorking = false

        init(over offset: Int64) { self.offset = offset }

        func begin(_ work: TrapWork) -> Int {
            begun.append(work)
            isWorking = true
            return work.number == offset ? TrapWork.limit : 0
        }

        func end() { isWorking = false }
    }

    /// Of a long input the last record may be the one that says that a message is sent.
    @Test func `reads a long input in slices, and sends nothing before its end`() throws {
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        let slices = 3
        let end = Int64(100 + slices * ReadThrough.recordsPerSlice)
        let preference = PreferenceUpdated(recipient: requests[0].recipient, muted: [], occurredAt: start)
        let input = Input(
            (100..<end - 1).map { record(preference, offset: $0) } + [record(report(requests[0]), offset: end - 1)])
        let restarted = RecordingDispatch()
        let processor = NotificationProcessor(
            state: harness.state, partition: 0, dispatch: restarted, input: input.reading)
        var course: [Int64] = []
        while case .working(let remaining, let goesOn) = try processor.taskWillStart(at: 100, wait: .zero, watch: nil) {
            #expect(goesOn && restarted.jobs.isEmpty)
            course.append(remaining / Int64(ReadThrough.recordsPerSlice))
        }
        // What waits for a tick, the input, and the messages that the input has results of.
        #expect(course == [3, 2, 1, 0, 0])
        #expect(restarted.drain().map(\.request.about) == ["ref_2"])
        #expect(!input.isOpen)
    }

    @Test func `lets go of the input when it is put down while it starts`() throws {
        _ = try self.request(MessageSamples.request())
        let preference = PreferenceUpdated(recipient: MessageSamples.partner, muted: [], occurredAt: start)
        let input = Input((0..<Int64(2 * ReadThrough.recordsPerSlice)).map { record(preference, offset: $0) })
        let restarted = RecordingDispatch()
        let processor = NotificationProcessor(
            state: harness.state, partition: 0, dispatch: restarted, input: input.reading)
        for _ in 1...2 { #expect(try processor.taskWillStart(at: 0, wait: .zero, watch: nil) != .done) }
        #expect(input.isOpen)
        processor.taskWillStop()
        #expect(!input.isOpen)
        #expect(restarted.jobs.isEmpty && restarted.forgotten == [0])
    }

    @Test func `sends nothing again whose result waits for a tick`() throws {
        let held = try ProcessorHarness(worker: .notification) { [dispatch] in
            NotificationProcessor(state: $0, partition: 0, dispatch: dispatch, input: Input().reading)
        }
        _ = try held.send(ClockSet(kind: .stream, at: start), key: "", at: start, isBroadcast: true)
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try held.send(request, key: request.recipient.text, at: start) }
        _ = try held.advance(to: start + .hours(1))
        #expect(dispatch.drain().count == 2)
        _ = try held.send(report(requests[0]), key: "", at: start, source: "/tributary/notification-sender/before")
        let restarted = RecordingDispatch()
        try start(
            NotificationProcessor(state: held.state, partition: 0, dispatch: restarted, input: Input().reading), at: 5)
        #expect(restarted.drain().map(\.request.about) == ["ref_2"])
    }

    @Test func `asks after a restart to give up what had no answer twice`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        _ = try sending(request, attempt: 1, at: start + .seconds(1))
        _ = try sending(request, attempt: 2, at: start + .seconds(2))
        let restarted = RecordingDispatch()
        try restart(restarted)
        #expect(restarted.drain().map(\.phase) == [.giveUp])
    }

    /// The result of an attempt of a sender that had the partition before may come late.
    @Test func `makes no announced attempt of a message whose result is in the same turn`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        _ = try sending(request, attempt: 1, at: start)
        #expect(dispatch.drain().map(\.phase) == [.new, .announced])
        let announcement = NotificationSending(
            notification: request.notification, recipient: request.recipient, attempt: 2, occurredAt: start)
        while try !harness.task.process(record(announcement, offset: 2, key: request.recipient.text)) {}
        _ = try harness.process(record(report(request), offset: 3))
        #expect(dispatch.drain().isEmpty)
        #expect(try pending() == 0)
    }

    @Test func `tries nothing again whose result comes in the turn in which that is due`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        _ = try failed(request, .unknown, at: start)
        #expect(dispatch.drain().map(\.attempt) == [1])
        _ = try sent(request, at: start + .minutes(2))
        #expect(harness.task.counts.timers == 1)
        #expect(dispatch.drain().isEmpty)
    }

    @Test func `takes an announced attempt back from the sender when the message gets its result`() throws {
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        for request in requests { _ = try sending(request, attempt: 1, at: start + .seconds(1)) }
        _ = try sending(requests[0], attempt: 2, at: start + .seconds(2))
        #expect(dispatch.withdrawn.isEmpty)
        _ = try sent(requests[0], attempt: 1, at: start + .seconds(3))
        #expect(dispatch.withdrawn == [requests[0].notification])
    }

    @Test func `hands nothing over twice when a turn is taken back`() throws {
        let request = MessageSamples.request()
        let processor = try #require(harness.task.processor as? NotificationProcessor)
        _ = try self.request(request)
        _ = try sending(request, attempt: 1, at: start + .seconds(1))
        #expect(dispatch.drain().count == 2)
        processor.stateDidReset()
        processor.turnDidCommit()
        #expect(dispatch.drain().isEmpty)
    }

    @Test func `nothing of a turn that is taken back is sent, known or muted`() throws {
        let (request, other) = (MessageSamples.request(), MessageSamples.request(about: "ref_2"))
        // Read before, the recipient's preferences are kept in memory.
        _ = try self.request(other)
        #expect(dispatch.drain().count == 1)
        let muted = PreferenceUpdated(
            recipient: request.recipient, muted: [request.template], occurredAt: start + .seconds(1))
        try harness.takeBack(request, key: request.recipient.text, at: start)
        try harness.takeBack(muted, key: request.recipient.text, at: start + .seconds(1))
        _ = try sent(other, at: start + .seconds(2))
        #expect(dispatch.drain().isEmpty)
        // Asked for again it is a new one.
        #expect(try self.request(request, at: start + .seconds(3)).outputs.isEmpty)
        #expect(dispatch.drain().map(\.request) == [request])
        let finished = try harness.state.get(
            NotificationTable.table, StateKey(other.notification.text), as: FinishedNotification.self)
        #expect(finished?.state == .sent && finished?.at == start + .seconds(2))
    }

    @Test func `hands over what stands beside a record that failed in the same turn`() throws {
        let good = MessageSamples.request()
        for (offset, type) in [(0, NotificationRequested.type), (1, "io.tributary.nonsense.v1")] {
            let envelope = EventEnvelope(
                id: "\(offset)", source: "/test", type: type, time: start, key: good.recipient.text)
            let record = OutgoingRecord(
                topic: "tributary.notification.v1", partition: 0, key: Array(good.recipient.text.utf8),
                value: JSONEncoding.encode(good), headers: CloudEventCodec.encode(envelope))
            #expect(
                try harness.task.process(
                    LogRecord(
                        topic: record.topic, partition: 0, offset: Int64(offset),
                        appendTimeMilliseconds: start.millisecondsSince1970, key: record.key, value: record.value,
                        headers: record.headers)))
        }
        #expect(harness.task.counts.deadLetters == 1)
        _ = try harness.task.finishTurn()
        try harness.task.commitTurn(changelogOffset: 2, committedAtMilliseconds: 0)
        harness.task.processor.turnDidCommit()
        #expect(dispatch.drain().map(\.request) == [good])
    }

    /// One turn holds it all where a worker comes back after a while.
    @Test func `hands over a retry that comes due in the turn of its refusal, beside a record that fails`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        #expect(dispatch.drain().map(\.attempt) == [1])
        while try !harness.task.process(record(refusal(request), offset: 1)) {}
        let result = try harness.send(
            data: Array("{}".utf8), type: "io.tributary.nonsense.v1", key: "", at: start + .minutes(2))
        #expect(result.deadLetter?.code == .unknownType)
        #expect(harness.task.counts.timers == 1)
        #expect(dispatch.drain().map(\.attempt) == [2])
    }

    @Test func `hands over a message whose attempt was handed back beside a record that fails`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        _ = try sending(request, attempt: 1, at: start)
        #expect(dispatch.drain().map(\.phase) == [.new, .announced])
        while try !harness.task.process(record(refusal(request, isMade: false), offset: 2)) {}
        let result = try harness.send(data: Array("{}".utf8), type: "io.tributary.nonsense.v1", key: "", at: start)
        #expect(result.deadLetter?.code == .unknownType)
        #expect(dispatch.drain().map(\.attempt) == [2])
    }

    @Test(arguments: [true, false])
    func `leaves to the sender what it has, where a result of it is taken back`(isMade: Bool) throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        _ = try sending(request, attempt: 1, at: start)
        #expect(dispatch.drain().map(\.phase) == [.new, .announced])
        try harness.takeBack(refusal(request, isMade: isMade), key: "", at: start)
        // The store is read from the start: what the sender has is passed over.
        try start(harness.task.processor, at: 0)
        #expect(dispatch.drain().isEmpty)
        #expect(dispatch.withdrawn.isEmpty)
    }

    /// The sender that had the partition before announced it, and this one has it now.
    @Test func `makes no other attempt of a message beside one that another sender announced`() throws {
        dispatch.room = 1
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        #expect(dispatch.drain().map(\.request.about) == ["ref_1"])
        dispatch.room = 5
        _ = try sending(requests[1], attempt: 1, at: start)
        _ = try sent(requests[0], at: start)
        let jobs = dispatch.drain()
        #expect(jobs.map(\.request.about) == ["ref_2"])
        #expect(jobs.map(\.phase) == [.announced])
    }

    @Test func `hands back the announced attempts that the sender had no room for when the partition goes elsewhere`()
        throws
    {
        let request = MessageSamples.request()
        _ = try self.request(request)
        dispatch.room = 0
        _ = try sending(request, attempt: 1, at: start)
        #expect(dispatch.handedBack.isEmpty)
        harness.task.processor.taskWillLeave()
        harness.task.processor.taskWillStop()
        #expect(
            dispatch.handedBack == [NotificationJob(request: request, attempt: 1, phase: .announced, time: start)])
    }

    // MARK: Rows that cannot be read

    /// Writes a row of a waiting message that no version of the code reads.
    private func spoil(_ request: NotificationRequested, beginning: String = "{\"request\":{}") throws {
        let text = beginning + ",\"none\":\"" + String(repeating: "x", count: 128) + "\"}"
        let checkpoint = try #require(try harness.backend.checkpoint())
        try harness.backend.begin()
        try harness.backend.apply([
            RowChange(
                table: NotificationTable.table, key: StateKey(request.notification.text).bytes, value: Array(text.utf8))
        ])
        try harness.backend.commit(checkpoint)
        harness.task.processor.stateDidReset()
    }

    /// What needs a row that cannot be read has the store made anew, which has the row as it was.
    private func findInChangelog(_ work: () throws -> HarnessResult) throws {
        let error = #expect(throws: StoreError.self) { try work() }
        #expect(error?.code == .corrupt)
        try harness.task.rollbackTurn()
        harness.state.unreadable.storeWasDiscarded()
    }

    @Test func `hands over what waits behind a message whose row cannot be read`() throws {
        dispatch.room = 0
        let requests = (1...3).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        try spoil(requests[1])
        dispatch.room = 10
        _ = try self.request(requests[0])
        // The store may be to blame: it is made anew, and has the row again.
        try findInChangelog { try self.request(requests[0]) }
        #expect(dispatch.drain().isEmpty)
        _ = try self.request(requests[0])
        #expect(Set(dispatch.drain().map(\.request.about)) == ["ref_1", "ref_3"])
        _ = try self.request(MessageSamples.request(about: "ref_4"))
        #expect(dispatch.drain().map(\.request.about) == ["ref_4"])
    }

    /// Also one that does not even begin as one.
    @Test(arguments: ["{\"request\":{}", "{\"version\":9"])
    func `has the log told once of a waiting message whose row cannot be read`(beginning: String) throws {
        dispatch.room = 0
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        try spoil(requests[0], beginning: beginning)
        dispatch.room = 10
        _ = try self.request(requests[1])
        try findInChangelog { try self.request(requests[1]) }
        #expect(dispatch.unreadable.isEmpty)
        for second in 1...2 { _ = try self.request(requests[1], at: start + .seconds(second)) }
        #expect(dispatch.unreadable == [requests[0].notification])
        #expect(dispatch.unreadableAt == start + .seconds(1))
        #expect(dispatch.drain().map(\.request) == [requests[1]])
        // What the sender writes then.
        let report = try failed(requests[0], .unknown, attempt: 0, at: start + .seconds(3))
        #expect(report.outputs.map(\.type) == [RecordDeadLettered.type])
        #expect(report.deadLetter?.code == .processingFailed)
        // The worker after this one says it again.
        let restarted = RecordingDispatch()
        try restart(restarted)
        #expect(restarted.unreadable == [requests[0].notification])
    }

    @Test func `takes no result from other messages of an event for one whose row cannot be read`() throws {
        let requests = (1...3).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        try spoil(requests[1])
        let results = requests.map { (request: $0, attempt: Int64(1)) }
        try findInChangelog { try sent(results, at: start) }
        let result = try sent(results, at: start)
        #expect(try result.payloads(NotificationFact.self).map(\.about) == ["ref_1", "ref_3"])
        #expect(result.deadLetter?.code == .processingFailed)
    }

    @Test func `starts with a result in the input of a message whose row cannot be read`() throws {
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        try spoil(requests[0])
        let restarted = RecordingDispatch()
        let input = [record(report(requests[0]), offset: 100)]
        #expect(throws: StoreError.self) { try restart(restarted, input: input) }
        harness.state.unreadable.storeWasDiscarded()
        try restart(restarted, input: input)
        #expect(restarted.drain().map(\.request.about) == ["ref_2"])
    }

    @Test func `tells the sender to forget a partition that goes elsewhere`() throws {
        try start(harness.task.processor, at: 100)
        harness.task.processor.taskWillStop()
        #expect(dispatch.forgotten == [0])
        // Another one may have it by then.
        harness.task.processor.taskWillStop()
        #expect(dispatch.forgotten == [0])
    }

    @Test func `lets the sender finish before a partition goes elsewhere`() throws {
        try start(harness.task.processor, at: 100)
        harness.task.processor.taskWillLeave()
        #expect(dispatch.finished == [0])
    }
}
