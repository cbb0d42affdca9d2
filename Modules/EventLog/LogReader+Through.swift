extension LogReader {
    /// Reads every record from the positions given up to the ends given, in the partitions that both name.
    ///
    /// - Parameter patience: how long the log may bring nothing before its end; then it is `timedOut`.
    package func readThrough(
        from positions: [TopicPartition: Int64], to ends: [TopicPartition: Int64],
        patience: Duration = ReadThrough.patience, _ body: (LogRecord) throws -> Void
    ) throws {
        let reading = ReadThrough(from: positions, to: ends, patience: patience) { self }
        while reading.remaining > 0 {
            for record in try reading.next(wait: .milliseconds(200)) { try body(record) }
        }
    }
}

extension EventLog {
    /// Reads every record of a topic that is committed when the call begins.
    ///
    /// - Parameter start: the first offset wanted of each partition, as `endOffsets` gave it earlier; from the start of
    ///   those that it does not name.
    package func readThrough(
        _ topic: String, from start: [Int64] = [], patience: Duration = ReadThrough.patience,
        _ body: (LogRecord) throws -> Void
    ) throws {
        let reader = try reader()
        defer { reader.close() }
        var positions: [TopicPartition: Int64] = [:]
        var ends: [TopicPartition: Int64] = [:]
        for (partition, end) in try endOffsets(of: topic).enumerated() {
            let place = TopicPartition(topic, Int32(partition))
            positions[place] = partition < start.count ? start[partition] : 0
            ends[place] = end
        }
        try reader.readThrough(from: positions, to: ends, patience: patience, body)
    }
}
