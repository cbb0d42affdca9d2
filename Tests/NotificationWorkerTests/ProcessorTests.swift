import Contracts
import Domain
import EventLog
import JSON
import Testing

@testable import NotificationWorker
@testable import TaskRuntime

/// A sender that only notes what it is given.
final class RecordingDispatch: NotificationDispatch {
    var jobs: [NotificationJob] = []
    var room = 1_000
    var forgotten: [Int32] = []

    func room(for partition: Int32) -> Int { room }

    func take(_ jobs: [NotificationJob], from partition: Int32) -> Int {
        let taken = min(room, jobs.count)
        if !jobs.isEmpty { calls.append("take") }
        self.jobs += jobs.prefix(taken)
        room -= taken
        return taken
    }

    var underway: Set<NotificationID> = []
    var finished: [Int32] = []
    var withdrawn: Set<NotificationID> = []
    var unreadable: [NotificationID] = []
    var unreadableAt: Timestamp?
    var handedBack: [NotificationJob] = []
    /// What it was asked for and told, in order.
    var calls: [String] = []
    private var asked = 0

    func instant() -> ContinuousClock.Instant {
        asked += 1
        calls.append("instant \(asked)")
        return Self.start + .seconds(asked)
    }

    func confirm(_ partition: Int32, at time: ContinuousClock.Instant) {
        calls.append("confirm \((time - Self.start).components.seconds)")
    }

    private static let start = ContinuousClock.now

    func underway(of partition: Int32) -> Set<NotificationID> { underway }

    func own(_ partition: Int32) -> Int { 1 }

    func finish(_ partition: Int32, of owner: Int) { finished.append(partition) }

    func withdraw(_ ids: Set<NotificationID>, from partition: Int32) { withdrawn.formUnion(ids) }

    func report(unreadable ids: [NotificationID], from partition: Int32, at time: Timestamp) {
        unreadable += ids
        unreadableAt = time
    }

    func handBack(_ jobs: [NotificationJob], from partition: Int32) { handedBack += jobs }

    func forget(_ partition: Int32, of owner: Int) { forgotten.append(partition) }

    /// The jobs since the last call.
    func drain() -> [NotificationJob] {
        defer { jobs.removeAll() }
        return jobs
    }
}

@Suite struct ProcessorTests {
    let dispatch = RecordingDispatch()
    let harness: ProcessorHarness
    let start = MessageSamples.start

    init() throws {
        let dispatch = dispatch
        harness = try ProcessorHarness(worker: .notification) {
            NotificationProcessor(state: $0, partition: 0, dispatch: dispatch, input: Input().reading)
        }
    }

    func request(_ request: NotificationRequested, at time: Timestamp? = nil) throws -> HarnessResult {
        try harness.send(request, key: request.recipient.text, at: time ?? request.occurredAt)
    }

    func sending(_ request: NotificationRequested, attempt: Int64, at time: Timestamp) throws -> HarnessResult {
        try harness.send(
            NotificationSending(
                notification: request.notification, recipient: request.recipient, attempt: attempt, occurredAt: time),
            key: request.recipient.text, at: time)
    }

    func sent(_ request: NotificationRequested, attempt: Int64 = 1, at time: Timestamp) throws -> HarnessResult {
        try sent([(request, attempt)], at: time)
    }

    func sent(
        _ messages: [(request: NotificationRequested, attempt: Int64)], at time: Timestamp
    ) throws -> HarnessResult {
        try harness.send(
            NotificationSent(
                sink: "null",
                messages: messages.map {
                    NotificationSent.Message(notification: $0.request.notification, attempt: $0.attempt)
                }, occurredAt: time), key: "", at: time)
    }

    func failed(
        _ request: NotificationRequested, _ outcome: NotificationFailed.Outcome, attempt: Int64 = 1,
        isMade: Bool = true, at time: Timestamp
    ) throws -> HarnessResult {
        try harness.send(
            NotificationFailed(
                messages: [
                    NotificationFailed.Message(
                        notification: request.notification, attempt: attempt, outcome: outcome, isMade: isMade,
                        reason: "no reason")
                ], occurredAt: time), key: "", at: time)
    }

    /// The attempt was announced and handed back.
    func notMade(_ request: NotificationRequested, attempt: Int64, at time: Timestamp) throws -> HarnessResult {
        try failed(request, .retry, attempt: attempt, isMade: false, at: time)
    }

    func states(_ result: HarnessResult) throws -> [NotificationFact.State] {
        try result.payloads(NotificationFact.self).map(\.state)
    }

    func pending() throws -> Int {
        try NotificationTable(state: harness.state).stored(after: .start, limit: .max).ids.count
    }

