import Glibc
import SQLite
package import TaskRuntime

/// Opens the stores of one worker thread: `<directory>/<partition>.sqlite`.
///
/// Holds the directory against other processes and threads as long as it lives. Used by one thread.
package final class SQLiteStateBackendProvider: StateBackendProvider {
    private let directory: StoreDirectory
    private let tables: [StateTable]
    private let schemaVersion: Int64
    private let bootID: String

    /// - Parameters:
    ///   - directory: the slot's directory; made where it is missing.
    ///   - tables: every table of the worker's store. A file with other tables is refused (`schema`).
    ///   - schemaVersion: of the rows' shapes. A file of an older version is refused (`schema`), of a newer one (`newer`).
    package convenience init(directory: String, tables: [StateTable], schemaVersion: Int64) throws(StoreError) {
        try self.init(directory: directory, tables: tables, schemaVersion: schemaVersion, bootID: currentBootID())
    }

    init(directory: String, tables: [StateTable], schemaVersion: Int64, bootID: String) throws(StoreError) {
        self.directory = try StoreDirectory(directory)
        self.tables = tables.sorted { $0.name < $1.name }
        self.schemaVersion = schemaVersion
        self.bootID = bootID
    }

    package func open(partition: Int32) throws(StoreError) -> any StateBackend {
        try SQLiteStateBackend(
            path: path(of: partition), tables: tables, schemaVersion: schemaVersion, bootID: bootID)
    }

    package func discard(partition: Int32) throws(StoreError) {
        // The file first: what is left beside none is nothing to SQLite, and a file without its journal would be half of one.
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let file = path(of: partition) + suffix
            guard unsafe unlink(file) == 0 || errno == ENOENT else { throw StoreDirectory.failure("deleting \(file)") }
        }
    }

    private func path(of partition: Int32) -> String { "\(directory.path)/\(partition).sqlite" }
}
