import CSQLite

/// One connection to a database file.
///
/// Used by one thread at a time: the library's own mutexes are off, and whoever hands a connection to another thread
/// orders the hand-over. Safe because the handle lives as long as the object and never leaves this module.
@safe package final class SQLiteConnection {
    package enum Access: Sendable {
        /// The one writing connection of a file, which alone checkpoints; creates the file.
        case write
        /// A reader beside it (`query_only`): writes nothing and leaves the checkpoint alone.
        case read
    }

    /// How long a statement waits for another connection's lock, in milliseconds.
    package static let defaultBusyTimeoutMilliseconds: Int32 = 5_000

    /// Once a process, before its first connection. Where somebody else used the library before, it stays as it is.
    private static let isConfigured = tributary_no_memory_statistics() == SQLITE_OK

    private var handle: OpaquePointer?
    private var statements: [String: SQLiteStatement] = [:]
    package let path: String

    /// Opens the file at `path`. Nothing is read before the first statement: a file that is no database shows itself then.
    package init(
        path: String, access: Access = .write, busyTimeoutMilliseconds: Int32 = defaultBusyTimeoutMilliseconds
    ) throws(SQLiteError) {
        self.path = path
        let flags =
            switch access {
            case .write: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
            case .read: SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
            }
        _ = Self.isConfigured
        var opened: OpaquePointer?
        let code = unsafe sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK else {
            let error = unsafe Self.error(code, opened, operation: "opening \(path)")
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        unsafe handle = opened
        // SQLite opens what it may not write for reading, and fails later with other words.
        if access == .write, unsafe sqlite3_db_readonly(opened, "main") == 1 {
            close()
            throw unsafe SQLiteError(
                extendedCode: SQLITE_READONLY, message: String(cString: sqlite3_errstr(SQLITE_READONLY)),
                operation: "opening \(path)")
        }
        unsafe sqlite3_busy_timeout(opened, busyTimeoutMilliseconds)
        // The schema may not be used to run anything, and pages are not trusted to be well-formed.
        try execute("PRAGMA trusted_schema=OFF")
        try execute("PRAGMA cell_size_check=ON")
        if access == .read {
            unsafe tributary_no_checkpoint_on_close(opened)
            try execute("PRAGMA query_only=ON")
            try execute("PRAGMA wal_autocheckpoint=0")
        }
    }

    deinit { close() }

    /// Ends every statement and the connection; an open transaction is rolled back. May be called twice.
    package func close() {
        for statement in statements.values { statement.finalize() }
        statements.removeAll()
        guard let open = unsafe handle else { return }
        unsafe sqlite3_close_v2(open)
        unsafe handle = nil
    }

    package var isClosed: Bool { unsafe handle == nil }

    /// Whether no transaction is open. An error of the disk may have ended a transaction without being asked.
    package var isAutocommit: Bool {
        guard let open = unsafe handle else { return true }
        return unsafe sqlite3_get_autocommit(open) != 0
    }

    /// Rows that the last statement inserted, changed or deleted.
    package var changes: Int64 {
        guard let open = unsafe handle else { return 0 }
        return unsafe sqlite3_changes64(open)
    }

    /// Runs SQL text of one or more statements without parameters.
    package func execute(_ sql: String) throws(SQLiteError) {
        guard let open = unsafe handle else { throw Self.closed(sql) }
        let code = unsafe sqlite3_exec(open, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe Self.error(code, open, operation: sql) }
    }

    /// The prepared statement of `sql`, made once per connection. It is in use until it is reset: a caller never needs
    /// the same text twice at one time.
    package func statement(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        if let known = statements[sql] { return known }
        guard let open = unsafe handle else { throw Self.closed(sql) }
        var prepared: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            open, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared = unsafe prepared else {
            throw unsafe Self.error(code, open, operation: sql)
        }
        let statement = unsafe SQLiteStatement(handle: prepared, connection: open, sql: sql)
        statements[sql] = statement
        return statement
    }

    /// The value of a pragma, or the first column of a query's only row.
    package func integer(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try statement(sql)
        defer { statement.reset() }
        guard try statement.step(), !statement.isNull(0) else { return nil }
        return statement.integer(0)
    }

    /// As `integer`, as text.
    package func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try statement(sql)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        return statement.text(0)
    }

    static func error(_ code: Int32, _ handle: OpaquePointer?, operation: String) -> SQLiteError {
        let text = unsafe handle.flatMap { unsafe sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
        let number: Int32? =
            switch code & 0xff {
            case SQLITE_IOERR, SQLITE_CANTOPEN: unsafe handle.map { unsafe sqlite3_system_errno($0) }
            case SQLITE_CORRUPT: unsafe handle.map { unsafe tributary_failed_read($0) }
            default: nil
            }
        return unsafe SQLiteError(
            extendedCode: code, systemError: number ?? 0, message: text.map { unsafe String(cString: $0) } ?? "unknown",
            operation: operation)
    }

    private static func closed(_ sql: String) -> SQLiteError {
        SQLiteError(extendedCode: SQLITE_MISUSE, message: "the connection is closed", operation: sql)
    }
}
