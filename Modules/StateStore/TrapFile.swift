import CTrapMark
import Glibc
package import TaskRuntime

/// What a turn thread works on, in a file that is mapped into memory: the kernel keeps it when the process traps.
///
/// Three words a piece of work are written on the way; the file is read when a process starts. A death without a trap (a
/// signal from outside, the host) says nothing about the work and is not counted.
///
/// Safe because all words are within the mapping, which lives as long as the object.
@safe package final class TrapFile: TrapWatch {
    /// Words of the file: version, kind, partition and number of the current work, the signal of a trap; then entries of
    /// kind, partition, number and traps for work that trapped.
    private enum Word {
        static let version = 0
        static let kind = 1
        static let partition = 2
        static let number = 3
        static let signal = 4
        static let entries = 8
        static let perEntry = 4
    }

    private static let version: Int64 = 1
    /// Work that trapped, remembered at most; then the oldest makes room.
    private static let entryLimit = 32
    private static let byteCount = 4_096

    private let words: UnsafeMutablePointer<Int64>
    /// Of earlier processes.
    private var traps: [(work: TrapWork, count: Int)] = []

    /// Opens or makes the file in a directory that this process holds. One of another version starts anew.
    package init(directory: String) throws(StoreError) {
        let path = directory + "/applying"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreDirectory.failure("opening \(path)") }
        defer { close(descriptor) }
        // A page that the disk has no room for would end the process when it is written.
        errno = posix_fallocate(descriptor, 0, off_t(Self.byteCount))
        guard errno == 0 else { throw StoreDirectory.failure("making room for \(path)") }
        let memory = unsafe mmap(nil, Self.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
            throw StoreDirectory.failure("mapping \(path)")
        }
        unsafe words = memory.bindMemory(to: Int64.self, capacity: Self.byteCount / 8)
        load()
    }

    deinit { unsafe munmap(words, Self.byteCount) }

    private func load() {
        guard unsafe words[Word.version] == Self.version else {
            unsafe words.update(repeating: 0, count: Self.byteCount / 8)
            unsafe words[Word.version] = Self.version
            return
        }
        for index in 0..<Self.entryLimit {
            let entry = Word.entries + index * Word.perEntry
            if let work = work(at: entry) { traps.append((work, Int(unsafe words[entry + 3]))) }
        }
        if unsafe words[Word.signal] != 0, let work = work(at: Word.kind) { count(work) }
        unsafe words[Word.signal] = 0
        end()
    }

    private func work(at index: Int) -> TrapWork? {
        guard let kind = TrapWork.Kind(rawValue: unsafe words[index]) else { return nil }
        return TrapWork(
            kind: kind, partition: Int32(truncatingIfNeeded: unsafe words[index + 1]), number: unsafe words[index + 2])
    }

    private func count(_ work: TrapWork) {
        let known = traps.firstIndex { $0.work == work }.map { traps.remove(at: $0).count } ?? 0
        if traps.count >= Self.entryLimit { traps.removeFirst() }
        traps.append((work, known + 1))
        for (index, trap) in traps.enumerated() {
            let entry = Word.entries + index * Word.perEntry
            unsafe words[entry] = trap.work.kind.rawValue
            unsafe words[entry + 1] = Int64(trap.work.partition)
            unsafe words[entry + 2] = trap.work.number
            unsafe words[entry + 3] = Int64(trap.count)
        }
    }

    /// Counts traps of the calling thread. Called by the turn thread when it starts.
    package func watchThread() throws(StoreError) {
        let mark = unsafe UnsafeMutableRawPointer(words + Word.signal).assumingMemoryBound(to: UInt64.self)
        let error = unsafe tributary_mark_traps(mark)
        errno = error
        guard error == 0 else { throw StoreDirectory.failure("watching for traps") }
    }

    package func begin(_ work: TrapWork) -> Int {
        unsafe words[Word.kind] = work.kind.rawValue
        unsafe words[Word.partition] = Int64(work.partition)
        unsafe words[Word.number] = work.number
        guard !traps.isEmpty else { return 0 }
        return traps.first { $0.work == work }?.count ?? 0
    }

    package func end() { unsafe words[Word.kind] = 0 }
}
