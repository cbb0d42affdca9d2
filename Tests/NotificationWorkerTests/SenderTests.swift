import Contracts
import Dispatch
import Domain
import EventLog
import JSON
import Synchronization
import Testing

@testable import NotificationWorker

@Suite struct SenderTests {
    private let sink = ScriptedSink()
    private let published = Published()

    private func sender(
        now: Timestamp = MessageSamples.start, sendsHistory: Bool = false, jobs: Int = 1_024, batch: Int = 512
    ) -> NotificationSender {
        let published = published
        return NotificationSender(
            settings: NotificationSenderSettings(
                session: "test", sendsHistory: sendsHistory, jobsPerPartition: jobs, batchSize: batch),
            sink: sink, publish: { try published.write($0) }, wallClock: { now })
    }

    private func job(
        _ about: String = "ref_1", attempt: Int64 = 1, _ phase: NotificationJob.Phase = .new,
        at time: Timestamp = MessageSamples.start
    ) -> NotificationJob {
        NotificationJob(request: MessageSamples.request(about: about), attempt: attempt, phase: phase, time: time)
    }

    private func sent(_ event: SenderEvent?) throws -> NotificationSent {
        try JSONDocument.decode(NotificationSent.self, from: try #require(event).data)
    }

    private func failed(_ event: SenderEvent?) throws -> NotificationFailed {
        try JSONDocument.decode(NotificationFailed.self, from: try #require(event).data)
    }

    /// Every attempt that the log was told was not sent, in order.
    private func reports() throws -> [NotificationFailed.Message] {
        try published.batches.joined().filter { $0.envelope.type == NotificationFailed.type }
            .flatMap { try failed($0).messages }
    }

    @Test func `delivers a batch and writes its results together`() throws {
        let sender = sender()
        #expect(sender.take([job("ref_1"), job("ref_2")], from: 3) == 2)
        #expect(try sender.sendNext() == 2)
        #expect(sink.delivered.count == 2)
        #expect(sink.flushes == 1)
        #expect(published.batches.map(\.count) == [1])
        let event = try #require(published.batches.first?.first)
        #expect(event.envelope.type == NotificationSent.type)
        #expect(event.envelope.key == nil)
        #expect(event.partition == 3)
        #expect(event.sequence == 1)
        #expect(try sent(event).sink == "scripted")
        #expect(try sent(event).messages.map(\.notification) == sink.delivered)
        let record = event.record(in: TopicCatalogue())
        #expect(record.topic == "tributary.notification.v1")
        #expect(record.partition == 3)
        #expect(record.headers.contains { $0.name == HeaderName.sequence })
        #expect(try sender.sendNext() == 0)
    }

    @Test func `writes one event for each partition, time and kind of result`() throws {
        let later = MessageSamples.start + .seconds(1)
        sink.answers = [.sent, .sent, .failed("r"), .sent, .sent, .retry("s")]
        let sender = sender()
        _ = sender.take([job("ref_1"), job("ref_2", at: later), job("ref_3")], from: 0)
        _ = sender.take([job("ref_4")], from: 1)
        _ = sender.take([job("ref_5"), job("ref_6")], from: 0)
        #expect(try sender.sendNext() == 6)
        let events = try #require(published.batches.first)
        #expect(
            published.types == [
                NotificationSent.type, NotificationFailed.type, NotificationSent.type, NotificationSent.type,
            ])
        #expect(events.map(\.partition) == [0, 0, 0, 1])
        #expect(events.map(\.sequence) == [1, 2, 3, 1])
        #expect(
            events.map(\.envelope.time) == [MessageSamples.start, MessageSamples.start, later, MessageSamples.start])
        #expect(try sent(events[0]).messages.count == 2)
        #expect(try failed(events[1]).messages.map(\.outcome) == [.failed, .retry])
        #expect(Set(events.map(\.envelope.id)).count == 4)
    }

    @Test(arguments: [
        (Delivery.retry("r"), NotificationFailed.Outcome.retry), (.failed("r"), .failed), (.unknown("r"), .unknown),
    ])
    func `writes what the sink answers`(answer: Delivery, outcome: NotificationFailed.Outcome) throws {
        sink.answers = [answer]
        let sender = sender()
        _ = sender.take([job()], from: 0)
        _ = try sender.sendNext()
        let event = try #require(published.batches.first?.first)
        #expect(event.envelope.type == NotificationFailed.type)
        #expect(try failed(event).messages.map(\.outcome) == [outcome])
        #expect(try failed(event).messages.map(\.isMade) == [true])
        #expect(try failed(event).messages.map(\.reason) == ["r"])
    }

