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
}
