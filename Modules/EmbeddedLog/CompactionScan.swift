import EventLog

/// Where a batch of the file stands.
struct StoredBatch {
    var base: Int64
    var end: Int64
    var appendTime: Int64
}

/// A key's fingerprint of 128 bits, seeded by the process: two keys of one partition do not share it by chance, and nobody
/// can make them.
struct KeyDigest: Hashable {
    private let first: Int
    private let second: Int

    init(_ key: UnsafeRawBufferPointer) {
        var hasher = Hasher()
        unsafe hasher.combine(bytes: key)
        first = hasher.finalize()
        hasher = Hasher()
        hasher.combine(first)
        unsafe hasher.combine(bytes: key)
        second = hasher.finalize()
    }
}

/// Walks over a partition's batches and makes those anew of which a compaction takes records out.
struct CompactionScan {
    /// A batch without the records that go; where none is left the batch goes as a whole.
    struct Changed {
        var base: Int64
        var records: PackedBatch
    }

    /// The next offset to look at.
    var next: Int64 = 0
    /// Records that stay, of those looked at.
    private(set) var kept: Int64 = 0
    private(set) var changed: [Changed] = []
    private(set) var changedBytes = 0

    private var scratch: [UInt8] = []
    private let latest: [KeyDigest: Int64]
    /// Where the compaction before ended.
    private let clean: Int64
    private let tombstonesBefore: Int64

    init(latest: [KeyDigest: Int64], clean: Int64, tombstonesBefore: Int64) {
        self.latest = latest
        self.clean = clean
        self.tombstonesBefore = tombstonesBefore
    }

    mutating func forgetChanged() {
        changed.removeAll(keepingCapacity: true)
        changedBytes = 0
    }

    /// `false` where the bytes are no batch.
    mutating func look(at batch: StoredBatch, _ bytes: UnsafeRawBufferPointer) -> Bool {
        var walk = unsafe RecordBatchWalk(bytes, base: batch.base)
        var (isChanged, stays) = (false, Int64(0))
        while let place = walk.next() {
            if unsafe isObsolete(place, batch, bytes) { isChanged = true } else { stays += 1 }
        }
        guard !walk.isBroken else { return false }
        kept += stays
        guard isChanged else { return true }
        var records = RecordBatch()
        var next = batch.base
        walk = unsafe RecordBatchWalk(bytes, base: batch.base)
        while let place = walk.next() {
            if unsafe isObsolete(place, batch, bytes) { continue }
            let record = unsafe UnsafeRawBufferPointer(rebasing: bytes[place.whole])
            unsafe records.append(record, gap: Int(place.offset - next))
            next = place.offset + 1
        }
        let packed = PackedBatch(records, scratch: &scratch)
        changed.append(Changed(base: batch.base, records: packed))
        changedBytes += packed.bytes.count
        return true
    }

    private func isObsolete(_ place: RecordBatchWalk.Place, _ batch: StoredBatch, _ bytes: UnsafeRawBufferPointer)
        -> Bool
    {
        guard let key = place.key else { return false }
        if place.value == nil, place.offset < clean, batch.appendTime < tombstonesBefore { return true }
        let digest = unsafe KeyDigest(UnsafeRawBufferPointer(rebasing: bytes[key]))
        return latest[digest].map { $0 > place.offset } ?? false
    }
}
