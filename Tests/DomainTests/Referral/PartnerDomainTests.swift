import Domain
import Testing

@Suite struct PartnerDomainTests {
    @Test(arguments: [
        "one.example", "One.Example", "www.one.example", " https://www.One.example/partners ", "one.example.",
        "one.example:8080",
    ])
    func `a partner's domain is its own, however it is written`(text: String) {
        #expect(PartnerDomain(text).isUnder("one.example"))
        let hints = FraudHint.all(
            account: AccountKey(unchecked: "one.example"), contactDomain: "one.example", partnerDomain: text)
        #expect(hints == [.contactAtPartner, .accountIsPartner])
    }

    @Test(arguments: ["two.example", "someone.example", "example", ""])
    func `another's is not`(text: String) {
        #expect(!PartnerDomain(text).isUnder("one.example"))
        #expect(!PartnerDomain("one.example").isUnder(""))
    }
}
