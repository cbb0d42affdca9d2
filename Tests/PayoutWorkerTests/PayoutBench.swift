import Contracts
import Domain
import Hashing
import JSON
import PayoutWorker
import Register
import TaskRuntime
import Testing

func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

let euro = Currency(code: "EUR")!
let dollar = Currency(code: "USD")!

/// A payout worker over one partition in memory, with a programme, a partner that may be paid, and people who decide.
final class PayoutBench {
    static let start = time("2026-01-01T00:00:00Z")
    static let one = PartnerID("ptr_one")!
    static let two = PartnerID("ptr_two")!
    static let maker = Actor.person(PersonID("psn_maker")!)
    static let checker = Actor.person(PersonID("psn_checker")!)
    static let third = Actor.person(PersonID("psn_third")!)
    /// A person of `ptr_one`.
    static let insider = Actor.person(PersonID("psn_insider")!)
    /// A person of `ptr_two`.
    static let stranger = Actor.person(PersonID("psn_stranger")!)
    static let gone = Actor.person(PersonID("psn_gone")!)

    let harness: ProcessorHarness
    /// Everything that came out, in order.
    private(set) var outputs: [HarnessOutput] = []
    private var versions: [String: Int64] = [:]

    /// - Parameter lines: of the terms `trm_one`, version 1.
    init(
        lines: [PlanLine] = [PayoutBench.stageLine], minimums: [Currency: Int64] = [euro: 5000, dollar: 5000],
        partner: (inout Partner) -> Void = { _ in }, hasPayee: Bool = true
    ) throws {
        harness = try ProcessorHarness(worker: .payout) { PayoutProcessor(state: $0, partition: 0) }
        var program = PayoutBench.program(lines: lines)
        program.payout.minimums = minimums
        try register(ProgramPublished(program: program, actor: Self.maker, occurredAt: Self.start - .days(1)))
        let people = [Self.maker, Self.checker, Self.third, Self.insider, Self.stranger, Self.gone]
        for actor in people { try add(actor) }
        try update(Self.one, partner)
        if hasPayee { try addPayee() }
    }

    // MARK: Register

    func register<Entry: RegisterEntry>(_ entry: Entry, at time: Timestamp = PayoutBench.start - .days(1)) throws {
        let result = try send(entry, key: entry.registerKey, at: time, isBroadcast: true)
        #expect(result.deadLetter == nil)
    }

    private func add(_ actor: Actor) throws {
        guard case .person(let id) = actor else { return }
        let employers = [Self.insider: Self.one, Self.stranger: Self.two]
        let person = Person(
            id: id, version: 1, contact: ContactAddress(name: id.text, email: "\(id.text)@vendor.example"),
            roles: employers[actor] == nil ? [.finance] : [.partner], partner: employers[actor],
            isActive: actor != Self.gone, effectiveAt: Self.start - .days(1))
        try register(PersonUpdated(person: person, occurredAt: Self.start - .days(1)))
    }

    /// The next version of a partner.
    @discardableResult
    func update(
        _ id: PartnerID = PayoutBench.one, at time: Timestamp = PayoutBench.start - .days(1),
        _ change: (inout Partner) -> Void
    ) throws -> HarnessResult {
        let entry = entry(id, at: time, change)
        return try send(entry, key: entry.registerKey, at: time, isBroadcast: true)
    }

    /// As `update`, in a turn that is taken back.
    func updateAndTakeBack(at time: Timestamp, _ change: (inout Partner) -> Void) throws {
        let entry = entry(PayoutBench.one, at: time, change)
        try harness.takeBack(entry, key: entry.registerKey, at: time, isBroadcast: true)
        versions[PayoutBench.one.text]! -= 1
    }

    private func entry(_ id: PartnerID, at time: Timestamp, _ change: (inout Partner) -> Void) -> PartnerUpdated {
        versions[id.text, default: 0] += 1
        var partner = Partner(
            id: id, version: versions[id.text]!, name: "Partner \(id)", domain: "\(id.text.dropFirst(4)).example",
            types: [.referral], tier: .silver, status: .active, currency: euro, locale: "en",
            contact: ContactAddress(name: "Pat", email: "pat@\(id.text.dropFirst(4)).example"), isTaxFormOnFile: true,
            vatID: nil, effectiveAt: time)
        change(&partner)
        return PartnerUpdated(partner: partner, occurredAt: time)
    }

