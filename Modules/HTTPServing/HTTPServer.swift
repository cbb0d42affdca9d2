import CMicroHTTPD
import Glibc

/// Serves GET and HEAD on one address until it is stopped, through libmicrohttpd.
///
/// The handler runs on the library's threads, several at once; it may block for a moment, not for long.
///
/// Safe because the daemon's pointer is private, is valid from `init` to `stop`, and the library's own functions are
/// thread-safe; the handler outlives the daemon, whose threads have ended when `stop` returns.
@safe package final class HTTPServer: @unchecked Sendable {
    package typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    /// Threads that answer.
    static let threads: UInt32 = 2
    /// Connections at once, over all threads; more are refused.
    static let maximumConnections: UInt32 = 64
    /// A connection that says nothing for so long is closed, in seconds.
    static let connectionTimeout: UInt32 = 10
    /// Of a request's head; a longer one is refused by the library (431, 414).
    static let connectionBytes = 16 << 10

    /// The port bound: the one asked for, or the one that the system gave for 0.
    package let port: Int
    private let daemon: OpaquePointer
    private let context: Unmanaged<Context>
    private var isStopped = false

    /// - Parameters:
    ///   - address: numeric, IPv4 or IPv6: `127.0.0.1`, `0.0.0.0`, `::`.
    ///   - port: 0 for any that is free.
    package init(address: String, port: Int, handler: @escaping Handler) throws(HTTPServerError) {
        let context = unsafe Unmanaged.passRetained(Context(handler))
        let started = unsafe tributary_http_start(
            address, "\(port)", HTTPServer.serve, context.toOpaque(), HTTPServer.threads,
            HTTPServer.maximumConnections, HTTPServer.connectionTimeout, HTTPServer.connectionBytes)
        let number = errno
        guard let daemon = unsafe started else {
            unsafe context.release()
            let reason =
                number == 0 ? "not a numeric address" : unsafe String(cString: strerror(number))
            throw HTTPServerError(description: "cannot listen on \(address), port \(port): \(reason)")
        }
        unsafe self.daemon = daemon
        unsafe self.context = context
        self.port = unsafe Int(tributary_http_port(daemon))
    }

    deinit { assert(isStopped, "an HTTP server must be stopped by its owner") }

    /// Closes the port and every connection, and waits for the handlers under way. Called once, by the owner.
    package func stop() {
        guard !isStopped else { return }
        isStopped = true
        unsafe MHD_stop_daemon(daemon)
        unsafe context.release()
    }

    private final class Context: Sendable {
        let handler: Handler
        init(_ handler: @escaping Handler) { self.handler = handler }
    }

    private static let serve: MHD_AccessHandlerCallback = { context, connection, url, method, _, _, uploadSize, seen in
        guard let context = unsafe context, let connection = unsafe connection, let url = unsafe url,
            let method = unsafe method, let uploadSize = unsafe uploadSize, let seen = unsafe seen
        else { preconditionFailure("libmicrohttpd calls with all its arguments") }
        guard let known = unsafe HTTPRequest.Method(rawValue: String(cString: method)) else {
            // The body of such a request is never read: the connection closes after the answer.
            return unsafe answer(.text(405, "GET and HEAD only\n"), allow: "GET, HEAD", on: connection)
        }
        if unsafe seen.pointee == nil {
            // The first of two calls, before a body: an answer now would close the connection.
            unsafe seen.pointee = context
            return tributary_http_go_on()
        }
        if unsafe uploadSize.pointee > 0 {
            unsafe uploadSize.pointee = 0
            return tributary_http_go_on()
        }
        let handler = unsafe Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().handler
        return unsafe answer(handler(HTTPRequest(known, String(cString: url))), allow: nil, on: connection)
    }

    @unsafe private static func answer(_ response: HTTPResponse, allow: String?, on connection: OpaquePointer)
        -> MHD_Result
    {
        unsafe response.body.withUnsafeBytes { body in
            if let allow {
                unsafe tributary_http_answer(
                    connection, UInt32(response.status), response.contentType, allow, body.baseAddress, body.count)
            } else {
                unsafe tributary_http_answer(
                    connection, UInt32(response.status), response.contentType, nil, body.baseAddress, body.count)
            }
        }
    }
}

/// The port cannot be had.
package struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    package var description: String
}
