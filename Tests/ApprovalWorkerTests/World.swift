import ApprovalWorker
import Contracts
import Domain
import DomainNames
import JSON
import Register
import TaskRuntime
import Testing

func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text.count == 10 ? text + "T00:00:00Z" : text)! }
func eur(_ minor: Int64) -> Money { Money(minor: minor, currency: Currency(code: "EUR")!) }
func partnerID(_ name: String) -> PartnerID { PartnerID(unchecked: "ptr_\(name)") }
func personID(_ name: String) -> PersonID { PersonID(unchecked: "psn_\(name)") }
func person(_ name: String) -> Actor { .person(personID(name)) }

/// One partition of the approval worker with a programme, four partners and some people.
final class World {
    static let key = "acme.example"
    let harness: ProcessorHarness
    private var revisions: [String: Int64] = [:]

    init(_ alter: (inout Program) -> Void = { _ in }) throws {
        harness = try ProcessorHarness(worker: .approval) {
            ApprovalProcessor(state: $0, domains: RegistrableDomains())
        }
        var program = World.program
        alter(&program)
        _ = try register(ProgramPublished(program: program, actor: .programme, occurredAt: time("2025-01-01")))
        for name in ["a", "b", "c", "r"] { _ = try partner(name, .active, at: "2025-01-01", version: 1) }
        for name in ["owner", "second", "sales", "other"] {
            _ = try register(
                PersonUpdated(
                    person: Person(
                        id: personID(name), version: 1, contact: ContactAddress(name: name, email: "\(name)@v.example"),
                        roles: [.operations], partner: nil, isActive: name != "other", effectiveAt: time("2025-01-01")),
                    occurredAt: time("2025-01-01")))
        }
        _ = try register(
            PersonUpdated(
                person: Person(
                    id: personID("pa"), version: 1, contact: ContactAddress(name: "pa", email: "pa@a.example"),
                    roles: [.partner], partner: partnerID("a"), isActive: true, effectiveAt: time("2025-01-01")),
                occurredAt: time("2025-01-01")))
    }

    static let terms = TermsVersion(
        id: TermsID(unchecked: "trm_ref"), version: 1, effectiveFrom: time("2025-01-01"), partnerType: .referral,
        partner: nil, rounding: .halfEven,
        lines: [
            PlanLine(
                name: "referral", trigger: .closedWon, base: .firstYear,
                price: .stageRates(Program.Defaults.stageRates),
                settlement: .payout, classes: [.sourced], kinds: [.new], range: nil, caps: [:], minimums: [:],
                onWinWithoutRegistration: nil, creditsFee: false)
        ], acceptanceRequired: false)

    static var program: Program {
        Program(
            id: ProgramID(unchecked: "prg_1"), version: 1, name: "Test", effectiveFrom: time("2025-01-01"),
            currency: Currency(code: "EUR")!,
            hypothesis: PartnershipHypothesis(partnerType: .referral, sends: "s", why: "w", gets: "g"),
            areas: OperatingArea.Area.allCases.map {
                OperatingArea(area: $0, owner: personID("owner"), definition: "d")
            }, partnerTypes: [.referral, .reseller], productLines: [], intake: Program.Defaults.intake,
            scoring: ScoringRules(fit: Program.Defaults.intent, intent: Program.Defaults.intent),
            routing: Program.Defaults.routing,
            handoff: HandoffRules(contact: personID("sales"), firstContactBusinessDays: 2),
            review: Program.Defaults.review, protection: Program.Defaults.protection,
            conflict: Program.Defaults.conflict, attribution: Program.Defaults.attribution,
            salesCompensation: Program.Defaults.salesCompensation, commission: Program.Defaults.commission,
            terms: [terms],
            payout: PayoutRules(
                minimums: Program.Defaults.payoutMinimums(Currency(code: "EUR")!), rails: [.csv], debtorName: "V",
                debtorAccount: "X"),
            fraud: Program.Defaults.fraud, partnerEnd: Program.Defaults.partnerEnd)
    }

    // MARK: Sending

