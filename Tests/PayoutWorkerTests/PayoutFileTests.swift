import Contracts
import Domain
import TaskRuntime
import Testing

/// What a payout run freezes, and which file may pay it.
@Suite struct PayoutFileHandlingTests {
    private static let planned = time("2026-04-15T00:00:00Z")

    /// A bench with 12,000.00 EUR payable since 9 April, in a run.
    private func plannedRun(fingerprint: String? = nil) throws -> PayoutBench {
        let bench = try PayoutBench(hasPayee: false)
        try bench.addPayee(fingerprint: fingerprint)
        try bench.win()
        try bench.plan(at: Self.planned)
        return bench
    }

    private func lastPart(_ bench: PayoutBench) throws -> PayoutRun {
        try #require(try bench.facts(PayoutRunPartFact.self).last?.runPart)
    }

    @Test func `a run freezes the account and who pays, and its hash covers both`() throws {
        let bench = try plannedRun()
        let payout = try #require(try bench.payouts().first)
        #expect(payout.payeeVersion == 1)
        #expect(payout.accountFingerprint == "account of ptr_one")
        let part = try lastPart(bench)
        #expect(part.debtor == PayoutRun.Debtor(name: "Vendor", account: "DE00"))
        #expect(try part.sha256 == bench.paidHash())
        let other = try plannedRun(fingerprint: "another account")
        #expect(try other.payouts().map(\.id) == [payout.id])
        #expect(try lastPart(other).sha256 != part.sha256)
    }

    @Test func `the hash covers who holds the account, and no version has two holders`() throws {
        let bench = try plannedRun(fingerprint: "a.one")
        #expect(try bench.payouts().map(\.accountFingerprint) == ["a.one"])
        let other = try plannedRun(fingerprint: "a.two")
        #expect(try lastPart(other).sha256 != lastPart(bench).sha256)
        let at = PayoutBench.start - .days(1)
        let entry = PayeeUpdated(
            payee: Payee(
                partner: PayoutBench.one, version: 1, isVerified: true, accountFingerprint: "a.two", effectiveAt: at),
            account: nil, occurredAt: at)
        let result = try bench.send(entry, key: entry.registerKey, at: Self.planned + .hours(1), isBroadcast: true)
        #expect(result.deadLetter?.code == .refused)
    }

    @Test func `an account that was refused under the same version is not planned for`() throws {
        let bench = try PayoutBench()
        try bench.win()
        let at = time("2026-04-14T00:00:00Z")
        let other = PayeeUpdated(
            payee: Payee(
                partner: PayoutBench.one, version: 1, isVerified: true, accountFingerprint: "another account",
                effectiveAt: at), account: nil, occurredAt: at)
        let result = try bench.send(other, key: other.registerKey, at: at, isBroadcast: true)
        #expect(result.deadLetter?.code == .refused)
        try bench.plan(at: Self.planned)
        #expect(try bench.payouts().map(\.accountFingerprint) == ["account of ptr_one"])
    }

    @Test func `a file that pays what was taken back since is refused, and the next one pays the rest`() throws {
        let bench = try PayoutBench()
        try bench.update(PayoutBench.two) { _ in }
        try bench.addPayee(PayoutBench.two)
        try bench.win()
        try bench.win("opp_2", partner: PayoutBench.two, at: time("2026-03-20T12:00:00Z"))
        let first = try #require(try bench.pay(at: Self.planned))
        try bench.result(first.id, .failed, at: time("2026-04-17T00:00:00Z"))
        try bench.plan("run_2", at: time("2026-04-20T00:00:00Z"))
        try bench.approve("run_2", at: time("2026-04-20T01:00:00Z"))
        let made = try bench.paidHash("run_2")
        try bench.result(first.id, .confirmed, at: time("2026-04-21T00:00:00Z"))

        let refused = try bench.recordFile(
            "run_2", PayoutBench.hash("2"), parts: [made], at: time("2026-04-21T01:00:00Z"))
        #expect(refused.deadLetter?.code == .refused)
        #expect(refused.deadLetter?.reason.contains("taken back") == true)
        #expect(try refused.payloads(LedgerFact.self).isEmpty)
        #expect(
            try states(bench) == [
                "run_1 ptr_one": .disputed, "run_2 ptr_one": .cancelled, "run_2 ptr_two": .approved,
            ])
        let taken = try bench.recordFile("run_2", PayoutBench.hash("3"), at: time("2026-04-21T02:00:00Z"))
        #expect(taken.deadLetter == nil)
        #expect(try states(bench)["run_2 ptr_two"] == .submitted)
        #expect(try bench.balances(PayoutBench.two) == [0, 0, 1_200_000, 0])
        try bench.checkInvariants()
    }

    private func states(_ bench: PayoutBench) throws -> [String: Payout.State] {
        Dictionary(uniqueKeysWithValues: try bench.payouts().map { ("\($0.run) \($0.partner)", $0.state) })
    }

    @Test func `a file that says nothing of this partition is refused; a record that says nothing at all counts`()
        throws
    {
        let bench = try plannedRun()
        try bench.approve(at: Self.planned + .hours(1))
        let empty = try bench.recordFile(parts: [""], at: Self.planned + .hours(2))
        #expect(empty.deadLetter?.code == .refused)
        let old = try bench.recordFile(parts: [], at: Self.planned + .hours(3))
        #expect(old.deadLetter == nil)
        #expect(try bench.payouts().map(\.state) == [.submitted])
    }

    @Test func `a file that another partition refused gives way to the next, and nothing moves`() throws {
        let bench = try plannedRun()
        try bench.approve(at: Self.planned + .hours(1))
        let own = try bench.paidHash()
        let (first, second) = (PayoutBench.hash("1"), PayoutBench.hash("2"))
        try bench.recordFile("run_1", first, parts: [own, "before"], at: Self.planned + .hours(2))
        #expect(try bench.payouts().map(\.fileSHA256) == [first])
        let result = try bench.recordFile("run_1", second, parts: [own, "after"], at: Self.planned + .hours(3))
        #expect(result.deadLetter == nil)
        #expect(try result.payloads(LedgerFact.self).isEmpty)
        #expect(try bench.payouts().map(\.fileSHA256) == [second])
        #expect(try bench.payouts().map(\.state) == [.submitted])
        #expect(try bench.payouts().map(\.submittedAt) == [Self.planned + .hours(2)])
        #expect(try lastPart(bench).fileSHA256 == second)
        let third = try bench.recordFile(
            "run_1", PayoutBench.hash("3"), parts: [own, "after"], at: Self.planned + .hours(4))
        #expect(third.deadLetter?.code == .refused)
        try bench.checkInvariants()
    }

    @Test func `the same person's approval once more changes nothing`() throws {
        let bench = try plannedRun()
        try bench.approve(at: Self.planned + .hours(1))
        let again = try bench.approve(at: Self.planned + .hours(2))
        #expect(again.deadLetter == nil)
        #expect(try again.payloads(PayoutFact.self).isEmpty)
        #expect(try lastPart(bench).approvedAt == Self.planned + .hours(1))
        let other = try bench.approve(by: PayoutBench.third, at: Self.planned + .hours(3))
        #expect(other.deadLetter?.code == .refused)
    }
}