    @discardableResult
    func addPayee(
        _ id: PartnerID = PayoutBench.one, fingerprint: String? = nil, isVerified: Bool = true,
        at time: Timestamp = PayoutBench.start - .days(1)
    ) throws -> HarnessResult {
        versions["payee \(id)", default: 0] += 1
        let entry = PayeeUpdated(
            payee: Payee(
                partner: id, version: versions["payee \(id)"]!, isVerified: isVerified,
                accountFingerprint: fingerprint ?? "account of \(id)", effectiveAt: time), account: nil,
            occurredAt: time)
        return try send(entry, key: entry.registerKey, at: time, isBroadcast: true)
    }

    static let stageLine = line(
        "sourced",
        .stageRates([
            .beforeContact: BasisPoints(2500), .afterFirstMeeting: BasisPoints(2000), .lateStage: BasisPoints(1500),
            .unregisteredClaim: BasisPoints(1000),
        ]))

    static func line(
        _ name: String, _ price: PlanLine.Price, trigger: PlanLine.Trigger = .closedWon,
        settlement: PlanLine.Settlement = .payout, creditsFee: Bool = false
    ) -> PlanLine {
        PlanLine(
            name: name, trigger: trigger, base: .firstYear, price: price, settlement: settlement, classes: [.sourced],
            kinds: [.new], range: nil, caps: [:], minimums: [:], onWinWithoutRegistration: nil, creditsFee: creditsFee)
    }

    private static func program(lines: [PlanLine]) -> Program {
        let owner = PersonID("psn_maker")!
        let terms = TermsVersion(
            id: TermsID("trm_one")!, version: 1, effectiveFrom: start - .days(1), partnerType: .referral, partner: nil,
            rounding: .halfEven, lines: lines, acceptanceRequired: false)
        return Program(
            id: ProgramID("prg_test")!, version: 1, name: "Test", effectiveFrom: start - .days(1), currency: euro,
            hypothesis: PartnershipHypothesis(partnerType: .referral, sends: "", why: "", gets: ""),
            areas: OperatingArea.Area.allCases.map { OperatingArea(area: $0, owner: owner, definition: "") },
            partnerTypes: [.referral], productLines: [], intake: Program.Defaults.intake,
            scoring: ScoringRules(fit: Program.Defaults.intent, intent: Program.Defaults.intent),
            routing: Program.Defaults.routing,
            handoff: HandoffRules(contact: owner, firstContactBusinessDays: 2), review: Program.Defaults.review,
            protection: Program.Defaults.protection, conflict: Program.Defaults.conflict,
            attribution: Program.Defaults.attribution, salesCompensation: Program.Defaults.salesCompensation,
            commission: Program.Defaults.commission, terms: [terms],
            payout: PayoutRules(minimums: [:], rails: [.csv], debtorName: "Vendor", debtorAccount: "DE00"),
            fraud: Program.Defaults.fraud, partnerEnd: Program.Defaults.partnerEnd)
    }

    // MARK: Sending

    @discardableResult
    func send<Payload: EventPayload>(
        _ payload: Payload, key: String, at time: Timestamp, source: String = "/test", id: String? = nil,
        isBroadcast: Bool = false
    ) throws -> HarnessResult {
        let result = try harness.send(payload, key: key, at: time, source: source, id: id, isBroadcast: isBroadcast)
        outputs += result.outputs
        return result
    }

    @discardableResult
    func advance(to time: Timestamp) throws -> HarnessResult {
        let result = try harness.advance(to: time)
        outputs += result.outputs
        return result
    }

