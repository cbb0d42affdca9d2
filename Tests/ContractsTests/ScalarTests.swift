import Contracts
import Domain
import JSON
import Testing

@Suite struct ScalarTests {
    static let times: [(String, Int64)] = [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-03-01T09:30:00.250Z", 1_772_357_400_250),
        ("2026-03-01t09:30:00.250z", 1_772_357_400_250),
        ("2026-03-01 09:30:00.25Z", 1_772_357_400_250),
        ("2026-03-01T09:30:00.250999999Z", 1_772_357_400_250),
        ("2026-03-01T10:30:00+01:00", 1_772_357_400_000),
        ("2026-02-28T23:00:00-10:30", 1_772_357_400_000),
        ("2024-02-29T23:59:60Z", 1_709_251_199_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ("1969-12-31T23:59:59.999Z", -1),
    ]

    @Test(arguments: times)
    func `a time is read in any offset, from text and from bytes`(text: String, milliseconds: Int64) {
        let time = Timestamp(millisecondsSince1970: milliseconds)
        #expect(Timestamp(jsonText: text) == time)
        #expect(Timestamp(rfc3339: Array(text.utf8)[...]) == time)
        #expect(Timestamp(rfc3339: "x\(text)".dropFirst()) == time)
        #expect(Timestamp(jsonText: time.jsonText) == time)
    }

    @Test(
        arguments: [
            "", "2026-03-01", "2026-03-01T09:30Z", "2026-03-01T09:30:00", "2026-13-01T09:30:00Z",
            "2026-02-29T00:00:00Z",
            "2026-03-01T24:00:00Z", "2026-03-01T09:60:00Z", "2026-03-01T09:30:61Z", "2026-03-01T09:30:00.Z",
            "2026-03-01T09:30:00.1234567890Z", "2026-03-01T09:30:00Zx", "2026-03-01T09:30:00+1:00",
            "26-03-01T09:30:00Z",
            "2026-03-01T09:30:00+24:00", "2026/03/01T09:30:00Z", "0000-01-01T00:00:00Z", "２026-03-01T09:30:00Z",
            "2026-03-01T09:30:00\0", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00",
        ])
    func `what is no time is refused`(text: String) {
        #expect(Timestamp(jsonText: text) == nil)
        #expect(Timestamp(rfc3339: Array(text.utf8)[...]) == nil)
    }

    @Test(arguments: ["2026-03-01", "2024-02-29", "0001-01-01", "9999-12-31"])
    func `a date is read back as it was written`(text: String) {
        #expect(CalendarDate(jsonText: text)?.jsonText == text)
    }

    @Test(arguments: ["", "2026-3-1", "2026-02-30", "2026-03-01T", "20260301", "2026-00-01"])
    func `what is no date is refused`(text: String) {
        #expect(CalendarDate(jsonText: text) == nil)
    }

    @Test func `ids, currencies and domains are what they are`() {
        #expect(PartnerID(jsonText: "ptr_001")?.jsonText == "ptr_001")
        for text in ["", "ptr_", "ref_1", "ptr_ä", "ptr_a b", "ptr_" + String(repeating: "x", count: 77)] {
            #expect(PartnerID(jsonText: text) == nil, "\(text)")
        }
        #expect(OpportunityID(jsonText: "006-ABC.1:2") != nil)
        #expect(Currency(jsonText: "JPY")?.exponent == 0)
        #expect(Currency(jsonText: "jpy") == nil)
        #expect(Currency(jsonText: "XAU") == nil)
        #expect(AccountKey(jsonText: "") == nil)
        #expect(AccountKey(jsonText: String(repeating: "a", count: 254)) == nil)
        #expect(PartnerID.jsonSchema.map(\.1) == ["^ptr_[A-Za-z0-9_.:-]{1,80}$"])
        #expect(CommissionID.jsonSchema.map(\.1) == ["^(com_|clw_)[A-Za-z0-9_.:-]{1,80}$"])
    }

    @Test func `an amount is minor units and a currency`() throws {
        let amount = Money(minor: 4_800_000, currency: SamplePrograms.euro)
        #expect(String(decoding: JSONEncoding.encode(amount), as: UTF8.self) == #"{"minor":4800000,"currency":"EUR"}"#)
        #expect(try JSONDocument.decode(Money.self, from: JSONEncoding.encode(amount)) == amount)
    }

    @Test func `a step of an explanation is read back as it was written`() throws {
        let step = ExplanationStep(rule: "hold", programVersion: 3, text: "t", arithmetic: "1 + 1 = 2")
        #expect(try JSONDocument.decode(ExplanationStep.self, from: JSONEncoding.encode(step)) == step)
    }
}
