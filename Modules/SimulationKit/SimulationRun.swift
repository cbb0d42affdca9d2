import Contracts
import EventLog
import TaskRuntime

/// The parts of one simulation, in their order.
struct SimulationRun {
    private let world: World
    private let references: [Reference]

    /// Simulated time, in milliseconds, in which lag must reach 0 when the faults have stopped.
    private static let recoveryLimit: Int64 = 180_000
    /// As above, for one host alone to bring up every partition.
    private static let tourLimit: Int64 = 120_000

    init(_ world: World) throws {
        self.world = world
        references = try world.workload.workers.flatMap { worker in
            try (0..<world.workload.catalogue.partitions).map { try Reference(worker, $0, world) }
        }
    }

    func toTheEnd() throws {
        let duration = world.scheduler.random.between(4_000, 40_000)
        world.workload.feed(world, duration: duration)
        for host in world.hosts { host.start() }
        if world.faults.rescaling > 0 { rescale() }
        _ = world.run(upTo: duration) { !world.failures.isEmpty }
        stopFaults()
        guard recovers() else { return }
        try checkStores(of: nil)
        for number in 0..<(world.hostCount + 1) where world.failures.isEmpty { try tour(number) }
        try checkOutputs()
        for complaint in try world.workload.complaints(world) { world.fail(complaint) }
    }

    /// Takes a copy away, or brings one back, again and again.
    private func rescale() {
        world.scheduler.after(world.faults.rescaling) { [self] in
            guard world.faults.isActive else { return }
            let host = world.hosts[world.scheduler.random.below(world.hosts.count)]
            host.isWanted.toggle()
            if host.isWanted { host.start() } else { host.process?.stop.set() }
            rescale()
        }
    }

    private func stopFaults() {
        world.faults.isActive = false
        world.record("faults stop")
        for host in world.hosts {
            host.isWanted = true
            host.start()
        }
    }

    /// Liveness: what is left is done once nothing disturbs any more, and stays done.
    private func recovers() -> Bool {
        guard world.run(upTo: SimulationRun.recoveryLimit, until: { world.isQuiet }) else {
            world.fail("lag never reached 0: \(world.lags().map { "\($0.place) \($0.committed) of \($0.end)" })")
            return false
        }
        return world.failures.isEmpty
    }

    /// One host of each worker alone, with every partition.
    private func tour(_ number: Int) throws {
        world.record("tour of host \(number)")
        let chosen = world.workload.workers.map { worker in
            world.hosts.first { $0.worker == worker && $0.number == number } ?? world.addHost(worker)
        }
        guard allLeave() else { return }
        for host in chosen {
            host.isWanted = true
            host.start()
        }
        let all = Set(0..<world.workload.catalogue.partitions)
        guard
            world.run(
                upTo: SimulationRun.tourLimit,
                until: { chosen.allSatisfy { $0.process?.running == all } && world.isQuiet })
        else {
            world.fail(
                "host \(number) alone did not bring up every partition: "
                    + "\(chosen.map { "\($0.worker) \(($0.process?.running ?? []).sorted())" })")
            return
        }
        // They leave in good order, so that the stores stand where the group's positions do.
        guard allLeave() else { return }
        for host in chosen { try checkStores(of: host) }
    }

    /// Every process leaves when it is asked to; one that was stopped, when it goes on.
    private func allLeave() -> Bool {
        for host in world.hosts {
            host.isWanted = false
            host.process?.stop.set()
        }
        let isDone = world.run(upTo: SimulationRun.tourLimit) { world.hosts.allSatisfy { !$0.isUp } }
        if !isDone { world.fail("a process did not leave when it was asked to") }
        return isDone
    }

    // MARK: Verdict

    /// Every store of a host, or what the changelogs say, against the replay of the input.
    private func checkStores(of host: SimulatedHost?) throws {
        for reference in references where host == nil || host?.worker == reference.worker {
            let group = world.broker.groups[world.group(of: reference.worker)]
            guard let committed = group?.committed[reference.partition] else { continue }
            let wanted = try reference.rows(upTo: committed.offset)
            let name = "\(reference.worker)/\(reference.partition)"
            if let host {
                guard let found = try host.rows(of: reference.partition) else {
                    world.fail("host \(host.number) has no store of \(name)")
                    continue
                }
                if found != wanted {
                    world.fail("host \(host.number)'s store of \(name): \(found.difference(from: wanted))")
                }
            } else if !world.faults.tearsTurns {
                let found = try world.changelogRows(reference.worker, reference.partition)
                if found != wanted { world.fail("the changelog of \(name): \(found.difference(from: wanted))") }
            }
        }
    }

    /// Each topic holds what the references made: each record once, in the order of its maker.
    private func checkOutputs() throws {
        for worker in world.workload.workers {
            var wanted: [OutputLane: [OutgoingRecord]] = [:]
            for reference in references where reference.worker == worker {
                for record in reference.outputs { wanted[OutputLane(record), default: []].append(record) }
            }
            var found: [OutputLane: [OutgoingRecord]] = [:]
            for record in world.outputs(of: worker) { found[OutputLane(record), default: []].append(record) }
            for lane in Set(wanted.keys).union(found.keys).sorted() {
                var (wanted, found) = (lane.ordered(wanted[lane] ?? []), lane.ordered(found[lane] ?? []))
                // A torn turn is done again: the same record, byte for byte, under the same id.
                if world.faults.tearsTurns { (wanted, found) = (firsts(of: wanted), firsts(of: found)) }
                guard wanted != found else { continue }
                let place = zip(wanted, found).enumerated().first { $0.element.0 != $0.element.1 }?.offset
                world.fail(
                    "\(worker) made \(found.count) records for \(lane), \(wanted.count) expected; the first that differs "
                        + "is \(place ?? min(wanted.count, found.count))")
            }
        }
    }

    private func firsts(of records: [OutgoingRecord]) -> [OutgoingRecord] {
        var known: Set<OutgoingRecord> = []
        return records.filter { known.insert($0).inserted }
    }
}

/// Records that one task wrote to one partition: they stand in the order in which it made them.
private struct OutputLane: Hashable, Comparable, CustomStringConvertible {
    let place: TopicPartition
    /// The task, by its outputs' source; forwarded events and dead letters carry their senders'.
    let source: String
    private let isForwarded: Bool

    init(_ record: OutgoingRecord) {
        place = TopicPartition(record.topic, record.partition)
        isForwarded = record.headers.contains(name: HeaderName.forwarded)
        let isDeadLetter = record.headers.contains(name: HeaderName.errorCode)
        source =
            isForwarded
            ? "forwarded" : isDeadLetter ? "dead letters" : record.headers.text(of: HeaderName.source) ?? ""
    }

    /// Forwarded events of several tasks stand in no order between them.
    func ordered(_ records: [OutgoingRecord]) -> [OutgoingRecord] {
        guard isForwarded else { return records }
        return records.sorted { ($0.value ?? []).lexicographicallyPrecedes($1.value ?? []) }
    }

    var description: String { "\(place) from \(source)" }

    static func < (left: OutputLane, right: OutputLane) -> Bool {
        (left.place, left.source) < (right.place, right.source)
    }
}
