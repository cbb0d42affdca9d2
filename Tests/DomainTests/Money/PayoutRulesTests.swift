import Domain
import Testing

private let euro = Currency(code: "EUR")!

private func rows(_ amounts: [Int64]) -> [Payout.Line] {
    amounts.enumerated().map { Payout.Line(commission: CommissionID("com_\($0.offset)")!, amount: $0.element) }
}

private func samplePayout(state: Payout.State = .submitted, lines: [Int64] = [700, 300], netted: Int64 = 0) -> Payout {
    let gross = lines.reduce(0, +)
    var payout = Payout(
        id: PayoutID("pay_1")!, run: sampleRun(), partner: PartnerID("ptr_one")!, currency: euro, lines: rows(lines),
        clawbacks: [], gross: gross, net: gross - netted, payeeVersion: 1, plannedAt: time("2026-04-15T00:00:00Z"))
    payout.state = state
    return payout
}

private func sampleRun() -> PayoutRun {
    PayoutRun(
        id: PayoutRunID("run_1")!, cutOff: time("2026-04-14T00:00:00Z"), rail: .csv,
        executionDate: CalendarDate(iso8601: "2026-04-16")!, requestedBy: .person(PersonID("psn_maker")!),
        requestedAt: time("2026-04-15T00:00:00Z"), partition: 0)
}

@Suite struct PayoutPlanningTests {
    struct Case: Sendable {
        var eligible: [Int64]
        var clawbacks: [Int64]
        var minimum: Int64?
        var ignoresMinimum = false
        var gross: Int64 = 0
        var net: Int64
        var waits: RolledOver.Reason?
    }

    @Test(
        arguments: [
            Case(eligible: [6000, 4000], clawbacks: [], minimum: 5000, gross: 10_000, net: 10_000),
            Case(eligible: [5000], clawbacks: [], minimum: 5000, gross: 5000, net: 5000),
            Case(eligible: [4999], clawbacks: [], minimum: 5000, net: 4999, waits: .belowMinimum),
            Case(eligible: [4999], clawbacks: [], minimum: 5000, ignoresMinimum: true, gross: 4999, net: 4999),
            Case(eligible: [9000], clawbacks: [1000, 2000], minimum: 5000, gross: 9000, net: 6000),
            Case(eligible: [9000], clawbacks: [4001], minimum: 5000, net: 4999, waits: .belowMinimum),
            Case(eligible: [9000], clawbacks: [9000], minimum: 5000, net: 0, waits: .netNotPositive),
            Case(eligible: [9000], clawbacks: [9001], minimum: 0, net: -1, waits: .netNotPositive),
            Case(
                eligible: [9000], clawbacks: [9000], minimum: 5000, ignoresMinimum: true, net: 0, waits: .netNotPositive
            ),
            Case(eligible: [], clawbacks: [], minimum: 0, net: 0, waits: .netNotPositive),
            Case(eligible: [9000], clawbacks: [], minimum: nil, net: 9000, waits: .noMinimum),
        ])
    func `a payout is planned or rolls over`(_ test: Case) throws {
        let result = try PayoutPlanning.plan(
            eligible: rows(test.eligible), clawbacks: rows(test.clawbacks), currency: euro, minimum: test.minimum,
            ignoresMinimum: test.ignoresMinimum, programVersion: 3)
        switch result {
        case .payout(let plan):
            #expect(test.waits == nil)
            #expect(plan.gross == test.gross)
            #expect(plan.net == test.net)
            #expect(plan.lines == rows(test.eligible))
            #expect(plan.clawbacks == rows(test.clawbacks))
            let arithmetic = try #require(plan.steps.compactMap(\.arithmetic).first)
            #expect(try ArithmeticText.holds(arithmetic))
        case .rollsOver(let reason, let net):
            #expect(reason == test.waits)
            #expect(net == test.net)
        }
    }

