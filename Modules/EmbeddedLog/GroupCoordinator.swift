import EventLog

/// Who owns which partition of one group: a value that the log changes under its monitor.
///
/// As Kafka's eager protocol: a member that joins or leaves makes every other one give its partitions up; when all have,
/// a new generation deals them out by `range` over the members in the order of their identities. Only a member of the
/// current generation may commit, so a late owner changes nothing.
struct GroupCoordinator {
    struct MemberID: Hashable {
        fileprivate let number: Int
    }

    /// What a member is told next.
    enum Event: Equatable {
        case assigned([Int32])
        case revoked([Int32])
        case lost([Int32])
    }

    private enum Phase: Equatable {
        /// Owns nothing, and waits to be dealt in.
        case joining
        /// Owns its partitions; `isTold` once it was given the event.
        case assigned(isTold: Bool)
        /// Has to give its partitions up until the deadline; may still commit.
        case revoking(isTold: Bool, deadline: ContinuousClock.Instant)
        /// Did not give them up in time: they are another member's. Takes part again after `finishRevocation`.
        case lost(isTold: Bool)
        /// Another member has its identity.
        case fenced
    }

    private struct Member {
        let identity: String
        /// How long it may take to give its partitions up.
        let revocationTimeout: Duration
        var phase = Phase.joining
        var partitions: [Int32] = []
    }

    let topic: String
    private let partitionCount: Int32
    private var members: [MemberID: Member] = [:]
    private var lastNumber = 0
    /// Counts the assignments.
    private(set) var generation = 0

    init(topic: String, partitionCount: Int32) {
        self.topic = topic
        self.partitionCount = partitionCount
    }

    var isEmpty: Bool { members.isEmpty }

    /// The members with the partitions that each may work on, by identity.
    var owners: [(identity: String, partitions: [Int32])] {
        members.values.filter { $0.phase != .fenced }.map { ($0.identity, $0.partitions) }.sorted { $0.0 < $1.0 }
    }

    /// Adds a member. One that has the identity already is fenced: it loses its partitions at once.
    mutating func join(_ identity: String, revocationTimeout: Duration, now: ContinuousClock.Instant) -> MemberID {
        fence(identity)
        lastNumber += 1
        let id = MemberID(number: lastNumber)
        members[id] = Member(identity: identity, revocationTimeout: revocationTimeout)
        rebalance(now: now)
        return id
    }

    /// Fences the member of that identity, if there is one.
    mutating func fence(_ identity: String) {
        for (id, member) in members where member.identity == identity && member.phase != .fenced {
            members[id]!.phase = .fenced
            members[id]!.partitions = []
        }
    }

    mutating func leave(_ id: MemberID, now: ContinuousClock.Instant) {
        guard let member = members.removeValue(forKey: id), member.phase != .fenced else { return }
        rebalance(now: now)
    }

    func isFenced(_ id: MemberID) -> Bool { members[id].map { $0.phase == .fenced } ?? true }

    /// What the member has to be told, once.
    mutating func nextEvent(of id: MemberID) -> Event? {
        guard let member = members[id] else { return nil }
        switch member.phase {
        case .assigned(isTold: false):
            members[id]!.phase = .assigned(isTold: true)
            return .assigned(member.partitions)
        case .revoking(isTold: false, let deadline):
            members[id]!.phase = .revoking(isTold: true, deadline: deadline)
            return .revoked(member.partitions)
        case .lost(isTold: false):
            members[id]!.phase = .lost(isTold: true)
            return .lost(member.partitions)
        case .joining, .assigned, .revoking, .lost, .fenced:
            return nil
        }
    }

    /// The member has put its tasks down; `false` where nothing was revoked from it.
    mutating func finishRevocation(_ id: MemberID, now: ContinuousClock.Instant) -> Bool {
        switch members[id]?.phase {
        case .revoking(isTold: true, _):
            putDown(id)
            deal()
        case .lost(isTold: true):
            putDown(id)
            rebalance(now: now)
        default:
            return false
        }
        return true
    }

    /// Whether a revocation or loss that the member was told of is open.
    func isRevoking(_ id: MemberID) -> Bool {
        switch members[id]?.phase {
        case .revoking(isTold: true, _), .lost(isTold: true): true
        default: false
        }
    }

    /// The partitions that the member may commit positions of.
    func partitions(of id: MemberID) -> [Int32] {
        switch members[id]?.phase {
        case .assigned(isTold: true), .revoking: members[id]!.partitions
        default: []
        }
    }

    /// Takes the partitions from members whose time to give them up is over. Returns when to look again.
    @discardableResult
    mutating func expire(now: ContinuousClock.Instant) -> (next: ContinuousClock.Instant?, isChanged: Bool) {
        var next: ContinuousClock.Instant?
        var isChanged = false
        for (id, member) in members {
            guard case .revoking(_, let deadline) = member.phase else { continue }
            if deadline <= now {
                members[id]!.phase = .lost(isTold: false)
                isChanged = true
            } else {
                next = min(next ?? deadline, deadline)
            }
        }
        if isChanged { deal() }
        return (next, isChanged)
    }

    // MARK: Rebalance

    private mutating func putDown(_ id: MemberID) {
        members[id]!.phase = .joining
        members[id]!.partitions = []
    }

    private mutating func rebalance(now: ContinuousClock.Instant) {
        for (id, member) in members {
            switch member.phase {
            case .assigned(isTold: true) where !member.partitions.isEmpty:
                members[id]!.phase = .revoking(isTold: false, deadline: now + member.revocationTimeout)
            case .assigned: putDown(id)
            case .joining, .revoking, .lost, .fenced: break
            }
        }
        deal()
    }

    /// Deals the partitions out when nobody holds one any more.
    private mutating func deal() {
        var waiting: [(identity: String, id: MemberID)] = []
        for (id, member) in members {
            switch member.phase {
            case .joining: waiting.append((member.identity, id))
            case .revoking: return
            case .assigned, .lost, .fenced: break
            }
        }
        guard !waiting.isEmpty else { return }
        generation += 1
        waiting.sort { $0.identity < $1.identity }
        let share = Int(partitionCount) / waiting.count
        let larger = Int(partitionCount) % waiting.count
        var first = 0
        for (index, member) in waiting.enumerated() {
            let count = share + (index < larger ? 1 : 0)
            members[member.id]!.partitions = (first..<first + count).map { Int32($0) }
            members[member.id]!.phase = .assigned(isTold: false)
            first += count
        }
    }
}
