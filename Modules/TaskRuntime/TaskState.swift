import Domain
package import JSON

/// The rows of one partition as a handler sees them: typed, with the changes of the current record over those of the turn
/// over those of the store.
package final class TaskState {
    package func get<Row: JSONReadable>(_ table: StateTable, _ key: StateKey, as type: Row.Type) throws -> Row? {
        fatalError()
    }

    package func put(_ table: StateTable, _ key: StateKey, _ row: some JSONWritable) throws {}

    package func delete(_ table: StateTable, _ key: StateKey) throws {}

    /// Rows whose key starts with `prefix`, in key order.
    package func rows<Row: JSONReadable>(_ table: StateTable, prefix: StateKey, as type: Row.Type) throws
        -> [(key: StateKey, row: Row)]
    { [] }

    /// Up to `limit` rows from `from` on, in key order, below `upTo`.
    package func rows<Row: JSONReadable>(
        _ table: StateTable, from: StateKey, upTo: StateKey?, limit: Int, as type: Row.Type
    ) throws -> [(key: StateKey, row: Row)] { [] }

    func schedule(_ timer: TaskTimer) throws {}
    func cancelTimer(named name: String, due: Timestamp) throws {}
}
