import Contracts
import Domain
import JSON
import Testing

/// Every event and fact of money is read back as it was written, with every optional field set and with none.
@Suite struct PayoutCodecTests {
    private static let euro = Currency(code: "EUR")!
    private static let time = Timestamp(rfc3339: "2026-03-10T12:00:00Z")!
    private static let day = CalendarDate(iso8601: "2026-03-11")!
    private static let partner = PartnerID("ptr_one")!
    private static let person = Actor.person(PersonID("psn_one")!)
    private static let step = ExplanationStep(rule: "r", programVersion: 3, text: "t", arithmetic: "1 + 1 = 2")

    private func expectRoundTrip<Value: JSONCodable & Equatable>(
        _ value: Value, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let bytes = JSONEncoding.encode(value)
        let read = try JSONDocument.decode(Value.self, from: bytes)
        #expect(read == value, sourceLocation: sourceLocation)
        #expect(JSONEncoding.encode(read) == bytes, sourceLocation: sourceLocation)
    }

    private static func trigger(_ change: (inout CommissionTrigger) -> Void = { _ in }) -> CommissionTrigger {
        var trigger = CommissionTrigger(
            partner: partner, partnerType: .reseller,
            account: AccountReference(key: AccountKey(unchecked: "acme.example"), name: nil), productLine: "core",
            opportunity: OpportunityID("opp_1")!, referral: nil, trigger: .closedWon, revision: 2, attribution: nil,
            registration: nil, creditClass: .assisted, share: BasisPoints(2500),
            firstYear: Money(minor: 100, currency: euro), total: Money(minor: 300, currency: euro), stage: nil,
            duties: [], settlement: .payout, tier: .gold, kind: .renewal, terms: nil, programVersion: 3,
            registeredAt: nil, closedAt: time)
        change(&trigger)
        return trigger
    }

    private static let fullTrigger = trigger {
        $0.account.name = "Acme"
        $0.referral = ReferralID("ref_1")!
        $0.attribution = AttributionID("atr_1")!
        $0.registration = RegistrationID("reg_1")!
        $0.stage = .lateStage
        $0.duties = ["support", "implementation"]
        $0.settlement = .discount
        $0.terms = TermsReference(id: TermsID("trm_1")!, version: 7)
        $0.registeredAt = time - .days(9)
        $0.eligibleFrom = time + .days(14)
        $0.playRun = "play-1"
        $0.flags = [.contactAtPartner, .accountIsPartner]
    }

    @Test func `credits and reversals`() throws {
        try expectRoundTrip(CommissionTriggered(Self.trigger(), occurredAt: Self.time))
        try expectRoundTrip(CommissionTriggered(Self.fullTrigger, occurredAt: Self.time))
        for reason in [nil, "refund"] {
            try expectRoundTrip(
                CommissionReversed(
                    partner: Self.partner, opportunity: OpportunityID("opp_1")!,
                    base: Money(minor: 100, currency: Self.euro), reversedTotal: Money(minor: 40, currency: Self.euro),
                    reason: reason, occurredAt: Self.time))
        }
        try expectRoundTrip(
            PartnerActivity(
                partner: Self.partner, openRegistrations: 1, decidedReferrals: 2, acceptedReferrals: 3,
                occurredAt: Self.time))
    }

