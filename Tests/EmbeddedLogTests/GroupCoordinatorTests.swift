import Testing

@testable import EmbeddedLog

@Suite struct GroupCoordinatorTests {
    private let start = ContinuousClock.now

    @Test func partitionsAreDealtByRangeInTheOrderOfIdentities() {
        var group = GroupCoordinator(topic: "t", partitionCount: 5)
        let late = group.join("b", revocationTimeout: .seconds(1), now: start)
        #expect(group.nextEvent(of: late) == .assigned([0, 1, 2, 3, 4]))
        let early = group.join("a", revocationTimeout: .seconds(1), now: start)
        #expect(group.nextEvent(of: early) == nil)
        #expect(group.nextEvent(of: late) == .revoked([0, 1, 2, 3, 4]))
        #expect(group.nextEvent(of: late) == nil)
        #expect(group.partitions(of: late) == [0, 1, 2, 3, 4])
        #expect(group.finishRevocation(late, now: start) == true)
        #expect(group.partitions(of: late).isEmpty)
        #expect(group.nextEvent(of: early) == .assigned([0, 1, 2]))
        #expect(group.nextEvent(of: late) == .assigned([3, 4]))
        #expect(group.generation == 2)
    }

    @Test func moreMembersThanPartitionsLeaveSomeWithNone() {
        var group = GroupCoordinator(topic: "t", partitionCount: 1)
        let first = group.join("a", revocationTimeout: .seconds(1), now: start)
        let second = group.join("b", revocationTimeout: .seconds(1), now: start)
        #expect(group.nextEvent(of: first) == .assigned([0]))
        #expect(group.nextEvent(of: second) == .assigned([]))
        group.leave(first, now: start)
        #expect(group.nextEvent(of: second) == .assigned([0]))
    }

    @Test func aMemberThatDoesNotAnswerLosesItsPartitionsAndMayComeBack() {
        var group = GroupCoordinator(topic: "t", partitionCount: 2)
        let slow = group.join("a", revocationTimeout: .seconds(6), now: start)
        #expect(group.nextEvent(of: slow) == .assigned([0, 1]))
        let other = group.join("b", revocationTimeout: .seconds(6), now: start)
        let before = group.expire(now: start + .seconds(5))
        #expect(before.next == start + .seconds(6) && !before.isChanged)
        #expect(group.expire(now: start + .seconds(6)).isChanged)
        #expect(group.nextEvent(of: other) == .assigned([0, 1]))
        #expect(group.partitions(of: slow).isEmpty)
        #expect(group.nextEvent(of: slow) == .lost([0, 1]))
        #expect(group.isRevoking(slow))
        #expect(group.finishRevocation(slow, now: start) == true)
        #expect(group.nextEvent(of: other) == .revoked([0, 1]))
        #expect(group.finishRevocation(other, now: start) == true)
        #expect(group.nextEvent(of: slow) == .assigned([0]))
        #expect(group.nextEvent(of: other) == .assigned([1]))
    }

    @Test func aSecondMemberOfOneIdentityFencesTheFirst() {
        var group = GroupCoordinator(topic: "t", partitionCount: 2)
        let first = group.join("a", revocationTimeout: .seconds(1), now: start)
        #expect(group.nextEvent(of: first) == .assigned([0, 1]))
        let second = group.join("a", revocationTimeout: .seconds(1), now: start)
        #expect(group.isFenced(first))
        #expect(group.partitions(of: first).isEmpty)
        #expect(group.nextEvent(of: second) == .assigned([0, 1]))
        group.leave(first, now: start)
        #expect(group.partitions(of: second) == [0, 1])
    }

    /// Whatever members do, a partition never has two owners, and when all answer each has one.
    @Test(arguments: 0..<20)
    func everyPartitionHasOneOwnerInTheEnd(run: Int) {
        var random = SystemRandomNumberGenerator()
        var group = GroupCoordinator(topic: "t", partitionCount: 7)
        var members: [(id: GroupCoordinator.MemberID, identity: String)] = []
        var now = start
        for step in 0..<300 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0 where members.count < 6:
                let identity = "m\(Int.random(in: 0..<8, using: &random))"
                members.append((group.join(identity, revocationTimeout: .seconds(3), now: now), identity))
            case 1 where !members.isEmpty:
                let index = Int.random(in: members.indices, using: &random)
                group.leave(members[index].id, now: now)
                members.remove(at: index)
            case 2:
                now += .seconds(1)
                group.expire(now: now)
            default:
                guard let member = members.randomElement(using: &random) else { continue }
                if group.isRevoking(member.id) {
                    _ = group.finishRevocation(member.id, now: now)
                } else {
                    _ = group.nextEvent(of: member.id)
                }
            }
            let owned = members.flatMap { group.partitions(of: $0.id) }
            #expect(Set(owned).count == owned.count, "step \(step) of run \(run)")
        }
        members.removeAll { group.isFenced($0.id) }
        guard !members.isEmpty else { return }
        for _ in 0..<10 {
            for member in members {
                if group.isRevoking(member.id) { _ = group.finishRevocation(member.id, now: now) }
                _ = group.nextEvent(of: member.id)
            }
        }
        #expect(members.flatMap { group.partitions(of: $0.id) }.sorted() == Array(0..<7))
    }
}