    @Test func `what exceeds the lines of one payout waits for the next run`() throws {
        let many = rows(Array(repeating: 100, count: PayoutPlanning.maximumLines + 1))
        guard
            case .payout(let plan) = try PayoutPlanning.plan(
                eligible: many, clawbacks: [], currency: euro, minimum: 0, ignoresMinimum: false, programVersion: 3)
        else { return #expect(Bool(false), "a payout is planned") }
        #expect(plan.lines.count == PayoutPlanning.maximumLines)
        #expect(plan.gross == Int64(PayoutPlanning.maximumLines) * 100)
    }

    @Test(
        arguments: [
            // No 4,000 lines outweigh the clawback, but all of them do: of it is kept what leaves the minimum.
            (10_000, 100, [500_000], 5_000, [5_000, 295_000, 200_000]),
            (4_001, 100, [1, 399_999], 50, [50, 50]),
            (4_001, 100, [400_000], 0, [1, 99]),
            // No 4,000 lines reach the minimum.
            (10_000, 1, [], 5_000, [4_000, 4_000]),
            (4_001, 100, [400_100], 0, []), (4_001, 100, [395_101], 5_000, []),
        ] as [(Int, Int64, [Int64], Int64, [Int64])])
    func `what is due is paid run by run, however many lines there are`(
        count: Int, amount: Int64, clawbacks: [Int64], minimum: Int64, nets: [Int64]
    ) throws {
        var eligible = rows(Array(repeating: amount, count: count))
        var owed = rows(clawbacks)
        var paid: [Int64] = []
        while case .payout(let plan) = try PayoutPlanning.plan(
            eligible: eligible, clawbacks: owed, currency: euro, minimum: minimum, ignoresMinimum: false,
            programVersion: 3)
        {
            #expect(plan.lines == Array(eligible.prefix(PayoutPlanning.maximumLines)))
            #expect(plan.gross - plan.clawbacks.map(\.amount).reduce(0, +) == plan.net)
            eligible.removeFirst(plan.lines.count)
            for line in plan.clawbacks {
                #expect(line.commission == owed[0].commission, "the oldest first")
                owed[0].amount -= line.amount
                if owed[0].amount == 0 { owed.removeFirst() }
            }
            paid.append(plan.net)
        }
        #expect(paid == nets)
    }

    @Test func `amounts beyond 64 bits are refused`() {
        #expect(throws: MoneyError.overflow) {
            try PayoutPlanning.plan(
                eligible: rows([.max, 1]), clawbacks: [], currency: euro, minimum: 0, ignoresMinimum: false,
                programVersion: 3)
        }
    }

    @Test func `a return leaves the kept clawbacks with the oldest lines`() {
        #expect(PayoutPlanning.keptPerLine(samplePayout(lines: [700, 300], netted: 800)) == [700, 100])
        #expect(PayoutPlanning.keptPerLine(samplePayout(lines: [700, 300])) == [0, 0])
    }
}

@Suite struct PayoutRunTests {
    private let maker = Actor.person(PersonID("psn_maker")!)
    private let checker = Actor.person(PersonID("psn_checker")!)

    @Test func `the hash covers every payout, line and clawback, in any order of planning`() {
        let first = samplePayout()
        var second = samplePayout(lines: [5])
        second.id = PayoutID("pay_2")!
        let run = sampleRun()
        let text = run.canonicalText(of: [first, second])
        #expect(text == run.canonicalText(of: [second, first]))
        let runChanges: [(inout PayoutRun) -> Void] = [
            { $0.partition = 1 }, { $0.id = PayoutRunID("run_2")! },
            { $0.debtor = PayoutRun.Debtor(name: "Vendor", account: "DE00") },
        ]
        for change in runChanges {
            var other = run
            change(&other)
            #expect(text != other.canonicalText(of: [first, second]))
        }
        let changes: [(inout Payout) -> Void] = [
            { $0.net += 1 }, { $0.payeeVersion += 1 }, { $0.accountFingerprint = "f00" }, { $0.lines[0].amount += 1 },
            { $0.lines.removeLast() },
            { $0.clawbacks = rows([1]) }, { $0.partner = PartnerID("ptr_two")! },
            { $0.currency = Currency(code: "USD")! },
        ]
        for change in changes {
            var other = first
            change(&other)
            #expect(text != run.canonicalText(of: [other, second]))
        }
    }

