import Contracts
import Domain
import JSON
import TaskRuntime

/// One row for each message there ever was: everything needed to send it while it waits, then, in its place, what became
/// of it.
///
/// Rows of waiting messages are known by their beginning, and by their length: a finished one is short.
struct NotificationTable {
    static let table = StateTable("notification")
    /// No row of a waiting message is shorter, none of a finished one is as long.
    static let shortestPending = 128

    private let state: TaskState
    /// Waiting messages as they are stored, so that a result need not read its message again.
    private var known: [NotificationID: PendingNotification] = [:]

    /// Waiting messages that are kept in memory.
    private static let knownLimit = 4_096
    private static let pendingStart = Array("{\"request\"".utf8)

    init(state: TaskState) { self.state = state }

    private static func key(_ id: NotificationID) -> StateKey { StateKey(id.text) }

    /// Whether the message was asked for before, whatever became of it.
    func contains(_ id: NotificationID) throws -> Bool {
        if known[id] != nil { return true }
        return try state.bytes(Self.table, Self.key(id)) != nil
    }

    /// The message while it waits.
    ///
    /// - Throws: what `TaskState.get` throws; so, where the changelog has it unreadable, a dead letter for whatever needs it.
    mutating func pending(_ id: NotificationID) throws -> PendingNotification? {
        if let pending = known[id] { return pending }
        guard let row = try state.bytes(Self.table, Self.key(id)), Self.isPending(row) else { return nil }
        let pending = try state.get(Self.table, Self.key(id), as: PendingNotification.self)
        if let pending { keep(pending) }
        return pending
    }

    /// Also of a row that is damaged, or as another version writes them: by its beginning or its length it is no finished one.
    private static func isPending(_ row: [UInt8]) -> Bool {
        row.count >= shortestPending || row.starts(with: pendingStart)
    }

    /// As `pending`, for what can do without the message: one that the changelog has unreadable does not wait for the sender.
    mutating func readable(_ id: NotificationID) throws -> PendingNotification? {
        do {
            return try pending(id)
        } catch is DeadLetter {
            return nil
        }
    }

    /// A message that `contains` did not know.
    ///
    /// - Parameter text: the request as it was received.
    mutating func add(_ pending: PendingNotification, text: [UInt8]) throws {
        try state.putNew(
            Self.table, Self.key(pending.request.notification),
            PendingNotification.newRow(pending.request, text: text, askedAt: pending.askedAt))
        keep(pending)
    }

    mutating func update(_ pending: PendingNotification) throws {
        try state.put(Self.table, Self.key(pending.request.notification), pending)
        known[pending.request.notification] = nil
        if pending.retryAt == nil { keep(pending) }
    }

    /// The end of a message, whether it waited or not.
    mutating func finish(_ id: NotificationID, _ finished: FinishedNotification) throws {
        known[id] = nil
        try state.put(Self.table, Self.key(id), finished)
    }

    private mutating func keep(_ pending: PendingNotification) {
        if known.count < Self.knownLimit { known[pending.request.notification] = pending }
    }

    /// What is in memory may not be what is stored.
    mutating func reset() { known.removeAll(keepingCapacity: true) }

    /// The partition's time, by which is dated what is told of its messages without a turn. Called between turns.
    func time() throws -> Timestamp {
        try state.get(TurnRow.table, TurnRow.key, as: TurnRow.self)?.clockTime ?? .distantPast
    }

    /// The next waiting messages in the store, in an order of its own; `next` is where to go on, `nil` at the end.
    /// Called between turns.
    func stored(
        after position: StorePosition, limit: Int
    ) throws -> (ids: [NotificationID], next: StorePosition?) {
        let (keys, next) = try state.keys(
            Self.table, valuesFrom: Self.shortestPending, after: position, limit: limit)
        // A key is the id and a zero byte.
        return (keys.map { NotificationID(unchecked: String(decoding: $0.bytes.dropLast(), as: UTF8.self)) }, next)
    }
}

/// A message that is through: enough to know it again, and nothing personal.
struct FinishedNotification: JSONCodable {
    var state: NotificationFact.State
    var at: Timestamp

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