    @Test func `announces an attempt before a sink that would deliver twice`() throws {
        sink.isIdempotent = false
        let sender = sender()
        _ = sender.take([job()], from: 0)
        _ = try sender.sendNext()
        #expect(sink.delivered.isEmpty)
        #expect(published.types == [NotificationSending.type])
        _ = sender.takeOwned([job(attempt: 1, .announced)], from: 0)
        _ = try sender.sendNext()
        #expect(sink.delivered.count == 1)
        #expect(published.types == [NotificationSending.type, NotificationSent.type])
    }

    private func ids(_ abouts: String...) -> [NotificationID] { abouts.map { job($0).request.notification } }

    private func announced(_ numbers: ClosedRange<Int>) -> [NotificationJob] {
        numbers.map { job("ref_\($0)", .announced) }
    }

    @Test func `begins no other message when it is to stop, and says which it did not make`() throws {
        sink.isIdempotent = false
        let sender = sender()
        _ = sender.takeOwned(announced(1...3), from: 0)
        #expect(try sender.sendNext(while: { sink.delivered.isEmpty }) == 1)
        #expect(sink.delivered == ids("ref_1"))
        #expect(published.types == [NotificationSent.type])
        try sender.sendLast()
        #expect(sink.delivered.count == 1)
        #expect(published.types == [NotificationSent.type, NotificationFailed.type])
        let messages = try failed(published.batches.last?.first).messages
        #expect(messages.map(\.notification) == ids("ref_2", "ref_3"))
        #expect(messages.map(\.outcome) == [.retry, .retry])
        #expect(messages.map(\.isMade) == [false, false])
        // Whoever has the partition next is given the rest.
        #expect(sender.take([job("ref_4")], from: 0) == 0)
        #expect(sender.room(for: 0) == 0)
    }

    @Test func `begins nothing for a partition that goes elsewhere in the middle of a batch`() throws {
        sink.isIdempotent = false
        let sender = sender()
        _ = sender.takeOwned(announced(1...2) + [job("ref_3")], from: 0)
        _ = sender.takeOwned(announced(4...4), from: 1)
        sink.onDelivery = { sender.forget(0) }
        while try sender.sendNext() > 0 {}
        sink.onDelivery = {}
        #expect(sink.delivered == ids("ref_1", "ref_4"))
        #expect(sender.underway(of: 0).isEmpty)
        let reports = try self.reports()
        #expect(reports.map(\.notification) == ids("ref_2"))
        #expect(reports.map(\.outcome) == [.retry])
        #expect(reports.map(\.isMade) == [false])
    }

    /// A thread that was stopped hears late that it has lost a partition, which another of the same process has by then.
    @Test func `a thread that has lost a partition takes nothing from the next one`() throws {
        sink.isIdempotent = false
        let sender = sender()
        let former = sender.own(0)
        _ = sender.takeOwned(announced(1...1) + [job("ref_2")], from: 0)
        let owner = sender.own(0)
        // The next one is given what waits anew.
        #expect(sender.underway(of: 0) == Set(ids("ref_1")))
        _ = sender.takeOwned(announced(3...3), from: 0)
        sender.forget(0, of: former)
        sender.finish(0, of: former)
        while try sender.sendNext() > 0 {}
        #expect(sink.delivered == ids("ref_3"))
        #expect(try self.reports().map(\.notification) == ids("ref_1"))
        _ = sender.takeOwned(announced(4...4), from: 0)
        sender.forget(0, of: owner)
        while try sender.sendNext() > 0 {}
        #expect(sink.delivered == ids("ref_3"))
    }

