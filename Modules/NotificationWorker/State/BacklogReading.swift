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
    private let partition: Int32
    private let input: ReadThrough
    private var reports = UnappliedReports()

    /// - Parameters:
    ///   - partition: whose input it is.
    ///   - underway: messages of this process whose results are not in the log yet, from before the input's end was asked for.
    ///   - input: to the end that it had then.
    init(partition: Int32, underway: Set<NotificationID>, input: ReadThrough) {
        self.partition = partition
        answered = Array(underway)
        self.input = input
    }

    /// One slice; waits so long for the first record of the input. What the process traps over here is the same piece of work as
    /// in its turn: it is passed over as often as it will be set aside there.
    func step(
        _ state: TaskState, _ notifications: inout NotificationTable, wait: Duration, watch: (any TrapWatch)?
    ) throws -> StartProgress {
        defer { watch?.end() }
        func mayBeRead(_ work: @autoclosure () -> TrapWork) -> Bool {
            watch.map { $0.begin(work()) < TrapWork.limit } ?? true
        }
        let before = input.remaining
        if let start = held {
            let (events, next) = try state.heldEvents(from: start)
            for (key, event) in events where mayBeRead(.row(.held, key: key.bytes, in: partition)) {
                reports.take(type: event.type, event.data)
            }
            held = next
        } else if before > 0 {
            for record in try input.next(wait: wait) {
                guard mayBeRead(.record(record.offset, in: partition)),
                    let type = record.headerText(HeaderName.type), let value = record.value
                else { continue }
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
