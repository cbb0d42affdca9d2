// Says, in memory that outlives the process, that a thread of it trapped.
#ifndef TRIBUTARY_TRAPMARK_H
#define TRIBUTARY_TRAPMARK_H

#include <stdint.h>

/// Writes the signal's number to `*mark` when the calling thread dies of a trap (SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
/// SIGSEGV, a stack that overflows included). The handlers of before are called then, and the process dies as it would.
/// 0, or the error's number.
int tributary_mark_traps(volatile uint64_t *mark);

#endif
