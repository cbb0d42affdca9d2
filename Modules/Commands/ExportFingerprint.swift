import CommandLineKit
import Hashing
import ReadModel

/// One hash over exported tables: equal where every row is equal.
enum ExportFingerprint {
    static func text(of model: ReadModel, without left: [String] = []) throws -> String {
        var hasher = SHA256Hasher()
        for table in ExportTable.all where !left.contains(table.name) {
            hasher.update(Table(table.columns.map(\.name), rows: try model.rows(of: table)).csv)
        }
        return hasher.finish().hex
    }
}
