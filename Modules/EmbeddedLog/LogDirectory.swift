import EventLog
import Glibc

/// The directory of an embedded log, held by one process: an exclusive `flock` on `tributary.lock`, which the kernel
/// releases with the process. The file names the holder's pid for the others.
final class LogDirectory {
    static let lockName = "tributary.lock"
    static let databaseName = "log.sqlite"
    static let socketName = "tributary.sock"
    /// A process that only asks who the holder is has the lock for an instant: the opener tries again this often.
    private static let attempts = 5
    private static let attemptIntervalMicroseconds: UInt32 = 10_000

    let path: String
    private var descriptor: Int32

    /// Creates the directory where it is missing, and takes it; `held` names the pid of the process that has it.
    init(_ path: String) throws(LogError) {
        self.path = path
        try Self.create(path)
        descriptor = unsafe open(path + "/" + Self.lockName, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("opening \(path)/\(Self.lockName)") }
        do {
            try take()
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private func take() throws(LogError) {
        for attempt in 1... {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { break }
            guard errno == EWOULDBLOCK else { throw Self.failure("locking \(path)") }
            guard attempt < Self.attempts else {
                let holder = Self.pid(in: descriptor).map { "process \($0)" } ?? "another process"
                throw LogError(.held, .fatal, "\(holder) holds the log in \(path)")
            }
            usleep(Self.attemptIntervalMicroseconds)
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, unsafe pwrite(descriptor, text, text.count, 0) == text.count else {
            throw Self.failure("writing \(path)/\(Self.lockName)")
        }
    }

    deinit { release() }

    /// Lets the directory go. May be called twice.
    func release() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// The process that holds the log in `path`; `nil` where none does.
    static func holder(of path: String) -> Int32? {
        let descriptor = unsafe open(path + "/" + lockName, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return errno == EWOULDBLOCK ? pid(in: descriptor) : nil
    }

    private static func pid(in descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
        return Int32(String(decoding: buffer.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    private static func create(_ path: String) throws(LogError) {
        var end = path.utf8.startIndex
        while end < path.utf8.endIndex {
            end = path.utf8[path.utf8.index(after: end)...].firstIndex(of: UInt8(ascii: "/")) ?? path.utf8.endIndex
            let part = String(path[..<end])
            if unsafe mkdir(part, 0o700) != 0 && errno != EEXIST { throw failure("creating \(part)") }
        }
    }

    /// The error of the last system call.
    static func failure(_ operation: String) -> LogError {
        unsafe LogError(.storage, .fatal, "\(operation): \(String(cString: strerror(errno)))")
    }
}
