import CSQLite

/// A prepared statement. Parameters are numbered from 1, columns from 0, as in SQLite.
///
/// Owned by its connection, which ends it; used by that connection's thread. Safe because every pointer that SQLite
/// gives out is copied or lent to a closure before the next call.
@safe package final class SQLiteStatement {
    private var handle: OpaquePointer?
    private let connection: OpaquePointer
    package let sql: String

    init(handle: OpaquePointer, connection: OpaquePointer, sql: String) {
        unsafe self.handle = handle
        unsafe self.connection = connection
        self.sql = sql
    }

    func finalize() {
        unsafe sqlite3_finalize(handle)
        unsafe handle = nil
    }

    // MARK: Binding

    package func bind(_ index: Int32, _ value: Int64) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_int64(handle, index, value))
    }

    package func bind(_ index: Int32, _ value: Int64?) throws(SQLiteError) {
        guard let value else { return try bindNull(index) }
        try bind(index, value)
    }

    package func bind(_ index: Int32, _ value: Double) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_double(handle, index, value))
    }

    package func bindNull(_ index: Int32) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_null(handle, index))
    }

    package func bind(_ index: Int32, _ value: String?) throws(SQLiteError) {
        guard let value else { return try bindNull(index) }
        try check(unsafe tributary_bind_text_copying(handle, index, value, Int32(value.utf8.count)))
    }

    /// Binds bytes, which SQLite copies. `nil` is NULL, an empty array an empty blob.
    package func bind(_ index: Int32, _ value: [UInt8]?) throws(SQLiteError) {
        guard let value else { return try bindNull(index) }
        let code = unsafe value.withUnsafeBytes { bytes in
            guard unsafe !bytes.isEmpty else { return unsafe sqlite3_bind_zeroblob(handle, index, 0) }
            return unsafe tributary_bind_blob_copying(handle, index, bytes.baseAddress, Int32(bytes.count))
        }
        try check(code)
    }

    /// Runs a writing statement with `value` bound where it is, without a copy, then resets it.
    package func run(binding value: [UInt8]?, at index: Int32) throws(SQLiteError) {
        try check(lend(value, at: index) { finishAndForget() })
    }

    /// As `run(binding:at:)`.
    package func run(binding value: Span<UInt8>, at index: Int32) throws(SQLiteError) {
        try check(unsafe value.withUnsafeBytes { bytes in unsafe lend(bytes, at: index) { finishAndForget() } })
    }

    /// As `run(binding:at:)` for two values at consecutive parameters.
    package func run(binding first: [UInt8]?, _ second: [UInt8]?, at index: Int32) throws(SQLiteError) {
        try check(lend(first, at: index) { lend(second, at: index + 1) { finishAndForget() } })
    }

    /// As `run(binding:at:)` for three values at consecutive parameters.
    package func run(
        binding first: [UInt8]?, _ second: [UInt8]?, _ third: [UInt8]?, at index: Int32
    ) throws(SQLiteError) {
        try check(
            lend(first, at: index) {
                lend(second, at: index + 1) { lend(third, at: index + 2) { finishAndForget() } }
            })
    }

    /// Binds bytes for as long as `body` runs, which unbinds them.
    @inline(__always) private func lend(_ value: [UInt8]?, at index: Int32, _ body: () -> Int32) -> Int32 {
        guard let value else {
            let code = unsafe sqlite3_bind_null(handle, index)
            return code == SQLITE_OK ? body() : code
        }
        return unsafe value.withUnsafeBytes { bytes in unsafe lend(bytes, at: index, body) }
    }

    @inline(__always)
    private func lend(_ bytes: UnsafeRawBufferPointer, at index: Int32, _ body: () -> Int32) -> Int32 {
        let code =
            if unsafe bytes.isEmpty {
                unsafe sqlite3_bind_zeroblob(handle, index, 0)
            } else {
                unsafe tributary_bind_blob_borrowing(handle, index, bytes.baseAddress, Int32(bytes.count))
            }
        return code == SQLITE_OK ? body() : code
    }

    private func finishAndForget() -> Int32 {
        let code = finishAndReset()
        // Not by binding NULL: that would make the connection forget the error's words.
        unsafe sqlite3_clear_bindings(handle)
        return code
    }

    private func finishAndReset() -> Int32 {
        var code = unsafe sqlite3_step(handle)
        while code == SQLITE_ROW { code = unsafe sqlite3_step(handle) }
        unsafe sqlite3_reset(handle)
        return code == SQLITE_DONE ? SQLITE_OK : code
    }

    // MARK: Running

    /// Goes to the next row; `false` at the end.
    package func step() throws(SQLiteError) -> Bool {
        let code = unsafe sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure(code)
        }
    }

    /// Runs a writing statement with what is bound, then resets it.
    package func run() throws(SQLiteError) {
        defer { reset() }
        try finish()
    }

    private func finish() throws(SQLiteError) {
        while try step() {}
    }

    /// Makes the statement ready for the next run. Bound values stay.
    package func reset() {
        // An error of the last step is reported here again; it was thrown there.
        unsafe sqlite3_reset(handle)
    }

    // MARK: Reading the current row

    /// How many columns a row has.
    package var columnCount: Int { Int(unsafe sqlite3_column_count(handle)) }

    package func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

    package func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    package func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    package func double(_ column: Int32) -> Double { unsafe sqlite3_column_double(handle, column) }

    /// The text of a column; `nil` where it is NULL.
    package func text(_ column: Int32) -> String? {
        guard let start = unsafe sqlite3_column_text(handle, column) else { return nil }
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The bytes of a column; `nil` where it is NULL.
    package func bytes(_ column: Int32) -> [UInt8]? {
        guard let start = unsafe sqlite3_column_blob(handle, column) else { return isNull(column) ? nil : [] }
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Lends the bytes of a column without a copy; empty where it is NULL.
    package func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let start = unsafe sqlite3_column_blob(handle, column)
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    // MARK: Errors

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> SQLiteError {
        guard unsafe handle != nil else {
            return SQLiteError(extendedCode: code, message: "the connection is closed", operation: sql)
        }
        return unsafe SQLiteConnection.error(code, connection, operation: sql)
    }
}