    @Test func `says also of announced attempts that it had no room for that it does not make them`() throws {
        sink.isIdempotent = false
        let sender = sender(jobs: 1)
        #expect(sender.takeOwned(announced(1...2), from: 0) == 1)
        sender.handBack(announced(2...2), from: 0)
        sender.forget(0)
        #expect(sender.underway(of: 0) == Set(ids("ref_1", "ref_2")))
        #expect(try sender.sendNext() == 2)
        #expect(sink.delivered.isEmpty && sender.underway(of: 0).isEmpty)
        let messages = try failed(published.batches.last?.first).messages
        #expect(Set(messages.map(\.notification)) == Set(ids("ref_1", "ref_2")))
        #expect(messages.map(\.isMade) == [false, false])
    }

    @Test func `begins no message of another partition while somebody waits for a result`() {
        let (time, waiter) = (ContinuousClock.now, DispatchSemaphore(value: 0))
        func next(_ queue: inout SenderQueue) -> JobLine.Entry? {
            queue.next(announcementLimit: 10, ownershipLimit: .seconds(1), at: time)
        }
        var queue = SenderQueue()
        for partition: Int32 in 0...1 { queue.confirm(partition, at: time) }
        let taken = queue.add(announced(1...2), of: 0, limit: 10) + queue.add(announced(3...3), of: 1, limit: 10)
        let first = next(&queue)
        #expect(taken == 3 && first?.partition == 0)
        let (isToTell, isToWait) = (queue.drop(0), queue.wait(waiter, for: 0))
        let second = next(&queue)
        #expect(isToTell && isToWait && second == nil)
        let unmade = queue.takeUnmade()
        queue.endBatch()
        let third = next(&queue)
        #expect(unmade.map(\.job.request.about) == ["ref_2"])
        #expect(third?.partition == 1)
        #expect(waiter.wait(timeout: .now()) == .success)
    }

    @Test(arguments: [(false, [3, 3, 3, 1]), (true, [10])])
    func `writes results at short intervals where a repetition would reach somebody`(
        idempotent: Bool, batches: [Int]
    ) throws {
        sink.isIdempotent = idempotent
        let (published, clock) = (published, SteppedClock())
        let sender = NotificationSender(
            settings: NotificationSenderSettings(session: "test", resultInterval: .milliseconds(500)), sink: sink,
            publish: { try published.write($0) }, wallClock: { MessageSamples.start }, clock: { clock.now })
        sink.onDelivery = { clock.step(.milliseconds(200)) }
        _ = sender.takeOwned(announced(1...10), from: 0)
        while try sender.sendNext() > 0 {}
        #expect(try published.batches.map { try sent($0.first).messages.count } == batches)
    }

    @Test func `announces few attempts ahead, and does not wait for ever for those that do not come back`() throws {
        sink.isIdempotent = false
        let (published, clock) = (published, SteppedClock())
        let sender = NotificationSender(
            settings: NotificationSenderSettings(session: "test", announcementLimit: 2), sink: sink,
            publish: { try published.write($0) }, wallClock: { MessageSamples.start }, clock: { clock.now })
        _ = sender.take((1...5).map { job("ref_\($0)") }, from: 0)
        #expect(try sender.sendNext() == 2)
        #expect(try sender.sendNext() == 0)
        _ = sender.takeOwned(announced(1...1), from: 0)
        #expect(try sender.sendNext() == 2)
        #expect(sink.delivered == ids("ref_1"))
        #expect(try sender.sendNext() == 0)
        clock.step(.seconds(31))
        #expect(try sender.sendNext() == 2)
        let announcements = published.batches.joined().filter { $0.envelope.type == NotificationSending.type }
        #expect(announcements.count == 5)
    }

    private func sender(_ clock: SteppedClock, ownershipLimit: Duration) -> NotificationSender {
        sink.isIdempotent = false
        let published = published
        return NotificationSender(
            settings: NotificationSenderSettings(session: "test", ownershipLimit: ownershipLimit), sink: sink,
            publish: { try published.write($0) }, wallClock: { MessageSamples.start }, clock: { clock.now })
    }