    @Test func `stores a message and hands it to the sender`() throws {
        let request = MessageSamples.request()
        #expect(try self.request(request).outputs.isEmpty)
        #expect(try pending() == 1)
        var table = NotificationTable(state: harness.state)
        #expect(try table.pending(request.notification)?.request == request)
        #expect(dispatch.drain() == [NotificationJob(request: request, attempt: 1, phase: .new, time: start)])
    }

    @Test func `stores what was received, and anew what is nested deep or stands between blanks`() throws {
        let request = MessageSamples.request()
        let text = String(decoding: JSONEncoding.encode(request), as: UTF8.self)
        let deep =
            text.dropLast() + ",\"more\":" + String(repeating: "[", count: 120) + String(repeating: "]", count: 120)
        for (data, kept) in [(text, text), ("\n \(text)\n", text), (deep + "}", text), (text + " ", text)] {
            let row = JSONEncoding.encode(
                PendingNotification.newRow(request, text: Array(data.utf8), askedAt: start))
            #expect(String(decoding: row, as: UTF8.self) == "{\"request\":\(kept),\"asked_at\":\"\(start)\"}")
            #expect(try JSONDocument.decode(PendingNotification.self, from: row).request == request)
        }
    }

    @Test func `tells waiting messages from finished ones by the length of their rows`() throws {
        let shortest = NotificationRequested(
            to: .person(PersonID("psn_x")!), address: ContactAddress(name: "", email: ""), template: .handoff,
            locale: NotificationRequested.defaultLocale, about: "", cause: "", parameters: [:], at: start)
        let row = PendingNotification.newRow(shortest, text: JSONEncoding.encode(shortest), askedAt: start)
        #expect(JSONEncoding.encode(row).count >= NotificationTable.shortestPending)
        for state in NotificationFact.State.allCases {
            let finished = JSONEncoding.encode(FinishedNotification(state: state, at: .distantFuture))
            #expect(finished.count < NotificationTable.shortestPending)
        }
    }

