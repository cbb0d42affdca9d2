import EventLog
import Glibc
import Synchronization

/// Where the records that this process committed lie, so that it can read what it wrote: a commit is acknowledged before
/// the partitions have its markers, and for a few milliseconds their ends do not show it.
final class CommittedOffsets: Sendable {
    /// How long to wait for markers. Another writer's open transaction may hold them back for its whole time.
    static let patience = Duration.seconds(1)
    /// Between two questions: at first, and at most. A broker that is slow with its markers is not helped by being asked.
    private static let pollMicroseconds: (first: UInt32, longest: UInt32) = (500, 16_000)

    private let next = Mutex<[String: [Int32: Int64]]>([:])

    /// Takes note of a committed transaction.
    func note(_ producer: TransactionalProducer) {
        for topic in producer.writtenTopics {
            let offsets = producer.nextOffsets(of: topic)
            next.withLock { $0[topic, default: [:]].merge(offsets) { max($0, $1) } }
        }
    }

    /// The stable ends of a topic, once they show what this process committed or the patience is at its end.
    @discardableResult
    func awaitReadable(_ topic: String, partitions: Int32, admin: KafkaAdmin) throws(LogError) -> [Int64] {
        let wanted = next.withLock { $0[topic] } ?? [:]
        let deadline = ContinuousClock.now + Self.patience
        var pause = Self.pollMicroseconds.first
        while true {
            let ends = try admin.stableEnds(of: topic, partitions: Array(0..<partitions))
            let isReadable = wanted.allSatisfy { Int($0.key) >= ends.count || ends[Int($0.key)] >= $0.value }
            if isReadable || deadline.hasPassed { return ends }
            usleep(pause)
            pause = min(2 * pause, Self.pollMicroseconds.longest)
        }
    }
}
