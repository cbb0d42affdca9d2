import EventLog

/// Reads committed records from explicit positions, partition after partition in turn. Used by one thread.
final class EmbeddedReader: LogReader {
    private let log: EmbeddedLog
    private let fetcher: RecordFetcher
    private var cursors: [FetchCursor] = []
    private var turn = 0

    init(log: EmbeddedLog) {
        self.log = log
        fetcher = RecordFetcher(log: log)
    }

    func assign(_ positions: [TopicPartition: Int64]) throws(LogError) {
        var cursors: [FetchCursor] = []
        for (place, position) in positions.sorted(by: { $0.key < $1.key }) {
            let partition = try log.topicLog(place.topic).partition(place.partition)
            // 0 is the start, also where retention has moved it.
            let start = position == 0 ? log.monitor.locked { partition.first } : position
            cursors.append(FetchCursor(partition: partition, next: start))
        }
        self.cursors = cursors
        turn = 0
    }

    func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord] {
        let deadline = ContinuousClock.now + timeout
        while true {
            let found = try fetcher.fetch(&cursors, turn: &turn, maximum: maximum)
            if !found.isEmpty { return found }
            let isInTime = try log.monitor.locked { () throws(LogError) in
                while !cursors.contains(where: \.hasMore) {
                    if let error = log.unusable { throw error }
                    guard log.monitor.wait(for: .news, until: deadline) else { return false }
                }
                return true
            }
            if !isInTime { return [] }
        }
    }

    func positions() throws(LogError) -> [TopicPartition: Int64] {
        Dictionary(uniqueKeysWithValues: cursors.map { ($0.partition.place, $0.next) })
    }

    func close() { fetcher.close() }
}

/// Where a reader stands in a partition.
struct FetchCursor {
    let partition: PartitionLog
    var next: Int64

    /// Called inside the monitor.
    var hasMore: Bool { partition.end > next }
}

extension RecordFetcher {
    /// Up to `maximum` records of several partitions; the one that comes first changes from call to call.
    func fetch(_ cursors: inout [FetchCursor], turn: inout Int, maximum: Int) throws(LogError) -> [LogRecord] {
        var found: [LogRecord] = []
        guard !cursors.isEmpty else { return found }
        let first = turn % cursors.count
        turn = first + 1
        // No partition may take everything while others wait, as long as there are others.
        let share = max(1, maximum / cursors.count)
        var bytes = 0
        for limit in cursors.count > 1 ? [share, maximum] : [maximum] {
            for step in 0..<cursors.count where found.count < maximum && bytes <= Self.maximumBytes {
                let index = (first + step) % cursors.count
                let fetch = try fetch(
                    cursors[index].partition, from: cursors[index].next, maximum: min(limit, maximum - found.count))
                cursors[index].next = fetch.next
                bytes += fetch.bytes
                if found.isEmpty { found = fetch.records } else { found.append(contentsOf: fetch.records) }
            }
        }
        return found
    }
}
