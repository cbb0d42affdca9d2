/// A table of a worker's store: rows are (key, value), ordered by the key's bytes. Values are JSON objects in UTF-8.
package struct StateTable: Sendable, Hashable {
    /// Lower snake_case; part of the changelog key, so it never changes once released.
    package let name: String
    /// Rows are small and mostly come in the order of their keys: a store keeps them in that order, without an index beside
    /// them. Long ones of such a table are not asked for (`StateBackend.keys`).
    package let standsByKey: Bool

    package init(_ name: String, standsByKey: Bool = false) {
        self.name = name
        self.standsByKey = standsByKey
    }

    package static func == (left: StateTable, right: StateTable) -> Bool { left.name == right.name }

    /// A worker has a dozen tables, and looks one up with every row: their lengths tell most of them apart.
    package func hash(into hasher: inout Hasher) { hasher.combine(name.utf8.count) }
}

/// Where a store stands: written in the same transaction as its rows.
package struct StoreCheckpoint: Sendable, Hashable {
    /// The next record of the changelog to read: everything below is in the store.
    package var changelogOffset: Int64
    /// The next record of the input to process.
    package var inputOffset: Int64
    /// The number of the last turn in the store; each task counts its own.
    package var turn: Int64
    /// The number of the assignment in which that turn ran.
    package var epoch: Int64
    /// Wall time of the commit in milliseconds since 1970; decides whether the store is too old to be trusted.
    package var committedAtMilliseconds: Int64

    package init(
        changelogOffset: Int64, inputOffset: Int64, turn: Int64, epoch: Int64, committedAtMilliseconds: Int64
    ) {
        self.changelogOffset = changelogOffset
        self.inputOffset = inputOffset
        self.turn = turn
        self.epoch = epoch
        self.committedAtMilliseconds = committedAtMilliseconds
    }
}

/// One change of a row; `value == nil` deletes it.
package struct RowChange: Sendable, Hashable {
    package var table: StateTable
    package var key: [UInt8]
    package var value: [UInt8]?
    /// The store has no such row, and need not look for one. Of several changes of a row in one batch the first alone may say so.
    package var isNew: Bool

    package init(table: StateTable, key: [UInt8], value: [UInt8]?, isNew: Bool = false) {
        self.table = table
        self.key = key
        self.value = value
        self.isNew = isNew
    }
}

/// A failure of a store. Whatever it is: the transaction is gone, the handle is closed, the partition is restored from
/// its last checkpoint. A failing store never makes a good record a dead letter.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    package struct Code: Sendable, Hashable, RawRepresentable {
        package var rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let corrupt = Code(rawValue: "store_corrupt")
        package static let full = Code(rawValue: "store_full")
        package static let inputOutput = Code(rawValue: "store_io")
        package static let readOnly = Code(rawValue: "store_read_only")
        /// The file was written by a newer version of the product.
        package static let newer = Code(rawValue: "store_newer")
        /// The file has the shape of an older version, or other tables: discard it, the changelog has its rows.
        package static let schema = Code(rawValue: "store_schema")
        package static let held = Code(rawValue: "store_held")
        package static let other = Code(rawValue: "store_other")
    }

    package var code: Code
    /// For people; holds no value of a row.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(message) [\(code.rawValue)]" }
}

/// The rows of one partition, on disk or in memory. Used by one thread.
///
/// Reads see the changes applied since `begin`. Nothing survives but through `commit`.
package protocol StateBackend: AnyObject {
    /// `nil` for a store without a committed turn.
    func checkpoint() throws(StoreError) -> StoreCheckpoint?

    func begin() throws(StoreError)

    func get(_ table: StateTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]?

    /// Rows with `from <= key < upTo` in key order, at most `limit`; `upTo == nil` means to the end of the table.
    func scan(_ table: StateTable, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(StoreError)
        -> [(key: [UInt8], value: [UInt8])]

    /// Keys of the rows whose value has at least `bytes` bytes, in an order of the store's own, at most `limit`; `next` is
    /// where to go on, `nil` at the end. For tables of which few rows are long: the others cost next to nothing.
    func keys(_ table: StateTable, valuesFrom bytes: Int, after position: StorePosition, limit: Int) throws(StoreError)
        -> (keys: [[UInt8]], next: StorePosition?)

    /// Applies changes inside the open transaction, of several of one row the last. Restore and live turns both come through
    /// here.
    func apply(_ changes: [RowChange]) throws(StoreError)

    func commit(_ checkpoint: StoreCheckpoint) throws(StoreError)

    /// Many rows are going to be applied, or have been: a store may take more memory and disk meanwhile, and one that has no turn
    /// may lose everything with the power until the end. Called outside transactions.
    func setRestoring(_ isRestoring: Bool) throws(StoreError)

    func rollback() throws(StoreError)

    /// Rows of all tables in (table, key) order: what the replay tests compare.
    func forEachRow(_ body: (StateTable, [UInt8], [UInt8]) throws -> Void) throws

    func close()
}

extension StateBackend {
    package func setRestoring(_ isRestoring: Bool) throws(StoreError) {}

    /// By the keys, for stores in memory.
    package func keys(
        _ table: StateTable, valuesFrom bytes: Int, after position: StorePosition, limit: Int
    ) throws(StoreError) -> (keys: [[UInt8]], next: StorePosition?) {
        var keys: [[UInt8]] = []
        for row in try scan(table, from: position.bytes, upTo: nil, limit: .max) where row.value.count >= bytes {
            keys.append(row.key)
            if keys.count == limit { return (keys, StorePosition(bytes: row.key + [0])) }
        }
        return (keys, nil)
    }
}

/// A place in a table, in the order of a store; good only for the store that it came from, while that is open.
package struct StorePosition: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package static let start = StorePosition(bytes: [])
}

/// Opens and deletes the stores of one worker thread.
package protocol StateBackendProvider: AnyObject {
    func open(partition: Int32) throws(StoreError) -> any StateBackend
    /// Deletes the partition's store, so that it is restored from the start.
    func discard(partition: Int32) throws(StoreError)
}
