#pragma once
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, and macros on top: Swift can call neither.

static inline CURLcode tributary_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode tributary_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode tributary_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*tributary_curl_read)(char *buffer, size_t size, size_t count, void *context);

static inline CURLcode tributary_curl_set_reader(CURL *handle, tributary_curl_read read, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_READFUNCTION, read);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_READDATA, context) : code;
}

static inline long tributary_curl_response_code(CURL *handle) {
    long code = 0;
    return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK ? code : 0;
}

typedef int (*tributary_curl_listener)(CURL *handle, curl_infotype type, char *data, size_t size, void *context);

// Lets the listener see what is said on the connection, as curl's own log would.
static inline CURLcode tributary_curl_set_listener(CURL *handle, tributary_curl_listener listener, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, listener);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_DEBUGDATA, context);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L) : code;
}

typedef int (*tributary_curl_watch)(
    void *context, curl_off_t download_size, curl_off_t downloaded, curl_off_t upload_size, curl_off_t uploaded);

// Has the watch asked whether the transfer may go on: at least once a second, also while nothing moves. Other than 0 ends it.
static inline CURLcode tributary_curl_set_watch(CURL *handle, tributary_curl_watch watch, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, watch);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L) : code;
}
