package import Contracts
package import Domain

/// An event made of a row, ready to be written.
package struct OutgoingEvent: Sendable, Hashable {
    package var topic: Topic
    /// Routing key; of a register entry its key in the register.
    package var key: String
    package var type: String
    /// `/import/<kind or map>`; with `id` it makes a repeated import a duplicate.
    package var source: String
    package var id: String
    package var occurredAt: Timestamp
    package var payload: [UInt8]
    /// Of a register entry the form that every partition of its readers gets; `nil` for everything else.
    package var broadcast: [UInt8]?

    package init(
        topic: Topic, key: String, type: String, source: String, id: String, occurredAt: Timestamp, payload: [UInt8],
        broadcast: [UInt8]? = nil
    ) {
        self.topic = topic
        self.key = key
        self.type = type
        self.source = source
        self.id = id
        self.occurredAt = occurredAt
        self.payload = payload
        self.broadcast = broadcast
    }
}

/// What became of a row.
package enum RowOutcome: Sendable {
    case events([OutgoingEvent])
    /// A rule of the map leaves it out.
    case skipped(String)
    case broken([LineProblem])
}