    func register(_ entry: some RegisterEntry) throws -> HarnessResult {
        let result = try harness.send(entry, key: "", at: entry.occurredAt, isBroadcast: true)
        if let refused = result.deadLetter { throw refused }
        return result
    }

    @discardableResult
    func partner(
        _ name: String, _ status: Partner.Status, tier: Tier = .silver, at: String, version: Int64
    ) throws -> HarnessResult {
        try register(
            PartnerUpdated(
                partner: Partner(
                    id: partnerID(name), version: version, name: "Partner \(name)", domain: "\(name).example",
                    types: [name == "r" ? .reseller : .referral], tier: tier, status: status,
                    currency: Currency(code: "EUR")!, locale: "en",
                    contact: ContactAddress(name: name, email: "x@\(name).example"), isTaxFormOnFile: true, vatID: nil,
                    effectiveAt: time(at)), occurredAt: time(at)))
    }

    @discardableResult
    func send(_ event: some EventPayload, key: String = World.key) throws -> HarnessResult {
        try World.checked(harness.send(event, key: key, at: event.occurredAt))
    }

    @discardableResult
    func advance(to day: String) throws -> HarnessResult { try World.checked(harness.advance(to: time(day))) }

    /// Every explanation's arithmetic must follow from its own text.
    private static func checked(_ result: HarnessResult) throws -> HarnessResult {
        for output in result.outputs where output.topic.hasSuffix("outcome.v1") {
            guard case .array(let steps)? = try JSONDocument.parse(output.data)["explanation"] else { continue }
            for case .string(let text)? in steps.map({ $0["arithmetic"] }) {
                #expect(try ArithmeticText.holds(text), "\(output.type): \(text)")
            }
        }
        return result
    }

    /// The referral worker's verdict on a referral of Acme. The referral's id is `ref_<partner><number>`.
    @discardableResult
    func evaluate(
        _ partner: String, _ number: Int = 1, at: String, route: ReferralRoute = .accept,
        claim: RegistrationRequest? = nil, again: Bool = false, hints: [FraudHint] = []
    ) throws -> HarnessResult {
        let submission = ReferralSubmission(
            partner: partnerID(partner), account: ProspectAccount(name: "Acme", domain: World.key),
            contact: ProspectContact(email: "x@acme.example"), deal: ProspectDeal(productLine: "core"),
            registration: claim, consent: true, occurredAt: time(at))
        let assessment = ReferralAssessment(
            partnerType: partner == "r" ? .reseller : .referral, tier: .silver,
            terms: TermsReference(id: TermsID(unchecked: "trm_ref"), version: 1),
            fit: Score(value: 80, contributions: []), intent: Score(value: 80, contributions: []), route: route,
            reasons: [], hints: hints)
        return try send(
            ReferralEvaluated(
                referral: World.referralID(partner, number), account: World.account, assessment: assessment,
                submission: submission, isResubmission: again, submittedAt: time(at), programVersion: 1,
                occurredAt: time(at)))
    }

    @discardableResult
    func claim(
        _ partner: String, _ number: Int = 1, at: String, stage: RegistrationStage = .beforeContact,
        route: ReferralRoute = .accept, evidence: [Evidence] = [], opportunity: String? = nil
    ) throws -> HarnessResult {
        try evaluate(
            partner, number, at: at, route: route,
            claim: RegistrationRequest(
                stage: stage, evidence: evidence, opportunity: opportunity.map { OpportunityID(unchecked: $0) }))
    }

    @discardableResult
    func decide(
        _ partner: String, _ decision: ReviewDecided.Decision, number: Int = 1, reason: RejectReason? = nil,
        by actor: Actor = person("owner"), contact: String? = nil, at: String
    ) throws -> HarnessResult {
        try send(
            ReviewDecided(
                account: World.account, referral: World.referralID(partner, number), decision: decision, reason: reason,
                note: "because", contactInSales: contact.map(personID), actor: actor, occurredAt: time(at)))
    }

