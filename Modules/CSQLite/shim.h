#pragma once
#define SQLITE_ENABLE_PREUPDATE_HOOK 1
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
