import EventLog

/// Records of one partition that were committed together and follow one another, as one run of bytes: what is packed
/// (`PackedBatch`) before it is kept.
///
/// Per record: how many offsets lie between the one before and this (0 but after a compaction), the key, the headers
/// and the value, each behind its length. The lengths of key and value are one more than they have bytes, and 0 for
/// none. All numbers are LEB128.
struct RecordBatch: Sendable {
    /// A batch that has so many bytes takes no further record; one larger record has a batch of its own.
    static let maximumBytes = 256 << 10

    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    /// Whether a record of so many bytes is to go into the next batch.
    func isFull(for byteCount: Int) -> Bool { count > 0 && bytes.count + byteCount > Self.maximumBytes }

    /// What a record takes beside its key, headers and value, at most.
    private static let overheadBytes = 32

    mutating func append(_ record: OutgoingRecord, byteCount: Int) {
        let needed = bytes.count + byteCount + Self.overheadBytes
        if needed > bytes.capacity { bytes.reserveCapacity(max(needed, min(2 * bytes.capacity, Self.maximumBytes))) }
        bytes.append(0)
        append(record.key)
        VariableLength.append(record.headers.bytes.count, to: &bytes)
        bytes.append(contentsOf: record.headers.bytes)
        append(record.value)
        count += 1
    }

    /// Forgets the records and keeps their room, unless a large record made it larger than most need.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= 2 * Self.maximumBytes)
        count = 0
    }

    private mutating func append(_ value: [UInt8]?) {
        guard let value else { return bytes.append(0) }
        VariableLength.append(value.count + 1, to: &bytes)
        bytes.append(contentsOf: value)
    }

    /// Appends a record of another batch as it is, `gap` offsets behind the one before.
    mutating func append(_ record: UnsafeRawBufferPointer, gap: Int) {
        VariableLength.append(gap, to: &bytes)
        unsafe bytes.append(contentsOf: record)
        count += 1
    }
}

/// Walks over the records of a batch. Whatever the bytes are, it reads within them.
///
/// Safe because it is used within the call only that lends the bytes.
@safe struct RecordBatchWalk {
    /// Where a record and its parts stand.
    struct Place {
        var offset: Int64
        /// The record but for what tells its offset.
        var whole: Range<Int>
        /// `nil` for none.
        var key: Range<Int>?
        var headers: Range<Int>
        /// `nil` for none.
        var value: Range<Int>?
    }

    private let bytes: UnsafeRawBufferPointer
    private let byteCount: Int
    private var index = 0
    private var nextOffset: Int64
    /// Set when the bytes are no batch.
    private(set) var isBroken = false

    init(_ bytes: UnsafeRawBufferPointer, base: Int64) {
        unsafe self.bytes = bytes
        byteCount = bytes.count
        nextOffset = base
    }

    /// The next record; `nil` at the end, or where the bytes are broken.
    mutating func next() -> Place? {
        guard index < byteCount else { return nil }
        guard let place = read() else {
            isBroken = true
            index = byteCount
            return nil
        }
        nextOffset = place.offset + 1
        return place
    }

    @inline(__always) private mutating func read() -> Place? {
        guard let gap = unsafe VariableLength.read(bytes, &index) else { return nil }
        let start = index
        guard let key = optional(), let headersLength = unsafe VariableLength.read(bytes, &index),
            headersLength <= byteCount - index
        else { return nil }
        let headers = index..<index + headersLength
        index += headersLength
        guard let value = optional() else { return nil }
        return Place(
            offset: nextOffset + Int64(gap), whole: start..<index, key: key.range, headers: headers, value: value.range)
    }

    @inline(__always) private mutating func optional() -> (range: Range<Int>?, Void)? {
        guard let length = unsafe VariableLength.read(bytes, &index) else { return nil }
        guard length > 0 else { return (nil, ()) }
        guard length - 1 <= byteCount - index else { return nil }
        defer { index += length - 1 }
        return (index..<index + length - 1, ())
    }
}

extension RecordFetcher.Fetch {
    /// Takes the records of a batch from `offset` on, up to `maximum` in all; `false` where the bytes are no batch.
    ///
    /// - Parameter isChecked: the headers were written by this process, or are known to be headers.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, of partition: PartitionLog, base: Int64, end: Int64, appendTime: Int64,
        from offset: Int64, maximum: Int, isChecked: Bool
    ) -> Bool {
        var walk = unsafe RecordBatchWalk(bytes, base: base)
        while records.count < maximum {
            guard let place = walk.next() else {
                next = end
                return !walk.isBroken
            }
            guard place.offset >= offset else { continue }
            let headers = unsafe UnsafeRawBufferPointer(rebasing: bytes[place.headers])
            if !isChecked, unsafe !LogHeaders.isWellFormed(headers) { return false }
            func copy(_ range: Range<Int>) -> [UInt8] {
                unsafe [UInt8](UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
            records.append(
                LogRecord(
                    topic: partition.topic, partition: partition.partition, offset: place.offset,
                    appendTimeMilliseconds: appendTime, key: place.key.map(copy), value: place.value.map(copy),
                    headers: unsafe LogHeaders(encoded: [UInt8](headers))))
            self.bytes += place.whole.count
            next = place.offset + 1
        }
        return true
    }
}
