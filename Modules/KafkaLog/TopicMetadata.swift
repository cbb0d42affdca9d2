import CRdkafka
import EventLog
import Glibc

/// What the cluster says of its topics' partitions.
enum TopicMetadata {
    /// The pause between two questions while a topic's leaders are being elected.
    static let pollIntervalMicroseconds: UInt32 = 20_000

    /// One topic as the cluster describes it.
    struct Topic {
        var partitions: Int32
        /// The fewest that a partition has, in sync or not.
        var replicas: Int32
        /// Every partition has a leader.
        var isReady: Bool
        var code: rd_kafka_resp_err_t
    }

    /// The number of partitions of a topic, asked through its handle, so that the handle's client knows it from now on.
    /// `unknownTopic` where it does not exist.
    static func partitionCount(
        of name: String, topic: OpaquePointer, handle: KafkaHandle, deadline: ContinuousClock.Instant
    ) throws(LogError) -> Int32 {
        let wait = handle.wait(until: deadline)
        while true {
            let found = try unsafe ask(handle, topic: topic, wait)[name]
            if let found {
                if found.code == RD_KAFKA_RESP_ERR_NO_ERROR, found.partitions > 0 { return found.partitions }
                if !KafkaFailure.isTransient(found.code), found.code != RD_KAFKA_RESP_ERR_NO_ERROR {
                    let failure = KafkaFailure(code: found.code)
                    throw LogError(KafkaFailure.code(of: found.code), .fatal, "topic \(name): \(failure.text)")
                }
            }
            if wait.isOver { throw handle.timedOut("asking for topic \(name)") }
            usleep(pollIntervalMicroseconds)
        }
    }

    /// Every topic of the cluster, by name.
    static func all(_ handle: KafkaHandle, deadline: ContinuousClock.Instant) throws(LogError) -> [String: Topic] {
        try unsafe ask(handle, topic: nil, handle.wait(until: deadline))
    }

    private static func ask(_ handle: KafkaHandle, topic: OpaquePointer?, _ wait: ClusterWait) throws(LogError)
        -> [String: Topic]
    {
        while true {
            var answer: UnsafePointer<rd_kafka_metadata>?
            let all: Int32 = unsafe topic == nil ? 1 : 0
            let code = unsafe rd_kafka_metadata(
                handle.pointer, all, topic, &answer, wait.slice(ClusterWait.longestQuestion))
            if code == RD_KAFKA_RESP_ERR_NO_ERROR, let answer = unsafe answer {
                defer { unsafe rd_kafka_metadata_destroy(answer) }
                return unsafe topics(of: answer)
            }
            let failure = KafkaFailure(code: code)
            guard failure.isRetriable else { throw failure.logError(during: "asking for topics") }
            if wait.isOver { throw handle.timedOut("asking for topics") }
            usleep(pollIntervalMicroseconds)
        }
    }

    private static func topics(of answer: UnsafePointer<rd_kafka_metadata>) -> [String: Topic] {
        var topics: [String: Topic] = [:]
        let count = unsafe Int(answer.pointee.topic_cnt)
        for index in 0..<count {
            let topic = unsafe answer.pointee.topics[index]
            let partitions = unsafe UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
            unsafe topics[String(cString: topic.topic)] = Topic(
                partitions: topic.partition_cnt, replicas: partitions.map { unsafe $0.replica_cnt }.min() ?? 0,
                isReady: partitions.allSatisfy { unsafe $0.leader >= 0 }, code: topic.err)
        }
        return topics
    }
}
