import Contracts
import Foundation

/// Which copy of a worker this process is, among those that share a data directory: a numbered slot, or a name that the
/// operator gave. It is part of the identity under which the copy commits, and of where its stores lie.
///
/// A slot is an exclusive `flock` on `<data>/<worker>-worker/<name>.lock`: the kernel frees it with the process, however that
/// ends, so that the next copy to start takes up the identity, its partitions and its stores. Local file systems only.
final class WorkerSlot {
    /// How many copies of one worker share a data directory at most.
    static let maximumCopies = 64

    /// The slot's number, or the name given.
    let name: String
    private let directory: String
    private let descriptor: Int32

    /// Where it is noted that another process had this slot's identity.
    var contest: IdentityContest { IdentityContest(path: "\(directory)/\(name).contested") }

    /// Claims the lowest free slot, or the one named.
    ///
    /// - Throws: where the name is taken, all slots are, or the directory cannot be written.
    init(of worker: WorkerName, dataDirectory: String, instance: String?) throws {
        directory = "\(dataDirectory)/\(worker.rawValue)-worker"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if let instance {
            guard let descriptor = try WorkerSlot.claim("\(directory)/\(instance).lock") else {
                throw WorkerSlotFailure(
                    description: "another process runs as instance \(instance) in \(directory): give each its own name")
            }
            (name, self.descriptor) = (instance, descriptor)
            return
        }
        for number in 0..<WorkerSlot.maximumCopies {
            guard let descriptor = try WorkerSlot.claim("\(directory)/\(number).lock") else { continue }
            (name, self.descriptor) = ("\(number)", descriptor)
            return
        }
        throw WorkerSlotFailure(
            description: "all \(WorkerSlot.maximumCopies) slots in \(directory) are taken by running copies")
    }

    deinit { close(descriptor) }

    /// What may stand in an identity: letters, digits, `-` and `_`, at most 64 of them.
    static func isValid(instance: String) -> Bool {
        (1...64).contains(instance.utf8.count)
            && instance.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// The open and locked file; `nil` where another process has it.
    private static func claim(_ path: String) throws -> Int32? {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("opening \(path)") }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
        let isTaken = errno == EWOULDBLOCK
        let error = failure("locking \(path)")
        close(descriptor)
        guard isTaken else { throw error }
        return nil
    }

    private static func failure(_ operation: String) -> WorkerSlotFailure {
        let number = errno
        return unsafe WorkerSlotFailure(description: "\(operation): \(String(cString: strerror(number)))")
    }
}

struct WorkerSlotFailure: Error, CustomStringConvertible {
    var description: String
}
