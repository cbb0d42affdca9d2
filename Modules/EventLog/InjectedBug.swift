#if SIMULATION
    /// Known ways to break exactly-once processing, switched on one at a time to see that the simulation finds them. Compiled
    /// into no product: only into the build that the simulation makes for itself with `-D SIMULATION`.
    package enum InjectedBug: String, CaseIterable, Sendable {
        /// Positions and outputs are committed first, the changelog in a transaction after them.
        case commitOrderSwapped = "commit_order_swapped"
        /// Only the first task of a turn commits its position.
        case offsetsForgotten = "offsets_forgotten"
        /// The group's metadata is asked for when the turn commits.
        case metadataAtSendTime = "metadata_at_send_time"
        /// The stores commit before the log.
        case storeCommittedFirst = "store_committed_first"
        /// A restore ends where committed rows are hidden by an open transaction.
        case restoreEndedAtLastStable = "restore_ended_at_last_stable"
        /// The changelog holds only the fields of a row that changed.
        case partialRowImages = "partial_row_images"
        /// A restore applies rows of turns that were never committed.
        case replayWithoutTurnCheck = "replay_without_turn_check"
        /// Outputs get ids from a random source.
        case randomIDs = "random_ids"
        /// Timers fire by the wall clock instead of the partition's time.
        case timersByWallClock = "timers_by_wall_clock"

        // What the simulation found in the runtime itself; each stays findable.

        /// The records of a failed turn count in the next one, which may then never begin.
        case failedTurnCounted = "failed_turn_counted"
        /// A restore that stood still while another owner went on notes a position behind rows that it left out.
        case skippedRowsPassed = "skipped_rows_passed"
        /// The rows of a torn turn stay in the changelog under a number that the next turn gets too.
        case tornRowsKept = "torn_rows_kept"

        /// Set before the first simulation of a process starts. Safe: a simulation runs one of its threads at a time.
        package nonisolated(unsafe) static var active: InjectedBug?

        /// The simulation's wall clock, for `timersByWallClock`. Safe as `active` is.
        package nonisolated(unsafe) static var wallClock: () -> Int64 = { 0 }

        package static func isActive(_ bug: InjectedBug) -> Bool { unsafe active == bug }
    }
#endif