    @Test func `a second person approves, naming this part's hash, once`() throws {
        var run = sampleRun()
        run.sha256 = "aa"
        #expect(throws: PayoutRun.Refusal.makerIsChecker(maker)) {
            try run.approve(parts: ["aa"], by: maker, at: time("2026-04-15T01:00:00Z"))
        }
        #expect(throws: PayoutRun.Refusal.hashMissing("aa")) {
            try run.approve(parts: ["bb"], by: checker, at: time("2026-04-15T01:00:00Z"))
        }
        #expect(run.state == .planned)
        try run.approve(parts: ["bb", "aa"], by: checker, at: time("2026-04-15T01:00:00Z"))
        #expect(run.state == .approved)
        #expect(run.approvedBy == checker)
        let again = try run.approve(parts: ["aa"], by: checker, at: time("2026-04-15T02:00:00Z"))
        #expect(!again)
        #expect(run.approvedAt == time("2026-04-15T01:00:00Z"))
        #expect(throws: PayoutRun.Refusal.state(run.id, .approved)) {
            try run.approve(
                parts: ["aa"], by: .person(PersonID("psn_third")!), at: time("2026-04-15T02:00:00Z"))
        }
    }

    /// The second part of two, approved; what it pays has the hash `own`.
    private func approvedRun() throws -> PayoutRun {
        var run = sampleRun()
        run.partition = 1
        try run.approve(parts: [""], by: checker, at: time("2026-04-15T01:00:00Z"))
        return run
    }

    private let later = time("2026-04-15T03:00:00Z")

    @Test func `the first file counts; the same again changes nothing; another is refused`() throws {
        var planned = sampleRun()
        #expect(throws: PayoutRun.Refusal.state(planned.id, .planned)) {
            try planned.recordFile("f1", parts: [], paid: "own", at: later)
        }
        for parts in [[], ["other", "own"]] as [[String]] {
            var run = try approvedRun()
            let isFirst = try run.recordFile("f1", parts: parts, paid: "own", at: later)
            #expect(isFirst)
            let isNew = try run.recordFile("f1", parts: parts, paid: "own", at: later + .hours(1))
            #expect(!isNew)
            #expect(run.submittedAt == later)
            #expect(throws: PayoutRun.Refusal.otherFile(recorded: "f1")) {
                try run.recordFile("f2", parts: parts, paid: "own", at: later)
            }
        }
    }

    @Test(arguments: [["own", "other"], ["own"], ["other", ""]])
    func `a file that does not pay just what the part pays is refused`(parts: [String]) throws {
        var run = try approvedRun()
        #expect(throws: PayoutRun.Refusal.otherPayouts(partition: 1)) {
            try run.recordFile("f1", parts: parts, paid: "own", at: later)
        }
        #expect(run.state == .approved)
        #expect(run.fileSHA256 == nil)
    }

    @Test func `a file follows another only if they differ in what another part is paid`() throws {
        var run = try approvedRun()
        let isFirst = try run.recordFile("f1", parts: ["before", "own"], paid: "own", at: later)
        #expect(isFirst)
        #expect(throws: PayoutRun.Refusal.otherFile(recorded: "f1")) {
            try run.recordFile("f2", parts: [], paid: "own", at: later)
        }
        #expect(throws: PayoutRun.Refusal.otherFile(recorded: "f1")) {
            try run.recordFile("f2", parts: ["before", "own", "more"], paid: "own", at: later)
        }
        #expect(throws: PayoutRun.Refusal.otherPayouts(partition: 1)) {
            try run.recordFile("f2", parts: ["after", "less"], paid: "own", at: later)
        }
        let isNew = try run.recordFile("f2", parts: ["after", "own"], paid: "own", at: later + .hours(1))
        #expect(isNew)
        #expect(run.fileSHA256 == "f2")
        #expect(run.submittedAt == later)
    }
}

@Suite struct PayoutResultTests {
    @Test(
        arguments: [
            ("ACSC", PayoutResult.confirmed), ("confirmed", .confirmed), ("paid", .confirmed), ("RJCT", .failed),
            ("failed", .failed), ("ACTC", .accepted), ("ACCP", .accepted), ("ACSP", .accepted), ("PDNG", .pending),
            ("returned", .returned),
        ])
    func `codes of the rails are read`(code: String, result: PayoutResult) {
        #expect(PayoutResult(code: code) == result)
    }

    @Test func `an unknown code is no result`() {
        #expect(PayoutResult(code: "XXXX") == nil)
    }

