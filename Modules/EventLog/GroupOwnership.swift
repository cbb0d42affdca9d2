/// What a member of a group holds, and as a member of which generation: the state machine between a client's rebalance
/// events and a session's calls.
///
/// `Metadata` names member and generation as the group's coordinator checks them. It is taken when the assignment is
/// served and kept with it: asked for when a turn commits, it would be that of a later membership, which a client library
/// enters (or leaves) on its own thread, and the turn of an owner that stood still meanwhile would be let through.
package struct GroupOwnership<Metadata> {
    private struct Assignment {
        var partitions: [Int32]
        var metadata: Metadata
    }

    private enum State {
        case none
        case assigned(Assignment)
        /// The partitions go away; a turn of theirs may still be committed.
        case revoked(Assignment)
        /// The partitions are gone.
        case lost
    }

    private let topic: String
    private var state = State.none

    #if SIMULATION
        /// What the client would say at this moment.
        package var current: (() -> Metadata)?
    #endif

    /// - Parameter topic: the input topic, for messages.
    package init(topic: String) { self.topic = topic }

    package mutating func assign(_ partitions: [Int32], metadata: Metadata) {
        state = .assigned(Assignment(partitions: partitions, metadata: metadata))
    }

    /// The partitions go away, in time or because the membership is over already.
    ///
    /// - Returns: what the holder is to be told; `nil` where it held nothing, and nothing is to be finished.
    package mutating func revoke(isLost: (Metadata) -> Bool) -> SessionEvent? {
        guard case .assigned(let assignment) = state, !assignment.partitions.isEmpty else {
            state = .none
            return nil
        }
        guard !isLost(assignment.metadata) else {
            state = .lost
            return .lost(assignment.partitions)
        }
        state = .revoked(assignment)
        return .revoked(assignment.partitions)
    }

    /// Nothing is held any more.
    package mutating func release() { state = .none }

    /// Whether a revocation or a loss waits for `finishRevocation`.
    package var isRevoking: Bool {
        switch state {
        case .revoked, .lost: true
        case .none, .assigned: false
        }
    }

    package func requireNoRevocation() throws(LogError) {
        if isRevoking { throw LogError(.invalidState, .fatal, "polled before the revocation was finished") }
    }

    package func requireRevocation() throws(LogError) {
        if !isRevoking { throw LogError(.invalidState, .fatal, "no revocation is open") }
    }

    package func require(_ partition: Int32) throws(LogError) { _ = try assignment(of: partition) }

    /// The metadata that fences a turn with these positions, of every task in it.
    package func metadata(for offsets: [TurnOffset]) throws(LogError) -> Metadata {
        guard let first = offsets.first else {
            // The offsets carry the fence: without them the broker lets anybody's transaction through.
            throw LogError(.invalidState, .abortable, "a turn without positions would not be fenced")
        }
        for offset in offsets { try require(offset.partition) }
        #if SIMULATION
            if InjectedBug.isActive(.metadataAtSendTime), let current { return current() }
        #endif
        return try assignment(of: first.partition).metadata
    }

    private func assignment(of partition: Int32) throws(LogError) -> Assignment {
        switch state {
        case .assigned(let assignment), .revoked(let assignment):
            if assignment.partitions.contains(partition) { return assignment }
        case .none, .lost: break
        }
        throw LogError(.ownershipLost, .abortable, "\(topic)/\(partition) is not assigned to this session")
    }
}
