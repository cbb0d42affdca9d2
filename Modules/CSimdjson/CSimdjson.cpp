#include "CSimdjson.h"

#include <cstring>
#include <memory>
#include <new>

#include <simdjson.h>

namespace {

/// A parser that grew beyond this for one large document is not kept.
constexpr size_t kept_bytes = 4 * 1024 * 1024;

/// Parsers of one thread that are not in use. Nested decoding takes a second one, so the list stays very short.
struct FreeList {
    static constexpr size_t limit = 4;
    csimdjson_parser *parsers[limit] = {};
    size_t count = 0;

    ~FreeList();
};

thread_local FreeList free_list;

}  // namespace

struct csimdjson_parser {
    simdjson::dom::parser parser{csimdjson_max_bytes};
    std::unique_ptr<uint8_t[]> padded;
    size_t capacity = 0;
};

namespace {

FreeList::~FreeList() {
    while (count > 0) { delete parsers[--count]; }
}

}  // namespace

extern "C" {

csimdjson_parser *csimdjson_acquire(void) {
    if (free_list.count > 0) { return free_list.parsers[--free_list.count]; }
    auto parser = new (std::nothrow) csimdjson_parser;
    if (parser && parser->parser.allocate(4096, csimdjson_max_depth) != simdjson::SUCCESS) {
        delete parser;
        return nullptr;
    }
    return parser;
}

void csimdjson_release(csimdjson_parser *parser) {
    if (parser->capacity > kept_bytes || free_list.count == FreeList::limit) {
        delete parser;
    } else {
        free_list.parsers[free_list.count++] = parser;
    }
}

csimdjson_result csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t count) {
    if (count > csimdjson_max_bytes) { return {simdjson::CAPACITY, nullptr, nullptr}; }
    size_t needed = count + simdjson::SIMDJSON_PADDING;
    if (needed > parser->capacity) {
        size_t capacity = 4096;
        while (capacity < needed) { capacity *= 2; }
        parser->padded.reset(new (std::nothrow) uint8_t[capacity]);
        parser->capacity = parser->padded ? capacity : 0;
        if (!parser->padded) { return {simdjson::MEMALLOC, nullptr, nullptr}; }
    }
    if (count > 0) { std::memcpy(parser->padded.get(), bytes, count); }
    std::memset(parser->padded.get() + count, 0, simdjson::SIMDJSON_PADDING);
    auto error = parser->parser.parse(parser->padded.get(), count, false).error();
    if (error != simdjson::SUCCESS) { return {static_cast<int32_t>(error), nullptr, nullptr}; }
    return {0, parser->parser.doc.tape.get(), parser->parser.doc.string_buf.get()};
}

const char *csimdjson_message(int32_t error) {
    return simdjson::error_message(static_cast<simdjson::error_code>(error));
}

}  // extern "C"