    /// A won deal of 48,000.00 EUR, registered before contact in January, closed on 10 March.
    @discardableResult
    func win(
        _ opportunity: String = "opp_1", partner: PartnerID = PayoutBench.one, firstYear: Int64 = 4_800_000,
        currency: Currency = euro, revision: Int64 = 1, at time: Timestamp = time("2026-03-10T12:00:00Z"),
        _ change: (inout CommissionTrigger) -> Void = { _ in }
    ) throws -> HarnessResult {
        var trigger = CommissionTrigger(
            partner: partner, partnerType: .referral,
            account: AccountReference(key: AccountKey(unchecked: "acme.example"), name: "Acme"), productLine: "core",
            opportunity: OpportunityID(opportunity)!, referral: nil, trigger: .closedWon, revision: revision,
            attribution: AttributionID("atr_\(opportunity)"), registration: RegistrationID("reg_\(opportunity)"),
            creditClass: .sourced, share: .whole, firstYear: Money(minor: firstYear, currency: currency),
            total: Money(minor: firstYear, currency: currency), stage: .beforeContact, duties: [], settlement: .payout,
            tier: .silver, kind: .new, terms: TermsReference(id: TermsID("trm_one")!, version: 1), programVersion: 1,
            registeredAt: PayoutBench.start, closedAt: time)
        change(&trigger)
        return try send(CommissionTriggered(trigger, occurredAt: time), key: partner.text, at: time)
    }

    @discardableResult
    func reverse(
        _ opportunity: String = "opp_1", total: Int64, base: Int64 = 4_800_000, currency: Currency = euro,
        revision: Int64? = nil, at time: Timestamp
    ) throws -> HarnessResult {
        try send(
            CommissionReversed(
                partner: Self.one, opportunity: OpportunityID(opportunity)!,
                base: Money(minor: base, currency: currency), reversedTotal: Money(minor: total, currency: currency),
                reason: "refund", revision: revision, occurredAt: time), key: Self.one.text, at: time)
    }

    @discardableResult
    func plan(
        _ run: String = "run_1", by actor: Actor = PayoutBench.maker, at time: Timestamp, cutOff: Timestamp? = nil
    )
        throws -> HarnessResult
    {
        try send(
            PayoutRunRequested(
                run: PayoutRunID(run)!, cutOff: cutOff ?? time, rail: .csv, executionDate: time.date + 1, actor: actor,
                occurredAt: time), key: run, at: time, isBroadcast: true)
    }

    /// - Parameter parts: this partition's own hash where it is `nil`.
    @discardableResult
    func approve(
        _ run: String = "run_1", by actor: Actor = PayoutBench.checker, parts: [String]? = nil, at time: Timestamp
    ) throws -> HarnessResult {
        let hash = try facts(PayoutRunPartFact.self).last { $0.runPart.id.text == run }?.runPart.sha256 ?? ""
        return try send(
            PayoutRunApproved(
                run: PayoutRunID(run)!, parts: parts ?? ["other", hash], actor: actor, occurredAt: time), key: run,
            at: time, isBroadcast: true)
    }

    /// - Parameter parts: what the file pays in each partition, hashed; what is payable in this one where it is `nil`.
    @discardableResult
    func recordFile(
        _ run: String = "run_1", _ hash: String = PayoutBench.hash("1"), parts: [String]? = nil, at time: Timestamp
    ) throws -> HarnessResult {
        try send(
            PayoutFileRecorded(
                run: PayoutRunID(run)!, fileSHA256: hash, parts: try parts ?? [paidHash(run)], actor: Self.maker,
                occurredAt: time), key: run, at: time, isBroadcast: true)
    }

    /// The hash of what this partition pays in a run, as an export made now says it.
    func paidHash(_ run: String = "run_1") throws -> String {
        let part = try facts(PayoutRunPartFact.self).last { $0.runPart.id.text == run }?.runPart
        let paid = try payouts().filter { $0.run.text == run && $0.state != .cancelled }
        return part.map { SHA256Digest(of: $0.canonicalText(of: paid)).hex } ?? ""
    }

    @discardableResult
    func result(
        _ payout: PayoutID, _ result: PayoutResult, decision: Actor? = nil, reportedBy: Actor? = nil,
        partner: PartnerID = PayoutBench.one, at time: Timestamp
    ) throws -> HarnessResult {
        try send(
            PayoutResultReceived(
                partner: partner, payout: payout, result: result, reason: "said so", decision: decision,
                reportedBy: reportedBy, occurredAt: time), key: partner.text, at: time)
    }

    /// Plans, approves and submits a run, an hour between the steps.
    @discardableResult
    func pay(_ run: String = "run_1", at time: Timestamp) throws -> Payout? {
        try plan(run, at: time)
        try approve(run, at: time + .hours(1))
        try recordFile(run, at: time + .hours(2))
        return try facts(PayoutFact.self).last { $0.payout.run.text == run }?.payout
    }

