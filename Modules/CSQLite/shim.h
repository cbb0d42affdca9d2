#pragma once
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
#include <errno.h>
#include <sqlite3.h>

// What Swift does not import: macros with casts, and variadic functions.

/// Does not count the memory in use: every allocation of any connection would wait for one lock to be counted. Works before
/// the library's first use only.
static inline int tributary_no_memory_statistics(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/// Binds a blob that SQLite copies.
static inline int tributary_bind_blob_copying(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

/// Binds a blob that stays where it is until the statement is reset.
static inline int tributary_bind_blob_borrowing(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_STATIC);
}

static inline int tributary_bind_text_copying(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

/// A connection that is the last to be closed leaves the checkpoint to the next writer.
static inline int tributary_no_checkpoint_on_close(sqlite3 *connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// The system's error number where the database's file or its log could not be read; 0 where they could.
///
/// SQLite calls a page damaged that it cannot read in a statement for these errors (SQLITE_IOERR_CORRUPTFS becomes
/// SQLITE_CORRUPT), and keeps the number with the file.
static inline int tributary_failed_read(sqlite3 *connection) {
    int numbers[2] = {0, 0};
    sqlite3_file *log = 0;
    sqlite3_file_control(connection, "main", SQLITE_FCNTL_LAST_ERRNO, &numbers[0]);
    sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log && log->pMethods) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &numbers[1]);
    for (int index = 0; index < 2; index += 1) {
        int number = numbers[index];
        if (number == EIO || number == ENXIO || number == ERANGE) return number;
    }
    return 0;
}