    @Test func `sends the same message only once, however often it is asked for`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        #expect(try self.request(request).outputs.isEmpty)
        _ = try sent(request, at: start + .seconds(1))
        #expect(try self.request(request, at: start + .days(30)).outputs.isEmpty)
        #expect(dispatch.drain().count == 1)
        let processor = try #require(harness.task.processor as? NotificationProcessor)
        #expect(processor.repeatedRequests == 2)
    }

    @Test func `tells other causes apart`() throws {
        for request in [
            MessageSamples.request(), MessageSamples.request(about: "ref_2"), MessageSamples.request(cause: "2"),
            MessageSamples.request(.referralRejected),
            MessageSamples.request(to: .person(PersonID("psn_x")!)),
        ] { _ = try self.request(request) }
        #expect(dispatch.drain().count == 5)
    }

    @Test func `records what was sent and forgets the address`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        let result = try sent(request, at: start + .seconds(1))
        let fact = try #require(try result.payloads(NotificationFact.self).first)
        #expect(fact.state == .sent)
        #expect(fact.sink == "null")
        #expect(fact.recipient == request.recipient)
        #expect(fact.about == "ref_1")
        #expect(result.outputs.allSatisfy { !String(decoding: $0.data, as: UTF8.self).contains("jo@partner.example") })
        try harness.backend.forEachRow { _, _, value in
            #expect(!String(decoding: value, as: UTF8.self).contains("jo@partner.example"))
        }
        #expect(try pending() == 0)
        #expect(try sent(request, at: start + .seconds(2)).outputs.isEmpty)
    }

    @Test func `takes each result of a batch for itself`() throws {
        let requests = (1...3).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        let stranger = MessageSamples.request(about: "ref_9")
        let time = start + .seconds(1)
        let batch = [(requests[0], Int64(1)), (stranger, 1), (requests[0], 1), (requests[2], 1)]
        let facts = try sent(batch, at: time).payloads(NotificationFact.self)
        #expect(facts.map(\.about) == ["ref_1", "ref_3"])
        #expect(try pending() == 1)
        #expect(try sent(batch, at: time + .seconds(1)).outputs.isEmpty)
    }

    @Test(arguments: [
        #"{"notification_id":"ref_no"}"#, #"{"attempt":1}"#, #"{"notification_id":"ntf_x","attempt":"one"}"#, "7",
        "null", "[]",
    ])
    func `loses no result to one that cannot be read, and keeps that for a person`(bad: String) throws {
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        let good = requests.map { "{\"notification_id\":\"\($0.notification)\"}" }
        let result = try harness.send(
            data: Array(
                "{\"sink\":\"null\",\"messages\":[\(good[0]),\(bad),\(good[1])],\"occurred_at\":\"\(start)\"}".utf8),
            type: NotificationSent.type, key: "", at: start)
        #expect(try states(result) == [.sent, .sent])
        #expect(result.deadLetter?.code == .schema)
        #expect(try pending() == 0)
    }

    @Test(arguments: [
        (NotificationFailed.Outcome.failed, NotificationFact.State.failed), (.stale, .stale),
    ])
    func `ends what cannot be sent`(outcome: NotificationFailed.Outcome, state: NotificationFact.State) throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        let fact = try #require(
            try failed(request, outcome, at: start + .seconds(1)).payloads(NotificationFact.self).first)
        #expect(fact.state == state)
        #expect(fact.explanation.map(\.text) == ["no reason"])
        #expect(try pending() == 0)
    }

    @Test func `tries again after a while, and gives up after the last time`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        var time = start
        for attempt in 1...Int64(RetryRules.standard.delays.count) {
            #expect(dispatch.drain().map(\.attempt) == [attempt])
            time = time + .seconds(1)
            #expect(try failed(request, .retry, attempt: attempt, at: time).outputs.isEmpty)
            #expect(dispatch.drain().isEmpty)
            time = time + RetryRules.standard.delays[Int(attempt) - 1]
            _ = try harness.advance(to: time)
        }
        #expect(dispatch.drain().map(\.attempt) == [6])
        #expect(try states(failed(request, .retry, attempt: 6, at: time + .seconds(1))) == [.failed])
    }

    @Test func `hands an announced attempt over once, and counts it`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        _ = dispatch.drain()
        #expect(try sending(request, attempt: 1, at: start + .seconds(1)).outputs.isEmpty)
        #expect(
            dispatch.drain() == [
                NotificationJob(request: request, attempt: 1, phase: .announced, time: start + .seconds(1))
            ])
        _ = try sending(request, attempt: 1, at: start + .seconds(2))
        _ = try sending(request, attempt: 3, at: start + .seconds(3))
        #expect(dispatch.drain().isEmpty)
    }

    @Test func `leaves a message without an answer to a person after two attempts`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        _ = try sending(request, attempt: 1, at: start + .seconds(1))
        #expect(try failed(request, .unknown, attempt: 1, at: start + .seconds(2)).outputs.isEmpty)
        _ = try harness.advance(to: start + .minutes(2))
        _ = try sending(request, attempt: 2, at: start + .minutes(3))
        let result = try failed(request, .unknown, attempt: 2, at: start + .minutes(4))
        #expect(try states(result) == [.unknown])
    }

    private static let courses: [(outcomes: [NotificationFailed.Outcome], end: NotificationFact.State)] = [
        ([.unknown, .retry, .unknown], .unknown),
        ([.retry, .unknown, .retry, .unknown], .unknown),
        ([.unknown, .retry, .retry, .retry, .retry, .retry], .unknown),
        ([.unknown, .failed], .unknown),
        ([.unknown, .stale], .unknown),
        ([.retry, .failed], .failed),
        ([.retry, .stale], .stale),
        ([.retry, .retry, .retry, .retry, .retry, .retry], .failed),
    ]

    /// A refusal says nothing of an earlier attempt.
    @Test(arguments: courses)
    func `forgets no attempt without an answer over a later refusal`(
        outcomes: [NotificationFailed.Outcome], end: NotificationFact.State
    ) throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        var time = start
        var ends: [NotificationFact.State] = []
        for (index, outcome) in outcomes.enumerated() {
            #expect(ends.isEmpty)
            let attempt = Int64(index + 1)
            _ = try sending(request, attempt: attempt, at: time + .seconds(1))
            ends += try states(failed(request, outcome, attempt: attempt, at: time + .seconds(2)))
            time = time + .hours(9)
            _ = try harness.advance(to: time)
        }
        #expect(ends == [end])
    }

    @Test func `counts attempts that were lost with their process, whatever the next one brings`() throws {
        let requests = (1...2).map { MessageSamples.request(about: "ref_\($0)") }
        for request in requests { _ = try self.request(request) }
        for request in requests { _ = try sending(request, attempt: 1, at: start + .seconds(1)) }
        _ = try sending(requests[0], attempt: 2, at: start + .seconds(2))
        #expect(try failed(requests[0], .retry, attempt: 2, at: start + .seconds(3)).outputs.isEmpty)
        // It was too late for the next attempt before that was announced.
        #expect(try states(failed(requests[1], .stale, attempt: 2, at: start + .seconds(3))) == [.unknown])
        _ = try harness.advance(to: start + .hours(1))
        _ = try sending(requests[0], attempt: 3, at: start + .hours(1))
        #expect(try states(failed(requests[0], .unknown, attempt: 3, at: start + .hours(2))) == [.unknown])
    }

    @Test func `asks at once for another attempt in place of one that was not made, and does not count it`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        var time = start
        // More often than a message is tried.
        let handedBack = Int64(RetryRules.standard.delays.count) + 3
        for attempt in 1...handedBack {
            #expect(dispatch.drain().filter { $0.phase == .new }.map(\.attempt) == [attempt])
            time = time + .seconds(1)
            #expect(try sending(request, attempt: attempt, at: time).outputs.isEmpty)
            #expect(try notMade(request, attempt: attempt, at: time).outputs.isEmpty)
        }
        // The first that is made waits as long as any first one.
        _ = try sending(request, attempt: handedBack + 1, at: time)
        _ = try failed(request, .retry, attempt: handedBack + 1, at: time)
        _ = dispatch.drain()
        time = time + RetryRules.standard.delays[0]
        _ = try harness.advance(to: time)
        #expect(dispatch.drain().map(\.attempt) == [handedBack + 2])
        let result = try sent(request, attempt: handedBack + 2, at: time)
        let fact = try #require(try result.payloads(NotificationFact.self).first)
        #expect(fact.state == .sent && fact.attempts == 2)
    }

    @Test func `takes back the attempt that was not made, once, and no earlier one`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        // The first was lost with its process.
        _ = try sending(request, attempt: 1, at: start + .seconds(1))
        _ = try sending(request, attempt: 2, at: start + .seconds(2))
        _ = dispatch.drain()
        _ = try notMade(request, attempt: 1, at: start + .seconds(3))
        #expect(dispatch.drain().isEmpty)
        _ = try notMade(request, attempt: 2, at: start + .seconds(4))
        #expect(
            dispatch.drain() == [
                NotificationJob(request: request, attempt: 3, phase: .new, time: start + .seconds(4))
            ])
        _ = try notMade(request, attempt: 2, at: start + .seconds(5))
        #expect(try failed(request, .failed, attempt: 2, at: start + .seconds(5)).outputs.isEmpty)
        #expect(dispatch.drain().isEmpty)
        _ = try sending(request, attempt: 3, at: start + .seconds(6))
        let result = try failed(request, .unknown, attempt: 3, at: start + .seconds(7))
        let fact = try #require(try result.payloads(NotificationFact.self).first)
        #expect(fact.state == .unknown && fact.attempts == 2)
    }

    @Test func `keeps in a message's row how many attempts were not made, and reads rows that do not say it`() throws {
        var pending = PendingNotification(request: MessageSamples.request(), askedAt: start)
        pending.attempts = 3
        let before = JSONEncoding.encode(pending)
        #expect(!String(decoding: before, as: UTF8.self).contains("not_made"))
        #expect(try JSONDocument.decode(PendingNotification.self, from: before).made == 3)
        pending.notMade = 2
        #expect(try JSONDocument.decode(PendingNotification.self, from: JSONEncoding.encode(pending)).made == 1)
    }

    @Test func `ignores results of attempts and messages that are over`() throws {
        let request = MessageSamples.request()
        #expect(try sent(request, at: start).outputs.isEmpty)
        _ = try self.request(request, at: start + .seconds(1))
        _ = try sending(request, attempt: 1, at: start + .seconds(2))
        _ = try failed(request, .retry, attempt: 1, at: start + .seconds(3))
        #expect(try failed(request, .failed, attempt: 1, at: start + .seconds(4)).outputs.isEmpty)
        #expect(try pending() == 1)
    }

    /// A worker of another version could not read it.
    @Test func `a report of no attempt changes nothing of a message that can be read`() throws {
        let request = MessageSamples.request()
        _ = try self.request(request)
        #expect(try failed(request, .unknown, attempt: 0, at: start).outputs.isEmpty)
        var table = NotificationTable(state: harness.state)
        let row = try #require(try table.pending(request.notification))
        #expect(row.attempts == 0 && row.retryAt == nil)
    }

    @Test func `records but does not send what the recipient does not want`() throws {
        let muted = PreferenceUpdated(
            recipient: MessageSamples.partner, muted: [.referralAccepted], occurredAt: start)
        _ = try harness.send(muted, key: "ptr_one", at: start)
        #expect(try states(request(MessageSamples.request())) == [.suppressed])
        #expect(try request(MessageSamples.request(.referralRejected)).outputs.isEmpty)
        let wanted = PreferenceUpdated(recipient: MessageSamples.partner, muted: [], occurredAt: start)
        _ = try harness.send(wanted, key: "ptr_one", at: start)
        #expect(try request(MessageSamples.request(about: "ref_2")).outputs.isEmpty)
        #expect(dispatch.drain().count == 2)
    }

    @Test func `refuses types that it does not know`() throws {
        let result = try harness.send(data: Array("{}".utf8), type: "io.tributary.x.v1", key: "k", at: start)
        #expect(result.deadLetter?.code == .unknownType)
    }
}
