import CSQLite

/// A failure that SQLite reported. Its text never holds a bound value.
package struct SQLiteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller decides by; the extended code has the details.
    package enum Kind: Sendable, Hashable {
        /// The file is damaged, or is no database.
        case corrupt
        /// The disk or the quota is full.
        case full
        case inputOutput
        case readOnly
        /// Another connection held its lock for longer than the busy timeout.
        case busy
        case constraint
        case other
    }

    /// SQLite's extended result code (https://sqlite.org/rescode.html).
    package var extendedCode: Int32
    /// SQLite's words for it.
    package var message: String
    /// What was attempted, for people: the statement's text or the call.
    package var operation: String

    package init(extendedCode: Int32, message: String, operation: String) {
        self.extendedCode = extendedCode
        self.message = message
        self.operation = operation
    }

    package var kind: Kind {
        switch extendedCode & 0xff {
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_FULL: .full
        case SQLITE_IOERR, SQLITE_CANTOPEN: .inputOutput
        case SQLITE_READONLY, SQLITE_PERM: .readOnly
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT: .constraint
        default: .other
        }
    }

    package var description: String { "\(message) (SQLite \(extendedCode)) in: \(operation)" }
}
