import Domain
import JSON
import TaskRuntime

/// An entity that the register holds in versions.
protocol VersionedEntity: JSONCodable, Hashable {
    var entityKey: String { get }
    var version: Int64 { get }
    var effectiveAt: Timestamp { get }
}

extension Partner: VersionedEntity {
    var entityKey: String { id.text }
}

extension Person: VersionedEntity {
    var entityKey: String { id.text }
}

extension Payee: VersionedEntity {
    var entityKey: String { partner.text }
}

/// The versions of one kind of entity: rows keyed by id, then version; cached by id.
struct VersionedRows<Row: VersionedEntity> {
    let table: StateTable
    /// Versions by id, oldest first; an empty list says that there is none.
    private var cached: [String: [Row]] = [:]
    /// All ids in order, once they were asked for.
    private var ids: [String]?

    init(table: StateTable) { self.table = table }

    mutating func reset() {
        cached.removeAll()
        ids = nil
    }

    /// The highest version that took effect at or before a time.
    mutating func version(of id: String, at time: Timestamp, in state: TaskState) throws -> Row? {
        Self.version(of: try versions(of: id, in: state), at: time)
    }

    /// All versions that took effect at or before a time, oldest first.
    mutating func versions(of id: String, upTo time: Timestamp, in state: TaskState) throws -> [Row] {
        try versions(of: id, in: state).filter { $0.effectiveAt <= time }
    }

    private mutating func versions(of id: String, in state: TaskState) throws -> [Row] {
        if let versions = cached[id] { return versions }
        let versions = try state.rows(table, prefix: StateKey(id), as: Row.self).map(\.row)
        if cached.count >= RegisterCache.maximumEntries { reset() }
        cached[id] = versions
        return versions
    }

    /// Looks at them in their places: `last(where:)` copies each.
    private static func version(of versions: [Row], at time: Timestamp) -> Row? {
        var index = versions.count - 1
        while index >= 0, versions[index].effectiveAt > time { index -= 1 }
        return index < 0 ? nil : versions[index]
    }

    /// The versions of every entity, by id.
    mutating func all(in state: TaskState) throws -> [[Row]] {
        if let ids { return ids.compactMap { cached[$0] } }
        var order: [String] = []
        var loaded: [String: [Row]] = [:]
        for (_, row) in try state.rows(table, prefix: StateKey(), as: Row.self) {
            if order.last != row.entityKey { order.append(row.entityKey) }
            loaded[row.entityKey, default: []].append(row)
        }
        if order.count <= RegisterCache.maximumEntries {
            cached = loaded
            ids = order
        }
        return order.compactMap { loaded[$0] }
    }

    /// Stores a version. `false` where it is there already, just so; `nil` where it is there and differs.
    ///
    /// - Parameter older: a row whose place it may take.
    mutating func store(_ row: Row, inPlaceOf older: Row? = nil, in state: TaskState) throws -> Bool? {
        let key = StateKey(row.entityKey).appending(row.version)
        if let present = try state.get(table, key, as: Row.self) {
            guard present != row else { return false }
            guard present == older else { return nil }
        }
        try state.put(table, key, row)
        cached[row.entityKey] = nil
        ids = nil
        return true
    }
}
