internal import Glibc

/// Sorts any number of entries in bounded memory: full buffers go sorted to a temporary file, and all of them are merged
/// while they are read. Two entries of one key keep no order; the caller makes keys distinct. Not thread-safe.
package final class SpillSorter {
    package struct Key: Sendable, Hashable, Comparable {
        package var time: Int64
        package var sequence: UInt64

        package init(time: Int64, sequence: UInt64) {
            self.time = time
            self.sequence = sequence
        }

        package static func < (left: Key, right: Key) -> Bool {
            left.time != right.time ? left.time < right.time : left.sequence < right.sequence
        }
    }

    private struct Entry {
        var key: Key
        var start: Int
        var count: Int
    }

    /// A sorted part of the file.
    private struct Run {
        var position: Int64
        var end: Int64
        var buffer: [UInt8] = []
        var offset = 0
        var key = Key(time: 0, sequence: 0)
        var body = 0..<0
    }

    /// Entries are kept in memory up to this many bytes.
    package static let bufferBytes = 24 << 20
    /// Each run is read in pieces of this many bytes.
    private static let pieceBytes = 64 << 10
    private static let headBytes = 24

    private let directory: String
    private let limit: Int
    private var buffer: [UInt8] = []
    private var entries: [Entry] = []
    private var descriptor: Int32 = -1
    private var fileEnd: Int64 = 0
    private var runs: [Run] = []
    /// Indices of runs with a current entry, the smallest key first.
    private var heap: [Int] = []
    private var memoryIndex = 0
    private var isReading = false

    /// - Parameter directory: where the temporary file goes; it has no name there, and vanishes with the process.
    package init(directory: String, bufferBytes: Int = SpillSorter.bufferBytes) {
        self.directory = directory
        limit = bufferBytes
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether everything fitted into memory.
    package var isInMemory: Bool { runs.isEmpty }

    package func add(_ key: Key, _ write: (inout [UInt8]) -> Void) throws(InputError) {
        precondition(!isReading, "entries are added before the first is read")
        let start = buffer.count
        write(&buffer)
        entries.append(Entry(key: key, start: start, count: buffer.count - start))
        if buffer.count >= limit { try spill() }
    }

    // MARK: Writing

    private func spill() throws(InputError) {
        if descriptor < 0 { try openFile() }
        entries.sort { $0.key < $1.key }
        let start = fileEnd
        var piece: [UInt8] = []
        piece.reserveCapacity(1 << 20)
        for entry in entries {
            append(UInt64(bitPattern: entry.key.time), to: &piece)
            append(entry.key.sequence, to: &piece)
            append(UInt64(entry.count), to: &piece)
            piece += buffer[entry.start..<entry.start + entry.count]
            if piece.count >= 1 << 20 { try flush(&piece) }
        }
        try flush(&piece)
        runs.append(Run(position: start, end: fileEnd))
        buffer.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }

    private func append(_ number: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private func openFile() throws(InputError) {
        let path = "\(directory)/.import-\(getpid())-\(UInt(bitPattern: ObjectIdentifier(self).hashValue)).sort"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("a temporary file cannot be made there") }
        unsafe unlink(path)
    }

    private func flush(_ piece: inout [UInt8]) throws(InputError) {
        var written = 0
        while written < piece.count {
            let count = unsafe piece.withUnsafeBytes { bytes in
                unsafe pwrite(
                    descriptor, bytes.baseAddress.map { unsafe $0 + written }, bytes.count - written,
                    off_t(fileEnd) + off_t(written))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("a temporary file cannot be written") }
            written += count
        }
        fileEnd += Int64(piece.count)
        piece.removeAll(keepingCapacity: true)
    }

    private func failure(_ message: String) -> InputError {
        let reason = unsafe String(cString: strerror(errno))
        return InputError(.notRead, file: directory, message: "\(message): \(reason)")
    }

    // MARK: Reading

    /// The next entry in order; `nil` at the end.
    package func next<Result>(_ read: (Key, ArraySlice<UInt8>) -> Result) throws(InputError) -> Result? {
        if !isReading { try beginReading() }
        guard !runs.isEmpty else {
            guard memoryIndex < entries.count else { return nil }
            let entry = entries[memoryIndex]
            memoryIndex += 1
            return read(entry.key, buffer[entry.start..<entry.start + entry.count])
        }
        guard let index = heap.first else { return nil }
        let result = read(runs[index].key, runs[index].buffer[runs[index].body])
        if try advance(index) {
            siftDown(0)
        } else {
            heap.swapAt(0, heap.count - 1)
            heap.removeLast()
            runs[index].buffer = []
            siftDown(0)
        }
        return result
    }

    private func beginReading() throws(InputError) {
        isReading = true
        guard !runs.isEmpty else {
            entries.sort { $0.key < $1.key }
            return
        }
        if !entries.isEmpty { try spill() }
        buffer = []
        entries = []
        for index in runs.indices where try advance(index) { heap.append(index) }
        for index in stride(from: heap.count / 2, through: 0, by: -1) { siftDown(index) }
    }

    private func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && runs[heap[child]].key < runs[heap[least]].key {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    /// Moves a run to its next entry; `false` at its end.
    private func advance(_ index: Int) throws(InputError) -> Bool {
        runs[index].offset = runs[index].body.upperBound
        guard try fill(index, SpillSorter.headBytes) else { return false }
        let start = runs[index].offset
        runs[index].key = Key(time: Int64(bitPattern: number(index, start)), sequence: number(index, start + 8))
        let count = Int(number(index, start + 16))
        guard try fill(index, SpillSorter.headBytes + count) else { return false }
        let body = runs[index].offset + SpillSorter.headBytes
        runs[index].body = body..<body + count
        return true
    }

    private func number(_ index: Int, _ offset: Int) -> UInt64 {
        var number: UInt64 = 0
        for byte in 0..<8 { number |= UInt64(runs[index].buffer[offset + byte]) << UInt64(byte * 8) }
        return number
    }

    /// Makes `count` bytes from the run's offset on available; `false` at its end.
    private func fill(_ index: Int, _ count: Int) throws(InputError) -> Bool {
        while runs[index].buffer.count - runs[index].offset < count {
            guard runs[index].position < runs[index].end else { return false }
            runs[index].buffer.removeFirst(runs[index].offset)
            runs[index].body = 0..<0
            runs[index].offset = 0
            let wanted = min(
                Int(runs[index].end - runs[index].position), max(SpillSorter.pieceBytes, count))
            let start = runs[index].buffer.count
            runs[index].buffer.append(contentsOf: repeatElement(0, count: wanted))
            let position = runs[index].position
            let got = unsafe runs[index].buffer.withUnsafeMutableBytes { bytes in
                unsafe pread(descriptor, bytes.baseAddress.map { unsafe $0 + start }, wanted, off_t(position))
            }
            guard got > 0 else { throw failure("a temporary file cannot be read") }
            runs[index].buffer.removeLast(wanted - got)
            runs[index].position += Int64(got)
        }
        return true
    }
}
