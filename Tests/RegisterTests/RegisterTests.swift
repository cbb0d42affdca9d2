import Contracts
import Domain
import JSON
import Register
import TaskRuntime
import Testing

@Suite struct RegisterTests {
    let register: Register

    init() {
        register = Register(state: TaskState(backend: MemoryStateBackend()))
    }

    static func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }
    static let january = time("2026-01-01T00:00:00Z")
    static let february = time("2026-02-01T00:00:00Z")
    static let march = time("2026-03-01T00:00:00Z")
    static let euro = Currency(code: "EUR")!
    static let dollar = Currency(code: "USD")!

    static func terms(
        _ id: String, _ version: Int64, from time: Timestamp, type: PartnerType? = .referral, partner: String? = nil,
        accepted: Bool = false
    ) -> TermsVersion {
        TermsVersion(
            id: TermsID(id)!, version: version, effectiveFrom: time, partnerType: type,
            partner: partner.flatMap { PartnerID($0) }, rounding: .halfEven, lines: [], acceptanceRequired: accepted)
    }

    static func program(_ version: Int64, from time: Timestamp, terms: [TermsVersion] = []) throws -> Program {
        let text = #"""
            {"program_id":"prg_acme","version":1,"name":"Acme","effective_from":"2026-01-01T00:00:00Z","currency":"EUR",
             "hypothesis":{"partner_type":"referral","sends":"a","why":"b","gets":"c"},
             "areas":[{"area":"partner_fit","owner":"psn_owner","definition":"d"}],"partner_types":["referral"],
             "scoring":{"fit":[{"name":"size","subject":"employees","weight":1,"points":[{"from":50,"points":100}]}]},
             "handoff":{"contact":"psn_sales"},"terms":[{"terms_id":"trm_x","version":1,"partner_type":"referral"}],
             "payout":{"debtor":{"name":"Acme","account":"DE02"}}}
            """#
        var program = try JSONDocument.decode(Program.self, from: Array(text.utf8))
        program.version = version
        program.effectiveFrom = time
        program.terms = terms.isEmpty ? [Self.terms("trm_x", 1, from: january)] : terms
        return program
    }

    static func published(_ program: Program) -> ProgramPublished {
        ProgramPublished(program: program, actor: .programme, occurredAt: program.effectiveFrom)
    }

    static func partner(
        _ version: Int64, from time: Timestamp, tier: Tier = .registered, status: Partner.Status = .active
    ) -> Partner {
        Partner(
            id: PartnerID("ptr_1")!, version: version, name: "One", domain: "one.example", types: [.referral],
            tier: tier, status: status, currency: euro, locale: "en",
            contact: ContactAddress(name: "a", email: "b"), isTaxFormOnFile: true, vatID: nil, effectiveAt: time)
    }

    /// What the register refuses; `nil` where it takes it.
    func refusal(_ payload: any EventPayload, at time: Timestamp) -> String? {
        do {
            #expect(try register.apply(payload, at: time))
            return nil
        } catch let deadLetter as DeadLetter {
            #expect(deadLetter.code == .refused)
            return deadLetter.reason
        } catch {
            return "\(error)"
        }
    }

    // MARK: Programme

    @Test func `a programme version counts from its own time on`() throws {
        _ = try register.apply(Self.published(Self.program(1, from: Self.january)), at: Self.february)
        _ = try register.apply(
            Self.published(Self.program(2, from: Self.march)), at: Self.february + .hours(1))
        #expect(try register.program(at: Self.january - .seconds(1)) == nil)
        #expect(try register.program(at: Self.january)?.version == 1)
        #expect(try register.program(at: Self.march - .seconds(1))?.version == 1)
        #expect(try register.program(at: Self.march)?.version == 2)
        #expect(try register.program(version: 2)?.effectiveFrom == Self.march)
    }

    @Test func `what was cached is read again after a reset`() throws {
        _ = try register.apply(Self.published(Self.program(1, from: Self.january)), at: Self.january)
        _ = try register.apply(
            PartnerUpdated(partner: Self.partner(1, from: Self.january), occurredAt: Self.january), at: Self.january)
        #expect(try register.program(at: Self.january)?.version == 1)
        try register.deleteProgramRow()
        #expect(try register.program(at: Self.january)?.version == 1)
        register.reset()
        #expect(try register.program(at: Self.january) == nil)
    }

    @Test func `a published version never changes, and the same again changes nothing`() throws {
        let program = try Self.program(1, from: Self.january)
        #expect(refusal(Self.published(program), at: Self.january) == nil)
        #expect(refusal(Self.published(program), at: Self.march) == nil)
        var other = program
        other.name = "Other"
        #expect(refusal(Self.published(other), at: Self.march) == "prg_acme/1 is published already, and never changes")
        #expect(try register.program(at: Self.march)?.name == "Acme")
    }

    @Test func `terms of one number never change, whichever version of the programme says them`() throws {
        #expect(refusal(Self.published(try Self.program(1, from: Self.january)), at: Self.january) == nil)
        var other = try Self.program(2, from: Self.march)
        other.terms[0].rounding = .halfUp
        #expect(
            refusal(Self.published(other), at: Self.february)
                == "prg_acme/2: trm_x/1 is published already, and never changes")
        other.terms[0].version = 2
        #expect(refusal(Self.published(other), at: Self.february) == nil)
        #expect(try register.terms(TermsID("trm_x")!, version: 1)?.rounding == .halfEven)
    }

    @Test func `a later version must follow, and never takes effect backwards`() throws {
        #expect(refusal(Self.published(try Self.program(2, from: Self.february)), at: Self.march) == nil)
        #expect(
            refusal(Self.published(try Self.program(1, from: Self.march + .days(9))), at: Self.march)
                == "prg_acme/1 does not follow prg_acme/2 in number and time of effect")
        #expect(
            refusal(Self.published(try Self.program(3, from: Self.january)), at: Self.march)
                == "prg_acme/3 does not follow prg_acme/2 in number and time of effect")
        #expect(
            refusal(Self.published(try Self.program(3, from: Self.march)), at: Self.march)
                == "prg_acme/3 takes effect at 2026-03-01T00:00:00.000Z, before what was judged already (2026-03-01T00:00:00.000Z)"
        )
        var second = try Self.program(3, from: Self.march + .days(1))
        second.id = ProgramID("prg_other")!
        #expect(
            refusal(Self.published(second), at: Self.march)
                == "prg_other/3: the register holds the programme prg_acme, and takes no second one")
    }

    // MARK: Partners and people

    @Test func `a partner is the highest version in effect`() throws {
        for (version, time, tier) in [(1, Self.january, Tier.silver), (2, Self.march, .gold)]
            as [(Int64, Timestamp, Tier)]
        {
            _ = try register.apply(
                PartnerUpdated(partner: Self.partner(version, from: time, tier: tier), occurredAt: time), at: time)
        }
        let id = PartnerID("ptr_1")!
        #expect(try register.partner(id)?.tier == .gold, "without a time every entry counts")
        register.advance(to: Self.february)
        #expect(try register.partner(id)?.tier == .silver)
        #expect(try register.partners().map(\.tier) == [.silver])
        register.advance(to: Self.march)
        #expect(try register.partner(id)?.tier == .gold)
        register.advance(to: Self.january - .seconds(1))
        #expect(try register.partner(id) == nil)
        #expect(try register.partners() == [])
        #expect(try register.partner(PartnerID("ptr_2")!) == nil)
    }

    @Test func `a membership ends with the first of the entries that end it`() throws {
        let id = PartnerID("ptr_1")!
        #expect(try register.membershipEnd(of: id) == nil)
        let entries: [(Int64, Timestamp, Partner.Status)] = [
            (1, Self.january, .ended), (2, Self.january + .days(3), .paused), (3, Self.february, .ended),
            (4, Self.march, .endedForCause), (5, Self.january + .days(20), .ended), (6, Self.march + .days(9), .active),
        ]
        for (version, time, status) in entries {
            _ = try register.apply(
                PartnerUpdated(partner: Self.partner(version, from: time, status: status), occurredAt: time), at: time)
        }
        for (now, end) in [
            (Self.january, Self.january), (Self.january + .days(3), nil), (Self.march, Self.january + .days(20)),
            (Self.march + .days(9), nil), (Self.january - .seconds(1), nil),
        ] as [(Timestamp, Timestamp?)] {
            register.advance(to: now)
            #expect(try register.membershipEnd(of: id) == end, "\(now)")
        }
    }

    @Test func `a partner that arrives after it was looked for is found`() throws {
        let id = PartnerID("ptr_1")!
        #expect(try register.partner(id) == nil)
        #expect(try register.partners() == [])
        _ = try register.apply(
            PartnerUpdated(partner: Self.partner(1, from: Self.january), occurredAt: Self.january), at: Self.january)
        #expect(try register.partner(id)?.version == 1)
        #expect(try register.partners().count == 1)
        #expect(
            refusal(
                PartnerUpdated(partner: Self.partner(1, from: Self.january, tier: .gold), occurredAt: Self.january),
                at: Self.january) == "ptr_1/1 is in the register already, with other content")
    }

    @Test func `people and payees are effective-dated too`() throws {
        let id = PersonID("psn_1")!
        for (version, time) in [(1, Self.january), (2, Self.march)] as [(Int64, Timestamp)] {
            let person = Person(
                id: id, version: version, contact: ContactAddress(name: "a", email: "b"), roles: [.sales], partner: nil,
                isActive: version == 1, effectiveAt: time)
            let payee = Payee(
                partner: PartnerID("ptr_1")!, version: version, isVerified: true, accountFingerprint: "\(version)",
                effectiveAt: time)
            _ = try register.apply(PersonUpdated(person: person, occurredAt: time), at: time)
            _ = try register.apply(PayeeUpdated(payee: payee, account: nil, occurredAt: time), at: time)
        }
        register.advance(to: Self.february)
        #expect(try register.person(id)?.isActive == true)
        #expect(try register.payee(PartnerID("ptr_1")!)?.accountFingerprint == "1")
        register.advance(to: Self.march)
        #expect(try register.person(id)?.isActive == false)
        #expect(try register.payees().map(\.accountFingerprint) == ["2"])
    }

    private func payee(_ fingerprint: String) -> PayeeUpdated {
        PayeeUpdated(
            payee: Payee(
                partner: PartnerID("ptr_1")!, version: 1, isVerified: true, accountFingerprint: fingerprint,
                effectiveAt: Self.january), account: nil, occurredAt: Self.january)
    }

    private var fingerprints: [String] {
        get throws { try register.payees().map(\.accountFingerprint) }
    }

    @Test func `a payee's version never changes, neither in its account nor in who holds it`() throws {
        #expect(refusal(payee("a.one"), at: Self.january) == nil)
        #expect(refusal(payee("a.one"), at: Self.february) == nil)
        for other in ["b.one", "a.two", "a"] {
            #expect(
                refusal(payee(other), at: Self.february)
                    == "ptr_1/payee/1 is in the register already, with other content")
        }
        #expect(try fingerprints == ["a.one"])
    }

    @Test func `a payee of an earlier version learns its details once`() throws {
        #expect(refusal(payee("a"), at: Self.january) == nil)
        #expect(refusal(payee("a"), at: Self.february) == nil)
        #expect(refusal(payee("b.one"), at: Self.february) != nil)
        #expect(try fingerprints == ["a"])
        #expect(refusal(payee("a.one"), at: Self.february) == nil)
        #expect(try fingerprints == ["a.one"])
        #expect(refusal(payee("a.two"), at: Self.february) != nil)
        #expect(refusal(payee("a"), at: Self.february) != nil)
        #expect(try fingerprints == ["a.one"])
    }

    // MARK: Terms

    func acceptTerms(_ id: String, _ version: Int64, at time: Timestamp) throws {
        let acceptance = TermsAcceptance(
            partner: PartnerID("ptr_1")!, terms: TermsID(id)!, version: version, acceptedBy: "psn_1", acceptedAt: time)
        #expect(try register.apply(TermsAccepted(acceptance: acceptance), at: time))
    }

    func termsInForce(at time: Timestamp) throws -> String? {
        let partner = Self.partner(1, from: Self.january)
        return try register.terms(for: partner.id, type: .referral, at: time).map { "\($0.id):\($0.version)" }
    }

    @Test func `a partner's own terms come before those of its type, the latest in effect first`() throws {
        let terms = [
            Self.terms("trm_type", 1, from: Self.january), Self.terms("trm_type", 2, from: Self.february),
            Self.terms("trm_own", 1, from: Self.march, type: nil, partner: "ptr_1"),
            Self.terms("trm_other", 1, from: Self.january, type: nil, partner: "ptr_2"),
            Self.terms("trm_agency", 1, from: Self.january, type: .agency),
        ]
        _ = try register.apply(Self.published(Self.program(1, from: Self.january, terms: terms)), at: Self.january)
        #expect(try termsInForce(at: Self.january) == "trm_type:1")
        #expect(try termsInForce(at: Self.february) == "trm_type:2")
        #expect(try termsInForce(at: Self.march) == "trm_own:1")
        #expect(try termsInForce(at: Self.january - .seconds(1)) == nil)
    }

    @Test func `terms that need acceptance hold from the acceptance on, older ones until then`() throws {
        let first = Self.terms("trm_a", 1, from: Self.january, accepted: true)
        let second = Self.terms("trm_a", 2, from: Self.february, accepted: true)
        _ = try register.apply(Self.published(Self.program(1, from: Self.january, terms: [first])), at: Self.january)
        // The next programme version holds only the newer terms; the older ones stay in force for who accepted them.
        _ = try register.apply(
            Self.published(Self.program(2, from: Self.february, terms: [second])), at: Self.january + .days(1))
        #expect(try termsInForce(at: Self.january + .days(2)) == nil)
        try acceptTerms("trm_a", 1, at: Self.january + .days(3))
        #expect(try termsInForce(at: Self.january + .days(2)) == nil)
        #expect(try termsInForce(at: Self.january + .days(3)) == "trm_a:1")
        #expect(try termsInForce(at: Self.february) == "trm_a:1")
        try acceptTerms("trm_a", 2, at: Self.march)
        #expect(try termsInForce(at: Self.march - .seconds(1)) == "trm_a:1")
        #expect(try termsInForce(at: Self.march) == "trm_a:2")
        try acceptTerms("trm_a", 2, at: Self.march + .days(1))
        #expect(try termsInForce(at: Self.march) == "trm_a:2", "the first acceptance counts")
        #expect(try register.terms(TermsID("trm_a")!, version: 1)?.effectiveFrom == Self.january)
        #expect(try register.terms(TermsID("trm_a")!, version: 3) == nil)
    }

    @Test func `an acceptance counts from its judging time, not from the sender's date`() throws {
        let terms = Self.terms("trm_a", 1, from: Self.january, accepted: true)
        _ = try register.apply(Self.published(Self.program(1, from: Self.january, terms: [terms])), at: Self.january)
        let acceptance = TermsAcceptance(
            partner: PartnerID("ptr_1")!, terms: terms.id, version: 1, acceptedBy: "psn_1", acceptedAt: Self.january)
        _ = try register.apply(TermsAccepted(acceptance: acceptance), at: Self.march)
        #expect(try termsInForce(at: Self.march - .seconds(1)) == nil)
        #expect(try termsInForce(at: Self.march) == "trm_a:1")
    }

    // MARK: Exchange rates

    func publishRate(_ date: String, _ rate: String) throws -> String? {
        refusal(
            FXPublished(
                rate: FXRate(
                    from: Self.euro, to: Self.dollar, date: CalendarDate(iso8601: date)!, rate: rate, source: "ecb"),
                occurredAt: Self.march), at: Self.march)
    }

    @Test func `the latest rate within the allowed age counts, of the pair as published`() throws {
        func rate(_ date: String, from: Currency = RegisterTests.euro, to: Currency = RegisterTests.dollar) throws
            -> String?
        {
            try register.fxRate(from: from, to: to, on: CalendarDate(iso8601: date)!, maximumAgeDays: 7)?.rate
        }
        #expect(try rate("2026-02-10") == nil)
        #expect(try publishRate("2026-02-01", "1.10") == nil)
        #expect(try publishRate("2026-02-05", "1.20") == nil)
        #expect(try rate("2026-01-31") == nil)
        #expect(try rate("2026-02-01") == "1.10")
        #expect(try rate("2026-02-04") == "1.10")
        #expect(try rate("2026-02-12") == "1.20")
        #expect(try rate("2026-02-13") == nil)
        #expect(try rate("2026-02-05", from: Self.dollar, to: Self.euro) == nil)
        #expect(try rate("2026-02-05", from: Self.euro, to: Self.euro) == "1")
        #expect(try publishRate("2026-02-10", "1.30") == nil)
        #expect(try rate("2026-02-12") == "1.30", "a new rate replaces a cached answer")
        #expect(
            try publishRate("2026-02-10", "1.31")
                == "the rate EUR/USD of 2026-02-10 is published already, and never changes")
    }

    // MARK: Entries

    @Test func `only events of the register are taken`() throws {
        #expect(try register.apply(ClockAdvanced(to: Self.march), at: Self.march) == false)
        func event(_ type: String, _ data: String) -> Event {
            Event(
                id: "1", source: "s", type: type, time: nil, subject: nil, key: "", data: Array(data.utf8),
                position: EventPosition(topic: "referral.v1", partition: 0, offset: 0), appendTime: Self.march)
        }
        #expect(try Register.decode(event("io.tributary.clock.advanced.v1", "{}")) == nil)
        let rate =
            #"{"from":"EUR","to":"USD","date":"2026-02-01","rate":"1.1","source":"ecb","occurred_at":"2026-02-01T00:00:00Z"}"#
        #expect(try Register.decode(event(FXPublished.type, rate)) is FXPublished)
        #expect(
            throws: DeadLetter(
                .schema, "/rate: expected a decimal greater than 0 with at most 10 places such as 1.0842, found \"x\"")
        ) {
            try Register.decode(event(FXPublished.type, rate.replacing("1.1", with: "x")))
        }
        #expect(throws: DeadLetter(.badJSON, "document: expected a name in quotes, found the end at byte 1")) {
            try Register.decode(event(FXPublished.type, "{"))
        }
    }
}

extension Register {
    /// Takes the programme's row away under the register's feet, as a rollback does.
    fileprivate func deleteProgramRow() throws {
        try state.delete(Register.programTable, StateKey("prg_acme").appending(Int64(1)))
    }
}