    @Test func `begins no announced attempt of a partition that may be another's by now`() throws {
        let clock = SteppedClock()
        let sender = sender(clock, ownershipLimit: .seconds(3))
        _ = sender.takeOwned(announced(1...3), from: 0, at: clock.now)
        _ = sender.takeOwned(announced(4...4), from: 1, at: clock.now)
        // The process is stopped with a message under way. Then the second partition has a turn, the first has none.
        sink.onDelivery = {
            clock.step(.seconds(9))
            sender.confirm(1, at: clock.now)
        }
        while try sender.sendNext() > 0 {}
        #expect(sink.delivered == ids("ref_1", "ref_4"))
        #expect(sender.underway(of: 0).isEmpty)
        let reports = try self.reports()
        #expect(reports.map(\.notification) == ids("ref_2", "ref_3"))
        #expect(reports.map(\.isMade) == [false, false])
        // The partition is this process's after all: it is asked for the attempts anew.
        _ = sender.takeOwned([job("ref_2", attempt: 2, .announced)], from: 0, at: clock.now)
        #expect(try sender.sendNext() == 1)
        #expect(sink.delivered == ids("ref_1", "ref_4", "ref_2"))
    }

    @Test func `goes on with attempts that wait for long while their partition has turns`() throws {
        let clock = SteppedClock()
        let sender = sender(clock, ownershipLimit: .seconds(3))
        _ = sender.takeOwned(announced(1...5), from: 0, at: clock.now)
        sink.onDelivery = { clock.step(.seconds(2)) }
        while try sender.sendNext() > 0 { sender.confirm(0, at: clock.now) }
        #expect(sink.delivered == ids("ref_1", "ref_2", "ref_3", "ref_4", "ref_5"))
    }

    /// Behind the others' backlog its time would run out each time, until that is gone.
    @Test func `a quiet partition's message does not wait behind a busy one's`() throws {
        let clock = SteppedClock()
        let sender = sender(clock, ownershipLimit: .seconds(3))
        _ = sender.takeOwned(announced(1...5), from: 0, at: clock.now)
        _ = sender.takeOwned(announced(6...6), from: 1, at: clock.now)
        sink.onDelivery = {
            clock.step(.seconds(1))
            sender.confirm(0, at: clock.now)
        }
        while try sender.sendNext() > 0 {}
        #expect(sink.delivered == ids("ref_1", "ref_6", "ref_2", "ref_3", "ref_4", "ref_5"))
    }

    @Test func `makes an attempt each time that all others have waited too long`() throws {
        let clock = SteppedClock()
        let sender = sender(clock, ownershipLimit: .seconds(3))
        sink.onDelivery = { clock.step(.seconds(60)) }
        _ = sender.takeOwned(announced(1...3), from: 0, at: clock.now)
        for number in 1...3 {
            while try sender.sendNext() > 0 {}
            #expect(sink.delivered.count == number)
            // Asked for anew, and announced.
            if number < 3 { _ = sender.takeOwned(announced(number + 1...3), from: 0, at: clock.now) }
        }
    }

    @Test func `knows nothing more of a partition that went elsewhere`() throws {
        let clock = SteppedClock()
        let sender = sender(clock, ownershipLimit: .seconds(3))
        sender.confirm(0, at: clock.now)
        sender.forget(0)
        _ = sender.take(announced(1...1), from: 0)
        #expect(try sender.sendNext() == 1)
        #expect(sink.delivered.isEmpty && published.types == [NotificationFailed.type])
    }

    @Test(.timeLimit(.minutes(10))) func `makes ready before there is a result, and ends where another is this sender`()
    {
        let (sink, published, isReady) = (sink, published, DispatchSemaphore(value: 0))
        sink.isIdempotent = false
        let lost = Atomic(false)
        let thread = NotificationSenderThread()
        let sender = NotificationSender(
            settings: NotificationSenderSettings(session: "test"), sink: sink,
            prepare: {
                isReady.signal()
                if lost.load(ordering: .acquiring) { throw LogError(.fenced, .fatal, "lost") }
            },
            publish: { try published.write($0) }, wallClock: { MessageSamples.start }, wake: { thread.wake() })
        let faults = Atomic(0)
        let hasFailed = DispatchSemaphore(value: 0)
        thread.start(sender) { _ in
            faults.add(1, ordering: .acquiringAndReleasing)
            hasFailed.signal()
        }
        isReady.wait()
        lost.store(true, ordering: .releasing)
        thread.wake()
        hasFailed.wait()
        // It has ended by itself, and does not try to write anything more.
        _ = sender.takeOwned(announced(1...1), from: 0)
        #expect(thread.stop(within: 10))
        #expect(faults.load(ordering: .acquiring) == 1)
        #expect(sink.delivered.isEmpty && published.batches.isEmpty)
    }

