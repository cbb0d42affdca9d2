import ApprovalWorker
import Contracts
import Domain
import DomainNames
import EventLog
import JSON
import PayoutWorker
import ReferralWorker
import TaskRuntime

/// The product's own workers for referrals, approvals and payouts over half a year of a small programme: referrals of
/// three partners compete for a few accounts, deals are won, commissions accrue, a payout run is planned and approved.
final class ProgrammeWorkload: Workload {
    let catalogue: TopicCatalogue
    let workers: [WorkerName] = [.referral, .approval, .payout]
    private let referrals: Int
    private let days: Int64
    private static let domains = RegistrableDomains()
    private static let run = PayoutRunID("run_sim")!

    init(_ random: inout SimulationRandom) {
        catalogue = TopicCatalogue(prefix: "sim", partitions: Int32(random.between(1, 3)))
        referrals = Int(random.between(4, 14))
        days = random.between(4, 9)
    }

    func makeProcessor(_ worker: WorkerName, _ state: TaskState, _ partition: Int32) throws -> any Processor {
        switch worker {
        case .referral: ReferralProcessor(state: state, domains: ProgrammeWorkload.domains)
        case .approval: ApprovalProcessor(state: state, domains: ProgrammeWorkload.domains)
        case .payout: PayoutProcessor(state: state, partition: partition)
        case .notification: throw LogError(.invalidState, .fatal, "not part of this workload")
        }
    }

    func feed(_ world: World, duration: Int64) {
        world.feed(after: 0) { [self] in
            broadcast(ClockSet(kind: .stream, at: ProgrammeSamples.start - .days(2)), key: "clock", id: "clock")
                + register()
        }
        for number in 0..<referrals { feedReferral(number, world, duration) }
        feedPayout(world, duration)
        // A tick lets what the workers made for one another be applied; some days' end without anything new.
        for day in 1...(days + 4) {
            world.feed(after: duration * day / days + 10) { [self] in
                broadcast(ClockAdvanced(to: time(ofDay: day)), key: "tick", id: "tick-\(day)")
            }
        }
    }

    /// A day of the feed is three weeks of the programme, so that its deadlines come to pass.
    private func time(ofDay day: Int64) -> Timestamp { ProgrammeSamples.start + .days(Int(day) * 21) }

    /// The day that a record belongs to, drawn from the seed, its place in the feed, and a time in it.
    private func moment(_ world: World, _ duration: Int64, from first: Int64 = 0) -> (
        delay: Int64, day: Int64, time: Timestamp
    ) {
        let day = world.scheduler.random.between(first, max(first, days - 1))
        let part = world.scheduler.random.between(1, 900)
        return (
            duration * day / days + 20 + part * (duration / days - 20) / 1_000, day,
            time(ofDay: day) + .hours(Int(part / 2))
        )
    }

    private func register() -> [OutgoingRecord] {
        var records: [OutgoingRecord] = []
        func add(_ entry: some RegisterEntry) {
            records += broadcast(
                entry.broadcastForm, key: entry.registerKey, id: entry.registerKey, to: Topic.registerReaders)
        }
        add(
            ProgramPublished(
                program: ProgrammeSamples.program, actor: .programme, occurredAt: ProgrammeSamples.start - .days(1)))
        for name in ProgrammeSamples.people { add(ProgrammeSamples.person(name)) }
        for name in ProgrammeSamples.partners {
            add(ProgrammeSamples.partner(name))
            add(ProgrammeSamples.payee(name))
        }
        return records
    }

