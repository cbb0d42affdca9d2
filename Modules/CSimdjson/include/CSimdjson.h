// A C interface to simdjson's DOM parser, which is C++. It hands out the parsed "tape" as it is:
// https://github.com/simdjson/simdjson/blob/master/doc/tape.md
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A parser with its buffers. Used by one thread at a time; reused from document to document.
typedef struct csimdjson_parser csimdjson_parser;

/// What one parse gave. `tape` and `strings` belong to the parser and live until its next parse or its release.
typedef struct {
    /// 0, or simdjson's error code; then `tape` and `strings` are null.
    int32_t error;
    const uint64_t *tape;
    const uint8_t *strings;
} csimdjson_result;

/// Takes a parser from the calling thread's free list, or makes one. Null when memory is out.
csimdjson_parser *csimdjson_acquire(void);

/// Gives a parser back to the free list of the calling thread, which must be the one that acquired it.
void csimdjson_release(csimdjson_parser *parser);

/// Parses any bytes: the document is copied into the parser first, so `bytes` needs no padding.
/// Refuses what nests deeper than `csimdjson_max_depth` and what is longer than `csimdjson_max_bytes`.
csimdjson_result csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t count);

/// simdjson's English sentence for an error code; static storage.
const char *csimdjson_message(int32_t error);

static const size_t csimdjson_max_depth = 128;
static const size_t csimdjson_max_bytes = 64 * 1024 * 1024;

#ifdef __cplusplus
}
#endif
