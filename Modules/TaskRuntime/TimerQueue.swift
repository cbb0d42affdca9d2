import Domain
import JSON

/// Timers of a task: rows of one table by due time and name, with the next due time remembered.
final class TimerQueue {
    static let table = StateTable("timer")

    enum Next: Equatable {
        case unknown
        case known(Timestamp?)
    }

    var next: Next = .unknown
    private var nextBeforeRecord: Next = .unknown

    func added(due: Timestamp) {
        guard case .known(let known) = next else { return }
        if known.map({ due < $0 }) ?? true { next = .known(due) }
    }

    func removed(due: Timestamp) {
        guard case .known(let known?) = next, due <= known else { return }
        next = .unknown
    }

    func acceptRecord() { nextBeforeRecord = next }

    func reset() {
        next = .unknown
        nextBeforeRecord = .unknown
    }

    static func key(due: Timestamp, name: String) -> StateKey {
        StateKey().appending(due).appending(name)
    }

    static func timer(key: [UInt8], payload: String) -> TaskTimer {
        precondition(key.count > 9, "a timer key is a due time and a name")
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
