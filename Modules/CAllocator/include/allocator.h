// How the process gets its memory: linking this target puts jemalloc in malloc's place.
#ifndef TRIBUTARY_ALLOCATOR_H
#define TRIBUTARY_ALLOCATOR_H

/// The settings in force, as jemalloc reads them at start.
extern const char *malloc_conf;

#endif
