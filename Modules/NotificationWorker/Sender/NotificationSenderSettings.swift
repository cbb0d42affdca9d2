package import Domain

/// How a sender works.
package struct NotificationSenderSettings: Sendable, Hashable {
    /// Names this sender among all that ever were: its events' source ends with it. A new process takes a new one.
    package var session: String
    package var sender: MessageSender
    /// A message that took effect longer ago, by the wall's time, is recorded as stale and not sent.
    package var staleAfter: TimeSpan
    /// Sends however old; only honoured for sinks that reach nobody.
    package var sendsHistory: Bool
    /// Jobs of one partition that wait in memory; the rest waits in its store. As many announced ones may wait beside them.
    package var jobsPerPartition: Int
    /// Jobs whose results are written together.
    package var batchSize: Int
    /// Where a repeated message would reach the recipient twice, results are written so often, whatever the batch: what a
    /// process that is killed has not written is sent again.
    package var resultInterval: Duration
    /// Attempts that are announced and not made, of all partitions: so many are taken for made when a process is killed.
    package var announcementLimit: Int
    /// How long a partition surely stays this process's after it was known to be: a share of the group's session time, behind
    /// which it may be another's. An announced attempt is begun within it.
    package var ownershipLimit: Duration

    package init(
        session: String, sender: MessageSender = MessageSender(), staleAfter: TimeSpan = .days(7),
        sendsHistory: Bool = false, jobsPerPartition: Int = 1_024, batchSize: Int = 512,
        resultInterval: Duration = .milliseconds(500), announcementLimit: Int = 128,
        ownershipLimit: Duration = .seconds(20)
    ) {
        self.session = session
        self.sender = sender
        self.staleAfter = staleAfter
        self.sendsHistory = sendsHistory
        self.jobsPerPartition = jobsPerPartition
        self.batchSize = batchSize
        self.resultInterval = resultInterval
        self.announcementLimit = announcementLimit
        self.ownershipLimit = ownershipLimit
    }
}
