package import Domain
package import JSON

/// How the time of a partition runs.
package enum ClockKind: String, Sendable, CaseIterable {
    /// By the log's append time.
    case wall
    /// By ticks that are events themselves; for history and the demo.
    case stream
}

/// The first record of every input partition: how its time runs.
package struct ClockSet: EventPayload, Hashable {
    package static let type = "io.tributary.clock.set.v1"

    package var kind: ClockKind
    /// Where a stream clock starts; for a wall clock when it was written.
    package var at: Timestamp
    package var occurredAt: Timestamp { at }

    package init(kind: ClockKind, at: Timestamp) {
        self.kind = kind
        self.at = at
    }

    package init(reading reader: inout ObjectReader) {
        kind = reader.enumeration("kind", ClockKind.self)
        at = reader.value("at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("kind", kind)
        writer.value("at", at)
    }
}

/// A tick: on a stream clock everything up to it is processed; on a wall clock it lets an idle partition's timers fire.
package struct ClockAdvanced: EventPayload, Hashable {
    package static let type = "io.tributary.clock.advanced.v1"

    package var to: Timestamp
    package var occurredAt: Timestamp { to }

    package init(to: Timestamp) { self.to = to }

    package init(reading reader: inout ObjectReader) {
        to = reader.value("to", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("to", to)
    }
}

/// The only switch there is: from a stream clock to the wall, once and for good.
package struct ClockSwitched: EventPayload, Hashable {
    package static let type = "io.tributary.clock.switched.v1"

    package var to: ClockKind
    /// The wall time from which timers are no longer settled as history.
    package var at: Timestamp
    package var occurredAt: Timestamp { at }

    package init(to: ClockKind = .wall, at: Timestamp) {
        self.to = to
        self.at = at
    }

    package init(reading reader: inout ObjectReader) {
        to = reader.enumeration("to", ClockKind.self)
        at = reader.value("at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("to", to)
        writer.value("at", at)
    }
}

extension EventCatalogue {
    /// Broadcast to every partition of the workers' input topics.
    static let clock: [EventDescription] = [
        .of(ClockSet.self, in: .referral, .approval, .payout, .notification),
        .of(ClockAdvanced.self, in: .referral, .approval, .payout, .notification),
        .of(ClockSwitched.self, in: .referral, .approval, .payout, .notification),
    ]
}