    private func feedReferral(_ number: Int, _ world: World, _ duration: Int64) {
        let random = { (bound: Int) in world.scheduler.random.below(bound) }
        let domain = "account\(random(4)).example"
        let partner = ProgrammeSamples.partners[random(3)]
        let first = moment(world, duration)
        let referral = record(
            ReferralSubmitted(
                ProgrammeSamples.submission(partner, domain: domain, claims: random(10) < 7, at: first.time)),
            to: .referral, key: domain, id: "referral-\(number)")
        world.feed(after: first.delay) { [referral] }
        if random(100) < 15 { world.feed(after: first.delay + 30) { [referral] } }
        let later = moment(world, duration, from: first.day)
        let account = AccountReference(key: AccountKey(unchecked: domain), name: domain)
        if random(100) < 60 {
            let touch = record(
                TouchRecorded(
                    account: account, touch: TouchID(unchecked: "tch_\(number)"),
                    party: Party(text: random(2) == 0 ? "direct" : "ptr_\(partner)")!, kind: .meeting,
                    confirmedBy: "psn_owner", occurredAt: later.time), to: .approval, key: domain,
                id: "touch-\(number)")
            world.feed(after: later.delay) { [touch] }
        }
        guard random(100) < 70 else { return }
        let won = moment(world, duration, from: min(later.day + 1, days - 1))
        let deal = record(
            OpportunityUpdated(
                account: account, opportunity: OpportunityID(unchecked: "opp_\(domain)_\(number)"), revision: 1,
                productLine: "core", stage: random(100) < 80 ? .closedWon : .proposal,
                motion: .direct, firstYearValue: ProgrammeSamples.euros(Int64(1_000 + random(90_000))),
                createdAt: later.time, closedAt: won.time, salesRep: "Sam", occurredAt: won.time), to: .approval,
            key: domain, id: "deal-\(number)")
        world.feed(after: won.delay) { [deal] }
        if random(100) < 20 { world.feed(after: won.delay + 50) { [deal] } }
    }

    private func feedPayout(_ world: World, _ duration: Int64) {
        let planned = time(ofDay: days) + .hours(1)
        world.feed(after: duration + 200) { [self] in
            broadcast(
                PayoutRunRequested(
                    run: ProgrammeWorkload.run, cutOff: planned, rail: .csv, executionDate: planned.date + 1,
                    actor: .person(PersonID("psn_owner")!), occurredAt: planned), key: ProgrammeWorkload.run.text,
                id: "run", to: [.payout])
        }
        let approved = time(ofDay: days + 2) + .hours(1)
        world.feed(after: duration * (days + 2) / days + 300) { [self] in
            let parts = plannedParts(world)
            guard parts.count == Int(catalogue.partitions) else { return [] }
            return broadcast(
                PayoutRunApproved(
                    run: ProgrammeWorkload.run, parts: parts, actor: .person(PersonID("psn_second")!),
                    occurredAt: approved), key: ProgrammeWorkload.run.text, id: "approval", to: [.payout])
        }
    }

    /// The hashes of the run's parts, as a person would read them from the facts.
    private func plannedParts(_ world: World) -> [String] {
        var hashes: [String: String] = [:]
        for partition in world.broker.partitions(of: catalogue.name(of: .outcome)) {
            for (record, _) in partition.committedEntries()
            where record.headers.contains(LogHeader(HeaderName.type, PayoutRunPartFact.type)) {
                do {
                    let fact = try JSONDocument.decode(PayoutRunPartFact.self, from: record.value ?? [])
                    hashes[fact.entityID] = fact.runPart.sha256
                } catch {
                    world.fail("a fact cannot be read: \(error)")
                }
            }
        }
        return hashes.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Every id of a ledger entry occurs once, and every entry balances.
    func complaints(_ world: World) throws -> [String] {
        var complaints: [String] = []
        var ids: Set<String> = []
        var known: Set<[UInt8]> = []
        for partition in world.broker.partitions(of: catalogue.name(of: .outcome)) {
            for (record, _) in partition.committedEntries()
            where record.headers.contains(LogHeader(HeaderName.type, LedgerFact.type)) {
                if world.faults.tearsTurns,
                    !known.insert(record.headers.value(of: HeaderName.id) ?? []).inserted
                {
                    continue
                }
                let fact = try JSONDocument.decode(LedgerFact.self, from: record.value ?? [])
                if !ids.insert(fact.id).inserted { complaints.append("ledger entry \(fact.id) is there twice") }
                let sum = fact.postings.reduce(Int64(0)) { $0 + ($1.side == .debit ? $1.amount : -$1.amount) }
                if sum != 0 { complaints.append("ledger entry \(fact.id) is off by \(sum)") }
            }
        }
        return complaints
    }
}