    /// A SHA-256 as a file of the test has it.
    static func hash(_ digit: Character) -> String { String(repeating: digit, count: 64) }

    // MARK: What came out

    func facts<Payload: Fact>(_ type: Payload.Type) throws -> [Payload] {
        try outputs.filter { $0.type == Payload.type }.map { try $0.decode(type) }
    }

    /// The last image of every commission, by the order in which they first appeared.
    func commissions() throws -> [Commission] {
        var order: [CommissionID] = []
        var images: [CommissionID: Commission] = [:]
        for fact in try facts(CommissionFact.self) {
            if images.updateValue(fact.commission, forKey: fact.commission.id) == nil {
                order.append(fact.commission.id)
            }
        }
        return order.compactMap { images[$0] }
    }

    func payouts() throws -> [Payout] {
        var images: [PayoutID: Payout] = [:]
        for fact in try facts(PayoutFact.self) { images[fact.payout.id] = fact.payout }
        return images.values.sorted { ($0.plannedAt, $0.id) < ($1.plannedAt, $1.id) }
    }

    func openBlocks() throws -> [Block] {
        var images: [String: Block] = [:]
        for fact in try facts(BlockFact.self) { images[fact.block.id] = fact.block }
        return images.values.filter(\.isOpen).sorted { $0.id < $1.id }
    }

    func notifications() throws -> [NotificationTemplate] {
        try outputs.filter { $0.type == NotificationRequested.type }
            .map { try $0.decode(NotificationRequested.self).template }
    }

    /// Balances of a partner derived from the ledger's facts alone: pending, payable, in transit, receivable.
    func balances(_ partner: PartnerID = PayoutBench.one, _ currency: Currency = euro) throws -> [Int64] {
        var sums: [LedgerAccount: Int64] = [:]
        for fact in try facts(LedgerFact.self) where fact.partner == partner && fact.currency == currency {
            for posting in fact.postings {
                let increases = (posting.side == .debit) == posting.account.isDebitNormal
                sums[posting.account, default: 0] += increases ? posting.amount : -posting.amount
            }
        }
        return [LedgerAccount.pending, .payable, .inTransit, .clawbackReceivable].map { sums[$0] ?? 0 }
    }

    /// What must hold whatever happened: postings balance, ids are unique, every printed arithmetic is true, and the
    /// ledger's balance is what the facts say.
    func checkInvariants(sourceLocation: SourceLocation = #_sourceLocation) throws {
        var ids: Set<String> = []
        var running: [String: Int64] = [:]
        for fact in try facts(LedgerFact.self) {
            #expect(ids.insert(fact.id).inserted, "\(fact.id) is used twice", sourceLocation: sourceLocation)
            let debits = fact.postings.filter { $0.side == .debit }.map(\.amount).reduce(0, +)
            let credits = fact.postings.filter { $0.side == .credit }.map(\.amount).reduce(0, +)
            #expect(debits == credits, sourceLocation: sourceLocation)
            let key = "\(fact.partner) \(fact.currency)"
            for posting in fact.postings where posting.account != .expense && posting.account != .cash {
                let sign: Int64 = posting.side == .credit ? 1 : -1
                running[key, default: 0] += sign * posting.amount
            }
            #expect(fact.balance == running[key, default: 0], sourceLocation: sourceLocation)
        }
        for partner in [Self.one, Self.two] {
            for currency in [euro, dollar] {
                let balances = try balances(partner, currency)
                #expect(balances.allSatisfy { $0 >= 0 }, "\(balances)", sourceLocation: sourceLocation)
            }
        }
        for steps in try allExplanations() {
            for arithmetic in steps.compactMap(\.arithmetic) {
                #expect(try ArithmeticText.holds(arithmetic), "\(arithmetic)", sourceLocation: sourceLocation)
            }
        }
    }

    private func allExplanations() throws -> [[ExplanationStep]] {
        try facts(CommissionFact.self).map(\.explanation) + facts(LedgerFact.self).map(\.explanation)
            + facts(PayoutFact.self).map(\.explanation) + facts(StatementFact.self).map(\.explanation)
            + facts(PayoutRunPartFact.self).map(\.explanation) + facts(BlockFact.self).map(\.explanation)
    }
}
