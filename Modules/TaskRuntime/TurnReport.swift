import EventLog

/// A committed turn, as its observers see it.
package struct TurnReport: Sendable {
    package var records: Int
    package var counts: TaskCounts
    package var tally: EventTally
    /// From the first record to the last.
    package var processing: Duration
    /// From there to the commit of the log and of every store.
    package var commit: Duration
    /// The next input offset of each partition in the turn.
    package var positions: [Int32: Int64]
}

/// A failure that the turn loop goes on from by itself.
package struct TurnFault: Sendable, CustomStringConvertible {
    /// What failed.
    package enum Source: String, Sendable {
        case log, store
        /// What the worker speaks to besides: mail.
        case outside
    }

    package var source: Source
    /// For metrics and scripts, of the error that it was.
    package var code: String
    /// For people; holds no record's content.
    package var description: String

    package init(_ source: Source, code: String, _ description: String) {
        self.source = source
        self.code = code
        self.description = description
    }

    init(_ error: LogError) { self.init(.log, code: error.code.rawValue, error.description) }
    package init(_ error: StoreError) { self.init(.store, code: error.code.rawValue, error.description) }
}