    @Test(
        arguments: [
            (.submitted, .confirmed, .confirm), (.submitted, .failed, .fail), (.submitted, .accepted, .repeated),
            (.submitted, .pending, .repeated), (.confirmed, .confirmed, .repeated), (.failed, .failed, .repeated),
            (.confirmed, .returned, .bounce), (.confirmed, .failed, .dispute), (.failed, .confirmed, .dispute),
            (.returned, .returned, .repeated), (.disputed, .confirmed, .repeated),
        ] as [(Payout.State, PayoutResult, PayoutResultEffect)])
    func `a result is judged by the state`(state: Payout.State, result: PayoutResult, effect: PayoutResultEffect) {
        #expect(samplePayout(state: state).effect(of: result, isDecision: false) == effect)
    }

    @Test(arguments: [Payout.State.planned, .approved, .cancelled])
    func `a payout that was never submitted has no result`(state: Payout.State) {
        guard case .refuse = samplePayout(state: state).effect(of: .confirmed, isDecision: false) else {
            return #expect(Bool(false), "refused")
        }
    }

    @Test func `only a decision settles a dispute`() {
        let payout = samplePayout(state: .disputed)
        #expect(payout.effect(of: .failed, isDecision: true) == .settle(.failed))
        #expect(payout.effect(of: .confirmed, isDecision: true) == .settle(.confirmed))
    }
}

@Suite struct PayoutFileTests {
    private func file(_ transfers: [PayoutTransfer]) -> PayoutFile {
        PayoutFile(
            run: PayoutRunID("run_1")!, createdAt: time("2026-04-15T01:00:00Z"),
            executionDate: CalendarDate(iso8601: "2026-04-16")!, debtorName: "Vendor \"V\", Inc.",
            debtorAccount: "DE00",
            transfers: transfers)
    }

    private func transfer(_ id: String, _ net: Money) -> PayoutTransfer {
        PayoutTransfer(
            payout: PayoutID(id)!, partner: PartnerID("ptr_one")!, net: net, creditorName: "Pat, Ltd",
            creditorAccount: "DE02", creditorAgent: nil)
    }

    @Test func `the bytes are the same whatever the order of the transfers`() {
        let first = transfer("pay_1", Money(minor: 120_000, currency: euro))
        let second = transfer("pay_2", Money(minor: 500, currency: Currency(code: "JPY")!))
        #expect(file([first, second]).csv == file([second, first]).csv)
        #expect(
            String(decoding: file([second, first]).csv, as: UTF8.self)
                == "message_id,created_at,execution_date,payout_id,partner_id,creditor_name,creditor_account,"
                + "creditor_agent,amount,currency,debtor_name,debtor_account\r\n"
                + "run_1,2026-04-15T01:00:00.000Z,2026-04-16,pay_1,ptr_one,\"Pat, Ltd\",DE02,,1200.00,EUR,"
                + "\"Vendor \"\"V\"\", Inc.\",DE00\r\n"
                + "run_1,2026-04-15T01:00:00.000Z,2026-04-16,pay_2,ptr_one,\"Pat, Ltd\",DE02,,500,JPY,"
                + "\"Vendor \"\"V\"\", Inc.\",DE00\r\n")
    }

    @Test func `of a file that is too long no line counts, and it says so`() {
        let text = "payout_id,status\npay_1,ACSC\npay_2,ACSC\n"
        #expect(PayoutResultFile.parse(Array(text.utf8), maximumLines: 3).lines.count == 2)
        let (lines, problems) = PayoutResultFile.parse(Array(text.utf8), maximumLines: 2)
        #expect(lines.isEmpty)
        #expect(
            problems.map(\.description)
                == ["line 3, file: expected at most 2 lines in a file; nothing of it is taken"])
    }

    @Test func `results are read in any order of columns, with every bad line named`() {
        let text = """
            status,payout_id,reason,value_date,more
            ACSC,pay_1,,2026-04-17,x
            RJCT,pay_2,"account closed, gone",,x

            WHAT,pay_3,,,x
            ACSC,nonsense,,,x
            ACSC,pay_4,,17.04.2026,x
            """
        let (lines, problems) = PayoutResultFile.parse(Array(text.utf8))
        #expect(lines.map(\.payout.text) == ["pay_1", "pay_2"])
        #expect(lines.map(\.result) == [.confirmed, .failed])
        #expect(lines[0].valueDate == CalendarDate(iso8601: "2026-04-17"))
        #expect(lines[1].reason == "account closed, gone")
        #expect(problems.map(\.lineNumber) == [5, 6, 7])
        #expect(problems.map(\.field) == ["status", "payout_id", "value_date"])
    }

    @Test(arguments: ["", "payout_id\npay_1", "a,b\n1,2"])
    func `a file without its columns is refused whole`(text: String) {
        let (lines, problems) = PayoutResultFile.parse(Array(text.utf8))
        #expect(lines.isEmpty)
        #expect(problems.map(\.field) == ["header"])
    }
}

