import Contracts
import Dispatch
import EventLog
import TaskRuntime

/// Everything of one simulation.
///
/// `@unchecked Sendable`: used by the holder of the scheduler's baton only.
final class World: @unchecked Sendable {
    let seed: UInt64
    let scheduler: Scheduler
    let faults: Faults
    let broker: SimulatedBroker
    let workload: any Workload
    let membership: SessionConfiguration.Membership
    let limits: TurnLimits
    private(set) var hosts: [SimulatedHost] = []
    private(set) var failures: [String] = []
    /// Inputs that are planned and not appended yet.
    private(set) var unfed = 0
    private let printsTrace: Bool
    private let start = ContinuousClock.now

    /// 2026-01-05T08:00:00Z
    static let startTime: Int64 = 1_767_600_000_000

    init(seed: UInt64, printsTrace: Bool) {
        self.seed = seed
        self.printsTrace = printsTrace
        scheduler = Scheduler(seed: seed, start: World.startTime)
        faults = Faults(scheduler, isCalm: scheduler.random.chance(percent: 3))
        membership = scheduler.random.chance(percent: 60) ? .static : .dynamic
        var limits = TurnLimits()
        limits.records = Int(scheduler.random.between(1, 30))
        limits.duration = .milliseconds(scheduler.random.between(5, 200))
        limits.lateDuration = limits.duration * 5
        limits.idlePoll = .milliseconds(500)
        limits.retryPause = .milliseconds(60)
        let isLagging = scheduler.random.chance(percent: 60)
        limits.storeLag =
            isLagging
            ? StoreLag(
                rows: Int(scheduler.random.between(5, 300)), bytes: .max,
                milliseconds: scheduler.random.between(100, 6_000))
            : .none
        self.limits = limits
        workload =
            scheduler.random.chance(percent: 75)
            ? ChainWorkload(&scheduler.random) : ProgrammeWorkload(&scheduler.random)
        broker = SimulatedBroker(scheduler: scheduler, faults: faults, catalogue: workload.catalogue)
        for worker in workload.workers {
            for number in 0..<(2 + scheduler.random.below(2)) {
                hosts.append(SimulatedHost(worker, number, world: self))
            }
        }
    }

    func group(of worker: WorkerName) -> String { "\(worker.rawValue)-worker" }

    var instant: @Sendable () -> ContinuousClock.Instant {
        { [self] in start + .milliseconds(scheduler.now - World.startTime) }
    }

    func record(_ text: String) {
        scheduler.note(text)
        if printsTrace { print("\(scheduler.now - World.startTime) \(text)") }
    }

    func fail(_ text: String) {
        record("FAILURE \(text)")
        if failures.count < World.failureLimit { failures.append(text) }
    }

    private static let failureLimit = 20

    /// A host with an empty disk, for one worker.
    func addHost(_ worker: WorkerName) -> SimulatedHost {
        let host = SimulatedHost(worker, hosts.filter { $0.worker == worker }.count, world: self)
        hosts.append(host)
        return host
    }

    /// Appends the records, in one go, when `delay` milliseconds have passed.
    func feed(after delay: Int64, _ records: @escaping () -> [OutgoingRecord]) {
        unfed += 1
        scheduler.after(delay) { [self] in
            unfed -= 1
            for record in records() {
                self.record("fed \(record.topic)/\(record.partition)")
                broker.append(record)
            }
        }
    }

    // MARK: Lag

    /// Input partitions with records that their group has not got past, with both offsets.
    func lags() -> [(place: TopicPartition, committed: Int64, end: Int64)] {
        workload.workers.flatMap { worker in
            let topic = workload.catalogue.name(of: worker.input)
            let group = broker.groups[group(of: worker)]
            return broker.partitions(of: topic).compactMap { partition in
                let committed = group?.committed[partition.place.partition]?.offset ?? 0
                let rest = partition.read(from: committed, maximum: .max).records
                let isHidden = partition.lastStableOffset < partition.end
                return rest.isEmpty && !isHidden ? nil : (partition.place, committed, partition.end)
            }
        }
    }

    /// Whether nothing is left to be done.
    var isQuiet: Bool { unfed == 0 && broker.isSettled && lags().isEmpty }

    // MARK: Running

    /// Steps until `condition`; `false` when `limit` milliseconds passed first.
    func run(upTo limit: Int64, until condition: () -> Bool) -> Bool {
        let end = scheduler.now + limit
        let lastStep = scheduler.steps + World.stepLimit
        while scheduler.now < end && scheduler.steps < lastStep {
            if condition() { return true }
            scheduler.run(steps: World.stepsPerLook)
        }
        return condition()
    }

    private static let stepLimit = 400_000
    /// What is asked for costs more than a step.
    private static let stepsPerLook = 16
}
