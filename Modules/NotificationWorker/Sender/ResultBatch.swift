import Contracts
import Domain

/// What became of the messages of one batch, gathered into one event for each partition, time and kind of result.
///
/// The time is that of the jobs: on a stream clock a result is judged by it, so it must not depend on which jobs happened
/// to stand in one batch.
struct ResultBatch {
    private struct Place: Hashable {
        var partition: Int32
        var time: Timestamp
    }

    private var places: [Place] = []
    private var sent: [Place: [NotificationSent.Message]] = [:]
    private var failed: [Place: [NotificationFailed.Message]] = [:]

    /// Results of one event; with reasons of up to a few hundred bytes each it stays far below the largest record.
    private static let resultsPerEvent = 1_024

    mutating func add(_ message: NotificationSent.Message, at time: Timestamp, partition: Int32) {
        sent[place(time, partition), default: []].append(message)
    }

    mutating func add(_ message: NotificationFailed.Message, at time: Timestamp, partition: Int32) {
        failed[place(time, partition), default: []].append(message)
    }

    private mutating func place(_ time: Timestamp, _ partition: Int32) -> Place {
        let place = Place(partition: partition, time: time)
        if sent[place] == nil && failed[place] == nil { places.append(place) }
        return place
    }

    /// Takes the events out, in the order in which their first results came.
    mutating func take(sink: String, _ event: (Int32, any EventPayload) -> Void) {
        for place in places {
            for messages in Self.parts(sent[place]) {
                event(place.partition, NotificationSent(sink: sink, messages: messages, occurredAt: place.time))
            }
            for messages in Self.parts(failed[place]) {
                event(place.partition, NotificationFailed(messages: messages, occurredAt: place.time))
            }
        }
        self = ResultBatch()
    }

    private static func parts<Message>(_ messages: [Message]?) -> [[Message]] {
        guard let messages else { return [] }
        return stride(from: 0, to: messages.count, by: resultsPerEvent).map {
            Array(messages[$0..<min($0 + resultsPerEvent, messages.count)])
        }
    }
}
