import Contracts
import Domain
import TaskRuntime
import Testing

@Suite struct BlockTests {
    private let one = PayoutBench.one

    private func place(
        _ bench: PayoutBench, _ target: BlockTarget, _ kind: BlockKind = .dispute, at day: String
    ) throws -> HarnessResult {
        try bench.send(
            BlockPlaced(
                partner: one, target: target, kind: kind, reference: "cnf_1", evidence: ["touch 7"],
                actor: PayoutBench.maker, occurredAt: time(day)), key: one.text, at: time(day))
    }

    private func release(
        _ bench: PayoutBench, _ target: BlockTarget, _ kind: BlockKind = .dispute, reference: String? = nil,
        by actor: Actor = PayoutBench.checker, source: String = "/test", at day: String
    ) throws -> HarnessResult {
        try bench.send(
            BlockReleased(
                partner: one, target: target, kind: kind, reference: reference, note: "looked at", actor: actor,
                occurredAt: time(day)), key: one.text, at: time(day), source: source)
    }

    static let targets: [BlockTarget] = [.partner, .opportunity(OpportunityID("opp_1")!)]

    @Test(arguments: targets)
    func `a dispute holds money until a person ends it, then it is eligible at once`(target: BlockTarget) throws {
        let bench = try PayoutBench()
        try bench.win()
        #expect(try place(bench, target, at: "2026-03-20T00:00:00Z").deadLetter == nil)
        #expect(try bench.notifications().contains(.commissionBlocked))
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        #expect(try release(bench, target, at: "2026-05-02T00:00:00Z").deadLetter == nil)
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
        #expect(try bench.commissions()[0].eligibleAt == time("2026-05-02T00:00:00Z"))
        #expect(try bench.pay(at: time("2026-05-03T00:00:00Z")) != nil)
        try bench.checkInvariants()
    }

    @Test(arguments: targets)
    func `a dispute ended before the hold changes nothing about the hold`(target: BlockTarget) throws {
        let bench = try PayoutBench()
        try bench.win()
        _ = try place(bench, target, at: "2026-03-20T00:00:00Z")
        _ = try release(bench, target, at: "2026-03-21T00:00:00Z")
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        try bench.advance(to: time("2026-04-09T12:00:00Z"))
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
    }

