import Foundation
import Testing

@testable import HTTPServing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite(.timeLimit(.minutes(5))) struct HTTPServerTests {
    private static func server(_ handler: @escaping HTTPServer.Handler) throws -> HTTPServer {
        try HTTPServer(address: "127.0.0.1", port: 0, handler: handler)
    }

    private static func send(_ method: String, _ path: String, to server: HTTPServer, body: Data? = nil) async throws
        -> (status: Int, type: String?, allow: String?, body: String)
    {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(server.port)\(path)")))
        request.httpMethod = method
        request.httpBody = body
        let (data, response) = try await URLSession.shared.data(for: request)
        let answer = try #require(response as? HTTPURLResponse)
        return (
            answer.statusCode, answer.value(forHTTPHeaderField: "Content-Type"),
            answer.value(forHTTPHeaderField: "Allow"), String(decoding: data, as: UTF8.self)
        )
    }

    @Test func `answers GET with status, type and body, and hands the path over without the query`() async throws {
        let server = try Self.server { .json(503, Array("{\"path\":\"\($0.path)\"}".utf8)) }
        defer { server.stop() }
        let answer = try await Self.send("GET", "/readyz?verbose=1", to: server)
        #expect(answer.status == 503)
        #expect(answer.type == "application/json")
        #expect(answer.body == "{\"path\":\"/readyz\"}")
    }

    @Test func `answers HEAD without a body`() async throws {
        let server = try Self.server { .text(200, $0.method == .head ? "head" : "get") }
        defer { server.stop() }
        let answer = try await Self.send("HEAD", "/", to: server)
        #expect(answer.status == 200)
        #expect(answer.body.isEmpty)
    }

    @Test(arguments: ["POST", "PUT", "DELETE"]) func `refuses what is not GET or HEAD, and says what is allowed`(
        method: String
    ) async throws {
        let server = try Self.server { _ in .text(200, "never") }
        defer { server.stop() }
        let answer = try await Self.send(method, "/", to: server, body: Data("x".utf8))
        #expect(answer.status == 405)
        #expect(answer.allow == "GET, HEAD")
    }

    @Test func `serves many at once`() async throws {
        let server = try Self.server { .text(200, $0.path) }
        defer { server.stop() }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<100 {
                group.addTask { try await Self.send("GET", "/\(number)", to: server).body == "/\(number)" }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func `says why a port cannot be had`() throws {
        let server = try Self.server { _ in .text(200, "") }
        defer { server.stop() }
        let taken = try #require(throws: HTTPServerError.self) {
            _ = try HTTPServer(address: "127.0.0.1", port: server.port) { _ in .text(200, "") }
        }
        #expect(taken.description.contains("port \(server.port)"))
        #expect(taken.description.contains("in use"))
        let name = try #require(throws: HTTPServerError.self) {
            _ = try HTTPServer(address: "localhost", port: 0) { _ in .text(200, "") }
        }
        #expect(name.description.contains("not a numeric address"))
    }

    /// Foundation's client takes no numeric IPv6 address, so the request is written by hand.
    @Test func `listens on IPv6 too`() throws {
        let server = try HTTPServer(address: "::1", port: 0) { _ in .text(200, "six") }
        defer { server.stop() }
        let client = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(server.port).bigEndian
        address.sin6_addr = in6addr_loopback
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(client, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
        try #require(connected == 0)
        let request = Array("GET / HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n".utf8)
        #expect(unsafe write(client, request, request.count) == request.count)
        var answer = [UInt8]()
        var part = [UInt8](repeating: 0, count: 1_024)
        while case let count = unsafe read(client, &part, part.count), count > 0 { answer += part.prefix(count) }
        let text = String(decoding: answer, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 200 "))
        #expect(text.hasSuffix("\r\n\r\nsix"))
    }
}
