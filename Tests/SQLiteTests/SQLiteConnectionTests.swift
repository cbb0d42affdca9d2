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

    /// And is bound no more afterwards, as it may be gone.
    @Test func aBorrowedBlobIsWrittenWhole() throws {
        let connection = try opened()
        let insert = try connection.statement("INSERT INTO item (id, bytes) VALUES (?1, ?2)")
        let values: [[UInt8]?] = [nil, [], [1, 2, 3]]
        for (id, value) in values.enumerated() {
            try insert.bind(1, Int64(id))
            try insert.run(binding: value, at: 2)
        }
        try insert.run()
        let written: [[[UInt8]?]] = [[nil], [[]], [[1, 2, 3]], [nil]]
        #expect(try rows("SELECT bytes FROM item ORDER BY id", connection) == written)
    }

    @Test func aBorrowedSpanIsWrittenWhole() throws {
        let connection = try opened()
        let insert = try connection.statement("INSERT INTO item (id, bytes) VALUES (?1, ?2)")
        let values: [[UInt8]] = [[], [1, 2, 3]]
        for (id, value) in values.enumerated() {
            try insert.bind(1, Int64(id))
            try insert.run(binding: value.span, at: 2)
        }
        try insert.run()
        let written: [[[UInt8]?]] = [[[]], [[1, 2, 3]], [nil]]
        #expect(try rows("SELECT bytes FROM item ORDER BY id", connection) == written)
    }

    @Test func borrowedBlobsAreWrittenWholeSideBySide() throws {
        let connection = try opened()
        try connection.execute("CREATE TABLE three (id INTEGER PRIMARY KEY, a BLOB, b BLOB, c BLOB) STRICT")
        let two = try connection.statement("INSERT INTO three (a, b) VALUES (?1, ?2)")
        let three = try connection.statement("INSERT INTO three (a, b, c) VALUES (?1, ?2, ?3)")
        let values: [[UInt8]?] = [nil, [], [1, 2, 3]]
        var written: [[[UInt8]?]] = []
        for first in values {
            for second in values {
                try two.run(binding: first, second, at: 1)
                written.append([first, second, nil])
                for third in values {
                    try three.run(binding: first, second, third, at: 1)
                    written.append([first, second, third])
                }
            }
        }
        try three.run()
        written.append([nil, nil, nil])
        #expect(try rows("SELECT a, b, c FROM three ORDER BY id", connection) == written)
    }

    /// What a query finds, all columns as blobs.
    private func rows(_ sql: String, _ connection: SQLiteConnection) throws -> [[[UInt8]?]] {
        let select = try connection.statement(sql)
        defer { select.reset() }
        var rows: [[[UInt8]?]] = []
        while try select.step() { rows.append((0..<Int32(select.columnCount)).map { select.bytes($0) }) }
        return rows
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

    /// SQLite has the same word for it as for a damaged file; such a file would be thrown away.
    @Test(arguments: ["", "-wal"]) func aFileThatCannotBeReadIsNotCorrupt(suffix: String) throws {
        let writer = try opened()
        try writer.execute("INSERT INTO item (id, bytes) VALUES (1, zeroblob(100000))")
        if suffix.isEmpty { try writer.execute("PRAGMA wal_checkpoint(PASSIVE)") }
        // With this the log says how large the database is, and not its file.
        try writer.execute("INSERT INTO item (id) VALUES (2)")
        let reader = try SQLiteConnection(path: path)
        #expect(try reader.integer("SELECT count(*) FROM sqlite_schema") == 1)
        try makeUnreadable(path + suffix)
        let error = try #require(throws: SQLiteError.self) {
            _ = try reader.integer("SELECT sum(length(bytes)) FROM item WHERE bytes > x'00'")
        }
        #expect(error.extendedCode == 11 && error.systemError == EIO, "\(error)")
        #expect(error.kind == .inputOutput)
    }

    /// Puts this process's memory in the place of a file that it has open: reading that at its beginning is an input/output
    /// error.
    private func makeUnreadable(_ path: String) throws {
        let memory = unsafe open("/proc/self/mem", O_RDONLY)
        let target = URL(filePath: path).resolvingSymlinksInPath().path
        var count = 0
        for entry in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            let found = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(entry)")
            guard found == target, let descriptor = Int32(entry) else { continue }
            #expect(dup2(memory, descriptor) == descriptor)
            count += 1
        }
        #expect(count > 0)
        #expect(close(memory) == 0)
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

    /// Lack of memory, an interrupt and what SQLite has no better word for say nothing of the file.
    @Test(
        arguments: [
            (7, .other), (9, .other), (1, .other), (21, .other), (3_082, .inputOutput), (13, .full), (11, .corrupt),
            (26, .corrupt), (8, .readOnly), (3, .readOnly), (5, .busy), (6, .busy), (1_555, .constraint),
        ] as [(Int32, SQLiteError.Kind)])
    func errorsAreOfAKindByTheirCodes(code: Int32, kind: SQLiteError.Kind) {
        #expect(SQLiteError(extendedCode: code, message: "asked for", operation: "COMMIT").kind == kind)
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
