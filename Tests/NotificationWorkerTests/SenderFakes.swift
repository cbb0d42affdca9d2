import Contracts
import Domain

@testable import NotificationWorker

/// A sink that answers as it is told.
final class ScriptedSink: MessageSink {
    let name = "scripted"
    var isIdempotent = true
    var answers: [Delivery] = []
    /// Called while a message is delivered.
    var onDelivery: () -> Void = {}
    private(set) var delivered: [NotificationID] = []
    private(set) var flushes = 0

    func deliver(_ draft: MessageDraft) -> Delivery {
        delivered.append(draft.request.notification)
        onDelivery()
        return answers.isEmpty ? .sent : answers.removeFirst()
    }

    func flush() { flushes += 1 }
}

/// A clock that moves when it is told to.
final class SteppedClock {
    private(set) var now = ContinuousClock.now

    func step(_ duration: Duration) { now = now.advanced(by: duration) }
}

extension NotificationSender {
    /// Takes jobs of a partition that is this process's.
    func takeOwned(
        _ jobs: [NotificationJob], from partition: Int32, at time: ContinuousClock.Instant = .now
    ) -> Int {
        confirm(partition, at: time)
        return take(jobs, from: partition)
    }

    /// As the thread that has the partition; where none has begun with it, one does.
    func forget(_ partition: Int32) { forget(partition, of: own(partition)) }

    /// As `forget(_:)`.
    func finish(_ partition: Int32) { finish(partition, of: own(partition)) }
}

/// What a sender wrote to the log.
final class Published {
    var batches: [[SenderEvent]] = []
    var failures = 0

    func write(_ events: [SenderEvent]) throws {
        if failures > 0 {
            failures -= 1
            throw MessageProblem("the log is away")
        }
        batches.append(events)
    }

    var types: [String] { batches.joined().map(\.envelope.type) }
}