    @Test func `drops an announced attempt whose message has its result`() throws {
        sink.isIdempotent = false
        let sender = sender()
        _ = sender.takeOwned(announced(1...2), from: 0)
        sender.withdraw(Set(ids("ref_1")), from: 0)
        #expect(try sender.sendNext() == 1)
        #expect(sink.delivered == ids("ref_2"))
        #expect(published.types == [NotificationSent.type])
    }

    @Test(.timeLimit(.minutes(10))) func `says what it does not make before a partition goes elsewhere`() throws {
        sink.isIdempotent = false
        let (published, isSending, goOn) = (published, DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let thread = NotificationSenderThread()
        let sender = NotificationSender(
            settings: NotificationSenderSettings(session: "test"), sink: sink, publish: { try published.write($0) },
            wallClock: { MessageSamples.start }, wake: { thread.wake() })
        sink.onDelivery = {
            isSending.signal()
            _ = goOn.wait(timeout: .now() + .seconds(30))
        }
        _ = sender.takeOwned(announced(1...2), from: 0)
        thread.start(sender) { _ in }
        isSending.wait()
        sender.forget(0)
        #expect(sender.underway(of: 0) == Set(ids("ref_1", "ref_2")))
        goOn.signal()
        sender.finish(0)
        #expect(sender.underway(of: 0).isEmpty)
        #expect(thread.stop(within: 10))
        #expect(sink.delivered == ids("ref_1"))
        #expect(published.types == [NotificationSent.type, NotificationFailed.type])
    }

    @Test(.timeLimit(.minutes(10))) func `writes the results of what was sent before it ends, also after a fault`()
        throws
    {
        sink.isIdempotent = false
        let (published, hasFailed) = (published, DispatchSemaphore(value: 0))
        published.failures = 1
        let thread = NotificationSenderThread()
        let sender = NotificationSender(
            settings: NotificationSenderSettings(session: "test"), sink: sink, publish: { try published.write($0) },
            wallClock: { MessageSamples.start }, wake: { thread.wake() })
        _ = sender.takeOwned(announced(1...1), from: 0)
        thread.start(sender) { _ in hasFailed.signal() }
        hasFailed.wait()
        #expect(thread.stop(within: 10))
        #expect(published.types == [NotificationSent.type])
    }

    @Test(arguments: [true, false])
    func `reports messages that cannot be read, as no attempt of theirs`(idempotent: Bool) throws {
        sink.isIdempotent = idempotent
        let sender = sender(batch: 2)
        sender.report(unreadable: ids("ref_1", "ref_2", "ref_3"), from: 3, at: MessageSamples.start)
        sender.report(unreadable: ids("ref_4"), from: 1, at: MessageSamples.start)
        sender.forget(1)
        for count in [2, 1, 0] { #expect(try sender.sendNext() == count) }
        #expect(sink.delivered.isEmpty)
        let reports = try self.reports()
        #expect(reports.map(\.notification) == ids("ref_1", "ref_2", "ref_3"))
        #expect(reports.allSatisfy { $0.attempt == 0 && $0.outcome == .unknown })
        let event = try #require(published.batches.first?.first)
        #expect(event.partition == 3 && event.envelope.time == MessageSamples.start)
    }

    @Test func `gives up what had no answer without another attempt`() throws {
        let sender = sender()
        _ = sender.take([job(attempt: 2, .giveUp)], from: 0)
        _ = try sender.sendNext()
        #expect(sink.delivered.isEmpty)
        #expect(published.types == [NotificationFailed.type])
    }

    @Test(arguments: [(6, false, true, true), (8, false, true, false), (8, true, true, true), (8, true, false, false)])
    func `does not send what took effect long ago`(days: Int, history: Bool, idempotent: Bool, isSent: Bool) throws {
        sink.isIdempotent = idempotent
        let sender = sender(now: MessageSamples.start + .days(days), sendsHistory: history)
        _ = sender.takeOwned([job(attempt: 1, .announced)], from: 0)
        _ = try sender.sendNext()
        #expect(sink.delivered.count == (isSent ? 1 : 0))
        let data = String(decoding: try #require(published.batches.first?.first).data, as: UTF8.self)
        #expect(data.contains("\"stale\"") == !isSent)
    }

    @Test func `keeps results that could not be written, and sends nothing meanwhile`() throws {
        published.failures = 2
        let sender = sender()
        _ = sender.take([job("ref_1")], from: 0)
        #expect(throws: MessageProblem.self) { try sender.sendNext() }
        _ = sender.take([job("ref_2")], from: 0)
        #expect(throws: MessageProblem.self) { try sender.sendNext() }
        #expect(sink.delivered.count == 1)
        #expect(try sender.sendNext() == 1)
        #expect(published.batches.map(\.count) == [1, 1])
        #expect(sink.delivered.count == 2)
    }

    @Test func `tells what is under way until its result is in the log`() throws {
        published.failures = 1
        let sender = sender(batch: 2)
        _ = sender.take([job("ref_1")], from: 0)
        _ = sender.take([job("ref_2"), job("ref_3")], from: 1)
        #expect(sender.underway(of: 0).isEmpty)
        #expect(throws: MessageProblem.self) { try sender.sendNext() }
        #expect(sender.underway(of: 0) == [job("ref_1").request.notification])
        #expect(sender.underway(of: 1) == [job("ref_2").request.notification])
        #expect(try sender.sendNext() == 1)
        #expect(sender.underway(of: 0).isEmpty && sender.underway(of: 1).isEmpty)
    }

    @Test(.timeLimit(.minutes(10))) func `waits for the results of a partition that goes elsewhere`() throws {
        let (published, isWriting, goOn) = (published, DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let thread = NotificationSenderThread()
        let sender = NotificationSender(
            settings: NotificationSenderSettings(session: "test", batchSize: 1), sink: sink,
            publish: { events in
                isWriting.signal()
                _ = goOn.wait(timeout: .now() + .seconds(30))
                try published.write(events)
            },
            wallClock: { MessageSamples.start }, wake: { thread.wake() })
        _ = sender.take([job("ref_1"), job("ref_2")], from: 0)
        thread.start(sender) { _ in }
        isWriting.wait()
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) { goOn.signal() }
        sender.finish(0)
        #expect(sender.underway(of: 0).isEmpty)
        #expect(thread.stop(within: 10))
        // The job that had not begun is left to whoever has the partition now.
        #expect(published.types == [NotificationSent.type])
    }

    @Test func `takes no more than it has room for, partition by partition`() throws {
        let sender = sender(jobs: 2, batch: 1)
        #expect(sender.take([job("ref_1"), job("ref_2"), job("ref_3")], from: 0) == 2)
        #expect(sender.room(for: 0) == 0)
        #expect(sender.take([job("ref_4")], from: 1) == 1)
        #expect(try sender.sendNext() == 1)
        #expect(sender.room(for: 0) == 1)
    }

    @Test func `forgets a partition's jobs and keeps the others'`() throws {
        let sender = sender(batch: 1)
        _ = sender.take([job("ref_1"), job("ref_2")], from: 0)
        _ = sender.take([job("ref_3")], from: 1)
        _ = try sender.sendNext()
        sender.forget(0)
        while try sender.sendNext() > 0 {}
        #expect(sink.delivered == [job("ref_1"), job("ref_3")].map(\.request.notification))
        #expect(sender.room(for: 0) == 1_024)
    }

    @Test func `works through many jobs in order and in bounded batches`() throws {
        let sender = sender(jobs: 100, batch: 7)
        let jobs = (0..<100).map { job("ref_\($0)") }
        _ = sender.take(jobs, from: 0)
        while try sender.sendNext() > 0 {}
        #expect(sink.delivered == jobs.map(\.request.notification))
        for batch in published.batches {
            #expect(batch.count == 1)
            #expect(try sent(batch.first).messages.count <= 7)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `wakes its thread for work and ends it in order`() throws {
        let thread = NotificationSenderThread()
        let published = published
        let sender = NotificationSender(
            settings: NotificationSenderSettings(session: "test"), sink: sink, publish: { try published.write($0) },
            wallClock: { MessageSamples.start }, wake: { thread.wake() })
        _ = sender.take([job()], from: 0)
        thread.start(sender) { _ in }
        while sender.room(for: 0) < 1_024 {}
        #expect(thread.stop(within: 10))
        #expect(published.types == [NotificationSent.type])
    }
}
