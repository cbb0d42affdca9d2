/// Reads every record from the positions given up to the ends given, in the partitions that both name: a slice at a time, so
/// that others can have their turn between two slices. Used by one thread.
package final class ReadThrough {
    /// How long the log may bring nothing before the ends, where the caller does not say.
    package static let patience = Duration.seconds(60)
    /// Records of one slice at most.
    package static let recordsPerSlice = 2_000

    /// Records that are left. They are counted by their offsets: those that the log has not kept are among them until they
    /// are passed.
    package private(set) var remaining: Int64

    private let positions: [TopicPartition: Int64]
    private let ends: [TopicPartition: Int64]
    private let patience: Duration
    private let open: () throws(LogError) -> any LogReader
    private var reader: (any LogReader)?
    private var standstill = Standstill(at: .now)

    /// - Parameters:
    ///   - patience: how long the log may bring nothing before the ends; then it is `timedOut`.
    ///   - open: called once, with the first slice.
    package init(
        from positions: [TopicPartition: Int64], to ends: [TopicPartition: Int64],
        patience: Duration = ReadThrough.patience, open: @escaping () throws(LogError) -> any LogReader
    ) {
        self.positions = positions.filter { place, position in position < ends[place, default: 0] }
        self.ends = ends
        self.patience = patience
        self.open = open
        remaining = Self.distance(from: self.positions, to: ends)
    }

    /// The next records, those at the ends with some that lie behind. Called while there are `remaining` ones.
    ///
    /// - Parameter wait: for the first record; nothing comes where that takes longer.
    package func next(wait: Duration) throws(LogError) -> [LogRecord] {
        let reader = try assigned()
        standstill.beginTurn(at: .now)
        let records = try reader.read(maximum: Self.recordsPerSlice, timeout: wait)
        remaining = Self.distance(from: try reader.positions(), to: ends)
        let now = ContinuousClock.now
        standstill.endTurn(at: now)
        if !records.isEmpty {
            standstill.end(at: now)
        } else if remaining > 0 && standstill.duration(at: now) >= patience {
            throw LogError(.timedOut, .retriable, "the log brought no record within \(patience), before its end")
        }
        return records
    }

    private func assigned() throws(LogError) -> any LogReader {
        if let reader { return reader }
        let opened = try open()
        reader = opened
        try opened.assign(positions)
        standstill.end(at: .now)
        return opened
    }

    private static func distance(from positions: [TopicPartition: Int64], to ends: [TopicPartition: Int64]) -> Int64 {
        positions.reduce(0) { $0 + max(0, ends[$1.key, default: 0] - $1.value) }
    }

    /// Closes the reader, where there is one.
    package func close() {
        reader?.close()
        reader = nil
    }
}
