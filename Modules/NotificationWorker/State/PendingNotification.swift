import Contracts
import Domain
import JSON
import TaskRuntime

/// A message that is neither sent nor given up. Everything needed to send it stands here, until then and no longer.
struct PendingNotification: JSONCodable {
    var request: NotificationRequested
    /// Attempts that were announced or have a result, as far as the log says; the number of the last one.
    var attempts: Int64
    /// Of those, the ones that were announced and then not made. Their numbers are used up all the same, so that a number
    /// names one attempt for ever, whatever comes late.
    var notMade: Int64
    /// Of those that were made, the last ones that nothing is known about.
    var unanswered: Int64
    /// An attempt is announced and may be under way.
    var isAnnounced: Bool
    /// When it is tried again; `nil` while it waits for the sender.
    var retryAt: Timestamp?
    /// Judging time at which the sender was last asked; the results carry it.
    var askedAt: Timestamp

    init(request: NotificationRequested, askedAt: Timestamp) {
        self.request = request
        attempts = 0
        notMade = 0
        unanswered = 0
        isAnnounced = false
        self.askedAt = askedAt
    }

    init(reading reader: inout ObjectReader) {
        request = reader.object("request", NotificationRequested.self)
        attempts = reader.optionalInteger("attempts") ?? 0
        notMade = reader.optionalInteger("not_made") ?? 0
        unanswered = reader.optionalInteger("unanswered") ?? 0
        isAnnounced = reader.optionalBoolean("announced") ?? false
        retryAt = reader.optionalValue("retry_at", as: Timestamp.self)
        askedAt = reader.value("asked_at", as: Timestamp.self)
    }

    /// The row of a message that was just asked for, out of the event's own text.
    ///
    /// Text from outside may be nested as deep as can be read at all, or stand between bytes that are no JSON; such is
    /// written anew.
    static func newRow(_ request: NotificationRequested, text: [UInt8], askedAt: Timestamp) -> some JSONWritable {
        NewRow(request: request, text: isPlain(text) ? text : nil, askedAt: askedAt)
    }

    private struct NewRow: JSONWritable {
        var request: NotificationRequested
        var text: [UInt8]?
        var askedAt: Timestamp

        func write(to writer: inout ObjectWriter) {
            if let text { writer.raw("request", text) } else { writer.object("request", request) }
            writer.value("asked_at", askedAt)
        }
    }

    /// An object with few brackets, and nothing around it.
    private static func isPlain(_ text: [UInt8]) -> Bool {
        guard text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}"), text.count <= 4_096 else { return false }
        var brackets = 0
        for byte in text where byte | 0x20 == UInt8(ascii: "{") { brackets += 1 }
        return brackets <= 16
    }

    func write(to writer: inout ObjectWriter) {
        writer.object("request", request)
        writer.integer("attempts", attempts == 0 ? nil : attempts)
        writer.integer("not_made", notMade == 0 ? nil : notMade)
        writer.integer("unanswered", unanswered == 0 ? nil : unanswered)
        writer.boolean("announced", isAnnounced ? true : nil)
        writer.value("retry_at", retryAt)
        writer.value("asked_at", askedAt)
    }

    /// Attempts that count.
    var made: Int64 { attempts - notMade }

    /// The attempt whose result is awaited: the announced one, or the one after the last.
    var awaited: Int64 { isAnnounced ? attempts : attempts + 1 }

    /// What the sender is to do after a restart, or when it had no room before; `nil` while a retry waits for its time.
    func job(after rules: RetryRules) -> NotificationJob? {
        guard retryAt == nil else { return nil }
        let phase: NotificationJob.Phase =
            unanswered >= rules.maximumUnanswered ? .giveUp : .new
        return NotificationJob(
            request: request, attempt: phase == .giveUp ? awaited : attempts + 1, phase: phase, time: askedAt)
    }
}
