import Contracts
import Domain
import EventLog
import JSON
import TaskRuntime

/// Links for two workers in a row, on a wall clock or a stream clock, with repeated, misplaced, failing and unreadable ones.
final class ChainWorkload: Workload {
    let catalogue: TopicCatalogue
    let workers: [WorkerName] = [.referral, .approval]
    private let isStream: Bool
    private let count: Int
    private let keys: Int
    private let repeats: Int
    /// What went in: by name, how often it is to have an effect.
    private var expected: [String: Bool] = [:]

    init(_ random: inout SimulationRandom) {
        catalogue = TopicCatalogue(prefix: "sim", partitions: Int32(random.between(2, 4)))
        isStream = random.chance(percent: 30)
        count = Int(random.between(20, 120))
        keys = Int(random.between(2, 9))
        repeats = random.chance(percent: 70) ? 12 : 0
    }

    func makeProcessor(_ worker: WorkerName, _ state: TaskState, _ partition: Int32) throws -> any Processor {
        ChainProcessor()
    }

    func feed(_ world: World, duration: Int64) {
        let clock = ClockSet(
            kind: isStream ? .stream : .wall, at: Timestamp(millisecondsSince1970: World.startTime))
        world.feed(after: 0) { [self] in broadcast(clock, key: "clock", id: "clock") }
        for number in 0..<count {
            let delay = 1 + world.scheduler.random.between(0, duration)
            feedLink(number, after: delay, world)
        }
        guard isStream else { return }
        let ticks = world.scheduler.random.between(2, 8)
        for tick in 1...ticks {
            let delay = duration * tick / ticks + (tick == ticks ? 2_000 : 0)
            world.feed(after: delay) { [self] in
                let to = Timestamp(millisecondsSince1970: World.startTime + delay + (tick == ticks ? 60_000 : 0))
                return broadcast(ClockAdvanced(to: to), key: "tick", id: "tick-\(tick)")
            }
        }
    }

    private func feedLink(_ number: Int, after delay: Int64, _ world: World) {
        let key = "key-\(world.scheduler.random.below(keys))"
        let name = "link-\(number)"
        let behaviours: [Link.Behaviour] = [.plain, .plain, .timed, .timed, .untimed, .handedOn, .handedOn, .failing]
        let behaviour = behaviours[world.scheduler.random.below(behaviours.count)]
        let link = Link(
            key: key, name: name, behaviour: behaviour, delay: world.scheduler.random.between(5, 9_000),
            occurredAt: Timestamp(millisecondsSince1970: World.startTime + delay))
        var sent = record(link, to: .referral, key: key, id: name)
        if world.scheduler.random.chance(percent: 6) {
            sent.partition = Int32(world.scheduler.random.below(Int(catalogue.partitions)))
        }
        if world.scheduler.random.chance(percent: 3) { sent.value = Array("{".utf8) }
        expected[name] = behaviour != .failing && sent.value?.count != 1
        world.feed(after: delay) { [sent] }
        // A sender that got no answer sends again.
        if world.scheduler.random.chance(percent: repeats) {
            world.feed(after: delay + world.scheduler.random.between(0, 4_000)) { [sent] }
        }
    }

    /// Each link that can have an effect has exactly one, and each key's chain has no gap. On a stream clock a repetition
    /// that comes after its tick counts as one; a link that came too late as none.
    func complaints(_ world: World) throws -> [String] {
        var complaints: [String] = []
        var effects: [String: Int] = [:]
        var lengths: [String: Int64] = [:]
        var known: Set<[UInt8]> = []
        for partition in world.broker.partitions(of: catalogue.name(of: .outcome)) {
            for (record, producer) in partition.committedEntries() where producer?.hasPrefix("referral-") == true {
                guard record.headers.contains(LogHeader(HeaderName.type, ChainGrown.type)) else { continue }
                if world.faults.tearsTurns,
                    !known.insert(record.headers.value(of: HeaderName.id) ?? []).inserted
                {
                    continue
                }
                let grown = try JSONDocument.decode(ChainGrown.self, from: record.value ?? [])
                effects[grown.name, default: 0] += 1
                if grown.length != lengths[grown.key, default: 0] + 1 {
                    complaints.append("\(grown.key) has length \(grown.length) after \(lengths[grown.key, default: 0])")
                }
                lengths[grown.key] = grown.length
            }
        }
        for (name, isEffective) in expected.sorted(by: { $0.key < $1.key }) {
            let wanted = isEffective ? 1 : 0
            let found = effects[name, default: 0]
            let mayBeLate = isStream && found == 0
            if found != wanted && !mayBeLate {
                complaints.append("\(name) had \(found) effects, \(wanted) expected")
            }
        }
        return complaints
    }
}
