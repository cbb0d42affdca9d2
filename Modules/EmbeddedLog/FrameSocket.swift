import EventLog
import Glibc

/// A connected stream socket that carries frames. Used by one thread; `shutDown` may be called by another.
final class FrameSocket: @unchecked Sendable {
    // Never changes between init and deinit, which is why another thread may shut the socket down.
    private let descriptor: Int32

    /// Takes the descriptor over.
    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    /// Connects to the holder of the log in `directory`.
    static func connect(to directory: String) throws(LogError) -> FrameSocket {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw LogDirectory.failure("making a socket") }
        let opened = FrameSocket(descriptor: descriptor)
        let code = unsafe try SocketAddress.use(for: directory) { address, length in
            unsafe Glibc.connect(descriptor, address, length)
        }
        guard code == 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw LogError(.disconnected, .fatal, "no process serves the log in \(directory): \(reason)")
        }
        return opened
    }

    /// Ends both directions: a thread that waits in `receive` comes back.
    func shutDown() { Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// `false` where the other side is gone.
    func send(_ frame: [UInt8]) -> Bool {
        let length = UInt32(frame.count)
        let prefix = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * UInt32($0))) }
        return sendRaw(prefix) && sendRaw(frame)
    }

    /// Sends bytes as they are, without a length before them.
    func sendRaw(_ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let count = unsafe Glibc.send(
                    descriptor, buffer.baseAddress! + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }
    }

    /// The next frame; `nil` where the other side is gone, or sends a longer frame than is taken.
    func receive() -> [UInt8]? {
        guard let prefix = receive(count: 4) else { return nil }
        let length = prefix.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= FrameProtocol.maximumBytes else { return nil }
        return receive(count: length)
    }

    /// Memory is taken as bytes come, not as they are announced.
    private static let chunkBytes = 1 << 20

    private func receive(count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let wanted = min(count - bytes.count, Self.chunkBytes)
            var chunk = [UInt8](repeating: 0, count: wanted)
            let received = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe recv(descriptor, buffer.baseAddress, wanted, 0)
            }
            if received < 0 && errno == EINTR { continue }
            guard received > 0 else { return nil }
            bytes.append(contentsOf: chunk[..<received])
        }
        return bytes
    }
}

/// The address of the socket in a log's directory.
enum SocketAddress {
    /// Runs `body` with the address. A path may be longer than an address takes, so it goes through the directory's
    /// descriptor.
    static func use(
        for directory: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(LogError) -> Int32 {
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LogDirectory.failure("opening \(directory)") }
        defer { Glibc.close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(descriptor)/\(LogDirectory.socketName)".utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }
}
