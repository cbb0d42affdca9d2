import Contracts
import Domain
import JSON

/// What lies in a partition's input about attempts that its state does not know of yet.
///
/// A sender writes its results as it goes; a worker that was ended in between finds them before itself, and must not have
/// the messages sent again meanwhile. What cannot be read here becomes a dead letter when its turn comes.
struct UnappliedReports {
    /// The last attempt with a result, by message.
    private var reported: [NotificationID: Int64] = [:]
    /// The last attempt announced, by message.
    private var announced: [NotificationID: Int64] = [:]

    mutating func take(type: String, _ data: [UInt8]) {
        do {
            switch type {
            case NotificationSending.type:
                let sending = try JSONDocument.decode(NotificationSending.self, from: data)
                announced[sending.notification] = max(announced[sending.notification] ?? 0, sending.attempt)
            case NotificationSent.type:
                // That is the end of a message, whichever attempt it was.
                for message in try JSONDocument.decode(NotificationSent.self, from: data).messages {
                    report(message.notification, .max)
                }
            case NotificationFailed.type:
                for message in try JSONDocument.decode(NotificationFailed.self, from: data).messages {
                    report(message.notification, message.attempt)
                }
            default: break
            }
        } catch {
            return
        }
    }

    private mutating func report(_ id: NotificationID, _ attempt: Int64) {
        reported[id] = max(reported[id] ?? 0, attempt)
    }

    var isEmpty: Bool { reported.isEmpty }

    /// Takes some messages out, when all reports are in, and gives those that wait for nothing but their result.
    ///
    /// - Parameters:
    ///   - maximum: so many are taken out.
    ///   - awaited: the attempt whose result the state waits for; `nil` for a message that does not wait to be sent.
    mutating func takeAnswered(
        maximum: Int, _ awaited: (NotificationID) throws -> Int64?
    ) rethrows -> [NotificationID] {
        try Array(reported.prefix(maximum)).compactMap { id, attempt in
            reported[id] = nil
            guard let next = try awaited(id) else { return nil }
            return attempt >= max(next, announced[id] ?? 0) ? id : nil
        }
    }
}
