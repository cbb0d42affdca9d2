/// An open transaction that stands in the way of a partition's readers.
package struct OpenTransaction: Sendable, Hashable {
    /// Its first record: nobody reads that, nor what stands behind it.
    package var firstOffset: Int64
    /// The offset after the partition's last record, of whatever transaction.
    package var end: Int64
    /// When the log took that first record, in milliseconds since 1970.
    package var sinceMilliseconds: Int64

    package init(firstOffset: Int64, end: Int64, sinceMilliseconds: Int64) {
        self.firstOffset = firstOffset
        self.end = end
        self.sinceMilliseconds = sinceMilliseconds
    }
}

/// A log in which a writer may die with its transaction open. For people who look: each may be over when it is read.
package protocol OpenTransactionFinding: AnyObject {
    /// The oldest open transaction in each of these partitions that has one.
    func openTransactions(of topic: String, partitions: [Int32]) throws(LogError) -> [Int32: OpenTransaction]
}
