import Contracts
import Domain
import JSON
import Testing

@Suite struct RegisterEventsTests {
    static let time = Timestamp(rfc3339: "2026-02-03T04:05:06.789Z")!

    static let partner = Partner(
        id: PartnerID("ptr_001")!, version: 2, name: "Nord Ümlaut", domain: "nord.example",
        types: [.agency, .referral],
        tier: .gold, status: .endedForCause, currency: SamplePrograms.yen, locale: "de",
        contact: ContactAddress(name: "Ada", email: "ada@nord.example"), isTaxFormOnFile: true, vatID: "DE1",
        effectiveAt: time)

    static let person = Person(
        id: PersonID("psn_1")!, version: 1, contact: ContactAddress(name: "Bo", email: "bo@acme.example"),
        roles: [.sales, .finance], partner: PartnerID("ptr_001"), isActive: false, effectiveAt: time)

    static let payee = Payee(
        partner: PartnerID("ptr_001")!, version: 4, isVerified: true, accountFingerprint: "f00", effectiveAt: time)

    static let account = PayeeAccount(name: "Nord", iban: "DE02120300000000202051", bic: "BYLADEM1001")

    static let rate = FXRate(
        from: SamplePrograms.yen, to: SamplePrograms.euro, date: CalendarDate(iso8601: "2026-02-01")!, rate: "0.0061",
        source: "ecb")

    static func roundTrip<Payload: EventPayload & Equatable>(_ payload: Payload) throws -> Bool {
        try JSONDocument.decode(Payload.self, from: JSONEncoding.encode(payload)) == payload
    }

    @Test func `every entry is read back as it was written`() throws {
        let acceptance = TermsAcceptance(
            partner: Self.partner.id, terms: TermsID("trm_a")!, version: 3, acceptedBy: "psn_1", acceptedAt: Self.time)
        let program = ProgramPublished(
            program: SamplePrograms.full, actor: .person(SamplePrograms.owner), reason: "start", occurredAt: Self.time)
        #expect(try Self.roundTrip(program))
        #expect(try Self.roundTrip(PartnerUpdated(partner: Self.partner, occurredAt: Self.time)))
        #expect(try Self.roundTrip(PersonUpdated(person: Self.person, occurredAt: Self.time)))
        #expect(try Self.roundTrip(TermsAccepted(acceptance: acceptance)))
        #expect(try Self.roundTrip(PayeeUpdated(payee: Self.payee, account: Self.account, occurredAt: Self.time)))
        #expect(try Self.roundTrip(FXPublished(rate: Self.rate, occurredAt: Self.time)))
        #expect(program.registerKey == "prg_acme/3")
        #expect(TermsAccepted(acceptance: acceptance).registerKey == "ptr_001/trm_a/3")
        #expect(FXPublished(rate: Self.rate, occurredAt: Self.time).registerKey == "fx/JPY/EUR/2026-02-01")
    }

    @Test func `the broadcast form of a payee holds no account`() {
        let entry = PayeeUpdated(payee: Self.payee, account: Self.account, occurredAt: Self.time)
        let text = String(decoding: JSONEncoding.encode(entry.broadcastForm), as: UTF8.self)
        #expect(!text.contains("DE0212"))
        #expect(!text.contains("Nord"))
        #expect(text.contains("f00"))
    }

    @Test(arguments: ["0", "0.0", "-1", "1e3", "1.12345678901", "1234567890", ".5", "1.", "", "1.2.3", "+1", "1,5"])
    func `an exchange rate is a positive decimal`(text: String) {
        let json = #"{"from":"EUR","to":"USD","date":"2026-02-01","rate":"\#(text)","source":"ecb"}"#
        #expect(throws: JSONFailure.self) { try JSONDocument.decode(FXRate.self, from: Array(json.utf8)) }
    }

    @Test func `clock events and facts of the runtime are read back as they were written`() throws {
        #expect(try Self.roundTrip(ClockSet(kind: .stream, at: Self.time)))
        #expect(try Self.roundTrip(ClockAdvanced(to: Self.time)))
        #expect(try Self.roundTrip(ClockSwitched(at: Self.time)))
        let position = EventPosition(topic: "referral.v1", partition: 1, offset: 2)
        let dead = RecordDeadLettered(
            worker: .payout, position: position, code: "schema", reason: "r", source: "s", eventID: "1",
            eventType: "t", occurredAt: Self.time)
        #expect(try Self.roundTrip(dead))
        #expect(dead.entityID == "referral.v1/1/2")
        #expect(
            try Self.roundTrip(
                CommandCompleted(
                    commandID: "c", worker: .approval, outcome: .refused, subject: "cnf_1", text: "t",
                    occurredAt: Self.time)))
    }
}
