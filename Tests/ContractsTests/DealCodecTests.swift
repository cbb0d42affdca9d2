import Contracts
import Domain
import JSON
import Testing

@Suite struct DealCodecTests {
    static let account = AccountReference(key: AccountKey(unchecked: "acme.example"), name: "Acme")
    static let time = Timestamp(rfc3339: "2026-02-01T00:00:00Z")!
    static let value = Money(minor: 1_000, currency: Currency(code: "EUR")!)

    static func event(play: String?) -> OpportunityUpdated {
        OpportunityUpdated(
            account: account, opportunity: OpportunityID(unchecked: "O1"), revision: 2, productLine: "core",
            stage: .proposal, motion: .coSold, play: play, playRun: "run-1", firstYearValue: value, createdAt: time,
            occurredAt: time)
    }

    static func deal(play: String?) -> Opportunity {
        Opportunity(
            id: OpportunityID(unchecked: "O1"), revision: 2, account: account, productLine: "core", stage: .proposal,
            motion: .coSold, kind: .new, partner: nil, duties: [], settlement: .payout, play: play, playRun: "run-1",
            firstYearValue: value, totalValue: nil, createdAt: time, closedAt: nil, lostReason: nil, salesRep: nil,
            changedAt: time)
    }

    static func compensation(play: String?) -> SalesCompensation {
        SalesCompensation(
            salesRep: "Sam", rule: .sourcedCoSold, share: BasisPoints(9_000), credited: value, play: play)
    }

    static func text(_ value: some JSONWritable) -> String {
        String(decoding: JSONEncoding.encode(value), as: UTF8.self)
    }

    @Test(arguments: [nil, "displacement"])
    func `a deal and its compensation are read back as they were written`(play: String?) throws {
        let event = Self.event(play: play)
        #expect(try JSONDocument.decode(OpportunityUpdated.self, from: JSONEncoding.encode(event)).play == play)
        #expect(try JSONDocument.decode(OpportunityUpdated.self, from: JSONEncoding.encode(event)).playRun == "run-1")
        let deal = Self.deal(play: play)
        #expect(try JSONDocument.decode(Opportunity.self, from: JSONEncoding.encode(deal)) == deal)
        let compensation = Self.compensation(play: play)
        #expect(
            try JSONDocument.decode(SalesCompensation.self, from: JSONEncoding.encode(compensation)) == compensation)
    }

    @Test func `an attribution is read with and without its conditions`() throws {
        let conditions = DealConditions(duties: ["support"], settlement: .discount, playRun: "run-1")
        for known in [nil, conditions] {
            let attribution = Attribution(
                id: AttributionID(unchecked: "atr_1"), opportunity: OpportunityID(unchecked: "O1"),
                account: Self.account, productLine: "core", kind: .new, motion: .resold, revision: 2, state: .void,
                revenueClass: .direct, firstYearValue: Self.value, totalValue: Self.value, closedAt: Self.time,
                programVersion: 1, decidedAt: Self.time, conflict: nil, credits: [], evidenceUsed: [],
                evidenceRefused: [], salesCompensation: Self.compensation(play: nil), reversedMinor: 0,
                conditions: known)
            #expect(try JSONDocument.decode(Attribution.self, from: JSONEncoding.encode(attribution)) == attribution)
            #expect(Self.text(attribution).contains("conditions") == (known != nil))
            let refused = OpportunityRefused(
                account: Self.account, opportunity: attribution.opportunity, owner: Self.account,
                refused: Self.account, attribution: attribution, occurredAt: Self.time)
            let read = try JSONDocument.decode(OpportunityRefused.self, from: JSONEncoding.encode(refused))
            #expect(read.attribution == attribution)
        }
    }

    @Test func `an attribution is read with and without credits of a win that was taken back`() throws {
        let credit = Credit(
            partner: PartnerID(unchecked: "ptr_a"), partnerType: .reseller, tier: .gold, creditClass: .sourced,
            reason: .motion, stage: .unregisteredClaim, share: .whole, firstYear: Self.value, total: Self.value,
            registration: nil, registeredAt: nil, referral: nil,
            terms: TermsReference(id: TermsID(unchecked: "trm_1"), version: 2))
        for locked in [[], [credit]] {
            let attribution = Attribution(
                id: AttributionID(unchecked: "atr_1"), opportunity: OpportunityID(unchecked: "O1"),
                account: Self.account, productLine: "core", kind: .new, motion: .resold, revision: 2, state: .void,
                revenueClass: .direct, firstYearValue: Self.value, totalValue: Self.value, closedAt: Self.time,
                programVersion: 1, decidedAt: Self.time, conflict: nil, credits: [], evidenceUsed: [],
                evidenceRefused: [], salesCompensation: Self.compensation(play: nil), reversedMinor: 0,
                lockedCredits: locked)
            #expect(try JSONDocument.decode(Attribution.self, from: JSONEncoding.encode(attribution)) == attribution)
            #expect(Self.text(attribution).contains("locked_credits") == !locked.isEmpty)
        }
    }

    @Test(arguments: ["", " ", "\t\u{a0}"])
    func `a touch that a blank text confirms is confirmed by nobody`(name: String) throws {
        func touch(_ name: String?) -> [UInt8] {
            JSONEncoding.encode(
                TouchRecorded(
                    account: Self.account, touch: TouchID(unchecked: "T1"),
                    party: .partner(PartnerID(unchecked: "ptr_a")), kind: .meeting, confirmedBy: name,
                    occurredAt: Self.time))
        }
        #expect(try JSONDocument.decode(TouchRecorded.self, from: touch(name)).confirmedBy == nil)
        #expect(try JSONDocument.decode(TouchRecorded.self, from: touch(nil)).confirmedBy == nil)
        #expect(try JSONDocument.decode(TouchRecorded.self, from: touch("psn_a")).confirmedBy == "psn_a")
    }

    /// Events and rows from before there were plays have these bytes; they stay as they are.
    @Test func `without a play the bytes are those of a deal that has none`() throws {
        #expect(
            Self.text(Self.event(play: nil))
                == #"{"account":{"domain":"acme.example","name":"Acme"},"opportunity_id":"O1","revision":2,"product_line":"core","stage":"proposal","motion":"co_sold","kind":"new","settlement":"payout","play_run_id":"run-1","first_year_value":{"minor":1000,"currency":"EUR"},"created_at":"2026-02-01T00:00:00.000Z","occurred_at":"2026-02-01T00:00:00.000Z"}"#
        )
        #expect(
            Self.text(Self.deal(play: nil))
                == #"{"opportunity_id":"O1","revision":2,"account":{"domain":"acme.example","name":"Acme"},"product_line":"core","stage":"proposal","motion":"co_sold","kind":"new","settlement":"payout","play_run_id":"run-1","first_year_value":{"minor":1000,"currency":"EUR"},"created_at":"2026-02-01T00:00:00.000Z","changed_at":"2026-02-01T00:00:00.000Z"}"#
        )
        #expect(
            Self.text(Self.compensation(play: nil))
                == #"{"sales_rep":"Sam","rule":"sourced_co_sold","share_bp":9000,"credited":{"minor":1000,"currency":"EUR"}}"#
        )
    }
}
