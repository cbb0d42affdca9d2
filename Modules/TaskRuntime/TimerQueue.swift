import Domain
import JSON

/// A timer as it stands in its queue.
struct QueuedTimer: Equatable {
    /// Of its row.
    var key: StateKey
    var timer: TaskTimer
    /// Why its row cannot be read, whose payload is missing then.
    var problem: DeadLetter?

    /// What would be due behind the last instant of all stands there, and never is: it might ask for the same again.
    func isDue(at time: Timestamp) -> Bool { timer.due <= time && timer.due < .distantFuture }
}

/// Timers of a task: rows of one table by due time and name, with the first one remembered.
final class TimerQueue {
    static let table = StateTable("timer", standsByKey: true)

    enum Next: Equatable {
        case unknown
        case known(QueuedTimer?)
    }

    var next: Next = .unknown

    func added(_ timer: TaskTimer, key: StateKey) {
        guard case .known(let known) = next else { return }
        // One of the same due time and name is replaced, with its payload.
        if known.map({ !$0.key.bytes.precedes(key.bytes) }) ?? true {
            next = .known(QueuedTimer(key: key, timer: timer))
        }
    }

    func removed(_ key: StateKey) {
        guard case .known(let known?) = next, known.key == key else { return }
        next = .unknown
    }

    /// What is remembered may rest on changes that were undone: it is looked up again.
    func reset() { next = .unknown }

    static func key(due: Timestamp, name: String) -> StateKey {
        StateKey().appending(due).appending(name)
    }

    /// Whether the bytes are a due time and a name.
    static func isKey(_ key: [UInt8]) -> Bool { key.count > 8 && key.last == 0 }

    /// What the key says of a timer; of one that is none, that it is due at once.
    static func timer(key: [UInt8], payload: String) -> TaskTimer {
        let flipped = key.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return TaskTimer(
            name: String(decoding: key.dropFirst(8).dropLast(), as: UTF8.self),
            due: Timestamp(millisecondsSince1970: Int64(bitPattern: flipped ^ (1 << 63))), payload: payload)
    }
}

struct TimerRow: JSONCodable {
    var payload: String

    init(payload: String) { self.payload = payload }

    init(reading reader: inout ObjectReader) { payload = reader.string("payload") }

    func write(to writer: inout ObjectWriter) { writer.string("payload", payload) }
}
