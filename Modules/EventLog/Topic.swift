/// What a topic is created with. The catalogue in `Contracts` makes these; both logs carry them out.
package struct TopicSpecification: Sendable, Hashable {
    package enum Cleanup: Sendable, Hashable {
        /// Records older than the retention are deleted; `nil` keeps them for ever.
        case delete(retentionMilliseconds: Int64?)
        /// The last record of each key is kept, and for `minimumLagMilliseconds` every record; a deletion at least for
        /// `deletionRetentionMilliseconds`.
        case compact(minimumLagMilliseconds: Int64)
    }

    /// How long a compacted topic still tells of a deletion, at least: a store is trusted for half of that time, and a
    /// restore has the other half.
    package static let deletionRetentionMilliseconds: Int64 = 24 * 3_600_000

    package var name: String
    package var partitions: Int32
    package var cleanup: Cleanup
    /// The largest record that the topic takes, in bytes.
    package var maximumRecordBytes: Int
    /// What else the log deletes records by, in its own words, such as `cleanup.policy=compact,delete`; `nil` where
    /// `cleanup` says it all. Only found, never asked for.
    package var alsoDeletesBy: String?
    /// What of the log's settings breaks a promise that every topic of its kind gives. Only found, never asked for.
    package var unfitSettings: [UnfitSetting]

    package init(
        name: String, partitions: Int32, cleanup: Cleanup, maximumRecordBytes: Int = 1 << 20,
        alsoDeletesBy: String? = nil, unfitSettings: [UnfitSetting] = []
    ) {
        self.name = name
        self.partitions = partitions
        self.cleanup = cleanup
        self.maximumRecordBytes = maximumRecordBytes
        self.alsoDeletesBy = alsoDeletesBy
        self.unfitSettings = unfitSettings
    }
}

package struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var topic: String
    package var partition: Int32

    package init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    package var description: String { "\(topic)/\(partition)" }

    package static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}
