package import EventLog

/// What every log must do, whatever it is made of. Each law runs on its own topics and groups, so that laws may run on one
/// log at one time, and throws a `ConformanceFailure` that says what was expected and what was seen.
///
/// All calls block: run it on a thread of its own or in a serialized suite.
package struct EventLogConformance: Sendable {
    /// The laws, by name; each is a case, so that a parameterised test shows it by itself.
    package enum Law: String, CaseIterable, Sendable {
        case topicsAreCreatedOnceAndKeepTheirPartitions
        case unknownTopicsAndPartitionsAreNamed
        case recordsOfAPartitionKeepTheirOrder
        case headersKeysAndValuesArriveAsTheyWereSent
        case aRecordUpToTheLimitPassesAndALargerOneIsRefused
        case anAppendThatFailsLeavesNothing
        case endOffsetsGrowWithTheRecords
        case aWaitingReaderIsWoken
        case aNewerProducerFencesTheOneBefore
        case outputsAndPositionsBecomeVisibleTogether
        case nothingOfAnAbortedTurnIsVisible
        case nothingOfAnOpenTurnIsVisible
        case aTurnWithoutPositionsIsRefused
        case aRestartGoesOnAtTheCommittedPosition
        case aPartitionIsReadAgainAfterPauseAndResume
        case noPartitionWaitsBehindTheBacklogOfAnother
        case aPositionBeyondTheEndIsOutOfRange
        case aSecondSessionOfOneIdentityFencesTheFirst
        case everyPartitionHasOneOwnerAfterAJoinAndALeave
        case aLateOwnerCannotCommit
        case aRevokedTurnMayStillBeCommitted
        case theChangelogKeepsTheLastRowOfEachKey
        case aRestoreReadsPastAnOpenTransaction

        /// Whether the law opens sessions: a client of another process' log has none.
        package var needsSessions: Bool {
            switch self {
            case .topicsAreCreatedOnceAndKeepTheirPartitions, .unknownTopicsAndPartitionsAreNamed,
                .recordsOfAPartitionKeepTheirOrder, .headersKeysAndValuesArriveAsTheyWereSent,
                .anAppendThatFailsLeavesNothing, .endOffsetsGrowWithTheRecords, .aWaitingReaderIsWoken,
                .aNewerProducerFencesTheOneBefore:
                false
            default: true
            }
        }
    }

    let log: any EventLog
    /// How long to wait for something that must come.
    let patience: Duration
    /// Makes the log compact a topic now, where a test can do that.
    let compact: (@Sendable (_ topic: String) throws -> Void)?
    /// Makes names that no other run on the same log has.
    let unique: @Sendable (String) -> String

    package init(
        log: any EventLog, patience: Duration = .seconds(30),
        unique: @escaping @Sendable (String) -> String = { "\($0)-\(UInt32.random(in: 0...UInt32.max))" },
        compact: (@Sendable (_ topic: String) throws -> Void)? = nil
    ) {
        self.log = log
        self.patience = patience
        self.unique = unique
        self.compact = compact
    }

    package func check(_ law: Law) throws {
        switch law {
        case .topicsAreCreatedOnceAndKeepTheirPartitions: try topicsAreCreatedOnce()
        case .unknownTopicsAndPartitionsAreNamed: try unknownTopicsAreNamed()
        case .recordsOfAPartitionKeepTheirOrder: try recordsKeepTheirOrder()
        case .headersKeysAndValuesArriveAsTheyWereSent: try contentsArriveIntact()
        case .aRecordUpToTheLimitPassesAndALargerOneIsRefused: try largeRecords()
        case .anAppendThatFailsLeavesNothing: try failedAppend()
        case .endOffsetsGrowWithTheRecords: try endOffsetsGrow()
        case .aWaitingReaderIsWoken: try waitingReaderIsWoken()
        case .aNewerProducerFencesTheOneBefore: try newerProducerFences()
        case .outputsAndPositionsBecomeVisibleTogether: try turnIsAtomic()
        case .nothingOfAnAbortedTurnIsVisible: try abortedTurn()
        case .nothingOfAnOpenTurnIsVisible: try openTurn()
        case .aTurnWithoutPositionsIsRefused: try turnWithoutPositions()
        case .aRestartGoesOnAtTheCommittedPosition: try restart()
        case .aPartitionIsReadAgainAfterPauseAndResume: try pauseAndResume()
        case .noPartitionWaitsBehindTheBacklogOfAnother: try backlogOfAnother()
        case .aPositionBeyondTheEndIsOutOfRange: try positionBeyondTheEnd()
        case .aSecondSessionOfOneIdentityFencesTheFirst: try secondSessionFences()
        case .everyPartitionHasOneOwnerAfterAJoinAndALeave: try joinAndLeave()
        case .aLateOwnerCannotCommit: try lateOwner()
        case .aRevokedTurnMayStillBeCommitted: try revokedTurn()
        case .theChangelogKeepsTheLastRowOfEachKey: try compactedChangelog()
        case .aRestoreReadsPastAnOpenTransaction: try restorePastOpenTransaction()
        }
    }
}

/// A law that does not hold.
package struct ConformanceFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ expectation: @autoclosure () -> String) throws(ConformanceFailure) {
    if !condition { throw ConformanceFailure(expectation()) }
}

func requireEqual<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) throws(ConformanceFailure) {
    if found != expected { throw ConformanceFailure("\(what): expected \(expected), found \(found)") }
}

/// The error that `body` throws.
func requireFailure(_ what: String, _ body: () throws -> Void) throws -> LogError {
    do {
        try body()
    } catch let error as LogError {
        return error
    }
    throw ConformanceFailure("\(what): expected an error, none was thrown")
}
