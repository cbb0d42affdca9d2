import Foundation
import SQLite
import Testing

@Suite struct SQLiteConnectionTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).sqlite").path

    private func opened() throws -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path)
        try connection.execute("PRAGMA journal_mode=WAL")
        try connection.execute(
            "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, bytes BLOB, weight REAL) STRICT")
        return connection
    }

    @Test func valuesComeBackAsTheyWereBound() throws {
        let connection = try opened()
        let insert = try connection.statement("INSERT INTO item VALUES (?1, ?2, ?3, ?4)")
        let rows: [(Int64, String?, [UInt8]?, Double)] = [
            (.max, "é\u{0}x", [0, 255], 0.25), (.min, "", [], -1), (0, nil, nil, 0),
        ]
        for row in rows {
            try insert.bind(1, row.0)
            try insert.bind(2, row.1)
            try insert.bind(3, row.2)
            try insert.bind(4, row.3)
            try insert.run()
        }
        let select = try connection.statement("SELECT name, bytes, weight FROM item WHERE id = ?1")
        for row in rows {
            try select.bind(1, row.0)
            #expect(try select.step())
            #expect(select.text(0) == row.1)
            #expect(select.bytes(1) == row.2)
            let count = unsafe select.withBytes(1) { bytes in bytes.count }
            #expect(count == row.2?.count ?? 0)
            #expect(select.double(2) == row.3)
            #expect(select.isNull(0) == (row.1 == nil))
            select.reset()
        }
    }

    @Test func aBorrowedBlobIsWrittenWhole() throws {
        let connection = try opened()
        let insert = try connection.statement("INSERT INTO item (id, bytes) VALUES (?1, ?2)")
        let values: [[UInt8]?] = [[1, 2, 3], [], nil]
        for (id, value) in values.enumerated() {
            try insert.bind(1, Int64(id))
            try insert.run(binding: value, at: 2)
        }
        let select = try connection.statement("SELECT bytes FROM item ORDER BY id")
        var found: [[UInt8]?] = []
        while try select.step() { found.append(select.bytes(0)) }
        #expect(found == values)
    }

    @Test func anErrorNamesTheStatementAndTheExtendedCodeButNoValue() throws {
        let connection = try opened()
        let insert = try connection.statement("INSERT INTO item (id, name) VALUES (?1, ?2)")
        try insert.bind(1, Int64(1))
        try insert.bind(2, "secret-iban")
        try insert.run()
        let error = try #require(throws: SQLiteError.self) { try insert.run() }
        #expect(error.kind == .constraint)
        #expect(error.extendedCode == 1555)
        #expect(error.description.contains("INSERT INTO item"))
        #expect(!error.description.contains("secret-iban"))
    }

    @Test func aStatementIsPreparedOnce() throws {
        let connection = try opened()
        #expect(try connection.statement("SELECT 1") === connection.statement("SELECT 1"))
    }

    @Test func aReaderSeesCommittedRowsAndCannotWrite() throws {
        let writer = try opened()
        try writer.execute("INSERT INTO item (id) VALUES (1)")
        let reader = try SQLiteConnection(path: path, access: .read)
        try writer.execute("BEGIN IMMEDIATE; INSERT INTO item (id) VALUES (2)")
        #expect(!writer.isAutocommit)
        #expect(try reader.integer("SELECT count(*) FROM item") == 1)
        #expect(throws: SQLiteError.self) { try reader.execute("INSERT INTO item (id) VALUES (3)") }
        try writer.execute("COMMIT")
        #expect(writer.isAutocommit)
        #expect(try reader.integer("SELECT count(*) FROM item") == 2)
        #expect(try reader.integer("PRAGMA query_only") == 1)
        #expect(try reader.integer("PRAGMA wal_autocheckpoint") == 0)
    }

    @Test func theSettingsOfAConnectionAreSet() throws {
        let connection = try opened()
        #expect(try connection.integer("PRAGMA busy_timeout") == 5_000)
        #expect(try connection.integer("PRAGMA trusted_schema") == 0)
        #expect(try connection.integer("PRAGMA cell_size_check") == 1)
        #expect(try connection.integer("PRAGMA mmap_size") ?? 0 == 0)
    }

    @Test func aFileThatIsNoDatabaseIsCorrupt() throws {
        try Data(repeating: 0x41, count: 8_192).write(to: URL(filePath: path))
        let connection = try SQLiteConnection(path: path)
        let error = try #require(throws: SQLiteError.self) {
            _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
        }
        #expect(error.kind == .corrupt)
    }

    @Test func aClosedConnectionRefusesWithoutACrash() throws {
        let connection = try opened()
        let statement = try connection.statement("SELECT 1")
        connection.close()
        #expect(connection.isClosed)
        #expect(throws: SQLiteError.self) { _ = try statement.step() }
        #expect(throws: SQLiteError.self) { try connection.execute("SELECT 1") }
        #expect(throws: SQLiteError.self) { _ = try connection.statement("SELECT 2") }
    }

    /// SQLite has one word for all of these, and the system tells them apart.
    @Test func aDiskThatIsFullReadOnlyOrBrokenIsToldApart() {
        func kind(_ number: Int32) -> SQLiteError.Kind {
            // SQLITE_IOERR_WRITE
            SQLiteError(extendedCode: 778, systemError: number, message: "disk I/O error", operation: "COMMIT").kind
        }
        #expect(kind(ENOSPC) == .full)
        #expect(kind(EROFS) == .readOnly)
        #expect(kind(EIO) == .inputOutput)
        #expect(kind(0) == .inputOutput)
    }

    /// A directory stands where the file should: the system's own words are in the text.
    @Test func theSystemsReasonIsNamed() throws {
        let error = try #require(throws: SQLiteError.self) {
            _ = try SQLiteConnection(path: NSTemporaryDirectory())
        }
        #expect(error.kind == .inputOutput)
        #expect(error.description.contains("Is a directory"))
    }
}
