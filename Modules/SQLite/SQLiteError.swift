import CSQLite
import Glibc

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
    /// The system's error number behind a failure to read, write or open; 0 where there is none.
    package var systemError: Int32
    /// SQLite's words for it.
    package var message: String
    /// What was attempted, for people: the statement's text or the call.
    package var operation: String

    package init(extendedCode: Int32, systemError: Int32 = 0, message: String, operation: String) {
        self.extendedCode = extendedCode
        self.systemError = systemError
        self.message = message
        self.operation = operation
    }

    /// A file whose rows contradict each other.
    package static func corrupt(_ message: String, in operation: String) -> SQLiteError {
        SQLiteError(extendedCode: SQLITE_CORRUPT, message: message, operation: operation)
    }

    package var kind: Kind {
        switch extendedCode & 0xff {
        // A page that could not be read is called damaged, too.
        case SQLITE_CORRUPT where systemError != 0: kindOfSystemError
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_FULL: .full
        case SQLITE_IOERR, SQLITE_CANTOPEN: kindOfSystemError
        case SQLITE_READONLY, SQLITE_PERM: .readOnly
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT: .constraint
        default: .other
        }
    }

    /// SQLite knows a full disk where it writes, and a read-only one not at all.
    private var kindOfSystemError: Kind {
        switch systemError {
        case ENOSPC, EDQUOT: .full
        case EROFS, EACCES, EPERM: .readOnly
        default: .inputOutput
        }
    }

    package var description: String {
        let cause = systemError == 0 ? "" : unsafe ", \(String(cString: strerror(systemError)))"
        return "\(message)\(cause) (SQLite \(extendedCode)) in: \(operation)"
    }
}
