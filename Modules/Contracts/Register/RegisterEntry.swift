import Domain

/// An entry of the register: an event of the register topic, and a copy of it in every partition of the topics whose
/// decisions depend on it.
package protocol RegisterEntry: EventPayload {
    /// Entity id and version: the key in the register topic, under which nothing is ever overwritten by another entry.
    var registerKey: String { get }

    /// The form that is broadcast to the workers; it lacks what only the register's own topic may hold.
    var broadcastForm: Self { get }
}

extension RegisterEntry {
    package var broadcastForm: Self { self }
}

extension Topic {
    /// The topics whose every partition gets a copy of a register entry.
    package static let registerReaders: [Topic] = [.referral, .approval, .payout]
}
