import Contracts
package import EventLog

/// Rows of a store as records of its changelog: key = table, 0x00, primary key; value = the row; a tombstone deletes.
/// One header holds the schema version and the turn, so that a restore can leave out rows of a torn turn.
package enum Changelog {
    /// Of the rows' shapes. A store or a changelog with a higher one is refused.
    package static let schemaVersion: UInt8 = 2
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

    /// The change that a record holds, and the turn that made it.
    package static func change(in record: borrowing LogRecord) throws(StoreError) -> (change: RowChange, turn: Int64) {
        guard let key = record.key, let split = key.firstIndex(of: 0), let mark = record.header(header), mark.count == 9
        else {
            throw StoreError(
                .corrupt, "\(record.topic)/\(record.partition)/\(record.offset) is no changelog record of ours")
        }
        guard mark[0] <= schemaVersion else {
            throw StoreError(
                .newer, "\(record.topic)/\(record.partition)/\(record.offset) was written by a newer version")
        }
        let turn = mark.dropFirst().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let table = StateTable(String(decoding: key[..<split], as: UTF8.self))
        return (RowChange(table: table, key: Array(key[(split + 1)...]), value: record.value), turn)
    }
}
