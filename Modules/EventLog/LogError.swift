/// A failure of the log, with what its caller has to do about it.
package struct LogError: Error, Sendable, CustomStringConvertible {
    /// What the holder of a turn does next. The classes are tested in this order on every error of a client library.
    package enum Class: Sendable, Hashable {
        /// The session is unusable: roll back, close the tasks without a commit, open a new session.
        case fatal
        /// The turn is lost: roll back, abort, check the ownership of the partitions again.
        case abortable
        /// The same call may be repeated within its deadline.
        case retriable
    }

    /// A stable, open set of codes, for people and metrics; never matched by its text.
    package struct Code: Sendable, Hashable, RawRepresentable {
        package var rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// Another process has this identity: the group says so.
        package static let fenced = Code(rawValue: "fenced")
        /// The producer's epoch is over: a newer holder of its identity began, or its transaction was open for too long
        /// while it or the broker was away. A new session tells which.
        package static let producerFenced = Code(rawValue: "producer_fenced")
        /// The commit's outcome is not known: it may have happened or not.
        package static let unknownOutcome = Code(rawValue: "unknown_outcome")
        /// The record is larger than its topic takes.
        package static let recordTooLarge = Code(rawValue: "record_too_large")
        /// The topic or the partition does not exist.
        package static let unknownTopic = Code(rawValue: "unknown_topic")
        /// The asked offset is outside what the partition holds.
        package static let offsetOutOfRange = Code(rawValue: "offset_out_of_range")
        /// Another process holds the log (embedded log: the data directory).
        package static let held = Code(rawValue: "held")
        /// The partition is not (or no longer) assigned to the session.
        package static let ownershipLost = Code(rawValue: "ownership_lost")
        /// The process that holds the log does not answer, or has ended.
        package static let disconnected = Code(rawValue: "disconnected")
        /// Nothing was reached within the deadline.
        package static let timedOut = Code(rawValue: "timed_out")
        /// The disk or the file failed.
        package static let storage = Code(rawValue: "storage")
        /// The peer broke the protocol, or the file is not ours.
        package static let malformed = Code(rawValue: "malformed")
        /// The call was made in a state that does not allow it.
        package static let invalidState = Code(rawValue: "invalid_state")
        /// The server or the broker refused us (authentication, authorisation, TLS).
        package static let refused = Code(rawValue: "refused")
        /// Whatever the client library said that has no code of its own here.
        package static let other = Code(rawValue: "other")
    }

    package var code: Code
    package var errorClass: Class
    /// For people; holds no personal data and no record's content.
    package var message: String

    package init(_ code: Code, _ errorClass: Class, _ message: String) {
        self.code = code
        self.errorClass = errorClass
        self.message = message
    }

    package var description: String { "\(message) [\(code.rawValue), \(errorClass)]" }
}
