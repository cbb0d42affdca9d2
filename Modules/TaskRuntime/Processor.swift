package import Contracts
package import Domain

/// A worker's logic for one partition: a pure function of the partition's state and its input.
///
/// One instance serves one task, on one thread. It may cache what it reads, as long as it drops the cache in
/// `stateDidReset`. It never looks at a clock, a random source, a file or another partition.
package protocol Processor: AnyObject {
    /// Decodes the data of an input event; called once when the event arrives, and again where it was held until a tick.
    /// An unknown type or a wrong schema throws `DeadLetter`.
    func decode(_ event: Event) throws -> any EventPayload

    /// The key that the event belongs under; `nil` where the event cannot be keyed (it stays where it arrived).
    func routingKey(of payload: any EventPayload, event: Event) -> String?

    /// How far back `occurred_at` of this payload counts on a wall clock. Partners 0, the CRM what the programme allows.
    func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan

    /// Applies one event. What it throws makes the record a dead letter, unless it is a store's or a log's fault; then
    /// none of its changes and outputs remain.
    func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws

    /// Fires a timer that is due.
    func fire(_ timer: TaskTimer, in turn: TurnContext) throws

    /// The state was rolled back or restored: drop everything cached from it.
    func stateDidReset()

    /// The task is restored, and is to run from that offset of its input on. Does one slice of what comes before, no longer
    /// than a turn; called again until that is `done`. The group is polled and other partitions have their turns between
    /// the slices, this one has none. The first slice only tells how much there is to read, and holds nothing that another
    /// start would have to wait for. After a throw the task is restored and started anew.
    ///
    /// - Parameters:
    ///   - wait: how long the slice may wait for what it is to work on.
    ///   - watch: is told what of the task's input is worked on before its turn comes.
    func taskWillStart(at position: Int64, wait: Duration, watch: (any TrapWatch)?) throws -> StartProgress

    /// The turn is committed in log and store: what waits for that (outside effects) may be handed over now.
    func turnDidCommit()

    /// Another process gets the partition when this returns: what was handed over should be through by then. Takes a few
    /// seconds at most; not called where the partition is lost already. May come before the start is done.
    func taskWillLeave()

    /// The task is put down: nothing of it may be handed over any more. May come before the start is done.
    func taskWillStop()
}

extension Processor {
    package func taskWillStart(at position: Int64, wait: Duration, watch: (any TrapWatch)?) throws -> StartProgress {
        .done
    }
    package func turnDidCommit() {}
    package func taskWillLeave() {}
    package func taskWillStop() {}
}

/// How far the start of a task has come.
package enum StartProgress: Sendable, Hashable {
    /// `remaining` records are to be read; `goesOn` where the next slice need not wait for them.
    case working(remaining: Int64, goesOn: Bool)
    case done
}

/// Why a record cannot be processed; it goes to the worker's dead-letter topic, raw.
package struct DeadLetter: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: Sendable, Hashable, RawRepresentable {
        package var rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        package static let notCloudEvent = Code(rawValue: "not_cloudevent")
        package static let badJSON = Code(rawValue: "bad_json")
        package static let schema = Code(rawValue: "schema")
        package static let unknownType = Code(rawValue: "unknown_type")
        package static let wrongKey = Code(rawValue: "wrong_key")
        package static let idReused = Code(rawValue: "id_reused")
        package static let tooLate = Code(rawValue: "too_late")
        package static let futureEvent = Code(rawValue: "future_event")
        package static let tooLarge = Code(rawValue: "too_large")
        /// A decision about something that does not exist, or is in a state that does not allow it.
        package static let refused = Code(rawValue: "refused")
        /// The process trapped over it, and once more.
        package static let crashLoop = Code(rawValue: "crash_loop")
        /// The handler failed deterministically, or a row that it needs is one that the changelog has and nobody can read.
        package static let processingFailed = Code(rawValue: "processing_failed")
    }

    package var code: Code
    /// For people; no personal data.
    package var reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package var description: String { "\(reason) [\(code.rawValue)]" }
}

/// A timer of a task: a row in the store, fired by partition time.
package struct TaskTimer: Sendable, Hashable {
    /// Unique per task together with `due`; names what it is for and for whom: `review_deadline:reg_...`.
    package var name: String
    package var due: Timestamp
    /// What the handler needs to find its entity again, for example the account key.
    package var payload: String

    package init(name: String, due: Timestamp, payload: String) {
        self.name = name
        self.due = due
        self.payload = payload
    }
}
