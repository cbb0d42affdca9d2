import Domain
import Testing

@Suite struct AccountFingerprintTests {
    @Test(arguments: [
        ("a.b", AccountFingerprint(account: "a", details: "b")), ("a", AccountFingerprint(account: "a", details: nil)),
        ("", AccountFingerprint(account: "", details: nil)), ("a.", AccountFingerprint(account: "a", details: "")),
        ("a.b.c", AccountFingerprint(account: "a", details: "b.c")),
        ("account of ptr_one", AccountFingerprint(account: "account of ptr_one", details: nil)),
    ])
    func `its two parts are read and written`(text: String, fingerprint: AccountFingerprint) {
        #expect(AccountFingerprint(text) == fingerprint)
        #expect(fingerprint.description == text)
    }

    @Test(arguments: [
        ("a.one", "a.one", true), ("a.two", "a.one", false), ("b.one", "a.one", false), ("a", "a.one", false),
        ("a", "a", true), ("a.one", "a", true), ("a.two", "a", true), ("b.one", "a", false),
    ])
    func `what was approved is met in all that it covers`(entry: String, approved: String, isMet: Bool) {
        #expect(AccountFingerprint(entry).meets(AccountFingerprint(approved)) == isMet)
    }

    @Test func `without details a payee is as earlier versions had it`() {
        var payee = Payee(
            partner: PartnerID("ptr_1")!, version: 1, isVerified: true, accountFingerprint: "a.one",
            effectiveAt: .distantPast)
        let older = payee.withoutDetails
        payee.accountFingerprint = "a"
        #expect(older == payee)
        #expect(older.withoutDetails == older)
    }
}
