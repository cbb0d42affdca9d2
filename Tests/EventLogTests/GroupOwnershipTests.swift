import EventLog
import Testing

@Suite struct GroupOwnershipTests {
    private func offsets(_ partitions: Int32...) -> [TurnOffset] {
        partitions.map { TurnOffset(partition: $0, offset: 1, metadata: "") }
    }

    @Test func aTurnIsFencedByTheMetadataOfItsAssignment() throws {
        var ownership = GroupOwnership<Int>(topic: "t")
        ownership.assign([0, 2], metadata: 7)
        #expect(try ownership.metadata(for: offsets(0, 2)) == 7)
        guard case .revoked([0, 2])? = ownership.revoke(isLost: { $0 != 7 }) else {
            Issue.record("what is revoked in time is not lost")
            return
        }
        // The turn may still be committed, with what it began with.
        #expect(try ownership.metadata(for: offsets(2)) == 7)
    }

    @Test func nothingIsCommittedForWhatIsNotHeld() {
        var ownership = GroupOwnership<Int>(topic: "t")
        #expect(throws: LogError.self) { try ownership.metadata(for: offsets(0)) }
        ownership.assign([0], metadata: 1)
        #expect(throws: LogError.self) { try ownership.metadata(for: offsets(0, 1)) }
        #expect(throws: LogError.self) { try ownership.metadata(for: []) }
        guard case .lost([0])? = ownership.revoke(isLost: { _ in true }) else {
            Issue.record("the membership was over")
            return
        }
        #expect(throws: LogError.self) { try ownership.metadata(for: offsets(0)) }
    }

    @Test func aRevocationIsFinishedBeforeAnythingElse() throws {
        var ownership = GroupOwnership<Int>(topic: "t")
        let nothing = ownership.revoke { _ in false }
        #expect(nothing == nil)
        #expect(!ownership.isRevoking)
        #expect(throws: LogError.self) { try ownership.requireRevocation() }
        ownership.assign([1], metadata: 1)
        _ = ownership.revoke { _ in false }
        #expect(throws: LogError.self) { try ownership.requireNoRevocation() }
        try ownership.requireRevocation()
        ownership.release()
        try ownership.requireNoRevocation()
    }
}