    @Test(arguments: targets)
    func `what is eligible already is in no payout while it is disputed`(target: BlockTarget) throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.advance(to: time("2026-04-10T00:00:00Z"))
        _ = try place(bench, target, at: "2026-04-11T00:00:00Z")
        try bench.plan(at: time("2026-04-12T00:00:00Z"))
        #expect(try bench.payouts().isEmpty)
        _ = try release(bench, target, at: "2026-04-13T00:00:00Z")
        try bench.plan("run_2", at: time("2026-04-14T00:00:00Z"))
        #expect(try bench.payouts().map(\.net) == [1_200_000])
        try bench.checkInvariants()
    }

    @Test func `a dispute about a deal holds what is earned on it later, and nothing else`() throws {
        let bench = try PayoutBench()
        _ = try place(bench, .opportunity(OpportunityID("opp_1")!), at: "2026-03-01T00:00:00Z")
        try bench.win("opp_1")
        try bench.win("opp_2")
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        #expect(try bench.balances() == [1_200_000, 1_200_000, 0, 0])
    }

    @Test func `two blocks both have to end`() throws {
        let bench = try PayoutBench()
        try bench.win()
        _ = try place(bench, .opportunity(OpportunityID("opp_1")!), at: "2026-03-20T00:00:00Z")
        _ = try place(bench, .partner, at: "2026-03-20T00:00:01Z")
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        _ = try release(bench, .partner, at: "2026-05-02T00:00:00Z")
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        _ = try release(bench, .opportunity(OpportunityID("opp_1")!), at: "2026-05-03T00:00:00Z")
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
    }

    @Test func `one commission is held by its id`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let id = try bench.commissions()[0].id
        _ = try place(bench, .commission(id), at: "2026-03-20T00:00:00Z")
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        _ = try release(bench, .commission(id), at: "2026-05-02T00:00:00Z")
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
    }

    @Test(arguments: [
        PayoutBench.insider, PayoutBench.stranger, PayoutBench.gone, .programme, .policy("auto"),
        .person(PersonID("psn_nobody")!),
    ])
    func `only an active person of no partner ends a dispute`(actor: Actor) throws {
        let bench = try PayoutBench()
        try bench.win()
        _ = try place(bench, .partner, at: "2026-03-20T00:00:00Z")
        #expect(try release(bench, .partner, by: actor, at: "2026-03-21T00:00:00Z").deadLetter?.code == .refused)
        #expect(try bench.openBlocks().count == 1)
    }

    private static let approvalWorker = "/tributary/approval-worker/3"

    private func conflict(_ bench: PayoutBench, by actor: Actor, at day: String) throws {
        try bench.send(
            BlockPlaced(
                partner: one, target: .opportunity(OpportunityID("opp_1")!), kind: .dispute, reference: "cnf_1",
                actor: actor, occurredAt: time(day)), key: one.text, at: time(day), source: Self.approvalWorker)
    }

    @Test func `a policy ends what the approval worker held because of a conflict, told by that worker alone`() throws {
        let bench = try PayoutBench()
        let deal = BlockTarget.opportunity(OpportunityID("opp_1")!)
        try bench.win()
        try conflict(bench, by: .programme, at: "2026-03-20T00:00:00Z")
        let policy = Actor.policy("rules")
        let outside = try release(bench, deal, reference: "cnf_1", by: policy, at: "2026-03-21T00:00:00Z")
        #expect(outside.deadLetter?.code == .refused)
        let all = try release(bench, deal, by: policy, source: Self.approvalWorker, at: "2026-03-22T00:00:00Z")
        #expect(all.deadLetter?.code == .refused, "of no conflict in particular")
        let told = try release(
            bench, deal, reference: "cnf_1", by: policy, source: Self.approvalWorker, at: "2026-03-23T00:00:00Z")
        #expect(told.deadLetter == nil)
        #expect(try bench.openBlocks().isEmpty)
    }

    /// The release comes when the time for an appeal is over.
    @Test func `who decided a conflict need not be active any more when the approval worker tells its end`() throws {
        let bench = try PayoutBench()
        let deal = BlockTarget.opportunity(OpportunityID("opp_1")!)
        try bench.win()
        try conflict(bench, by: .programme, at: "2026-03-20T00:00:00Z")
        let outside = try release(bench, deal, reference: "cnf_1", by: PayoutBench.gone, at: "2026-03-21T00:00:00Z")
        #expect(outside.deadLetter?.code == .refused)
        let nobody = try release(
            bench, deal, reference: "cnf_1", by: .programme, source: Self.approvalWorker, at: "2026-03-22T00:00:00Z")
        #expect(nobody.deadLetter?.code == .refused)
        let told = try release(
            bench, deal, reference: "cnf_1", by: PayoutBench.gone, source: Self.approvalWorker,
            at: "2026-03-23T00:00:00Z")
        #expect(told.deadLetter == nil)
        #expect(try bench.openBlocks().isEmpty)
    }

    @Test func `a policy ends nothing that another reason holds, whoever tells it`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.update(at: time("2026-03-20T00:00:00Z")) { $0.status = .endedForCause }
        try conflict(bench, by: PayoutBench.maker, at: "2026-03-20T01:00:00Z")
        let deal = BlockTarget.opportunity(OpportunityID("opp_1")!)
        for (target, reference) in [(BlockTarget.partner, "ended_for_cause"), (deal, "cnf_1")] {
            let refused = try release(
                bench, target, reference: reference, by: .policy("rules"), source: Self.approvalWorker,
                at: "2026-03-21T00:00:00Z")
            #expect(refused.deadLetter?.code == .refused)
        }
        #expect(try bench.openBlocks().count == 2)
    }

    @Test func `what a person released before the worker tells its end is no question any more`() throws {
        let bench = try PayoutBench()
        let deal = BlockTarget.opportunity(OpportunityID("opp_1")!)
        try bench.win()
        try conflict(bench, by: .programme, at: "2026-03-20T00:00:00Z")
        _ = try release(bench, deal, reference: "cnf_1", at: "2026-03-21T00:00:00Z")
        let again = try release(
            bench, deal, reference: "cnf_1", by: .policy("rules"), source: Self.approvalWorker,
            at: "2026-03-22T00:00:00Z")
        #expect(again.deadLetter == nil)
        #expect(try again.payloads(BlockFact.self).isEmpty)
    }

    @Test func `what is not blocked cannot be released`() throws {
        let bench = try PayoutBench()
        try bench.win()
        #expect(try release(bench, .partner, at: "2026-03-21T00:00:00Z").deadLetter?.code == .refused)
        _ = try place(bench, .partner, at: "2026-03-22T00:00:00Z")
        let other = try release(bench, .partner, reference: "cnf_2", at: "2026-03-23T00:00:00Z")
        #expect(other.deadLetter?.code == .refused)
    }

    @Test(arguments: BlockKind.allCases.filter { !$0.isJudgement })
    func `facts are neither placed nor released by hand`(kind: BlockKind) throws {
        let bench = try PayoutBench()
        try bench.win()
        #expect(try place(bench, .partner, kind, at: "2026-03-20T00:00:00Z").deadLetter?.code == .refused)
        #expect(try release(bench, .partner, kind, at: "2026-03-21T00:00:00Z").deadLetter?.code == .refused)
    }

    // MARK: Facts of the register

    @Test func `without a verified payee money is held until there is one`() throws {
        let bench = try PayoutBench(hasPayee: false)
        try bench.win()
        #expect(try bench.openBlocks().map(\.kind) == [.missingPayee])
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        _ = try bench.addPayee(isVerified: false, at: time("2026-05-02T00:00:00Z"))
        #expect(try bench.openBlocks().count == 1)
        try bench.addPayee(at: time("2026-05-03T00:00:00Z"))
        #expect(try bench.openBlocks().isEmpty)
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
    }

    @Test func `without a tax form money is held until it is on file`() throws {
        let bench = try PayoutBench(partner: { $0.isTaxFormOnFile = false })
        try bench.win()
        #expect(try bench.openBlocks().map(\.kind) == [.missingTaxForm])
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        try bench.update(at: time("2026-05-02T00:00:00Z")) { _ in }
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
    }

    @Test func `a paused partner goes on earning, and is paid when it is active again`() throws {
        let bench = try PayoutBench()
        try bench.win("opp_1")
        try bench.advance(to: time("2026-04-10T00:00:00Z"))
        try bench.update(at: time("2026-04-11T00:00:00Z")) { $0.status = .paused }
        try bench.win("opp_2", at: time("2026-04-12T00:00:00Z"))
        try bench.plan(at: time("2026-04-13T00:00:00Z"))
        #expect(try bench.payouts().isEmpty)
        #expect(try bench.balances() == [1_200_000, 1_200_000, 0, 0])
        try bench.update(at: time("2026-04-14T00:00:00Z")) { _ in }
        try bench.plan("run_2", at: time("2026-04-15T00:00:00Z"))
        #expect(try bench.payouts().map(\.net) == [1_200_000])
        try bench.checkInvariants()
    }

    @Test func `a register entry of the future counts from its day on`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let entryTime = time("2026-03-20T00:00:00Z")
        var partner = Partner(
            id: one, version: 9, name: "One", domain: "one.example", types: [.referral], tier: .silver, status: .paused,
            currency: euro, locale: "en", contact: ContactAddress(name: "Pat", email: "pat@one.example"),
            isTaxFormOnFile: true, vatID: nil, effectiveAt: time("2026-03-25T00:00:00Z"))
        let entry = PartnerUpdated(partner: partner, occurredAt: entryTime)
        try bench.send(entry, key: entry.registerKey, at: entryTime, isBroadcast: true)
        #expect(try bench.openBlocks().isEmpty)
        try bench.advance(to: time("2026-03-25T00:00:00Z"))
        #expect(try bench.openBlocks().map(\.kind) == [.programmePaused])
        partner.version = 10
    }

    @Test func `a partner that was ended for cause has a dispute`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.update(at: time("2026-03-20T00:00:00Z")) { $0.status = .endedForCause }
        #expect(try bench.openBlocks().map(\.kind) == [.dispute])
        _ = try release(bench, .partner, at: "2026-03-21T00:00:00Z")
        try bench.update(at: time("2026-03-22T00:00:00Z")) { $0.status = .endedForCause }
        #expect(try bench.openBlocks().isEmpty)
    }

    // MARK: Gaming

    @Test func `a suspicious registration is held with its evidence until somebody looked at it`() throws {
        let bench = try PayoutBench()
        try bench.win { $0.registeredAt = time("2026-03-09T00:00:00Z") }
        let block = try #require(try bench.openBlocks().first)
        #expect(block.kind == .fraudReview)
        #expect(!block.evidence.isEmpty)
        #expect(block.owner != nil)
        let id = try bench.commissions()[0].id
        #expect(block.target == .commission(id))
        try bench.advance(to: time("2026-05-01T00:00:00Z"))
        #expect(try bench.balances() == [1_200_000, 0, 0, 0])
        _ = try release(bench, .commission(id), .fraudReview, at: "2026-05-02T00:00:00Z")
        #expect(try bench.balances() == [0, 1_200_000, 0, 0])
    }

    @Test func `registering everything is found over all senders, each by its last count`() throws {
        let bench = try PayoutBench()
        func count(_ open: Int64, from sender: String, at day: String) throws {
            try bench.send(
                PartnerActivity(partner: one, openRegistrations: open, occurredAt: time(day)), key: one.text,
                at: time(day), source: sender)
        }
        try count(99, from: "/tributary/approval/0", at: "2026-03-01T00:00:00Z")
        try count(20, from: "/tributary/approval/0", at: "2026-03-02T00:00:00Z")
        try count(6, from: "/tributary/approval/1", at: "2026-03-02T00:00:00Z")
        try bench.win()
        #expect(try bench.openBlocks().map(\.kind) == [.fraudReview])
        try count(5, from: "/tributary/approval/1", at: "2026-03-11T00:00:00Z")
        try bench.win("opp_2", at: time("2026-03-12T00:00:00Z"))
        #expect(try bench.openBlocks().count == 1)
    }

    @Test func `counts beyond what can be counted are no end of the partner's money`() throws {
        let bench = try PayoutBench()
        for sender in ["/one", "/two"] {
            try bench.send(
                PartnerActivity(
                    partner: one, openRegistrations: .max, decidedReferrals: .max, acceptedReferrals: .max,
                    occurredAt: time("2026-03-01T00:00:00Z")), key: one.text, at: time("2026-03-01T00:00:00Z"),
                source: sender)
        }
        #expect(try bench.win().deadLetter == nil)
        #expect(try bench.openBlocks().map(\.kind) == [.fraudReview])
    }

    @Test(arguments: [("a.one", "a.two"), ("a", "a.two"), ("a.one", "a")])
    func `one account is one, whoever is said to hold it`(first: String, second: String) throws {
        let bench = try PayoutBench(hasPayee: false)
        try bench.addPayee(fingerprint: first)
        try bench.win()
        try bench.update(PayoutBench.two) { _ in }
        try bench.addPayee(PayoutBench.two, fingerprint: second, at: time("2026-03-11T00:00:00Z"))
        try bench.win("opp_2", partner: PayoutBench.two, at: time("2026-03-12T00:00:00Z"))
        #expect(Set(try bench.openBlocks().map(\.partner)) == [PayoutBench.one, PayoutBench.two])
        #expect(try bench.openBlocks().allSatisfy { $0.kind == .fraudReview })
    }

    @Test func `other accounts are others, whatever they have in common`() throws {
        let bench = try PayoutBench(hasPayee: false)
        try bench.addPayee(fingerprint: "a.one")
        try bench.win()
        try bench.update(PayoutBench.two) { _ in }
        try bench.addPayee(PayoutBench.two, fingerprint: "b.one", at: time("2026-03-11T00:00:00Z"))
        #expect(try bench.openBlocks().isEmpty)
    }

    @Test func `two partners that are paid to one account are both held`() throws {
        let bench = try PayoutBench()
        try bench.win()
        try bench.update(PayoutBench.two) { _ in }
        try bench.addPayee(PayoutBench.two, fingerprint: "account of ptr_one", at: time("2026-03-11T00:00:00Z"))
        try bench.win("opp_2", partner: PayoutBench.two, at: time("2026-03-12T00:00:00Z"))
        #expect(Set(try bench.openBlocks().map(\.partner)) == [PayoutBench.one, PayoutBench.two])
        #expect(try bench.openBlocks().allSatisfy { $0.kind == .fraudReview && $0.target == .partner })
    }
}
