import Contracts
import Domain
import JSON
import PayoutWorker
import Register
import TaskRuntime
import Testing

@Suite struct PayoutProcessorTests {
    private let now = time("2026-03-20T00:00:00Z")
    private let one = PayoutBench.one

    private func outcome(_ result: HarnessResult) throws -> [CommandCompleted] {
        try result.payloads(CommandCompleted.self)
    }

    @Test func `every accepted command tells its outcome, a refused one only its dead letter`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let payload = BlockPlaced(
            partner: one, target: .partner, kind: .dispute, reference: "x", actor: PayoutBench.maker, occurredAt: now)
        let placed = try bench.harness.send(payload, key: one.text, at: now, id: "c1", commandID: "cmd-1")
        #expect(try outcome(placed).map(\.commandID) == ["cmd-1"])
        #expect(try outcome(placed).map(\.outcome) == [.accepted])
        let refused = try bench.harness.send(
            BlockReleased(
                partner: one, target: .partner, kind: .dispute, actor: PayoutBench.insider, occurredAt: now),
            key: one.text, at: now, id: "c2", commandID: "cmd-2")
        #expect(refused.deadLetter?.code == .refused)
        #expect(try outcome(refused).filter { $0.outcome == .accepted }.isEmpty)
        let released = try bench.harness.send(
            BlockReleased(
                partner: one, target: .partner, kind: .dispute, actor: PayoutBench.checker, occurredAt: now),
            key: one.text, at: now, id: "c3", commandID: "cmd-3")
        #expect(try outcome(released).map(\.commandID) == ["cmd-3"])
        let planned = try bench.harness.send(
            PayoutRunRequested(
                run: PayoutRunID("run_1")!, cutOff: now, rail: .csv, executionDate: now.date, actor: PayoutBench.maker,
                occurredAt: now), key: "run_1", at: now, id: "c4", commandID: "cmd-4", isBroadcast: true)
        #expect(try outcome(planned).map(\.subject) == ["run_1"])
        let hash = try #require(try planned.payloads(PayoutRunPartFact.self).first?.runPart.sha256)
        let approved = try bench.harness.send(
            PayoutRunApproved(
                run: PayoutRunID("run_1")!, parts: [hash], actor: PayoutBench.checker, occurredAt: now), key: "run_1",
            at: now, id: "c5", commandID: "cmd-5", isBroadcast: true)
        #expect(try outcome(approved).map(\.commandID) == ["cmd-5"])
        let submitted = try bench.harness.send(
            PayoutFileRecorded(
                run: PayoutRunID("run_1")!, fileSHA256: PayoutBench.hash("a"), actor: PayoutBench.maker,
                occurredAt: now), key: "run_1", at: now, id: "c6", commandID: "cmd-6", isBroadcast: true)
        #expect(try outcome(submitted).map(\.commandID) == ["cmd-6"])
    }

    @Test func `the first person's write-off is accepted as a proposal`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let payout = try #require(try bench.pay(at: time("2026-04-15T00:00:00Z")))
        try bench.result(payout.id, .confirmed, at: time("2026-04-17T00:00:00Z"))
        try bench.reverse(total: 100_000, at: time("2026-04-20T00:00:00Z"))
        let clawback = try #require(try bench.commissions().last)
        let at = time("2026-04-21T00:00:00Z")
        let proposal = try bench.harness.send(
            ClawbackWrittenOff(
                partner: one, clawback: clawback.id, reason: "small", actor: PayoutBench.maker, occurredAt: at),
            key: one.text, at: at, id: "w1", commandID: "cmd-1")
        #expect(try outcome(proposal).first?.text.contains("second person") == true)
        let repayment = try bench.harness.send(
            RepaymentReceived(partner: one, amount: Money(minor: 1, currency: euro), occurredAt: at), key: one.text,
            at: at, id: "r1", commandID: "cmd-2")
        #expect(try outcome(repayment).map(\.commandID) == ["cmd-2"])
        let result = try bench.harness.send(
            PayoutResultReceived(partner: one, payout: payout.id, result: .confirmed, occurredAt: at), key: one.text,
            at: at, id: "p1", commandID: "cmd-3")
        #expect(try outcome(result).map(\.commandID) == ["cmd-3"])
    }

    @Test func `an event of another worker is a dead letter`() throws {
        let bench = try PayoutBench()
        let result = try bench.harness.send(
            data: Array("{}".utf8), type: "io.tributary.referral.submitted.v1", key: one.text, at: now)
        #expect(result.deadLetter?.code == .unknownType)
    }

    @Test func `an event under another partner's key is sent on to its own partition`() throws {
        let harness = try ProcessorHarness(worker: .payout, partitions: 64) { PayoutProcessor(state: $0, partition: 0) }
        let event = PartnerActivity(partner: one, openRegistrations: 1, occurredAt: now)
        let result = try harness.send(event, key: "another", at: now)
        #expect(result.deadLetter == nil)
        #expect(result.outputs.map(\.key) == [one.text])
        #expect(result.outputs.map(\.type) == [PartnerActivity.type])
    }

    @Test func `a posted record that comes twice counts once`() throws {
        let bench = try PayoutBench()
        let credit = CommissionTriggered(
            CommissionTrigger(
                partner: one, partnerType: .referral,
                account: AccountReference(key: AccountKey(unchecked: "acme.example"), name: nil), productLine: "core",
                opportunity: OpportunityID("opp_1")!, referral: nil, trigger: .closedWon, revision: 1,
                attribution: nil, registration: RegistrationID("reg_1")!, creditClass: .sourced, share: .whole,
                firstYear: Money(minor: 100_000, currency: euro), total: Money(minor: 100_000, currency: euro),
                stage: .beforeContact, duties: [], settlement: .payout, tier: .gold, kind: .new,
                terms: TermsReference(id: TermsID("trm_one")!, version: 1), programVersion: 1, registeredAt: nil,
                closedAt: now), occurredAt: now)
        try bench.send(credit, key: one.text, at: now, id: "same")
        try bench.send(credit, key: one.text, at: now, id: "same")
        try bench.send(credit, key: one.text, at: now, id: "another, of the same revision")
        #expect(try bench.facts(LedgerFact.self).count == 1)
    }

    @Test func `an entry of the future also counts for a partner that earns before its day`() throws {
        let bench = try PayoutBench()
        let partner = Partner(
            id: one, version: 9, name: "One", domain: "one.example", types: [.referral], tier: .silver, status: .paused,
            currency: euro, locale: "en", contact: ContactAddress(name: "Pat", email: "pat@one.example"),
            isTaxFormOnFile: true, vatID: nil, effectiveAt: time("2026-03-25T00:00:00Z"))
        let entry = PartnerUpdated(partner: partner, occurredAt: time("2026-03-01T00:00:00Z"))
        try bench.send(entry, key: entry.registerKey, at: time("2026-03-01T00:00:00Z"), isBroadcast: true)
        try bench.win()
        #expect(try bench.openBlocks().isEmpty)
        try bench.advance(to: time("2026-03-25T00:00:00Z"))
        #expect(try bench.openBlocks().map(\.kind) == [.programmePaused])
    }
}
