/// What a turn loop tells the outside. Called on the loop's thread, after the commit that makes it true.
package struct TurnObserver: Sendable {
    package enum Notice: Sendable {
        /// The loop came round: it is alive, and has served its group.
        case polled
        case assigned([Int32])
        /// A partition is put back to its last checkpoint, by the fault named or by one of the whole session.
        case restarting(partition: Int32, TurnFault?)
        /// `remaining` records are to be read before the partition runs: of its changelog, then what its start needs.
        case restoring(partition: Int32, remaining: Int64)
        case running(partition: Int32)
        case revoked([Int32])
        case lost([Int32])
        /// The session ended; nothing is held until the next assignment.
        case left
        case committed(TurnReport)
        /// Something failed; the loop goes on by itself.
        case fault(TurnFault)
        /// A partition needs a person; the others go on.
        case stopped(partition: Int32, code: String, reason: String)
    }

    package var notify: @Sendable (Notice) -> Void

    package init(_ notify: @escaping @Sendable (Notice) -> Void = { _ in }) { self.notify = notify }
}
