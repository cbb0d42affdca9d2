import Domain
import JSON

/// Timers of a task: rows of one table by due time and name, with the first one remembered.
final class TimerQueue {
    static let table = StateTable("timer", standsByKey: true)

    enum Next: Equatable {
        case unknown
        case known(TaskTimer?)
    }

    var next: Next = .unknown

    func added(_ timer: TaskTimer) {
        guard case .known(let known) = next else { return }
        // One of the same due time and name is replaced, with its payload.
        if known.map({ !TimerQueue.precedes($0, timer) }) ?? true { next = .known(timer) }
    }

    func removed(named name: String, due: Timestamp) {
        guard case .known(let known?) = next, known.due == due, known.name == name else { return }
        next = .unknown
    }

    /// What is remembered may rest on changes that were undone: it is looked up again.
    func reset() { next = .unknown }

    private static func precedes(_ left: TaskTimer, _ right: TaskTimer) -> Bool {
        left.due == right.due ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8) : left.due < right.due
    }

    static func key(due: Timestamp, name: String) -> StateKey {
        StateKey().appending(due).appending(name)
    }

    static func timer(key: [UInt8], payload: String) -> TaskTimer {
        precondition(key.count >= 9, "a timer key is a due time and a name")
        let flipped = key.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return TaskTimer(
            name: String(decoding: key[8..<(key.count - 1)], as: UTF8.self),
            due: Timestamp(millisecondsSince1970: Int64(bitPattern: flipped ^ (1 << 63))), payload: payload)
    }
}

struct TimerRow: JSONCodable {
    var payload: String

    init(payload: String) { self.payload = payload }

    init(reading reader: inout ObjectReader) { payload = reader.string("payload") }

    func write(to writer: inout ObjectWriter) { writer.string("payload", payload) }
}
