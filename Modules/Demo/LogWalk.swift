import Contracts
import EventLog

/// Reads topics from their start to their end.
struct LogWalk {
    let log: any EventLog
    let catalogue: TopicCatalogue

    func each(_ topic: Topic, _ body: (LogRecord) throws -> Void) throws {
        try log.readThrough(catalogue.name(of: topic), body)
    }

    /// `referral.v1/3/1234`
    func position(of record: LogRecord) -> String {
        EventPosition(of: record, prefix: catalogue.prefix).description
    }

    /// Whether the routing key that the record carries belongs into another partition.
    func isElsewhere(_ record: LogRecord) -> Bool {
        guard let key = record.header(HeaderName.key) ?? record.key else { return false }
        return Partitioner.partition(of: key, count: catalogue.partitions) != record.partition
    }
}
