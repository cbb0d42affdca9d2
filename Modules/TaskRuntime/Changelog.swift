import Contracts
package import EventLog

/// Rows of a store as records of its changelog: key = table, 0x00, primary key; value = the row; a tombstone deletes.
/// One header holds the schema version and the turn, so that a restore can leave out rows of a torn turn.
package enum Changelog {
    /// Of the rows' shapes. A store or a changelog with a higher one is refused.
    package static let schemaVersion: UInt8 = 3
    static let header = "tributary-row"

    static func key(of change: RowChange) -> [UInt8] {
        var key = Array(change.table.name.utf8)
        key.reserveCapacity(key.count + 1 + change.key.count)
        key.append(0)
        key.append(contentsOf: change.key)
        return key
    }

    /// The headers of all rows of one turn.
    static func headers(turn: Int64) -> LogHeaders {
        var mark: [UInt8] = [schemaVersion]
        for shift in stride(from: 56, through: 0, by: -8) {
            mark.append(UInt8(truncatingIfNeeded: turn >> Int64(shift)))
        }
        return LogHeaders([LogHeader(header, mark)])
    }

    /// Reads rows one after another, and makes a table's name once.
    package struct RowReader {
        private var tables: [(name: [UInt8], table: StateTable)] = []

        package init() {}

        /// The change that a record holds, and the turn that made it.
        package mutating func change(in record: borrowing LogRecord) throws(StoreError)
            -> (change: RowChange, turn: Int64)
        {
            guard let key = record.key, let split = key.firstIndex(of: 0),
                let mark = unsafe record.headers.withValue(of: header, { unsafe Mark($0) }) ?? nil
            else {
                throw StoreError(
                    .corrupt, "\(record.topic)/\(record.partition)/\(record.offset) is no changelog record of ours")
            }
            guard mark.version <= schemaVersion else {
                throw StoreError(
                    .newer, "\(record.topic)/\(record.partition)/\(record.offset) was written by a newer version")
            }
            let change = RowChange(table: table(key[..<split]), key: Array(key[(split + 1)...]), value: record.value)
            return (change, mark.turn)
        }

        private mutating func table(_ name: ArraySlice<UInt8>) -> StateTable {
            if let known = tables.first(where: { $0.name.elementsEqual(name) }) { return known.table }
            let table = StateTable(String(decoding: name, as: UTF8.self))
            tables.append((Array(name), table))
            return table
        }
    }

    /// A row's header.
    private struct Mark {
        static let byteCount = 9
        let version: UInt8
        let turn: Int64

        init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count == Mark.byteCount else { return nil }
            version = unsafe bytes[0]
            turn = unsafe Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: Int64.self))
        }
    }
}
