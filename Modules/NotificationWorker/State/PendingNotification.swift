import Contracts
import Domain
import JSON
import TaskRuntime

/// A message that is neither sent nor given up. Everything needed to send it stands here, until then and no longer.
struct PendingNotification: JSONCodable {
    var request: NotificationRequested
    /// Attempts that began, as far as the log says.
    var attempts: Int64
    /// Of those, the last ones that nothing is known about.
    var unanswered: Int64
    /// An attempt is announced and may be under way.
    var isAnnounced: Bool
    /// When it is tried again; `nil` while it waits for the sender.
    var retryAt: Timestamp?
    /// Judging time at which the sender was last asked; the results carry it.
    var askedAt: Timestamp

    static let table = StateTable("outbox")

    static func key(_ id: NotificationID) -> StateKey { StateKey(id.text) }

    init(request: NotificationRequested, askedAt: Timestamp) {
        self.request = request
        attempts = 0
        unanswered = 0
        isAnnounced = false
        self.askedAt = askedAt
    }

    init(reading reader: inout ObjectReader) {
        request = reader.object("request", NotificationRequested.self)
        attempts = reader.optionalInteger("attempts") ?? 0
        unanswered = reader.optionalInteger("unanswered") ?? 0
        isAnnounced = reader.optionalBoolean("announced") ?? false
        retryAt = reader.optionalValue("retry_at", as: Timestamp.self)
        askedAt = reader.value("asked_at", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.object("request", request)
        writer.integer("attempts", attempts == 0 ? nil : attempts)
        writer.integer("unanswered", unanswered == 0 ? nil : unanswered)
        writer.boolean("announced", isAnnounced ? true : nil)
        writer.value("retry_at", retryAt)
        writer.value("asked_at", askedAt)
    }

    /// What the sender is to do after a restart, or when it had no room before; `nil` while a retry waits for its time.
    func job(after rules: RetryRules) -> NotificationJob? {
        guard retryAt == nil else { return nil }
        let phase: NotificationJob.Phase =
            unanswered >= rules.maximumUnanswered ? .giveUp : .new
        return NotificationJob(
            request: request, attempt: phase == .giveUp ? attempts : attempts + 1, phase: phase, time: askedAt)
    }
}

/// A message that is through: enough to know it again, and nothing personal.
struct FinishedNotification: JSONCodable {
    var state: NotificationFact.State
    var at: Timestamp

    static let table = StateTable("notification")

    init(state: NotificationFact.State, at: Timestamp) {
        self.state = state
        self.at = at
    }

    init(reading reader: inout ObjectReader) {
        state = reader.enumeration("state", NotificationFact.State.self)
        at = reader.value("at", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.enumeration("state", state)
        writer.value("at", at)
    }
}

/// What a recipient does not want to be told.
struct Preference: JSONCodable {
    var muted: [NotificationTemplate]

    static let table = StateTable("preference")

    init(muted: [NotificationTemplate]) { self.muted = muted }

    init(reading reader: inout ObjectReader) { muted = reader.enumerations("muted", NotificationTemplate.self) }

    func write(to writer: inout ObjectWriter) { writer.enumerations("muted", muted) }
}
