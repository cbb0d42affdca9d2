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
    /// Jobs of one partition that wait in memory; the rest waits in its store.
    package var jobsPerPartition: Int
    /// Jobs whose results are written together.
    package var batchSize: Int

    package init(
        session: String, sender: MessageSender = MessageSender(), staleAfter: TimeSpan = .days(7),
        sendsHistory: Bool = false, jobsPerPartition: Int = 1_024, batchSize: Int = 512
    ) {
        self.session = session
        self.sender = sender
        self.staleAfter = staleAfter
        self.sendsHistory = sendsHistory
        self.jobsPerPartition = jobsPerPartition
        self.batchSize = batchSize
    }
}
