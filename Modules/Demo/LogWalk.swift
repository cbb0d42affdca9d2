import Contracts
import EventLog

/// Reads topics from their start to their end.
struct LogWalk {
    let log: any EventLog
    let catalogue: TopicCatalogue

    func each(_ topic: Topic, _ body: (LogRecord) throws -> Void) throws {
        let name = catalogue.name(of: topic)
        let ends = try log.endOffsets(of: name)
        var wanted: [TopicPartition: Int64] = [:]
        for (partition, end) in ends.enumerated() where end > 0 { wanted[TopicPartition(name, Int32(partition))] = 0 }
        guard !wanted.isEmpty else { return }
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign(wanted)
        while try reader.positions().contains(where: { $0.value < ends[Int($0.key.partition)] }) {
            for record in try reader.read(maximum: 5_000, timeout: .milliseconds(500)) { try body(record) }
        }
    }

    /// `referral.v1/3/1234`
    func position(of record: LogRecord) -> String {
        "\(record.topic.dropFirst(catalogue.prefix.utf8.count + 1))/\(record.partition)/\(record.offset)"
    }

    /// Whether the routing key that the record carries belongs into another partition.
    func isElsewhere(_ record: LogRecord) -> Bool {
        guard let key = record.header(HeaderName.key) ?? record.key else { return false }
        return Partitioner.partition(of: key, count: catalogue.partitions) != record.partition
    }
}