@Suite struct FraudCheckTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var credit: CommissionTrigger
        var activity = ActivityCount()
        var partnerDomain = "partner.example"
        var findings: [FraudFinding]

        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "nothing", credit: credit(registeredAt: "2026-01-01T00:00:00Z"), findings: []),
        Case(name: "own domain", credit: credit(), partnerDomain: "acme.example", findings: [.selfReferral]),
        Case(name: "own site", credit: credit(), partnerDomain: "www.Acme.example", findings: [.selfReferral]),
        Case(name: "own domain by hint", credit: credit(flags: [.accountIsPartner]), findings: [.selfReferral]),
        Case(name: "own contact", credit: credit(flags: [.contactAtPartner]), findings: [.selfReferral]),
        Case(name: "foreign contact", credit: credit(flags: [.contactDomainDiffers]), findings: [.contactDomain]),
        Case(
            name: "25 open registrations are allowed", credit: credit(),
            activity: ActivityCount(openRegistrations: 25), findings: []),
        Case(
            name: "26 are not", credit: credit(), activity: ActivityCount(openRegistrations: 26),
            findings: [.registerEverything]),
        Case(
            name: "19 decided say nothing", credit: credit(),
            activity: ActivityCount(decidedReferrals: 19, acceptedReferrals: 0), findings: []),
        Case(
            name: "1 of 20 accepted", credit: credit(),
            activity: ActivityCount(decidedReferrals: 20, acceptedReferrals: 1), findings: [.acceptanceRate]),
        Case(
            name: "2 of 20 is the limit", credit: credit(),
            activity: ActivityCount(decidedReferrals: 20, acceptedReferrals: 2), findings: []),
        Case(
            name: "7 days before the close", credit: credit(registeredAt: "2026-03-03T12:00:00Z"),
            findings: [.registeredBeforeClose]),
        Case(name: "longer", credit: credit(registeredAt: "2026-03-03T11:59:59Z"), findings: []),
        Case(name: "after the close", credit: credit(registeredAt: "2026-03-11T00:00:00Z"), findings: []),
        Case(
            name: "several", credit: credit(flags: [.contactAtPartner, .contactDomainDiffers]),
            activity: ActivityCount(openRegistrations: 99),
            findings: [.selfReferral, .contactDomain, .registerEverything]),
    ]

    @Test(arguments: cases)
    func `what looks like gaming is found, with evidence`(_ test: Case) {
        let partner = Partner(
            id: PartnerID("ptr_one")!, version: 1, name: "One", domain: test.partnerDomain, types: [.referral],
            tier: .silver, status: .active, currency: euro, locale: "en", contact: ContactAddress(name: "", email: ""),
            isTaxFormOnFile: true, vatID: nil, effectiveAt: .distantPast)
        let findings = FraudCheck(
            rules: Program.Defaults.fraud, partner: partner, credit: test.credit, activity: test.activity
        ).findings()
        #expect(findings.map(\.finding) == test.findings)
        #expect(findings.allSatisfy { !$0.evidence.isEmpty })
    }

    @Test func `partners that are paid to one account are found`() {
        func payee(_ partner: String, _ fingerprint: String) -> Payee {
            Payee(
                partner: PartnerID(partner)!, version: 1, isVerified: true, accountFingerprint: fingerprint,
                effectiveAt: .distantPast)
        }
        let payees = [payee("ptr_c", "x"), payee("ptr_a", "x"), payee("ptr_b", "y"), payee("ptr_d", "x")]
        #expect(FraudCheck.samePayee(as: payees[1], among: payees).map(\.text) == ["ptr_c", "ptr_d"])
        #expect(FraudCheck.samePayee(as: payees[2], among: payees).isEmpty)
    }
}
