/// A member of a consumer group, as the log knows it.
package struct GroupMember: Sendable, Hashable {
    /// Who the member says it is.
    package var identity: String
    /// From where it is connected; empty where that is this process.
    package var host: String
    /// Of the topic asked about, ascending.
    package var partitions: [Int32]

    package init(identity: String, host: String, partitions: [Int32]) {
        self.identity = identity
        self.host = host
        self.partitions = partitions
    }
}

/// A log that tells who owns what. For people who look: nothing may be decided by it, it is over when it is read.
package protocol GroupDescribing: AnyObject {
    /// The members of `group` with their partitions of `topic`, by identity; empty where the group has none.
    func members(ofGroup group: String, topic: String) throws(LogError) -> [GroupMember]
}
