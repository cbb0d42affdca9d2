import Glibc
import TaskRuntime

/// The directory of a worker's slot, held by this process as long as the object lives.
///
/// The hold is an exclusive `flock` on `<directory>/lock`, which the kernel releases with the process. It works on local
/// file systems only.
final class StoreDirectory {
    let path: String
    private let descriptor: Int32

    /// Creates the directory where it is missing.
    init(_ path: String) throws(StoreError) {
        self.path = path
        try Self.create(path)
        descriptor = unsafe open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("opening \(path)/lock") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let error = Self.failure("locking \(path)/lock")
            Glibc.close(descriptor)
            throw isHeld ? StoreError(.held, "another process or thread holds the stores in \(path)") : error
        }
    }

    deinit { Glibc.close(descriptor) }

    /// Makes the directory and those above it, for this user only.
    private static func create(_ path: String) throws(StoreError) {
        var end = path.utf8.startIndex
        while end < path.utf8.endIndex {
            end = path.utf8[path.utf8.index(after: end)...].firstIndex(of: UInt8(ascii: "/")) ?? path.utf8.endIndex
            let part = String(path[..<end])
            if unsafe mkdir(part, 0o700) != 0 && errno != EEXIST { throw failure("creating \(part)") }
        }
    }

    /// The error of the last system call.
    static func failure(_ operation: String) -> StoreError {
        let number = errno
        let code: StoreError.Code =
            switch number {
            case ENOSPC, EDQUOT: .full
            case EROFS, EACCES, EPERM: .readOnly
            default: .inputOutput
            }
        return unsafe StoreError(code, "\(operation): \(String(cString: strerror(number)))")
    }
}

/// The kernel's id of this boot, as it gives it; empty where there is none. A file that another boot wrote may have lost
/// its last commits.
func currentBootID() -> String {
    let descriptor = unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { Glibc.close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = unsafe read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)).filter { $0 > UInt8(ascii: " ") }, as: UTF8.self)
}
