#include "allocator.h"

// Four arenas: a process has a few busy threads, and each arena keeps some freed pages for itself. Freed pages go back to
// the system within a second, so that what a process holds is about what it uses.
const char *malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";
