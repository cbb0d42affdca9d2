#if SIMULATION
    import EventLog

    /// The commit turn done wrong, for the simulation to find.
    extension TurnLoop {
        /// Runs where the turn is about to be committed.
        ///
        /// - Parameter withheld: the changelog, where the bug commits it behind the positions.
        func breakCommit(
            _ session: any TurnSession, of inTurn: [Assignment], offsets: inout [TurnOffset], withheld: [OutgoingRecord]
        ) throws {
            if InjectedBug.isActive(.offsetsForgotten) { offsets = Array(offsets.prefix(1)) }
            if InjectedBug.isActive(.storeCommittedFirst) {
                for assignment in inTurn {
                    try assignment.task!.commitTurn(
                        changelogOffset: try session.changelogBounds(assignment.partition).end,
                        committedAtMilliseconds: environment.now())
                }
            }
            if InjectedBug.isActive(.commitOrderSwapped) {
                _ = try session.commit(offsets, deadline: commitDeadline())
                try session.begin()
                for record in withheld { try session.append(record) }
            }
        }
    }
#endif
