package import Contracts
package import Domain
package import EventLog
import JSON
package import TaskRuntime

/// The notification worker's logic: each message is stored before it is sent, sent once, and remembered.
///
/// A partition's state is a function of its input; the sending itself happens outside, after the commit, and its results
/// come back as events. What the sender has to do is kept in memory from commit to commit, and can be read again from the
/// stored messages at any time. A message whose result is in the log, applied or not, is not sent again.
package final class NotificationProcessor: Processor {
    package static let tables = [NotificationTable.table, Preference.table]

    /// Messages that were asked for again; they are not sent again.
    package private(set) var repeatedRequests = 0

    let state: TaskState
    private let partition: Int32
    private let dispatch: any NotificationDispatch
    private let rules: RetryRules
    /// The partition's input from an offset to its present end, to be read.
    private let input: (_ position: Int64) throws -> ReadThrough
    /// While the task starts.
    private var backlog: BacklogReading?
    private var notifications: NotificationTable
    private var preferences: [NotificationRecipient: [NotificationTemplate]] = [:]
    private var handover: Handover

    /// Recipients whose preferences are kept in memory.
    private static let preferenceCacheLimit = 10_000

    package init(
        state: TaskState, partition: Int32, dispatch: any NotificationDispatch, rules: RetryRules = .standard,
        input: @escaping (_ position: Int64) throws -> ReadThrough
    ) {
        self.state = state
        self.partition = partition
        self.dispatch = dispatch
        self.rules = rules
        self.input = input
        notifications = NotificationTable(state: state)
        handover = Handover(partition: partition, dispatch: dispatch)
    }

    // MARK: Processor

    package func decode(_ event: Event) throws -> any EventPayload {
        switch event.type {
        case NotificationRequested.type: return try event.payload(NotificationRequested.self)
        case NotificationSending.type: return try event.payload(NotificationSending.self)
        case NotificationSent.type: return try event.payload(NotificationSent.self)
        case NotificationFailed.type: return try event.payload(NotificationFailed.self)
        case PreferenceUpdated.type: return try event.payload(PreferenceUpdated.self)
        default:
            throw DeadLetter(.unknownType, "the notification worker knows no event type `\(event.type.prefix(80))`")
        }
    }

    package func routingKey(of payload: any EventPayload, event: Event) -> String? {
        switch payload {
        case let requested as NotificationRequested: requested.recipient.text
        case let sending as NotificationSending: sending.recipient.text
        case let preference as PreferenceUpdated: preference.recipient.text
        // Results are written to the partition that asked for them.
        default: nil
        }
    }

    package func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan { .zero }

    package func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws {
        try handover.beginTurn()
        switch payload {
        case let requested as NotificationRequested: try request(requested, text: event.data, in: turn)
        case let sending as NotificationSending: try begin(sending, in: turn)
        case let sent as NotificationSent:
            try take(sent.messages, in: turn) { try finish($0, sink: sent.sink, in: turn) }
            refuse(sent.refused, in: turn)
        case let failed as NotificationFailed:
            try take(failed.messages, in: turn) { try fail($0, in: turn) }
            refuse(failed.refused, in: turn)
        case let preference as PreferenceUpdated: try update(preference)
        default: throw DeadLetter(.unknownType, "no event of the notification worker")
        }
    }

    package func fire(_ timer: TaskTimer, in turn: TurnContext) throws {
        try handover.beginTurn()
        let id = NotificationID(unchecked: timer.payload)
        guard let pending = try notifications.pending(id), pending.retryAt == turn.now else { return }
        try askAgain(pending, in: turn)
    }

    package func stateDidReset() {
        preferences.removeAll()
        notifications.reset()
        handover.reset()
    }

    /// Nothing goes to the sender before all is known that has a result already.
    package func taskWillStart(at position: Int64, wait: Duration, watch: (any TrapWatch)?) throws -> StartProgress {
        let reading = try backlog ?? readBacklog(from: position)
        let progress = try reading.step(state, &notifications, wait: wait, watch: watch)
        if progress == .done {
            closeBacklog()
            handover.start(without: reading.answered)
            turnDidCommit()
            try handover.tellDamage()
        }
        return progress
    }

    package func turnDidCommit() {
        handover.commit(&notifications, rules: rules)
    }

    package func taskWillLeave() { handover.leave() }

    package func taskWillStop() {
        closeBacklog()
        handover.stop()
    }

    private func readBacklog(from position: Int64) throws -> BacklogReading {
        handover.open()
        // What is under way first: a result that is not in the input when its end is asked for is of such a message.
        let underway = dispatch.underway(of: partition)
        let reading = BacklogReading(partition: partition, underway: underway, input: try input(position))
        backlog = reading
        return reading
    }

    private func closeBacklog() {
        backlog?.close()
        backlog = nil
    }

    // MARK: Requests

    /// Stores the message; one that is known already is not sent again.
    private func request(_ request: NotificationRequested, text: [UInt8], in turn: TurnContext) throws {
        guard try !notifications.contains(request.notification) else {
            repeatedRequests += 1
            return
        }
        if try muted(for: request.recipient).contains(request.template) {
            return try end(
                request, as: .suppressed, attempts: 0, "The recipient does not want such messages.", in: turn)
        }
        let pending = PendingNotification(request: request, askedAt: turn.now)
        try notifications.add(pending, text: text)
        handover.add(pending.job(after: rules))
    }

    /// The message goes to the sender for its next attempt, at once.
    private func askAgain(_ pending: PendingNotification, in turn: TurnContext) throws {
        var pending = pending
        pending.retryAt = nil
        pending.askedAt = turn.now
        try notifications.update(pending)
        handover.resolve(pending.request.notification, attempt: pending.attempts)
        handover.add(pending.job(after: rules))
    }

    private func update(_ updated: PreferenceUpdated) throws {
        try state.put(Preference.table, StateKey(updated.recipient.text), Preference(muted: updated.muted))
        preferences[updated.recipient] = nil
    }

    private func muted(for recipient: NotificationRecipient) throws -> [NotificationTemplate] {
        if let known = preferences[recipient] { return known }
        let row = try state.get(Preference.table, StateKey(recipient.text), as: Preference.self)
        if preferences.count >= Self.preferenceCacheLimit { preferences.removeAll() }
        preferences[recipient] = row?.muted ?? []
        return row?.muted ?? []
    }

    // MARK: Results

    /// Takes each result for itself. One of a message whose row cannot be read changes nothing, and makes its event a dead
    /// letter; the others count.
    private func take<Message>(_ messages: [Message], in turn: TurnContext, _ result: (Message) throws -> Void) throws {
        for message in messages {
            do {
                try result(message)
            } catch let letter as DeadLetter {
                turn.refusePart(letter)
            }
        }
    }

    /// An attempt is announced; from now on it counts, whether an answer comes or not.
    private func begin(_ sending: NotificationSending, in turn: TurnContext) throws {
        guard var pending = try notifications.pending(sending.notification), sending.attempt == pending.attempts + 1,
            pending.retryAt == nil
        else { return }
        pending.attempts = sending.attempt
        pending.unanswered += 1
        pending.isAnnounced = true
        pending.askedAt = turn.now
        try notifications.update(pending)
        handover.add(
            NotificationJob(
                request: pending.request, attempt: sending.attempt, phase: .announced, time: turn.now))
    }

    private func finish(_ sent: NotificationSent.Message, sink: String, in turn: TurnContext) throws {
        guard var pending = try notifications.pending(sent.notification) else { return }
        pending.attempts = max(pending.attempts, sent.attempt)
        try end(pending, as: .sent, sink: sink, in: turn)
    }

    /// An attempt is over, and the message is not sent. What is told of one that is over already says nothing new.
    private func fail(_ failed: NotificationFailed.Message, in turn: TurnContext) throws {
        guard var pending = try notifications.pending(failed.notification), failed.attempt >= pending.awaited,
            pending.retryAt == nil
        else { return }
        // An answer, be it a refusal, is one to its own attempt; what is not known of earlier ones stays so.
        if failed.outcome != .unknown, pending.isAnnounced, failed.attempt == pending.attempts {
            pending.unanswered -= 1
        }
        pending.attempts = failed.attempt
        pending.isAnnounced = false
        switch failed.outcome {
        case .failed: try giveUp(pending, as: .failed, failed.reason, in: turn)
        case .stale: try giveUp(pending, as: .stale, failed.reason, in: turn)
        case .retry where !failed.isMade:
            pending.notMade += 1
            try askAgain(pending, in: turn)
        case .retry: try retry(pending, failed, giveUp: .failed, in: turn)
        case .unknown where pending.unanswered >= rules.maximumUnanswered:
            try giveUp(pending, as: .unknown, failed.reason, in: turn)
        case .unknown: try retry(pending, failed, giveUp: .unknown, in: turn)
        }
    }

    private func retry(
        _ pending: PendingNotification, _ failed: NotificationFailed.Message, giveUp final: NotificationFact.State,
        in turn: TurnContext
    ) throws {
        var pending = pending
        guard let delay = rules.delay(after: pending.made) else {
            return try giveUp(
                pending, as: final, "Given up after \(pending.made) attempts: \(failed.reason)", in: turn)
        }
        let due = turn.now + delay
        pending.retryAt = due
        try notifications.update(pending)
        try turn.schedule(
            TaskTimer(name: "retry:\(failed.notification)", due: due, payload: failed.notification.text))
        handover.resolve(failed.notification, attempt: failed.attempt)
    }

    /// Ends a message that no attempt is known to have delivered. While an attempt is without an answer, nobody can say
    /// that the recipient does not have it.
    private func giveUp(
        _ pending: PendingNotification, as final: NotificationFact.State, _ reason: String, in turn: TurnContext
    ) throws {
        guard pending.unanswered > 0, final != .unknown else {
            return try end(pending, as: final, reason, in: turn)
        }
        try end(
            pending, as: .unknown,
            "An earlier attempt had no answer; whether the recipient got it is not known. The last one: \(reason)",
            in: turn)
    }

    private func end(
        _ pending: PendingNotification, as final: NotificationFact.State, _ text: String? = nil, sink: String? = nil,
        in turn: TurnContext
    ) throws {
        let id = pending.request.notification
        if let due = pending.retryAt { try turn.cancelTimer(named: "retry:\(id)", due: due) }
        try end(pending.request, as: final, attempts: pending.made, text, sink: sink, in: turn)
        handover.resolve(id, attempt: nil)
    }

    private func end(
        _ request: NotificationRequested, as final: NotificationFact.State, attempts: Int64, _ text: String?,
        sink: String? = nil, in turn: TurnContext
    ) throws {
        try notifications.finish(request.notification, FinishedNotification(state: final, at: turn.now))
        turn.record(
            NotificationFact(
                notification: request.notification, recipient: request.recipient, template: request.template,
                about: request.about, state: final, attempts: attempts, sink: sink, effectiveAt: request.effectiveAt,
                explanation: text.map { [ExplanationStep(rule: "delivery", programVersion: nil, text: $0)] } ?? [],
                occurredAt: turn.now))
    }

    /// Results that cannot be read make their event a dead letter; the others count.
    private func refuse(_ problems: [JSONProblem], in turn: TurnContext) {
        guard let first = problems.first else { return }
        turn.refusePart(DeadLetter(.schema, "\(problems.count) results cannot be read, the first: \(first)"))
    }
}
