import EventLog

/// A member in a generation, as a client believes it is.
struct GroupMembership: Hashable, CustomStringConvertible {
    /// 0: of no group any more. A broker lets such positions through, as of a client that uses no groups.
    var member: Int
    var generation: Int

    static let none = GroupMembership(member: 0, generation: -1)

    var description: String { "member \(member) of generation \(generation)" }
}

/// The coordinator of one consumer group: eager rebalances, static and dynamic members, positions.
final class SimulatedGroup {
    private struct Member {
        var instance: String?
        var isJoined: Bool
        /// Whether its process runs and reaches the broker.
        var isAlive: () -> Bool
        var lastSeen: Int64
    }

    /// What a heartbeat brings.
    enum Answer {
        case stable(generation: Int, partitions: [Int32])
        case rebalancing
        case unknownMember
        /// Another member has the instance id.
        case fenced
    }

    let name: String
    private let partitions: Int32
    private let scheduler: Scheduler
    private var members: [Int: Member] = [:]
    private var assignment: [Int: [Int32]] = [:]
    private var generation = 0
    private var isRebalancing = false
    private var rebalanceStart: Int64 = 0
    private var memberCount = 0
    private var fencedMembers: Set<Int> = []

    var committed: [Int32: CommittedPosition] = [:]
    /// Positions in transactions that are not settled yet.
    var pending: [Int32: Int] = [:]

    static let sessionTimeout: Int64 = 6_000
    private static let rebalanceTimeout: Int64 = 8_000
    private static let watchInterval: Int64 = 500

    init(_ name: String, partitions: Int32, scheduler: Scheduler) {
        self.name = name
        self.partitions = partitions
        self.scheduler = scheduler
        watch()
    }

    /// Members that do not answer are put out.
    private func watch() {
        scheduler.after(SimulatedGroup.watchInterval) { [self] in
            for (id, member) in members.sorted(by: { $0.key < $1.key }) {
                if member.isAlive() {
                    members[id]!.lastSeen = scheduler.now
                } else if scheduler.now - member.lastSeen > SimulatedGroup.sessionTimeout {
                    remove(id)
                }
            }
            if isRebalancing, scheduler.now - rebalanceStart > SimulatedGroup.rebalanceTimeout {
                for (id, member) in members.sorted(by: { $0.key < $1.key }) where !member.isJoined { remove(id) }
            }
            finishRebalance()
            watch()
        }
    }

    func join(instance: String?, isAlive: @escaping () -> Bool) -> Int {
        memberCount += 1
        let id = memberCount
        var member = Member(instance: instance, isJoined: true, isAlive: isAlive, lastSeen: scheduler.now)
        if let instance, let before = members.first(where: { $0.value.instance == instance })?.key {
            // A static member that comes back takes its own place: nobody else is disturbed.
            fencedMembers.insert(before)
            member.isJoined = isRebalancing || members[before]!.isJoined
            members[before] = nil
            members[id] = member
            assignment[id] = assignment.removeValue(forKey: before)
            if isRebalancing { members[id]!.isJoined = true } else { return id }
        } else {
            members[id] = member
            startRebalance()
            members[id]!.isJoined = true
        }
        finishRebalance()
        return id
    }

    /// A member that gave its partitions up joins the next generation.
    func rejoin(_ id: Int) -> Bool {
        guard members[id] != nil else { return false }
        if !isRebalancing { startRebalance() }
        members[id]!.isJoined = true
        members[id]!.lastSeen = scheduler.now
        finishRebalance()
        return true
    }

    func leave(_ id: Int) {
        if members[id] != nil { remove(id) }
        finishRebalance()
    }

    private func remove(_ id: Int) {
        members[id] = nil
        assignment[id] = nil
        startRebalance()
    }

    private func startRebalance() {
        guard !isRebalancing else { return }
        isRebalancing = true
        rebalanceStart = scheduler.now
        for id in members.keys { members[id]!.isJoined = false }
    }

    private func finishRebalance() {
        guard isRebalancing, !members.isEmpty, members.values.allSatisfy(\.isJoined) else { return }
        isRebalancing = false
        generation += 1
        assignment = [:]
        let order = members.sorted { ($0.value.instance ?? "", $0.key) < ($1.value.instance ?? "", $1.key) }.map(\.key)
        // Ranges: the first members have one more where it does not come out even.
        var next: Int32 = 0
        for (index, id) in order.enumerated() {
            let count = partitions / Int32(order.count) + (index < Int(partitions) % order.count ? 1 : 0)
            assignment[id] = Array(next..<(next + count))
            next += count
        }
    }

    func heartbeat(_ id: Int) -> Answer {
        guard members[id] != nil else { return fencedMembers.contains(id) ? .fenced : .unknownMember }
        members[id]!.lastSeen = scheduler.now
        return isRebalancing ? .rebalancing : .stable(generation: generation, partitions: assignment[id] ?? [])
    }

    /// Whether positions from this member may be committed.
    func admits(_ membership: GroupMembership) -> Bool {
        membership == .none || (members[membership.member] != nil && membership.generation == generation)
    }
}
