import Contracts
import Domain
import EventLog
import TaskRuntime

/// Finds, in slices, the messages of a partition that are not to be handed to the sender when the partition starts: their
/// results are on the way to its state. They wait there for a tick, lie in the input from the partition's position on, or are
/// still to be written by this process.
final class BacklogReading {
    /// Messages that are looked up in one slice.
    private static let messagesPerSlice = 2_000

    /// All of them when a step says that it is done.
    private(set) var answered: [NotificationID]

    /// Where to go on with what waits for a tick; `nil` when all of that was read.
    private var held: StateKey? = StateKey()
    private let input: ReadThrough
    private var reports = UnappliedReports()

    /// - Parameters:
    ///   - underway: messages of this process whose results are not in the log yet, from before the input's end was asked for.
    ///   - input: to the end that it had then.
    init(underway: Set<NotificationID>, input: ReadThrough) {
        answered = Array(underway)
        self.input = input
    }

    /// One slice; waits so long for the first record of the input.
    func step(_ state: TaskState, _ notifications: inout NotificationTable, wait: Duration) throws -> StartProgress {
        let before = input.remaining
        if let start = held {
            let (events, next) = try state.heldEvents(from: start)
            for event in events { reports.take(type: event.type, event.data) }
            held = next
        } else if before > 0 {
            for record in try input.next(wait: wait) {
                guard let type = record.headerText(HeaderName.type), let value = record.value else { continue }
                reports.take(type: type, value)
            }
            return .working(remaining: input.remaining, goesOn: input.remaining < before)
        } else if !reports.isEmpty {
            answered += try reports.takeAnswered(maximum: Self.messagesPerSlice) { id in
                try notifications.readable(id).flatMap { $0.retryAt == nil ? $0.awaited : nil }
            }
        } else {
            return .done
        }
        return .working(remaining: before, goesOn: true)
    }

    func close() { input.close() }
}
