import CRdkafka
import EventLog

/// Keeps the fetch queues of a client's partitions filled.
///
/// In this library version a fetching thread that found the queue full sleeps up to a second, and draining the queue
/// does not wake it: a busy reader with a small queue stands still most of the time. Any request to the leader wakes
/// the thread, so one is sent when the queue has fallen to its half and the partitions are known to hold more.
///
/// Safe because the handle outlives this.
@safe struct FetchAhead {
    /// How long the answer is waited for. It does not matter, and may stand behind a fetch that waits for records.
    private static let timeoutMilliseconds: Int32 = 1
    /// What a partition must hold beyond the waiting records, or half a queue where that is less. Offsets are no count of
    /// records: of a writer with one record a transaction every other offset is a marker.
    private static let missingRecords = 1000
    /// The shortest time between two requests, and where nothing has come since the last one: a leader that is away gets them
    /// all when it is back, and records behind an open transaction are not to be had.
    private static let interval = Duration.milliseconds(10)
    private static let idleInterval = Duration.milliseconds(100)

    private let handle: KafkaHandle
    private let limitBytes: Int
    private var records = 0
    private var bytes = 0
    private var last: ContinuousClock.Instant
    /// Whether records came since then.
    private var hasProgress = true

    /// - Parameter limitBytes: of the queue of each partition, or of the one that all share.
    init(handle: KafkaHandle, limitBytes: Int) {
        self.handle = handle
        self.limitBytes = limitBytes
        last = .now
    }

    /// Takes note of what was read, to know how large the waiting records are.
    mutating func note(_ record: borrowing LogRecord) {
        hasProgress = true
        records += 1
        bytes += (record.value?.count ?? 0) + (record.key?.count ?? 0)
        if records > 1 << 20 {
            records /= 2
            bytes /= 2
        }
    }

    /// Wakes the fetching threads where of a partition fewer records wait than half the limit and it holds more.
    ///
    /// - Parameter places: those that are read, with the next offset that is wanted and the number of records that wait in
    ///   their queue.
    mutating func refill(_ places: some Sequence<(place: TopicPartition, offset: Int64, waiting: Int)>) {
        guard records > 0 else { return }
        let now = ContinuousClock.now
        guard now - last >= (hasProgress ? Self.interval : Self.idleInterval) else { return }
        let behind = places.filter { isBehind($0.place, $0.offset, waiting: $0.waiting) }.map(\.place)
        guard !behind.isEmpty else { return }
        last = now
        hasProgress = false
        wake(behind)
    }

    private func isBehind(_ place: TopicPartition, _ offset: Int64, waiting: Int) -> Bool {
        let half = limitBytes / 2 / (bytes / records + 1)
        guard waiting < half else { return false }
        var first: Int64 = 0
        var end: Int64 = 0
        // What the last fetch told; asks nobody.
        let code = unsafe rd_kafka_get_watermark_offsets(handle.pointer, place.topic, place.partition, &first, &end)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && end - offset > Int64(2 * waiting + min(half, Self.missingRecords))
    }

    /// Wakes the threads that fetch these partitions.
    func wake(_ places: [TopicPartition]) {
        let list = PartitionList(capacity: places.count)
        for place in places { list.add(place.topic, place.partition, offset: Int64(RD_KAFKA_OFFSET_END)) }
        unsafe rd_kafka_offsets_for_times(handle.pointer, list.pointer, Self.timeoutMilliseconds)
    }
}
