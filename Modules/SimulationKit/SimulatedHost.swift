import Contracts
import EventLog
import TaskRuntime

/// A host of one worker: its disk, its identity, and the process that runs on it, started again when it ended.
final class SimulatedHost {
    let worker: WorkerName
    let number: Int
    private let world: World
    private var disk = SimulatedDisk()
    private var identityNumber = 0
    private(set) var process: SimulatedProcess?
    /// Whether a process is to run here.
    var isWanted = true

    init(_ worker: WorkerName, _ number: Int, world: World) {
        self.worker = worker
        self.number = number
        self.world = world
    }

    private var identity: String { "\(worker.rawValue)-\(number).\(identityNumber)" }

    private static let restartDelay: ClosedRange<Int64> = 50...3_000
    /// A supervisor that restarts a fenced process at once would fence the other one back.
    private static let fencedDelay: Int64 = 8_000

    var isUp: Bool { process.map { !$0.hasEnded } ?? false }

    /// The rows of a partition's store, without the turn's own.
    func rows(of partition: Int32) throws -> StoreRows? {
        guard let file = disk.files[partition] else { return nil }
        return try StoreRows(of: file.rows)
    }

    func start() {
        guard isWanted, !isUp else { return }
        do throws(StoreError) { try damage() } catch { preconditionFailure("\(error)") }
        let process = SimulatedProcess(
            identity, scheduler: world.scheduler, faults: world.faults, recorder: world.record)
        self.process = process
        process.trace("starts")
        let loop = makeLoop(process)
        // Safe: the loop is used by the process's thread alone, which starts with the scheduler's baton.
        nonisolated(unsafe) let owned = loop
        nonisolated(unsafe) let host = self
        process.start {
            do throws(LogError) {
                try unsafe owned.run()
                process.trace("ends")
            } catch {
                process.trace("leaves: \(error)")
                if !process.isDead { process.isFenced = true }
            }
            unsafe host.processEnded(process)
        }
    }

    private func processEnded(_ process: SimulatedProcess) {
        process.running = []
        let delay =
            process.isFenced
            ? SimulatedHost.fencedDelay
            : world.scheduler.random.between(
                SimulatedHost.restartDelay.lowerBound, SimulatedHost.restartDelay.upperBound)
        world.scheduler.after(delay) { [self] in start() }
    }

    /// What may have happened to the disk since the last process.
    private func damage() throws(StoreError) {
        let faults = world.faults
        if faults.losesPower { try disk.losePower(&world.scheduler.random) }
        if faults.takesOldStore { try disk.age(&world.scheduler.random) }
        if faults.corruptsStore {
            for (_, file) in disk.files.sorted(by: { $0.key < $1.key }) where world.scheduler.random.chance(percent: 50)
            {
                file.isCorrupt = true
            }
        }
        if faults.losesStore { disk = SimulatedDisk() }
        if faults.takesNewIdentity { identityNumber += 1 }
    }

    private func makeLoop(_ process: SimulatedProcess) -> TurnLoop {
        let world = self.world
        let catalogue = world.workload.catalogue
        return TurnLoop(
            TurnLoop.Environment(
                log: SimulatedLog(process: process, broker: world.broker),
                session: SessionConfiguration(
                    group: world.group(of: worker), topic: catalogue.name(of: worker.input),
                    changelogTopic: catalogue.name(of: .changelog(worker)), identity: identity,
                    membership: world.membership, transactionTimeout: .seconds(5)),
                worker: worker, catalogue: catalogue, stores: SimulatedDiskProvider(process: process, disk: disk),
                now: { process.wallClock() }, sleep: { process.sleep($0) }, instant: world.instant,
                limits: world.limits,
                observer: TurnObserver { [world] notice in
                    switch notice {
                    case .running(let partition): process.running.insert(partition)
                    case .revoked(let gone), .lost(let gone): process.running.subtract(gone)
                    case .stopped(let partition, let code, let reason):
                        process.trace("stopped \(partition): \(reason)")
                        if code != "restore_stalled" { world.fail("\(process.name) needs a person: \(reason)") }
                    case .fault(let fault): process.trace("fault: \(fault.description)")
                    // A new assignment is a whole one; that of a session that failed was never taken back.
                    case .assigned: process.running = []
                    case .polled, .restarting, .restoring, .committed, .left: break
                    }
                },
                makeProcessor: { [world, worker] state, partition in
                    try world.workload.makeProcessor(worker, state, partition)
                }),
            stop: process.stop)
    }
}
