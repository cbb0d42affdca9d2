import DomainNames
import Testing

@Suite struct EmailAddressTests {
    static let wellFormed: [(String, String)] = [
        ("ada@acme.com", "ada@acme.com"),
        (" Ada.Lovelace+crm@ACME.com ", "Ada.Lovelace+crm@acme.com"),
        ("o'brien@acme.co.uk", "o'brien@acme.co.uk"),
        ("info@müller.de", "info@xn--mller-kva.de"),
        ("a@b.example", "a@b.example"),
        (String(repeating: "a", count: 64) + "@acme.com", String(repeating: "a", count: 64) + "@acme.com"),
    ]

    @Test(arguments: wellFormed)
    func `a well-formed address keeps its local part and lowers its domain`(text: String, address: String) {
        #expect(EmailAddress(text)?.description == address)
    }

    @Test(arguments: [
        "", "@", "acme.com", "@acme.com", "ada@", "ada@acme", "ada@localhost", "ada@@acme.com", "a da@acme.com",
        ".ada@acme.com", "ada.@acme.com", "a..da@acme.com", "\"ada\"@acme.com", "ada@[10.0.0.1]", "ada@10.0.0.1",
        "ada@acme..com", "ada@-acme.com", "ada@acme.com.", "ädä@acme.com", "ada@acme.com, bob@acme.com",
        "Ada <ada@acme.com>", "ada@acme.com\r\nBcc: x@y.com", "ada\r\n@acme.com", "ada@acme\u{0}.com",
        String(repeating: "a", count: 65) + "@acme.com",
        "a@" + String(repeating: "abcdefgh.", count: 28) + "com",
    ])
    func `a malformed address is refused`(text: String) {
        #expect(EmailAddress(text) == nil)
    }
}

@Suite struct FreeMailDomainsTests {
    @Test(arguments: ["gmail.com", "gmx.de", "yahoo.co.uk", "qq.com", "proton.me"])
    func `mailboxes for anybody are known`(domain: String) {
        #expect(FreeMailDomains.standard.contains(domain))
    }

    @Test func `a company is none, and a programme adds its own`() {
        #expect(!FreeMailDomains.standard.contains("acme.com"))
        #expect(FreeMailDomains.standard.adding(["acme.com"]).contains("acme.com"))
        #expect(FreeMailDomains.standard.adding(["acme.com"]).contains("gmail.com"))
    }
}

@Suite struct CountryCodeTests {
    @Test(arguments: ["DE", "US", "GB", "CH", "SS", "AX"])
    func `an assigned code is known`(code: String) {
        #expect(CountryCode.isKnown(code))
    }

    @Test(arguments: ["", "de", "UK", "EU", "XX", "DEU", "D", " DE"])
    func `anything else is not`(code: String) {
        #expect(!CountryCode.isKnown(code))
    }

    @Test func `the table is whole`() {
        #expect(CountryCode.all.count == 249)
        #expect(CountryCode.all.allSatisfy { $0.utf8.count == 2 })
    }
}
