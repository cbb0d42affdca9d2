#pragma once
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

// MHD_start_daemon and MHD_get_daemon_info are variadic: Swift can call neither. The library's enumerations stay in here.

/// Starts a daemon on a numeric address. NULL where it cannot; errno says why where the system knew, 0 where the address is
/// not numeric.
static inline struct MHD_Daemon *tributary_http_start(
    const char *host, const char *port, MHD_AccessHandlerCallback handler, void *context, unsigned int threads,
    unsigned int connections, unsigned int timeout_seconds, size_t connection_bytes) {
    struct addrinfo hints, *address = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host, port, &hints, &address) != 0) {
        errno = 0;
        return NULL;
    }
    unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD;
    if (address->ai_family == AF_INET6) flags |= MHD_USE_IPv6;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handler, context,
        MHD_OPTION_SOCK_ADDR, address->ai_addr,
        MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_bytes,
        MHD_OPTION_END);
    int number = errno;
    freeaddrinfo(address);
    errno = number;
    return daemon;
}

/// The port that the daemon listens on; 0 where it is not known.
static inline unsigned int tributary_http_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? 0 : info->port;
}

/// The answer of a handler that waits for more of the request.
static inline enum MHD_Result tributary_http_go_on(void) { return MHD_YES; }

/// Answers with a copy of the body. `allow` is the value of the header Allow, or NULL.
static inline enum MHD_Result tributary_http_answer(
    struct MHD_Connection *connection, unsigned int status, const char *type, const char *allow, const void *body,
    size_t count) {
    struct MHD_Response *response = MHD_create_response_from_buffer(count, (void *)body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) return MHD_NO;
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (result == MHD_YES && allow != NULL)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    if (result == MHD_YES) result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}