    @Test(
        arguments: [
            (#""trigger":"closed_won","opportunity_id":"opp_1""#, true),
            (#""trigger":"closed_won","referral_id":"ref_1""#, false),
            (#""trigger":"qualified_introduction","referral_id":"ref_1""#, true),
            (#""trigger":"qualified_introduction","opportunity_id":"opp_1""#, false),
        ])
    func `a credit names its cause`(cause: String, isValid: Bool) {
        let text = """
            {"partner_id":"ptr_one","partner_type":"referral","account":{"domain":"acme.example"},"product_line":"core",
            \(cause),"revision":1,"class":"sourced","share_bp":10000,
            "base":{"first_year":{"minor":1,"currency":"EUR"},"total":{"minor":1,"currency":"EUR"}},"tier":"gold",
            "kind":"new","program_version":1,"closed_at":"2026-03-10T12:00:00Z","occurred_at":"2026-03-10T12:00:00Z"}
            """
        if isValid {
            #expect(throws: Never.self) { try JSONDocument.decode(CommissionTriggered.self, from: Array(text.utf8)) }
        } else {
            #expect(throws: JSONFailure.self) {
                try JSONDocument.decode(CommissionTriggered.self, from: Array(text.utf8))
            }
        }
    }

    @Test func `a credit of less than nothing is no credit`() {
        let bytes = JSONEncoding.encode(
            CommissionTriggered(
                Self.trigger { $0.firstYear = Money(minor: -1, currency: Self.euro) }, occurredAt: Self.time))
        #expect(throws: JSONFailure.self) { try JSONDocument.decode(CommissionTriggered.self, from: bytes) }
    }

    @Test(
        arguments: [
            BlockTarget.partner, .opportunity(OpportunityID("opp_1")!), .commission(CommissionID("com_1")!),
        ])
    func `blocks`(target: BlockTarget) throws {
        try expectRoundTrip(
            BlockPlaced(
                partner: Self.partner, target: target, kind: .dispute, reference: "cnf_1", evidence: ["a", "b"],
                owner: PersonID("psn_two")!, reviewOn: Self.day, actor: .programme, occurredAt: Self.time))
        try expectRoundTrip(
            BlockReleased(
                partner: Self.partner, target: target, kind: .fraudReview, reference: "x", note: "n",
                actor: Self.person, occurredAt: Self.time))
        var block = Block(
            id: "blk_1", partner: Self.partner, target: target, kind: .fraudReview, reference: "x", evidence: ["e"],
            owner: nil, reviewOn: nil, placedBy: .programme, placedAt: Self.time)
        try expectRoundTrip(
            BlockFact(change: "placed", block: block, explanation: [Self.step], occurredAt: Self.time))
        block.owner = PersonID("psn_two")!
        block.reviewOn = Self.day
        block.releasedBy = Self.person
        block.releasedAt = Self.time
        block.note = "looked at"
        try expectRoundTrip(BlockFact(change: "released", block: block, explanation: [], occurredAt: Self.time))
    }

    @Test(arguments: [#"{"scope":"commission"}"#, #"{"scope":"partner","commission_id":"com_1"}"#])
    func `a block names what it holds`(target: String) {
        let text =
            String(target.dropLast())
            + #","partner_id":"ptr_one","kind":"dispute","reference":"x","actor":"programme","#
            + #""occurred_at":"2026-03-10T12:00:00Z"}"#
        #expect(throws: JSONFailure.self) { try JSONDocument.decode(BlockPlaced.self, from: Array(text.utf8)) }
    }

    @Test func `runs, files, results, repayments and write-offs`() throws {
        let run = PayoutRunID("run_1")!
        try expectRoundTrip(
            PayoutRunRequested(
                run: run, cutOff: Self.time, rail: .csv, executionDate: Self.day, actor: Self.person,
                occurredAt: Self.time))
        try expectRoundTrip(
            PayoutRunApproved(run: run, parts: ["a", "b"], actor: Self.person, occurredAt: Self.time))
        try expectRoundTrip(
            PayoutFileRecorded(run: run, fileSHA256: "f", actor: Self.person, occurredAt: Self.time))
        try expectRoundTrip(
            PayoutFileRecorded(
                run: run, fileSHA256: "f", parts: ["a", "b"], actor: Self.person, occurredAt: Self.time))
        let payout = PayoutID("pay_1")!
        try expectRoundTrip(
            PayoutResultReceived(partner: Self.partner, payout: payout, result: .pending, occurredAt: Self.time))
        try expectRoundTrip(
            PayoutResultReceived(
                partner: Self.partner, payout: payout, result: .failed, code: "RJCT", reason: "closed",
                valueDate: Self.day, decision: Self.person, occurredAt: Self.time))
        for reference in [nil, "transfer 7"] {
            try expectRoundTrip(
                RepaymentReceived(
                    partner: Self.partner, amount: Money(minor: 5, currency: Self.euro), reference: reference,
                    occurredAt: Self.time))
        }
        try expectRoundTrip(
            ClawbackWrittenOff(
                partner: Self.partner, clawback: CommissionID("clw_1")!, reason: "small", actor: Self.person,
                occurredAt: Self.time))
    }

    @Test func `commissions`() throws {
        var commission = Commission(
            id: CommissionID("com_1")!, entry: .earning, state: .accrued, amount: Money(minor: 25, currency: Self.euro),
            trigger: Self.trigger(), line: "line", base: Money(minor: 100, currency: Self.euro), rate: nil, fx: nil,
            accruedAt: Self.time, holdUntil: Self.time + .days(30))
        try expectRoundTrip(
            CommissionFact(change: "accrued", commission: commission, explanation: [Self.step], occurredAt: Self.time))
        commission = Commission(
            id: CommissionID("clw_1")!, entry: .clawback, state: .outstanding,
            amount: Money(minor: -25, currency: Self.euro), trigger: Self.fullTrigger, line: "line",
            base: Money(minor: 100, currency: Self.euro), rate: BasisPoints(2500),
            fx: FXRate(from: Self.euro, to: Currency(code: "USD")!, date: Self.day, rate: "1.1", source: "ecb"),
            accruedAt: Self.time, holdUntil: Self.time, adjusts: CommissionID("com_2")!,
            reverses: CommissionID("com_3")!)
        commission.reversed = 3
        commission.settled = 4
        commission.eligibleAt = Self.time
        commission.payout = PayoutID("pay_1")!
        commission.blocks = [.dispute, .fraudReview]
        commission.writeOffProposedBy = Self.person
        try expectRoundTrip(
            CommissionFact(change: "clawed_back", commission: commission, explanation: [], occurredAt: Self.time))
    }

    @Test func `payouts and runs`() throws {
        var run = PayoutRun(
            id: PayoutRunID("run_1")!, cutOff: Self.time, rail: .csv, executionDate: Self.day, requestedBy: Self.person,
            requestedAt: Self.time, partition: 7)
        try expectRoundTrip(PayoutRunPartFact(change: "planned", runPart: run, explanation: [], occurredAt: Self.time))
        var payout = Payout(
            id: PayoutID("pay_1")!, run: run, partner: Self.partner, currency: Self.euro,
            lines: [Payout.Line(commission: CommissionID("com_1")!, amount: 9)], clawbacks: [], gross: 9, net: 9,
            payeeVersion: 2, plannedAt: Self.time)
        try expectRoundTrip(PayoutFact(change: "planned", payout: payout, explanation: [], occurredAt: Self.time))
        payout.accountFingerprint = "f00"
        payout.clawbacks = [Payout.Line(commission: CommissionID("clw_1")!, amount: 2)]
        payout.net = 7
        payout.state = .disputed
        payout.approvedAt = Self.time
        payout.approvedBy = .policy("p")
        payout.submittedAt = Self.time
        payout.fileSHA256 = "f"
        payout.settledAt = Self.time
        payout.valueDate = Self.day
        payout.reason = "r"
        payout.disputedFrom = .confirmed
        payout.repeatedResults = 3
        try expectRoundTrip(
            PayoutFact(change: "disputed", payout: payout, explanation: [Self.step], occurredAt: Self.time))
        run.state = .submitted
        run.debtor = PayoutRun.Debtor(name: "Vendor", account: "DE00")
        run.count = 1
        run.totals = [Self.euro: 7]
        run.sha256 = "h"
        run.rolledOver = [
            RolledOver(partner: Self.partner, amount: Money(minor: -3, currency: Self.euro), reason: .netNotPositive)
        ]
        run.approvedBy = Self.person
        run.approvedAt = Self.time
        run.fileSHA256 = "f"
        run.fileParts = ["a", "b"]
        run.submittedAt = Self.time
        try expectRoundTrip(
            PayoutRunPartFact(change: "submitted", runPart: run, explanation: [Self.step], occurredAt: Self.time))
    }

    @Test func `a file record that does not say what it pays is read`() throws {
        let text =
            #"{"run_id":"run_1","file_sha256":"f","actor":"psn_one","occurred_at":"2026-03-10T12:00:00Z"}"#
        let read = try JSONDocument.decode(PayoutFileRecorded.self, from: Array(text.utf8))
        #expect(read.parts.isEmpty)
    }

    @Test func `postings, balances and statements`() throws {
        let transaction = try LedgerTransaction.of(
            .submitted, amount: Money(minor: 70, currency: Self.euro), netted: 30)
        var balance = LedgerBalance(
            partner: Self.partner, currency: Self.euro, period: StatementPeriod(containing: Self.time))
        try balance.post(.of(.accrued, amount: Money(minor: 500, currency: Self.euro)))
        try balance.post(transaction)
        try expectRoundTrip(balance)
        try expectRoundTrip(
            LedgerFact(
                id: "led_1", partner: Self.partner, transaction: transaction, commission: nil,
                payout: PayoutID("pay_1")!, balance: balance.closing, period: balance.movement.period,
                explanation: [Self.step], occurredAt: Self.time))
        var statement = Statement(id: StatementID("stm_1")!, of: balance, issuedAt: Self.time)
        statement.sha256 = "h"
        try expectRoundTrip(
            StatementFact(
                change: "issued", statement: statement, explanation: statement.explanation, occurredAt: Self.time))
    }
}
