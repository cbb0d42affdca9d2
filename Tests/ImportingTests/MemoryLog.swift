import EventLog
import Synchronization

/// A log in memory: topics and records, nothing else.
final class MemoryLog: EventLog {
    struct Content {
        var topics: [String: TopicSpecification] = [:]
        var records: [TopicPartition: [LogRecord]] = [:]
        var transactions = 0
        /// Appends fail from this many transactions on.
        var failsAfter = Int.max
    }

    let content = Mutex(Content())

    func createTopics(_ topics: [TopicSpecification]) throws(LogError) {
        content.withLock { content in for topic in topics { content.topics[topic.name] = topic } }
    }

    func topics() throws(LogError) -> [String: TopicSpecification] { content.withLock { $0.topics } }

    func partitionCount(of topic: String) throws(LogError) -> Int32 {
        guard let count = content.withLock({ $0.topics[topic]?.partitions }) else {
            throw LogError(.unknownTopic, .fatal, topic)
        }
        return count
    }

    func producer(identity: String) throws(LogError) -> any LogProducer { MemoryProducer(log: self) }
    func reader(for use: ReaderUse) throws(LogError) -> any LogReader { MemoryReader(log: self) }

    func endOffsets(of topic: String) throws(LogError) -> [Int64] {
        let count = try partitionCount(of: topic)
        return content.withLock { content in
            (0..<count).map { Int64(content.records[TopicPartition(topic, $0)]?.count ?? 0) }
        }
    }

    func committedOffsets(group: String, topic: String) throws(LogError) -> [Int64?] { [] }

    func session(_ configuration: SessionConfiguration) throws(LogError) -> any TurnSession {
        throw LogError(.invalidState, .fatal, "no sessions here")
    }

    func close() {}

    /// Every record of a topic, partition after partition.
    func records(of topic: String) -> [LogRecord] {
        content.withLock { content in
            content.records.filter { $0.key.topic == topic }.sorted { $0.key < $1.key }.flatMap(\.value)
        }
    }

    func append(_ records: [OutgoingRecord]) throws(LogError) -> [TopicPartition: Int64] {
        var ends: [TopicPartition: Int64] = [:]
        let fails = content.withLock { content in
            guard content.transactions < content.failsAfter else { return true }
            content.transactions += 1
            for record in records {
                let place = TopicPartition(record.topic, record.partition)
                let offset = Int64(content.records[place]?.count ?? 0)
                content.records[place, default: []].append(
                    LogRecord(
                        topic: record.topic, partition: record.partition, offset: offset, appendTimeMilliseconds: 0,
                        key: record.key, value: record.value, headers: record.headers))
                ends[place] = offset + 1
            }
            return false
        }
        if fails { throw LogError(.storage, .fatal, "as told") }
        return ends
    }
}

final class MemoryProducer: LogProducer {
    private let log: MemoryLog
    init(log: MemoryLog) { self.log = log }
    func append(_ records: [OutgoingRecord]) throws(LogError) -> [TopicPartition: Int64] { try log.append(records) }
    func close() {}
}

final class MemoryReader: LogReader {
    private let log: MemoryLog
    private var at: [TopicPartition: Int64] = [:]
    init(log: MemoryLog) { self.log = log }
    func assign(_ positions: [TopicPartition: Int64]) throws(LogError) { at = positions }

    func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord] {
        var output: [LogRecord] = []
        log.content.withLock { content in
            for (place, position) in at.sorted(by: { $0.key < $1.key }) {
                let new = (content.records[place] ?? []).dropFirst(Int(position)).prefix(maximum - output.count)
                output += new
                at[place] = position + Int64(new.count)
            }
        }
        return output
    }

    func positions() throws(LogError) -> [TopicPartition: Int64] { at }
    func close() {}
}
