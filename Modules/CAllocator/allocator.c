#include "allocator.h"

// Four arenas: a process has a few busy threads, and each arena keeps some freed pages for itself. Freed pages go back to
// the system within a third of a second: at once they would be asked for again by the same turn.
const char *malloc_conf = "narenas:4,dirty_decay_ms:300,muzzy_decay_ms:0";
