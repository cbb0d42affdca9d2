package import Contracts
package import EventLog

/// How far a worker is behind in one partition.
package struct PartitionLag: Sendable, Hashable {
    package var partition: Int32
    /// The next offset that the worker's group has not committed.
    package var position: Int64
    package var end: Int64
    /// Records between the two. On Kafka a transaction's marker takes an offset too: markers behind the oldest unread record
    /// count as records.
    package var records: Int64
    /// When the log took the oldest unread record, in milliseconds since 1970; `nil` where none is unread.
    package var oldestMilliseconds: Int64?
    /// Age of that record in seconds; 0 where none is unread.
    package var seconds: Double
    /// Nobody can read these records yet: the oldest is the first of an open transaction. For a moment that is nothing special.
    package var isHeld = false
}

/// Measures lag from the log alone: committed positions, ends, and the oldest unread record itself. Nothing is extrapolated.
/// Belongs to one thread.
package final class LagProbe {
    /// How long it waits for the oldest unread record of a partition.
    static let patience = Duration.seconds(10)

    private let log: any EventLog
    private let catalogue: TopicCatalogue
    private let now: () -> Int64
    private let asksAtOnce: Bool
    private var reader: (any LogReader)?
    /// Where each partition ended in the measurement before.
    private var ends: [TopicPartition: Int64] = [:]

    /// - Parameters:
    ///   - asksAtOnce: open transactions are asked for in the first measurement, too. Else where nothing came to be readable
    ///     since the one before: on a busy log there is one at most times, and it costs a client of its own.
    ///   - now: wall time in milliseconds since 1970.
    package init(
        log: any EventLog, catalogue: TopicCatalogue, asksAtOnce: Bool = false, now: @escaping () -> Int64
    ) {
        self.log = log
        self.catalogue = catalogue
        self.asksAtOnce = asksAtOnce
        self.now = now
    }

    package func close() {
        reader?.close()
        reader = nil
    }

    /// The lag of the worker's group in the partitions given, or in all of its input.
    package func measure(_ worker: WorkerName, partitions: [Int32]? = nil) throws(LogError) -> [PartitionLag] {
        let topic = catalogue.name(of: worker.input)
        let ends = try log.endOffsets(of: topic)
        let committed = try log.committedOffsets(
            group: WorkerGroup.name(worker, prefix: catalogue.prefix), topic: topic)
        var found: [PartitionLag] = []
        for partition in partitions ?? Array(0..<Int32(ends.count)) where Int(partition) < ends.count {
            let position = (Int(partition) < committed.count ? committed[Int(partition)] : nil) ?? 0
            found.append(try lag(of: TopicPartition(topic, partition), position: position, end: ends[Int(partition)]))
        }
        // What came beside the records that were wanted is let go; where that fails, the next measurement tells.
        _ = Result { () throws(LogError) in try reader?.assign([:]) }
        return try addHeld(to: found, of: topic)
    }

    private func lag(of place: TopicPartition, position: Int64, end: Int64) throws(LogError) -> PartitionLag {
        let oldest = position < end ? try oldest(of: place, from: position, below: end) : nil
        return PartitionLag(
            partition: place.partition, position: position, end: end, records: oldest.map { end - $0.offset } ?? 0,
            oldestMilliseconds: oldest?.appendTimeMilliseconds,
            seconds: oldest.map { age($0.appendTimeMilliseconds) } ?? 0)
    }

    private func oldest(of place: TopicPartition, from position: Int64, below end: Int64) throws(LogError) -> LogRecord?
    {
        let reader = try openReader()
        do throws(LogError) {
            return try reader.first(of: place, from: position, below: end, within: LagProbe.patience)
        } catch {
            guard error.code == .offsetOutOfRange else { throw error }
            // Its records were deleted unread, which its worker says; those that are left wait.
            return try reader.first(of: place, from: 0, below: end, within: LagProbe.patience)
        }
    }

    /// Where all is read that can be read, records may wait behind an open transaction.
    private func addHeld(to measured: [PartitionLag], of topic: String) throws(LogError) -> [PartitionLag] {
        let idle = measured.filter { lag in
            let before = ends.updateValue(lag.end, forKey: TopicPartition(topic, lag.partition))
            return lag.records == 0 && (asksAtOnce || before == lag.end)
        }.map(\.partition)
        guard !idle.isEmpty, let log = log as? any OpenTransactionFinding else { return measured }
        let open = try log.openTransactions(of: topic, partitions: idle)
        return measured.map { lag in
            guard let transaction = open[lag.partition] else { return lag }
            return PartitionLag(
                partition: lag.partition, position: lag.position, end: transaction.end,
                records: transaction.end - transaction.firstOffset, oldestMilliseconds: transaction.sinceMilliseconds,
                seconds: age(transaction.sinceMilliseconds), isHeld: true)
        }
    }

    private func age(_ milliseconds: Int64) -> Double { Double(max(0, now() - milliseconds)) / 1_000 }

    private func openReader() throws(LogError) -> any LogReader {
        if let reader { return reader }
        let opened = try log.reader(for: .glance)
        reader = opened
        return opened
    }
}
