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
}

/// Measures lag from the log alone: committed positions, ends, and the oldest unread record itself. Nothing is extrapolated.
/// Belongs to one thread.
package final class LagProbe {
    /// How long it waits for the oldest unread record of a partition. One that does not come in time is counted with an age
    /// of 0 as if there were none: on Kafka, mostly markers that no reader sees.
    static let patience = Duration.seconds(2)

    private let log: any EventLog
    private let catalogue: TopicCatalogue
    private let now: () -> Int64
    private var reader: (any LogReader)?

    /// - Parameter now: wall time in milliseconds since 1970.
    package init(log: any EventLog, catalogue: TopicCatalogue, now: @escaping () -> Int64) {
        self.log = log
        self.catalogue = catalogue
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
            let end = ends[Int(partition)]
            let position = (Int(partition) < committed.count ? committed[Int(partition)] : nil) ?? 0
            let oldest =
                position < end ? try oldestUnread(TopicPartition(topic, partition), from: position, end: end) : nil
            found.append(
                PartitionLag(
                    partition: partition, position: position, end: end, records: oldest.map { end - $0.offset } ?? 0,
                    oldestMilliseconds: oldest?.time,
                    seconds: oldest.map { Double(max(0, now() - $0.time)) / 1_000 } ?? 0))
        }
        // What came beside the records that were wanted is let go; where that fails, the next measurement tells.
        _ = Result { () throws(LogError) in try reader?.assign([:]) }
        return found
    }

    private func oldestUnread(_ place: TopicPartition, from position: Int64, end: Int64) throws(LogError)
        -> (offset: Int64, time: Int64)?
    {
        let reader = try openReader()
        try reader.assign([place: position])
        let deadline = ContinuousClock.now + LagProbe.patience
        while ContinuousClock.now < deadline {
            if let record = try reader.read(maximum: 1, timeout: .milliseconds(50)).first {
                return (record.offset, record.appendTimeMilliseconds)
            }
            if try reader.positions()[place] ?? 0 >= end { return nil }
        }
        return nil
    }

    private func openReader() throws(LogError) -> any LogReader {
        if let reader { return reader }
        let opened = try log.reader(for: .glance)
        reader = opened
        return opened
    }
}