    @discardableResult
    func touch(
        _ id: String, _ party: String = "direct", _ kind: TouchKindName = .meeting, confirmed: String? = "psn_owner",
        at: String, occurred: String? = nil
    ) throws -> HarnessResult {
        let event = TouchRecorded(
            account: World.account, touch: TouchID(unchecked: id), party: Party(text: party)!, kind: kind,
            confirmedBy: confirmed, occurredAt: time(occurred ?? at))
        return try World.checked(harness.send(event, key: World.key, at: time(at)))
    }

    @discardableResult
    func deal(
        _ stage: OpportunityStage, id: String = "O1", motion: SalesMotion = .direct, kind: OpportunityType = .new,
        partner: String? = nil, value: Int64 = 4_800_000, created: String, closed: String? = nil,
        revision: Int64? = nil,
        lost: String? = "price", duties: [String] = [], settlement: PlanLine.Settlement = .payout, play: String? = nil,
        playRun: String? = nil, domain: String = World.key, at: String
    ) throws -> HarnessResult {
        let number = revision ?? (revisions[id] ?? 0) + 1
        revisions[id] = number
        return try send(
            OpportunityUpdated(
                account: AccountReference(key: AccountKey(unchecked: domain), name: "Acme"),
                opportunity: OpportunityID(unchecked: id), revision: number, productLine: "core", stage: stage,
                motion: motion, kind: kind, partner: partner.map(partnerID), duties: duties, settlement: settlement,
                play: play, playRun: playRun, firstYearValue: eur(value), createdAt: time(created),
                closedAt: closed.map(time), lostReason: stage == .closedLost ? lost : nil, salesRep: "Sam",
                occurredAt: time(at)))
    }

    @discardableResult
    func decideConflict(
        _ id: ConflictID, _ outcome: ConflictOutcome, winner: Party? = nil, shares: [(String, Int64)] = [],
        by actor: Actor = person("owner"), at: String
    ) throws -> HarnessResult {
        try send(
            ConflictDecided(
                account: World.account, conflict: id, outcome: outcome, winner: winner,
                shares: shares.map { ConflictShare(party: Party(text: $0.0)!, share: BasisPoints($0.1)) },
                evidence: ["T1"], note: "seen", actor: actor, occurredAt: time(at)))
    }

    // MARK: Looking

    static let account = AccountReference(key: AccountKey(unchecked: key), name: "Acme")

    static func referralID(_ partner: String, _ number: Int = 1) -> ReferralID {
        ReferralID(unchecked: "ref_\(partner)\(number)")
    }

    func registration(_ partner: String, _ number: Int = 1) throws -> Registration? {
        try rows("registration", Registration.self).first { $0.referral == World.referralID(partner, number) }
    }

    func referral(_ partner: String, _ number: Int = 1) throws -> ReferralClaim? {
        try rows("referral_claim", ReferralClaim.self).first { $0.id == World.referralID(partner, number) }
    }

    func attribution(_ opportunity: String = "O1") throws -> Attribution? {
        try rows("attribution", Attribution.self).first { $0.opportunity.text == opportunity }
    }

    func conflict() throws -> Conflict? { try rows("conflict", Conflict.self).first }

    func rows<Row: JSONReadable>(_ table: String, _ type: Row.Type) throws -> [Row] {
        try harness.state.rows(StateTable(table), prefix: StateKey(), as: type).map(\.row)
    }
}

extension HarnessResult {
    func settled() throws -> [ReferralSettled] { try payloads(ReferralSettled.self) }
    /// Targets of won deals.
    func triggers() throws -> [CommissionTrigger] {
        try payloads(CommissionTriggered.self).map(\.trigger).filter { $0.trigger == .closedWon }
    }

    func introductions() throws -> [CommissionTrigger] {
        try payloads(CommissionTriggered.self).map(\.trigger).filter { $0.trigger == .qualifiedIntroduction }
    }

    func changes() throws -> [String] { try payloads(RegistrationFact.self).map(\.change) }
    func reviews() throws -> [ReviewFact] { try payloads(ReviewFact.self) }

    /// `template>recipient` of every message asked for.
    func messages() throws -> [String] {
        try payloads(NotificationRequested.self).map { "\($0.template.rawValue)>\($0.recipient)" }
    }
}
