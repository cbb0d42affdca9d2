import EventLog

extension KafkaSession {
    func changelogBounds(_ partition: Int32) throws(LogError) -> (first: Int64, end: Int64) {
        try admin.bounds(of: TopicPartition(session.changelogTopic, partition), timeout: Self.boundsPatience)
    }

    func readChangelog(_ partition: Int32, from offset: Int64, maximum: Int, timeout: Duration) throws(LogError)
        -> ChangelogSlice
    {
        let reader: ChangelogReader
        if let changelog {
            reader = changelog
        } else {
            reader = try ChangelogReader(
                topic: session.changelogTopic, admin: admin, configuration: configuration,
                diagnostics: handle.diagnostics)
            changelog = reader
        }
        return try reader.read(partition, from: offset, maximum: maximum, timeout: timeout)
    }

    /// A partition runs: nothing more is read of its changelog, and nobody reads any where all of them run.
    func endRestore(of partition: Int32) {
        changelog?.release(partition)
        if ownership.partitions.allSatisfy({ !input.isPaused($0) }) { endRestores() }
    }

    func endRestores() {
        changelog?.close()
        changelog = nil
    }
}
